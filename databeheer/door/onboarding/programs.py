"""Commands of a party's own people on its programs and their keys: public keys only, each recorded and told.

Who breaks into the web while somebody of the party is logged in could add a key of his own. So a key that is added once
the party handed something in counts a day later, and the party is told at once: it ends the key before it opens
anything. Until then keys count at once, and stand in what the operator's two people sign for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.door.commands.base import Command, found, identifier, long_text, one_of, schema
from databeheer.door.commands.clients import CLIENT, LONGEST_KEYS
from databeheer.door.house import House
from databeheer.door.onboarding.acting import person_of_party, tell_partys_programs, who
from databeheer.door.proofs import Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.tokens import minting
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.identity import client_keys, clients
from databeheer.onboarding import keeping
from databeheer.registry import parties
from databeheer.values import format_instant

WAIT = timedelta(days=1)
"""Before a key that was added at the party pages counts, once there is something to protect."""
MOST_PROGRAMS = 20


def add_program(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Set up a program that signs with its own key; the facade's get a subscription key, shown once."""
    profiles = frozenset(arguments["profiles"])
    with house.turn() as turn:
        asker, party_id = person_of_party(turn, house, proof)
        if len(clients.of_party(turn.connection, party_id)) >= MOST_PROGRAMS:
            raise ConflictError(f"a party has {MOST_PROGRAMS} programs at most: end one first")
        keys = client_keys.parse(arguments["public_key"])
        begins = _begins(turn.connection, party_id, turn.now)
        made = clients.add(turn.connection, party_id, profiles, keys, turn.now, valid_from=begins)
        said = {"profiles": sorted(profiles), "by": "key"} | who(asker)
        turn.record(Statement("client.added", said, party_id=party_id))
        tell_partys_programs(house, turn, "party.keys_changed", party_id)
    return {
        "client_id": made.client_id,
        "subscription_key": made.subscription_key,
        "valid_from": format_instant(begins) if begins else None,
    }


def end_program(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a program: its keys and tokens are good for nothing from now on."""
    with house.turn(TurnLane.ENDS) as turn:
        asker, party_id = person_of_party(turn, house, proof, or_suspended=True)
        own_program(turn.connection, party_id, arguments["client_id"])
        row = clients.end(turn.connection, arguments["client_id"], turn.now)
        turn.end(Ending.CLIENT, clients.number_of(row.client_id))
        turn.record(Statement("client.ended", who(asker), party_id=party_id))
        tell_partys_programs(house, turn, "party.keys_changed", party_id)
    return {}


def add_key(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a program its next key, beside those that it has."""
    with house.turn() as turn:
        asker, party_id = person_of_party(turn, house, proof)
        client = own_program(turn.connection, party_id, arguments["client_id"])
        if client.secret_hash is not None:
            raise ConflictError("this program has a secret; set up another one that signs, and end this")
        given = client_keys.parse(arguments["public_key"])
        begins = _begins(turn.connection, party_id, turn.now)
        made = client_keys.add(turn.connection, client.client_id, given, turn.now, valid_from=begins)
        said = {"keys": [str(one) for one in made]} | who(asker)
        turn.record(Statement("client.keys_added", said, party_id=party_id))
        tell_partys_programs(house, turn, "party.keys_changed", party_id)
    return {"valid_from": format_instant(begins) if begins else None}


def end_key(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a key now, and the tokens that it got."""
    with house.turn(TurnLane.ENDS) as turn:
        asker, party_id = person_of_party(turn, house, proof, or_suspended=True)
        owned = {"key": arguments["key_id"], "party": party_id}
        found(turn.connection.execute(_OWN_KEY, owned).one_or_none(), "key of yours")
        row = client_keys.end(turn.connection, arguments["key_id"], turn.now, turn.now)
        minting.end_of_key(turn.connection, row.key_id, turn.now)
        turn.end(Ending.CLIENT_KEY, row.key_id, at=turn.now)
        said = {"key": str(row.key_id), "at": format_instant(turn.now)} | who(asker)
        turn.record(Statement("client.key_ended", said, party_id=party_id))
        tell_partys_programs(house, turn, "party.keys_changed", party_id)
    return {}


def own_program(connection: Connection, party_id: UUID, client_id: str) -> Any:
    """Return a program of this party that has not ended; another's is not there."""
    owned = [one for one in clients.of_party(connection, party_id) if one.client_id == client_id]
    return found(owned[0] if owned else None, "program of yours")


def _begins(connection: Connection, party_id: UUID, now: datetime) -> datetime | None:
    """From when on a key counts that is added now; None: at once."""
    party = parties.get(connection, party_id)
    is_new = party.awaits_approval and keeping.newest(connection, party_id) is None
    return None if is_new else now + WAIT


_OWN_KEY = text(
    "SELECT 1 FROM identity.client_key k JOIN identity.client c USING (client_id)"
    " WHERE k.key_id = :key AND c.party_id = :party"
)
_KEYS = long_text(longest=LONGEST_KEYS)

COMMANDS = (
    Command(
        "party.program.add",
        schema(
            profiles=fields.List(one_of("own", "facade"), required=True, validate=validate.Length(1, 2)),
            public_key=_KEYS,
        ),
        add_program,
    ),
    Command("party.program.end", schema(client_id=CLIENT), end_program),
    Command("party.key.add", schema(client_id=CLIENT, public_key=_KEYS), add_key),
    Command("party.key.end", schema(key_id=identifier()), end_key),
)
