"""Access tokens: minted here, against an assertion, a certificate or a secret: no other process can forge one."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.commands.base import (
    Command,
    asker_of,
    flag,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.proofs import LONGEST_TOKEN, AskerKind, Proof, is_proxy
from databeheer.door.statement import Statement
from databeheer.door.tokens import minting
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.identity import clients, facade_clients, jose
from databeheer.identity.tokens import token_hash
from databeheer.sandbox import is_sandbox

_NO_WAY = "show who the client is: by an assertion, a certificate, or a secret"


def mint(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Mint an access token for a party's client, which shows itself in one of three ways.

    By a signed assertion (RFC 7523); by its certificate, where the proof is the proxy's key (RFC 8705); or by a mere
    secret, which is the documented exception (threat model). A certificate binds the token to it, however the client
    showed itself.
    """
    now, profile = house.clock.now(), arguments["profile"]
    print_ = _certificate(house, proof, arguments["certificate"])
    with house.engine.begin() as connection:
        client, key_id = _client(house, connection, arguments, print_, profile, now)
        minted = minting.mint(
            connection,
            house.token_ring,
            house.public_url,
            client,
            profile,
            now,
            key_id=key_id,
            certificate_sha256=print_,
        )
    return {"access_token": minted.token, "expires_in": minted.expires_in}


def revoke(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a token, for the client that it was issued to (RFC 7009); it shows itself as for a new one.

    A token that has ended, or that never was, is no error. An assertion that was shown is used up in any case.
    """
    now = house.clock.now()
    print_ = _certificate(house, proof, arguments["certificate"])
    with house.engine.begin() as connection:
        found = clients.find(connection, arguments["client_id"])
        profile = "facade" if found is not None and "own" not in found.profiles else "own"
        client, _ = _client(house, connection, arguments, print_, profile, now)
    with house.engine.begin() as connection:
        minting.revoke(connection, client.client_id, arguments["token"], now)
    return {}


def show_keys(house: House, _: Proof, __: dict[str, Any]) -> dict[str, Any]:
    """The public keys that a good token of now may be signed with (RFC 7517)."""
    with house.engine.begin() as connection:
        return {"keys": house.token_ring.published(connection, house.clock.now())}


def rotate_keys(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Sign with new keys from now on; the old ones stay published for as long as their tokens last.

    With `withdraw` they are gone at once, and every token that is out with them.
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        old, new = house.token_ring.rotate(
            turn.connection, turn.now, minting.TOKEN_TERM, withdraw=arguments["withdraw"]
        )
        said = {"retired": old, "in_force": new, "withdrawn": arguments["withdraw"]}
        turn.record(Statement("token_keys.rotated", said | {"reason": arguments["reason"]}))
    return {"retired": old, "in_force": new}


def check_subscription(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check that a subscription key belongs to the client of this access token (the facade sends both).

    Told back: the token's interface and party, whether this house is a sandbox, whether the client is shown undecided
    mandates.
    """
    with looking(house, proof) as (connection, asker, _now):
        stored = clients.subscription_key_hash(connection, proof.hash) or secrets.token_bytes(32)
        undecided = facade_clients.shows_undecided(connection, proof.hash)
    given = token_hash(arguments["subscription_key"])
    if asker.kind is not AskerKind.PARTY or not hmac.compare_digest(stored, given):
        raise UnauthenticatedError("the token or the subscription key is wrong")
    return {
        "profile": asker.profile,
        "party_id": str(asker.party_id),
        "sandbox": is_sandbox(house.origin),
        "shows_undecided": undecided,
    }


def _client(
    house: House,
    connection: Connection,
    arguments: dict[str, Any],
    certificate_sha256: bytes | None,
    profile: str,
    now: datetime,
) -> tuple[clients.Client, UUID | None]:
    """Return the client that showed itself, and the key of it that did so; locked until the transaction ends."""
    audience = house.facade_audience if profile == "facade" else house.public_url
    client = clients.find(connection, arguments["client_id"], profile)
    assertion, secret = arguments["client_assertion"], arguments["client_secret"]
    if assertion and secret:
        raise MalformedRequestError("authenticate the client in one way only")
    key_id = None
    if assertion:
        key_id = clients.check_assertion(connection, client, assertion, audience, profile, now)
    elif secret or certificate_sha256 is None:
        return clients.check_secret(client, secret or ""), None
    else:
        key_id = clients.check_certificate(connection, client, certificate_sha256, now)
    if client is None:  # the checks refuse nobody's proof
        raise UnauthenticatedError(_NO_WAY)
    return client, key_id


def _certificate(house: House, proof: Proof, given: str | None) -> bytes | None:
    """Return the print of the connection's certificate; only the proxy's key makes it one.

    Raises:
        UnauthenticatedError: somebody else says it.
    """
    if not given:
        return None
    if not is_proxy(proof, house.proxy_key_hash):
        raise UnauthenticatedError("a certificate is believed with the proxy's key alone")
    return jose.decode(given)


_SHOWN = {
    "client_id": short_text(),
    "client_secret": short_text(required=False, longest=512),
    "client_assertion": short_text(required=False, longest=jose.LONGEST),
    "certificate": short_text(required=False, longest=43),
}

COMMANDS = (
    Command("token.mint", schema(**_SHOWN, profile=one_of("own", "facade")), mint),
    Command("token.revoke", schema(**_SHOWN, token=short_text(longest=LONGEST_TOKEN)), revoke),
    Command("token.keys", schema(), show_keys),
    Command(
        "token.keys.rotate",
        schema(reason=without_ean(short_text(longest=1000)), withdraw=flag()),
        rotate_keys,
    ),
    Command("subscription.check", schema(subscription_key=short_text()), check_subscription),
)
