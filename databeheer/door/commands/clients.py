"""Commands on the programs of parties, and the keys they sign with: the operator's, each recorded with its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import (
    Command,
    Instant,
    asker_of,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
)
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.tokens import minting
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.identity import client_keys, clients
from databeheer.registry import parties
from databeheer.values import format_instant


def add_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a party credentials. With its public keys it signs assertions; else it gets a secret, shown once."""
    profiles, given = frozenset(arguments["profiles"]), arguments["public_key"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        keys = client_keys.parse(given) if given is not None else []
        parties.get(turn.connection, arguments["party_id"])
        made = clients.add(turn.connection, arguments["party_id"], profiles, keys, turn.now)
        said = {"profiles": sorted(profiles), "by": "key" if keys else "secret"}
        turn.record(Statement("client.added", said, party_id=arguments["party_id"]))
    return {
        "client_id": made.client_id,
        "client_secret": made.secret,
        "subscription_key": made.subscription_key,
    }


def end_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a program of a party: its secret or key, and the tokens it has, are good for nothing from now on."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = clients.end(turn.connection, arguments["client_id"], turn.now)
        turn.end(Ending.CLIENT, clients.number_of(row.client_id))
        turn.record(Statement("client.ended", {}, party_id=row.party_id))
    return {}


def renew_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a program of a party another secret, shown once; the old one and its tokens are dead at once."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row, secret = clients.renew(turn.connection, arguments["client_id"], turn.now)
        turn.end(Ending.CLIENT_SECRET, clients.number_of(row.client_id))
        turn.record(Statement("client.renewed", {}, party_id=row.party_id))
    return {"client_id": row.client_id, "client_secret": secret}


def add_keys(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a program that signs its next keys, beside those it has: both are good until the old one is ended."""
    days = {"valid_from": arguments["valid_from"], "valid_until": arguments["valid_until"]}
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        given = client_keys.parse(arguments["public_key"])
        client = clients.standing(turn.connection, arguments["client_id"])
        if client.secret_hash is not None:
            raise ConflictError("this client has a secret; add another one that signs, and end this")
        made = client_keys.add(turn.connection, client.client_id, given, turn.now, **days)
        said = {"keys": [str(one) for one in made]}
        turn.record(Statement("client.keys_added", said, party_id=client.party_id))
    return {"key_ids": [str(one) for one in made]}


def end_key(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a key of a program: at once, and then the tokens that it got are dead too; or at a later moment."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        at: datetime = arguments["at"] or turn.now
        if at < turn.now:
            raise MalformedRequestError("at: is over")
        row = client_keys.end(turn.connection, arguments["key_id"], at, turn.now)
        if at == turn.now:
            minting.end_of_key(turn.connection, row.key_id, turn.now)
        turn.end(Ending.CLIENT_KEY, row.key_id, at=at)
        said = {"key": str(row.key_id), "at": format_instant(at)}
        turn.record(Statement("client.key_ended", said, party_id=row.party_id))
    return {}


def show_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show a program: how it shows itself, and every key that it has or had."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
        client = clients.standing(connection, arguments["client_id"])
        keys = client_keys.of_client(connection, client.client_id)
    return {
        "client_id": client.client_id,
        "party_id": str(client.party_id),
        "profiles": list(client.profiles),
        "by": "key" if client.secret_hash is None else "secret",
        "keys": [_shown(row) for row in keys],
    }


def _shown(row: Any) -> dict[str, Any]:
    return {
        "key_id": str(row.key_id),
        "kid": row.kid,
        "thumbprint": row.thumbprint,
        "certificate_sha256": bytes(row.certificate_sha256).hex() if row.certificate_sha256 else None,
        "valid_from": format_instant(row.valid_from or row.added_at),
        "valid_until": format_instant(row.valid_until) if row.valid_until else None,
    }


CLIENT = fields.String(
    required=True,
    validate=validate.Regexp(r"client-[0-9a-f]{16}\Z", error="a client is client- and 16 hexadecimal digits"),
)
LONGEST_KEYS = 32_000

COMMANDS = (
    Command(
        "registry.client.add",
        schema(
            party_id=identifier(),
            profiles=fields.List(one_of("own", "facade"), required=True, validate=validate.Length(1, 2)),
            public_key=long_text(required=False, longest=LONGEST_KEYS),
        ),
        add_client,
    ),
    Command("registry.client.end", schema(client_id=CLIENT), end_client),
    Command("registry.client.renew", schema(client_id=CLIENT), renew_client),
    Command("registry.client.show", schema(client_id=CLIENT), show_client),
    Command(
        "registry.client.key.add",
        schema(
            client_id=CLIENT,
            public_key=long_text(longest=LONGEST_KEYS),
            valid_from=Instant(load_default=None, allow_none=True),
            valid_until=Instant(load_default=None, allow_none=True),
        ),
        add_keys,
    ),
    Command(
        "registry.client.key.end",
        schema(key_id=identifier(), at=Instant(load_default=None, allow_none=True)),
        end_key,
    ),
)
