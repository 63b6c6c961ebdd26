"""The proof that a program brings: a bearer token in the Authorization header, never a cookie.

A session cookie is not looked at here: a browser sends it along by itself, and these addresses have no form guard.
"""

from __future__ import annotations

import re
from hashlib import sha256

from flask import current_app, request

from databeheer.door.client import Proof
from databeheer.errors import UnauthenticatedError
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
    """
    proof = bearer_proof()
    if _profile_of(proof) != profile:
        raise UnauthenticatedError("this token was issued for another interface")
    return proof


_REMEMBERED = 4096


def _profile_of(proof: Proof) -> str:
    # A token keeps its profile for life, so the door is asked once. Whether it is still good, the door looks at
    # with every command.
    known: dict[bytes, str] = current_app.extensions.setdefault("token_profiles", {})
    digest = sha256(proof.value.encode()).digest()
    profile = known.get(digest)
    if profile is None:
        profile = str(ask("party.me", proof)["profile"])
        if len(known) >= _REMEMBERED:
            known.pop(next(iter(known)), None)
        known[digest] = profile
    return profile
