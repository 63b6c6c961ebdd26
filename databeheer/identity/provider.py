"""The identity provider's signed answer, checked: a session rests on this and on nothing that the web says."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from databeheer.enterprises import is_enterprise
from databeheer.errors import UnauthenticatedError

DEMO_ISSUER = "databeheer-demo-identity"
"""The stand-in, which lets anybody be anybody: the demo's house believes it, and no other (R134)."""
LONGEST_ANSWER = timedelta(minutes=5)
_SKEW = timedelta(seconds=10)
ROLES = ("customer", "inspector", "party", "business", "staff")
"""As what somebody logs in; `business`: as a customer, in the name of an enterprise; `staff`: for the data manager."""
FOR_ENTERPRISES = ("party", "business")
"""Those of them that act for an enterprise, whose number the answer then names."""


@dataclass(frozen=True)
class Identity:
    """Who the provider says has logged in. `subject` is the provider's stable name for the person.

    `enterprise`: with the roles party and business, the number of the enterprise for which the provider says that he
    acts: its legal representative, or whom that one gave this application to (ACM/IDM: `wv_orgcode`, `vo_orgcode`).
    `enterprise_name`: what the provider calls it, where it says so (`vo_orgnaam`).
    `logged_in_at`: when he showed the provider who he is, which may be before he came here.
    """

    subject: str = field(repr=False)
    name: str = field(repr=False)
    role: str
    enterprise: str | None = None
    logged_in_at: datetime | None = None
    enterprise_name: str | None = None


@dataclass(frozen=True)
class LogIn:
    """One log-in under way. `secret` stays with the browser that began; `is_fresh`: he must show anew who he is.

    What the provider is given is derived from the secret with a key of the door's, so that neither who reads the
    database nor who has the secret can make it: it is never stored, and the code verifier leaves the house once.
    """

    secret: str = field(repr=False)
    begun_at: datetime
    is_fresh: bool
    redirect_uri: str
    derived: Callable[[str], str] = field(repr=False)
    """Returns what stands for this log-in in one use: 43 letters of base64url."""


@dataclass(frozen=True)
class Begun:
    """Where the browser goes. `state`: the address is whole with it; None where whoever sends him adds the rest."""

    authorize_url: str
    state: str | None = None


class Provider(Protocol):
    """Somebody whose word on who logged in is believed, once it was checked."""

    def begin(self, log_in: LogIn, now: datetime) -> Begun:
        """Return where the browser goes."""

    def finish(self, answer: str, log_in: LogIn, now: datetime) -> Identity:
        """Return who logged in; raises UnauthenticatedError where that is not shown."""


@dataclass(frozen=True)
class IdentityProvider:
    """A provider whose answers we believe by its Ed25519 public key (32 bytes): the demo's and the tests' stand-in."""

    issuer: str
    audience: str
    public_key: bytes
    authorize_url: str

    def begin(self, _: LogIn, __: datetime) -> Begun:
        """Return where the browser goes; the nonce is the log-in's secret, and the web adds where to come back."""
        return Begun(self.authorize_url)

    def finish(self, answer: str, log_in: LogIn, now: datetime) -> Identity:
        """Return who logged in: always just now, for the answer bears the nonce."""
        return self.check(answer, log_in.secret, now)

    def check(self, answer: str, nonce: str, now: datetime) -> Identity:
        """Return who logged in.

        Args:
            answer: the provider's compact JWT, signed with Ed25519 (RFC 9864).
            nonce: what the door gave for this one log-in.
            now: aware UTC.

        Raises:
            UnauthenticatedError: any claim or the signature is not as it must be.
        """
        claims = self._verified(answer)
        issued, expires = _instant(claims, "iat", now), _instant(claims, "exp", now)
        subject, name, role = claims.get("sub"), claims.get("name"), claims.get("role")
        enterprise = claims.get("enterprise")
        if (
            claims.get("iss") != self.issuer
            or claims.get("aud") != self.audience
            or claims.get("nonce") != nonce
            or expires <= now
            or issued > now + _SKEW
            or expires - issued > LONGEST_ANSWER
            or not isinstance(subject, str)
            or not 0 < len(subject) <= 200
            or not isinstance(name, str)
            or not 0 < len(name) <= 200
            or role not in ROLES
            or (role in FOR_ENTERPRISES) != (isinstance(enterprise, str) and is_enterprise(enterprise))
        ):
            raise UnauthenticatedError("the log-in has expired or is not for us; log in again")
        logged_in = min(issued, now)
        return Identity(
            subject,
            name,
            str(role),
            enterprise if role in FOR_ENTERPRISES else None,
            logged_in,
            name_of_enterprise(claims.get("enterprise_name")),
        )

    def _verified(self, answer: str) -> dict[str, Any]:
        key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(self.public_key).decode().rstrip("=")}
        )
        try:
            token = jws.deserialize_compact(answer, key, algorithms=["Ed25519"])
            claims = json.loads(token.payload)
        except (JoseError, ValueError, RecursionError) as error:
            raise UnauthenticatedError("the answer of the identity provider does not verify") from error
        if not isinstance(claims, dict):
            raise UnauthenticatedError("the answer of the identity provider does not verify")
        return claims


def name_of_enterprise(claimed: object) -> str | None:
    """What a provider calls an enterprise, where that can be shown; it is no proof of anything."""
    if not isinstance(claimed, str) or not 0 < len(claimed) <= 200 or not claimed.isprintable():
        return None
    return claimed


def _instant(claims: dict[str, Any], name: str, now: datetime) -> datetime:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value < 2**32:
        raise UnauthenticatedError("the answer of the identity provider does not verify")
    return datetime.fromtimestamp(value, tz=now.tzinfo)
