"""An ID token: opened, verified and judged (OpenID Connect Core 3.1.3.7, RFC 8725). The order is the point.

What it says of a person goes no further than the `Identity` that comes out, and into no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import import_key

from databeheer.enterprises import is_enterprise
from databeheer.identity import jose
from databeheer.identity.oidc.errors import AnswerRefusedError, LevelTooLowError
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider_keys import ProviderKeys
from databeheer.identity.oidc.settings import CONTENT_ENCRYPTED_WITH, ENCRYPTED_WITH, ProviderSettings
from databeheer.identity.provider import FOR_ENTERPRISES, ROLES, Identity, name_of_enterprise

SKEW = timedelta(seconds=30)
"""How far the provider's clock may be off ours."""
ISSUED_WITHIN = timedelta(minutes=5)
"""A token is made when its code is redeemed, and that is now."""
LONGEST_LOG_IN = timedelta(hours=8)
"""How long ago somebody may have logged in at the provider to walk in here without doing so again."""
LONGEST = 24 * 1024
_JWE_MEMBERS = {"alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv", "iss", "sub", "aud"}
_LONGEST_SUBJECT = 200
_UNOPENED = (JoseError, ValueError, TypeError, KeyError, InvalidTag, InvalidSignature, UnsupportedAlgorithm)


@dataclass(frozen=True)
class Expected:
    """What this one log-in asked for. `not_before`: the hour at which somebody must have logged in, or later."""

    nonce: str
    now: datetime
    not_before: datetime


def judge(
    text: str, settings: ProviderSettings, own: OwnKeys, provider: ProviderKeys, expected: Expected
) -> Identity:
    """Return who logged in.

    Raises:
        AnswerRefusedError: anything is not as it must be.
        LevelTooLowError: all is, but for the means by which somebody logged in.
        ProviderAwayError: the provider's keys could not be fetched.
    """
    if len(text) > LONGEST:
        raise AnswerRefusedError("the ID token is too long")
    # 1. Opened, where it must be encrypted: one that is not could be anybody's who saw it.
    if settings.encrypted:
        text = _opened(text, own)
    # 2. Read without believing it: no `none`, no key in the header, one spelling.
    try:
        token = jose.read(text, types=("jwt",), ignored=("x5t", "x5t#S256"))
        if token.algorithm not in settings.signed_with:
            raise AnswerRefusedError("the ID token is not signed in the way that was agreed")
        # 3. Verified by a key that the provider publishes.
        _verify(token, provider.fitting(token.header, expected.now))
    except jose.UnfitTokenError as error:
        raise AnswerRefusedError("the ID token does not verify") from error
    # 4. For us, for this log-in, of now.
    _check_addressed(token.claims, settings, expected)
    logged_in = _check_times(token.claims, settings, expected)
    # 5. By a means that is strong enough.
    if token.claims.get("acr") not in settings.levels:
        raise LevelTooLowError("this means of logging in is not strong enough here; choose another one")
    # 6. Who it is.
    return _identity(token.claims, settings, logged_in)


def _opened(text: str, own: OwnKeys) -> str:
    parts = text.split(".")
    if len(parts) != 5:
        raise AnswerRefusedError("the ID token is not encrypted, and it must be")
    try:
        header = jose.parse_object(jose.decode(parts[0]))
    except jose.UnfitTokenError as error:
        raise AnswerRefusedError("the ID token does not open") from error
    algorithm, content = header.get("alg"), header.get("enc")
    # No `zip`: a few bytes may unpack to many. No `crit`, and no key but the one-time half of ECDH.
    if set(header) - _JWE_MEMBERS or algorithm not in ENCRYPTED_WITH or content not in CONTENT_ENCRYPTED_WITH:
        raise AnswerRefusedError("the ID token is not encrypted in a way that is taken here")
    for key in own.opening:
        if key["alg"] != algorithm or header.get("kid", key["kid"]) != key["kid"]:
            continue
        try:
            # The header was looked at above: the library takes no iss and aud there, which RFC 7519, 5.3 allows.
            registry = JWERegistry(algorithms=[algorithm, content], strict_check_header=False)
            opened = jwe.decrypt_compact(text, import_key(dict(key)), registry=registry)
            return (opened.plaintext or b"").decode("ascii")
        except _UNOPENED:
            continue
    raise AnswerRefusedError("the ID token is not encrypted to a key of ours")


