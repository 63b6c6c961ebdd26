"""A client's signed assertion (RFC 7523): for this house alone, short-lived, used once.

Which number was used stands in the database, in the transaction that mints: it holds for every door and through every
restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from databeheer.errors import UnauthenticatedError
from databeheer.identity import client_keys, jose
from databeheer.identity.client_keys import ClientKey
from databeheer.identity.tokens import token_hash

SKEW = timedelta(seconds=10)
"""How far a client's clock may be ahead (FAPI 2.0)."""
TYPES = ("jwt", "client-authentication+jwt")
NUMBER_LENGTH = range(8, 201)


@dataclass(frozen=True)
class Manner:
    """How the clients of one interface sign: with what, for how long at most; what their headers may carry unread."""

    algorithms: tuple[str, ...]
    longest: timedelta
    ignored: tuple[str, ...] = ()


MANNERS: Mapping[str, Manner] = {
    "own": Manner(("PS256", "ES256", "EdDSA", "Ed25519", "RS256"), timedelta(minutes=5), ("x5t", "x5t#S256")),
    # As Fluvius's clients do it: by RS256, for an hour at a time, with the certificate's print or all of it.
    "facade": Manner(("RS256",), timedelta(hours=1), ("x5t", "x5t#S256", "x5c")),
}
"""By interface. Nothing of ours asks of a client what the facade's do."""


def check(
    connection: Connection, client_id: str, assertion: str, audience: str, profile: str, now: datetime
) -> ClientKey:
    """Return the key with which this client signed this assertion: for us (`audience`), short-lived, used once.

    Raises:
        UnauthenticatedError: anything else.
    """
    manner = MANNERS[profile]
    token = jose.read(assertion, types=TYPES, ignored=manner.ignored)
    key = _signer(client_keys.live(connection, client_id, now), token, manner)
    _check_claims(token.claims, client_id, audience, manner, now)
    _use_once(connection, f"{client_id}\n{token.claims['jti']}", token.claims["exp"], now)
    return key


def _signer(keys: list[ClientKey], token: jose.Unverified, manner: Manner) -> ClientKey:
    named = token.header.get("kid")
    for key in keys:
        if named is not None and named not in key.names:
            continue
        fitting = [one for one in client_keys.algorithms_of(key.public_key) if one in manner.algorithms]
        try:
            jose.verify(token, key.public_key, fitting)
        except jose.UnfitTokenError:
            continue
        return key
    raise UnauthenticatedError("no key of this client signed it")


def _check_claims(
    claims: Mapping[str, Any], client_id: str, audience: str, manner: Manner, now: datetime
) -> None:
    expires, number = claims.get("exp"), claims.get("jti")
    begins = [claims[name] for name in ("iat", "nbf") if name in claims]
    latest = (now + manner.longest + SKEW).timestamp()
    # The audience is a single string: a list could name another server too, which might then replay it (FAPI 2.0).
    if (
        claims.get("iss") != client_id
        or claims.get("sub") != client_id
        or not audience
        or claims.get("aud") != audience
        or not isinstance(number, str)
        or len(number) not in NUMBER_LENGTH
        or type(expires) is not int
        or not now.timestamp() < expires <= latest
        or not all(_has_begun(begin, expires, manner, now) for begin in begins)
    ):
        raise UnauthenticatedError("a claim is missing or wrong")


def _has_begun(begin: Any, expires: int, manner: Manner, now: datetime) -> bool:
    """Whether a time has come, and what begins then is not meant to last longer than an assertion may."""
    if type(begin) is not int or begin > (now + SKEW).timestamp():
        return False
    return expires - begin <= (manner.longest + SKEW).total_seconds()


def _use_once(connection: Connection, name: str, expires: int, now: datetime) -> None:
    connection.execute(_FORGET, {"now": now})
    used = {"hash": token_hash(name), "expires": datetime.fromtimestamp(expires, UTC)}
    if connection.execute(_USE, used).one_or_none() is None:
        raise UnauthenticatedError("used before")


_FORGET = text("DELETE FROM identity.assertion WHERE expires_at < :now")
_USE = text(
    "INSERT INTO identity.assertion (assertion_hash, expires_at) VALUES (:hash, :expires)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
