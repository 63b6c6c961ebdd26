"""The operator's switches for clients of the facade."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from databeheer.door.commands.base import Command, asker_of, schema, short_text
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.identity import facade_clients


def show_undecided(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show a client of the facade the mandates that wait for a decision, or hide them again."""
    shown = arguments["shown"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = facade_clients.show_undecided(turn.connection, arguments["client_id"], shown=shown)
        turn.record(Statement("client.undecided_shown", {"shown": shown}, party_id=row.party_id))
    return {}


COMMANDS = (
    Command(
        "registry.client.show_undecided",
        schema(
            client_id=short_text(longest=100),
            shown=fields.Boolean(required=True, truthy={True}, falsy={False}),
        ),
        show_undecided,
    ),
)
