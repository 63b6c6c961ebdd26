"""A provider as the door works with it: where a browser is sent, and what of its answer is believed.

Authorization code with PKCE (RFC 7636, S256), `state`, `nonce`, `iss` in the answer (RFC 9207), private_key_jwt.
"""

from __future__ import annotations

import hmac
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from databeheer.errors import UnavailableError
from databeheer.identity import jose
from databeheer.identity.oidc import id_token, metadata
from databeheer.identity.oidc.errands import Errands, Fetched
from databeheer.identity.oidc.errors import (
    AnswerRefusedError,
    LogInDeclinedError,
    ProviderAwayError,
    ProviderSettingsError,
)
from databeheer.identity.oidc.metadata import Metadata, document
from databeheer.identity.oidc.own_keys import OwnKeys
from databeheer.identity.oidc.provider_keys import ProviderKeys
from databeheer.identity.oidc.settings import ProviderSettings
from databeheer.identity.provider import Begun, Identity, LogIn

AT_ONCE = 8
"""How many errands of this door may be under way: a provider that hangs holds no more of its connections."""
_METADATA_KEPT = timedelta(hours=1)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DECLINED = ("access_denied", "login_required", "interaction_required", "unmet_authentication_requirements")
_OK = 200


@dataclass
class OpenIDProvider:
    """The provider of the settings, reached through `errands`."""

    settings: ProviderSettings
    own: OwnKeys = field(repr=False)
    errands: Errands
    _known: tuple[datetime, Metadata] | None = None
    _keys: ProviderKeys = field(init=False)
    _places: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        if self.settings.encrypted and not self.own.opening:
            raise ProviderSettingsError(
                "encrypted: the file of keys has none of use enc; `databeheer login keys --add-encryption` makes one"
            )
        self._places = threading.BoundedSemaphore(AT_ONCE)
        pinned = self.settings.pinned_keys
        if pinned is None:
            self._keys = ProviderKeys(self._fetch_keys)
            return
        try:
            self._keys = ProviderKeys(None, json.loads(pinned.read_text(encoding="utf-8")))
        except (OSError, ValueError, AttributeError, ProviderAwayError) as error:
            raise ProviderSettingsError("pinned_keys: not a JWKS with a key that can sign") from error

    def begin(self, log_in: LogIn, now: datetime) -> Begun:
        """Return where the browser goes.

        Raises:
            UnavailableError: the provider does not answer, and nobody knows where it is.
        """
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": log_in.redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": log_in.derived("state"),
            "nonce": log_in.derived("nonce"),
            "code_challenge": jose.encode(sha256(log_in.derived("verifier").encode()).digest()),
            "code_challenge_method": "S256",
            "acr_values": " ".join(self.settings.levels),
            "max_age": str(int(id_token.LONGEST_LOG_IN.total_seconds())),
        }
        if log_in.is_fresh:
            asked |= {"prompt": "login", "max_age": "0"}
        parts = urlsplit(self._metadata(now).authorization_endpoint)
        query = urlencode(dict(parse_qsl(parts.query)) | asked)
        return Begun(urlunsplit(parts._replace(query=query)), log_in.derived("state"))

    def finish(self, answer: str, log_in: LogIn, now: datetime) -> Identity:
        """Judge what came back with the browser: `answer` is the query of the address at which it came.

        Raises:
            AnswerRefusedError, LogInDeclinedError, LevelTooLowError: nobody logged in.
            UnavailableError: the provider does not answer.
        """
        given = parse_qsl(answer, keep_blank_values=True, max_num_fields=10)
        came = dict(given)
        known = self._metadata(now)
        # 1. Of this browser's log-in: the state of another one is another one's.
        if len(came) != len(given) or not hmac.compare_digest(
            came.get("state", "").encode(), log_in.derived("state").encode()
        ):
            raise AnswerRefusedError("this answer is not of the log-in that this browser began")
        # 2. From this provider and no other.
        if came.get("iss", None if known.names_itself else self.settings.issuer) != self.settings.issuer:
            raise AnswerRefusedError("this answer is not from the identity provider that was asked")
        if "error" in came:
            if came["error"] in _DECLINED:
                raise LogInDeclinedError("the log-in was broken off at the identity provider; log in again")
            raise ProviderAwayError("refused-the-request")
        if not came.get("code"):
            raise AnswerRefusedError("this answer has no code")
        # 3. The code is redeemed with what only the door can make, and what comes is judged.
        text = self._redeem(came["code"], known, log_in, now)
        not_before = log_in.begun_at if log_in.is_fresh else now - id_token.LONGEST_LOG_IN
        expected = id_token.Expected(log_in.derived("nonce"), now, not_before)
        return id_token.judge(text, self.settings, self.own, self._keys, expected)

    def _redeem(self, code: str, known: Metadata, log_in: LogIn, now: datetime) -> str:
        form = token_form(
            self.settings, self.own, known, code, log_in.redirect_uri, log_in.derived("verifier"), now
        )
        fetched = self._run(known.token_endpoint, form)
        if fetched.status != _OK:
            # A used, old or foreign code; or the provider does not know us, which `databeheer login check` tells apart.
            if _error_of(fetched.body) == "invalid_grant":
                raise AnswerRefusedError("the code was used, has expired, or is not of this log-in")
            raise ProviderAwayError(f"token-http-{fetched.status}")
        text = document(fetched).get("id_token")
        if not isinstance(text, str):
            raise AnswerRefusedError("the provider gave no ID token")
        return text

    def _metadata(self, now: datetime) -> Metadata:
        known = self._known
        if known is None or not timedelta(0) <= now - known[0] < _METADATA_KEPT:
            with self._place():
                known = (now, metadata.discover(self.errands, self.settings))
            self._known = known
        return known[1]

    def _fetch_keys(self, now: datetime) -> dict[str, Any]:
        return document(self._run(self._metadata(now).jwks_uri, None))

    def _run(self, url: str, form: dict[str, str] | None) -> Fetched:
        with self._place():
            return self.errands.fetch(url, form)

    def _place(self) -> _Place:
        return _Place(self._places)


def token_form(
    settings: ProviderSettings,
    own: OwnKeys,
    known: Metadata,
    code: str,
    redirect_uri: str,
    verifier: str,
    now: datetime,
) -> dict[str, str]:
    """Return what is sent to redeem a code (RFC 6749, 4.1.3; RFC 7636, 4.5; RFC 7523, 2.2)."""
    to_token = settings.assertion_audience == "token_endpoint"
    audience = known.token_endpoint if to_token else settings.issuer
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        "client_id": settings.client_id,
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": own.assertion(settings.client_id, audience, now),
    }


class _Place:
    """One of the errands that may be under way; who finds none does not wait."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(blocking=False):
            raise UnavailableError("many log in at this moment; try again in a few seconds")

    def __exit__(self, *_: object) -> None:
        self._places.release()


def _error_of(body: str) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(value.get("error", "")) if isinstance(value, dict) else ""
