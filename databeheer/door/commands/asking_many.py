"""A party asks for many permissions at once: each by itself, so that one bad row takes nothing from the others."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import Command, asker_of, schema
from databeheer.door.commands.permissions import KEY, REQUEST, request
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.repeats import Repeat
from databeheer.errors import DatabeheerError, UnauthenticatedError

MOST_ASKED = 200
"""Rows of one command. Each is a turn of its own: nobody else waits for all of them."""
_COMMAND = "permission.request_many"
_TEMPORARY = frozenset({"queue-full", "unavailable", "stopped", "reconciling"})
"""What a row is refused for that another try may get: then the whole is not kept as answered."""


def request_many(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Ask each row's permission as `permission.request` does; returns for each what it returns, or why not.

    Under an idempotency key each row has one of its own that is made of it, so that what was cut short goes on where it
    was; once all rows have their answer, that is the answer of the whole.

    Raises:
        UnauthenticatedError: the proof is no party's, or ended on the way.
        IdempotencyKeyReusedError: the key came with another request.
    """
    with desk.place(proof):
        first = _first_answer(house, proof, arguments)
        if first is not None:
            return first
        answer = {
            "items": [
                _row(house, proof, {**row, "idempotency_key": _key(arguments["idempotency_key"], place)})
                for place, row in enumerate(arguments["requests"])
            ]
        }
        if not any(one["code"] in _TEMPORARY for one in answer["items"]):
            _keep(house, proof, arguments, answer)
    return answer


def _row(house: House, proof: Proof, row: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"code": None, "detail": None, "request": request(house, proof, row)}
    except UnauthenticatedError:
        raise
    except DatabeheerError as error:
        return {"code": error.code, "detail": str(error), "request": None}


def _first_answer(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any] | None:
    if arguments["idempotency_key"] is None:
        return None
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        answered = Repeat(house, turn, asker.party_id, _COMMAND, arguments).answered()
    return None if answered is None else answered[0]


def _keep(house: House, proof: Proof, arguments: dict[str, Any], answer: dict[str, Any]) -> None:
    if arguments["idempotency_key"] is None:
        return
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, _COMMAND, arguments)
        if repeat.answered() is None:  # else the same came twice at once, with the same answers
            repeat.keep(answer, turn.size - 1)


def _key(key: str | None, place: int) -> str | None:
    """The key of one row: of the whole one and the row's place, in no form that a party could send by chance."""
    return None if key is None else sha256(f"{_COMMAND}|{place}|{key}".encode()).hexdigest()


def commands(desk: Desk) -> tuple[Command, ...]:
    """The command, bound to the door's one desk for it."""

    def many(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return request_many(house, proof, arguments, desk)

    rows = fields.List(
        fields.Nested(schema(**REQUEST)), required=True, validate=validate.Length(min=1, max=MOST_ASKED)
    )
    return (Command(_COMMAND, schema(requests=rows, idempotency_key=KEY), many),)