def _verify(token: jose.Unverified, keys: list[Mapping[str, Any]]) -> None:
    for key in keys[:-1]:
        try:
            jose.verify(token, key, [token.algorithm])
        except jose.UnfitTokenError:
            continue
        return
    jose.verify(token, keys[-1], [token.algorithm])


def _check_addressed(claims: Mapping[str, Any], settings: ProviderSettings, expected: Expected) -> None:
    if claims.get("iss") != settings.issuer:
        raise AnswerRefusedError("the ID token is from another issuer")
    # In a list others could stand too, who might then hand it in here as theirs.
    if claims.get("aud") not in (settings.client_id, [settings.client_id]):
        raise AnswerRefusedError("the ID token is for somebody else")
    if claims.get("azp", settings.client_id) != settings.client_id:
        raise AnswerRefusedError("the ID token was asked for by somebody else")
    if claims.get("nonce") != expected.nonce:
        raise AnswerRefusedError("the ID token is of another log-in")


def _check_times(claims: Mapping[str, Any], settings: ProviderSettings, expected: Expected) -> datetime:
    """Return when somebody logged in at the provider."""
    now = expected.now
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    if expires + SKEW <= now or issued > now + SKEW or now - issued > ISSUED_WITHIN + SKEW:
        raise AnswerRefusedError("the ID token has expired, or is not of now; is this machine's clock right?")
    if "nbf" in claims and _instant(claims, "nbf") > now + SKEW:
        raise AnswerRefusedError("the ID token does not count yet")
    logged_in = _instant(claims, "auth_time") if settings.gives_auth_time else issued
    if logged_in > now + SKEW:
        raise AnswerRefusedError("the ID token says that somebody logged in later than now")
    if logged_in + SKEW < expected.not_before:
        raise AnswerRefusedError("the log-in at the identity provider is too old; log in there again")
    return min(logged_in, now)


def _identity(claims: Mapping[str, Any], settings: ProviderSettings, logged_in: datetime) -> Identity:
    subject = _text(claims, settings.subject, "the person")
    name = " ".join(_text(claims, one, "the name") for one in settings.name)
    if len(name) > _LONGEST_SUBJECT or not name.isprintable():
        raise AnswerRefusedError("the name in the ID token cannot be used")
    roles, role, enterprise, called = settings.roles, "customer", None, None
    if roles is not None:
        role = roles.values.get(_text(claims, roles.claim, "the capacity"), "")
        if role not in ROLES:
            raise AnswerRefusedError("somebody of this capacity cannot log in here")
    if roles is not None and role in FOR_ENTERPRISES:
        named = [claims[one] for one in roles.enterprise if one in claims]
        enterprise = named[0] if named else None
        called = name_of_enterprise(claims.get(roles.enterprise_name)) if roles.enterprise_name else None
        if not isinstance(enterprise, str) or not is_enterprise(enterprise):
            raise AnswerRefusedError("the ID token names no enterprise for which somebody acts")
    return Identity(subject, name, role, enterprise, logged_in, called)


def _text(claims: Mapping[str, Any], name: str, what: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_SUBJECT:
        raise AnswerRefusedError(
            f"the ID token does not say {what} as it was agreed; see `scopes` of the provider"
        )
    return value


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value < 2**32:
        raise AnswerRefusedError(f"the ID token has no {name}")
    return datetime.fromtimestamp(value, UTC)
