"""What a grid operator's own systems have to read again: its grid's list by pages, and that it was tried.

Devices, never whose they are nor why they are read (R135), as the head-end has it by `reading_plan.rereads`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.brussels import midnight
from databeheer.door.access_register.sender import sender_of
from databeheer.door.commands.base import Command, asker_of, looking, schema
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.errors import NoLegalBasisError, NotFoundError, UnauthenticatedError
from databeheer.metering.plan import rereads
from databeheer.values import format_instant

PAGE = 200


def list_open(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of what is to be read again in the asker's own grid, the most urgent first. Counts as no attempt."""
    limit = arguments["limit"]
    with looking(house, proof) as (connection, asker, now):
        operator = _grid_of(connection, asker)
        rows = rereads.page(connection, operator, now, arguments["cursor"], limit + 1)
    return {
        "rereads": [_view(house, row) for row in rows[:limit]],
        "next_cursor": rows[limit - 1].reread_no if len(rows) > limit else None,
    }


def tried(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Count an attempt of each, once in the hours within which the head-end does not get it either.

    Raises:
        NotFoundError: one of them is not on the own list any more, or never was; none was counted.
    """
    numbers = sorted(set(arguments["rereads"]))
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        operator = _grid_of(turn.connection, asker)
        rows = rereads.try_again(turn.connection, operator, turn.now, numbers)
        if len(rows) < len(numbers):
            raise NotFoundError("not all of these are on your list; fetch it again")
    return {"rereads": [_view(house, row) for row in rows]}


def _grid_of(connection: Any, asker: Asker) -> int:
    if asker.kind is not AskerKind.PARTY:
        raise UnauthenticatedError("use a grid operator's access token")
    operator = sender_of(connection, asker).operator
    if operator is None:
        raise NoLegalBasisError("what is to be read again is the grid operator's")
    return operator


def _view(house: House, row: Any) -> dict[str, Any]:
    return {
        "reread": row.reread_no,
        "device": open_text(house, "meter", row.meter_id, bytes(row.number_sealed)),
        "day": row.day.isoformat(),
        "direction": row.direction,
        "lacking": row.lacking,
        "attempts": row.attempts,
        "tried_at": format_instant(row.last_attempt_at) if row.last_attempt_at else None,
        "due_at": format_instant(midnight(row.until_day)),
    }


_NUMBER = fields.Integer(strict=True, validate=validate.Range(1, 2**53))

COMMANDS = (
    Command(
        "reading_plan.open",
        schema(
            cursor=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 2**53)
            ),
            limit=fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(1, PAGE)),
        ),
        list_open,
    ),
    Command(
        "reading_plan.tried",
        schema(rereads=fields.List(_NUMBER, required=True, validate=validate.Length(1, PAGE))),
        tried,
    ),
)
