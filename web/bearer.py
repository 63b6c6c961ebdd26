"""The proof that a program brings: a bearer token in the Authorization header, never a cookie.

A session cookie is not looked at here: a browser sends it along by itself, and these addresses have no form guard.
"""

from __future__ import annotations

import re

from flask import request

from databeheer.door.client import Proof
from databeheer.errors import UnauthenticatedError

# RFC 6750, b64token; a limit keeps a hostile header out of the door.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,500}={0,2}")


def bearer_proof() -> Proof:
    """Return the token of this request as a proof for the door.

    Raises:
        UnauthenticatedError: no Authorization header, another scheme, or not the shape of a token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or _TOKEN.fullmatch(token.strip()) is None:
        raise UnauthenticatedError("send an access token: Authorization: Bearer ...")
    return Proof.token(token.strip())
