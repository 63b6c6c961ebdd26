"""A party asks for many permissions at once: each by itself, so that one bad row takes nothing from the others."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.door.commands import asking_renewal
from databeheer.door.commands.asking_renewal import RENEWAL, ask_renewal
from databeheer.door.commands.base import Command, Handler, asker_of, schema
from databeheer.door.commands.permissions import KEY, REQUEST, request
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.repeats import Repeat
from databeheer.errors import DatabeheerError, UnauthenticatedError

MOST_ASKED = 200
"""Rows of one command. Each is a turn of its own: nobody else waits for all of them."""
_TEMPORARY = frozenset({"queue-full", "unavailable", "stopped", "reconciling"})
"""What a row is refused for that another try may get: then the whole is not kept as answered."""


@dataclass(frozen=True)
class Many:
    """A command that asks many: its name, and the one that asks each row, which may be one of its own too."""

    name: str
    ask: Handler
    row: Schema


REQUESTS = Many("permission.request_many", request, schema(**REQUEST))
RENEWALS = Many("permission.ask_renewals", ask_renewal, schema(**RENEWAL))


def request_many(
    house: House, proof: Proof, arguments: dict[str, Any], desk: Desk, many: Many = REQUESTS
) -> dict[str, Any]:
    """Ask each row as its command alone does; returns for each what that returns, or why not.

    Under an idempotency key each row has one of its own that is made of it, so that what was cut short goes on where it
    was; once all rows have their answer, that is the answer of the whole.

    Raises:
        UnauthenticatedError: the proof is no party's, or ended on the way.
        IdempotencyKeyReusedError: the key came with another request.
    """
    with desk.place(proof):
        first = _first_answer(house, proof, arguments, many)
        if first is not None:
            return first
        answer = {
            "items": [
                _row(house, proof, many, {**row, "idempotency_key": _key(many, arguments, place)})
                for place, row in enumerate(arguments["requests"])
            ]
        }
        if not any(one["code"] in _TEMPORARY for one in answer["items"]):
            _keep(house, proof, arguments, answer, many)
    return answer


def _row(house: House, proof: Proof, many: Many, row: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"code": None, "detail": None, "request": many.ask(house, proof, row)}
    except UnauthenticatedError:
        raise
    except DatabeheerError as error:
        return {"code": error.code, "detail": str(error), "request": None}


def _first_answer(house: House, proof: Proof, arguments: dict[str, Any], many: Many) -> dict[str, Any] | None:
    if arguments["idempotency_key"] is None:
        return None
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        answered = Repeat(house, turn, asker.party_id, many.name, arguments).answered()
    return None if answered is None else answered[0]


def _keep(house: House, proof: Proof, arguments: dict[str, Any], answer: dict[str, Any], many: Many) -> None:
    if arguments["idempotency_key"] is None:
        return
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, many.name, arguments)
        if repeat.answered() is None:  # else the same came twice at once, with the same answers
            repeat.keep(answer, turn.size - 1)


def _key(many: Many, arguments: dict[str, Any], place: int) -> str | None:
    """The key of one row: of the whole one and the row's place, in no form that a party could send by chance."""
    key = arguments["idempotency_key"]
    return None if key is None else sha256(f"{many.name}|{place}|{key}".encode()).hexdigest()


def commands(desk: Desk) -> tuple[Command, ...]:
    """The commands, bound to the door's one desk for them."""
    one = Command(asking_renewal.COMMAND, schema(**RENEWAL, idempotency_key=KEY), ask_renewal)
    return one, *(_command(many, desk) for many in (REQUESTS, RENEWALS))


def _command(many: Many, desk: Desk) -> Command:
    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return request_many(house, proof, arguments, desk, many)

    rows = fields.List(
        fields.Nested(many.row), required=True, validate=validate.Length(min=1, max=MOST_ASKED)
    )
    return Command(many.name, schema(requests=rows, idempotency_key=KEY), handler)
