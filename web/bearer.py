"""The proof that a program brings: a bearer token in the Authorization header, never a cookie.

A session cookie is not looked at here: a browser sends it along by itself, and these addresses have no form guard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import request

from databeheer.door.client import Proof
from databeheer.errors import UnauthenticatedError
from web import known_tokens, limits
from web.client_certificate import print_of_request
from web.door import ask

# RFC 6750, b64token; a limit keeps a hostile header out of the door.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,2046}={0,2}")


def bearer_proof() -> Proof:
    """Return the token of this request as a proof for the door.

    Raises:
        UnauthenticatedError: no Authorization header, another scheme, or not the shape of a token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or _TOKEN.fullmatch(token.strip()) is None:
        raise UnauthenticatedError("send an access token: Authorization: Bearer ...")
    return Proof.token(token.strip(), print_of_request())


def proof_for(profile: str) -> Proof:
    """Return the token of this request, if it was issued for the interface `profile`: own or facade.

    Raises:
        UnauthenticatedError: no token, or one of the other interface.
        DoorRefused: the door does not know the token.
        RateLimitedError: its party asks too often, with whatever token.
    """
    proof = bearer_proof()
    if _profile_of(proof) != profile:
        raise UnauthenticatedError("this token was issued for another interface")
    return proof


def _profile_of(proof: Proof) -> str:
    known = known_tokens.recall(proof)
    return (known or meet(proof, ask("party.me", proof))).profile


def meet(proof: Proof, told: Mapping[str, Any]) -> known_tokens.Known:
    """Remember whose a token is, as the door told it; one that is new is counted as its party's from here on.

    Raises:
        RateLimitedError: its party asks too often, with whatever token.
    """
    before = known_tokens.recall(proof)
    known = known_tokens.Known(str(told["profile"]), str(told["party_id"]))
    if before is None:
        known_tokens.remember(proof, known)
        limits.count_as(known.party_id)
    return known
