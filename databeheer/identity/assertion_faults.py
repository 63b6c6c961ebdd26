"""What is wrong with a client's assertion, for the party's own people: the token endpoint itself never says which.

A code of a closed list; the words are the pages'. Nothing is used up or decided here: `assertions.check` does that.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from databeheer.identity import client_keys, jose
from databeheer.identity.assertions import MANNERS, NUMBER_LENGTH, SKEW, TYPES
from databeheer.identity.client_keys import ClientKey


class Fault(enum.StrEnum):
    """The first thing that is wrong."""

    NOT_A_JWT = "not_a_jwt"
    OTHER_KEY = "other_key"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    NUMBER = "number"
    NO_EXPIRY = "no_expiry"
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    CLOCK_AHEAD = "clock_ahead"
    USED = "used"


def first_fault(
    keys: list[ClientKey], client_id: str, assertion: str, audience: str, profile: str, now: datetime
) -> Fault | None:
    """Return the first thing that is wrong with an assertion of this client; None where nothing is to be seen."""
    manner = MANNERS[profile]
    try:
        token = jose.read(assertion, types=TYPES, ignored=manner.ignored)
    except jose.UnfitTokenError:
        return Fault.NOT_A_JWT
    if not any(_signed_by(key, token, manner.algorithms) for key in keys):
        return Fault.OTHER_KEY
    return _claims(token.claims, client_id, audience, manner.longest.total_seconds(), now)


def _signed_by(key: ClientKey, token: jose.Unverified, taken: tuple[str, ...]) -> bool:
    fitting = [one for one in client_keys.algorithms_of(key.public_key) if one in taken]
    try:
        jose.verify(token, key.public_key, fitting)
    except jose.UnfitTokenError:
        return False
    named = token.header.get("kid")
    return named is None or named in key.names


def _claims(
    claims: Mapping[str, Any], client_id: str, audience: str, longest: float, now: datetime
) -> Fault | None:
    expires, number = claims.get("exp"), claims.get("jti")
    begins = [claims[name] for name in ("iat", "nbf") if name in claims]
    at, skew = now.timestamp(), SKEW.total_seconds()
    if (claims.get("iss"), claims.get("sub")) != (client_id, client_id):
        return Fault.ISSUER
    if claims.get("aud") != audience:
        return Fault.AUDIENCE
    if not isinstance(number, str) or len(number) not in NUMBER_LENGTH:
        return Fault.NUMBER
    if type(expires) is not int or any(type(begin) is not int for begin in begins):
        return Fault.NO_EXPIRY
    if expires <= at:
        return Fault.EXPIRED
    if any(begin > at + skew for begin in begins):
        return Fault.CLOCK_AHEAD
    if expires > at + longest + skew or any(expires - begin > longest + skew for begin in begins):
        return Fault.TOO_LONG
    return None
