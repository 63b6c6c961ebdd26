"""The house goes to a successor: its last entry, and the successor's first (R190, docs/how-to/hand-over.md)."""

from __future__ import annotations

from typing import Any

from databeheer.door.commands.base import Command, asker_of, looking, one_of, schema, short_text
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.oversight import gaps, handover
from databeheer.oversight.handover import Outcome
from databeheer.values import format_instant


def begin(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close the house: this entry is its last, and from its commit on the door cannot append another.

    `confirm` is the log's name, so that nobody closes a house by a slip.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if arguments["confirm"] != house.origin:
            raise ConflictError(f"to close this house for good, give confirm={house.origin}")
        gaps.refuse_while_one_stands(turn.connection, "handing the house over")
        said = {"to": arguments["successor"], "by": arguments["decided_by"]}
        record = turn.record(Statement("house.handed_over", said))
        handover.close(
            turn.connection, arguments["successor"], arguments["decided_by"], turn.now, turn.next_index - 1
        )
        turn.afterwards(handover.close_log)
    return record.answer()


def opened(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The first entry after it: by the successor, who says which bundle, or by us, where it was called off."""
    outcome = Outcome(arguments["outcome"])
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        one = handover.standing(turn.connection)
        if one is None:
            raise ConflictError("this house is open: it was not handed over, or was taken over already")
        said = {"by": arguments["decided_by"], "closed": one.closed_index}
        if arguments["manifest"]:
            said["manifest"] = arguments["manifest"]
        record = turn.record(Statement(f"house.{outcome.value}", said))
        handover.opened(turn.connection, one, outcome, turn.now, turn.next_index - 1)
    return record.answer()


def status(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """To whom the house was handed over, and since when; nulls where it is open."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
        one = handover.standing(connection)
    if one is None:
        return {"successor": None, "closed_at": None, "index": None}
    return {
        "successor": one.successor,
        "closed_at": format_instant(one.closed_at),
        "index": one.closed_index,
    }


COMMANDS = (
    Command(
        "handover.begin", schema(successor=short_text(), decided_by=short_text(), confirm=short_text()), begin
    ),
    Command(
        "handover.opened",
        schema(
            outcome=one_of(*(one.value for one in Outcome)),
            decided_by=short_text(),
            manifest=short_text(required=False),
        ),
        opened,
    ),
    Command("handover.status", schema(), status),
)
