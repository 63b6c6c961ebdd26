"""Who calls the facade: a token and the subscription key that goes with it, in the house that the address names."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from databeheer.door.client import Proof
from databeheer.errors import NotFoundError, UnauthenticatedError
from web.bearer import bearer_proof, meet
from web.door import ask
from web.facade.caseless import ENVIRONMENT

SUBSCRIPTION_HEADER = "Ocp-Apim-Subscription-Key"
_SANDBOX, _PRODUCTION = "sbx", "live"


@dataclass(frozen=True)
class Caller:
    """The proof of one call; whether the house is a sandbox; whether this client is shown undecided mandates."""

    proof: Proof
    in_sandbox: bool
    shows_undecided: bool


def caller_of_request() -> Caller:
    """Return who calls, checked by the door.

    Raises:
        UnauthenticatedError: no token or subscription key, not of one client, or of another interface.
        RateLimitedError: the party asks too often, with whatever token.
        NotFoundError: the address is that of the sandbox and the house is none, or the reverse.
    """
    proof = bearer_proof()
    key = request.headers.get(SUBSCRIPTION_HEADER, "")
    if not 0 < len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise UnauthenticatedError("send your subscription key: Ocp-Apim-Subscription-Key")
    known = ask("subscription.check", proof, subscription_key=key)
    meet(proof, known)
    if known["profile"] != "facade":
        raise UnauthenticatedError("this token was issued for another interface")
    named = request.environ.get(ENVIRONMENT, "")
    if named and named != (_SANDBOX if known["sandbox"] else _PRODUCTION):
        here = (
            "a sandbox: call /esco or /esco-sbx"
            if known["sandbox"]
            else "production: call /esco or /esco-live"
        )
        raise NotFoundError(f"this house is {here}")
    return Caller(proof, known["sandbox"], known["shows_undecided"])
