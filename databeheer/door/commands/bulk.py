"""Readings in bulk: many permissions, or access points of one's portfolio, for one window; one entry."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from databeheer.door.bulk import COMMAND, admit_bulk
from databeheer.door.commands.base import Command, EANCode, Instant, one_of, schema, short_text
from databeheer.door.commands.readings import handed_over, refused_view
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Proof
from databeheer.door.read_request import Decided, ReadRequest
from databeheer.door.read_statements import most_values
from databeheer.door.repeats import LONGEST_KEY
from databeheer.errors import MalformedRequestError, TooLargeError
from databeheer.values import Direction, Granularity, Period, Purpose

MOST_ASKED = 1000
MOST_VALUES = 200_000
"""Values that one answer may hold at most: of a thousand points, both directions of the longest day's quarter-hours."""


def read_bulk(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Decide on all, record them in one entry, open, hand over; each item has its own outcome.

    Raises:
        MalformedRequestError, TooLargeError: nothing was recorded.
    """
    requests = _requests(house, proof, arguments)
    with desk.place(proof):
        bulk = admit_bulk(house, proof, requests, arguments)
        views = handed_over(house, bulk.reads, bulk.as_of)
    return {
        "items": [view | _refusal(read) for read, view in zip(bulk.reads, views, strict=True)],
        "index": bulk.index,
        "promise": b64encode(bulk.promise).decode(),
        "receipt": f"/api/v1/receipts/{bulk.index}",
    }


def _refusal(read: Decided) -> dict[str, Any]:
    """Why nothing left of an item, in the words of a single read; the code is None where something did."""
    error = read.refusal()
    if error is None:
        return {"code": None, "detail": None, "reason": None}
    return {
        "code": error.code,
        "detail": str(error),
        "reason": read.decision.main_reason().value,
        "refused": refused_view(read),
    }


def _requests(house: House, proof: Proof, arguments: dict[str, Any]) -> list[ReadRequest]:
    permissions, eans = arguments["permission_ids"], arguments["eans"]
    if (permissions is None) == (eans is None):
        raise MalformedRequestError("name either permission_ids or eans")
    if (eans is None) == (arguments["purpose"] is not None):
        raise MalformedRequestError(
            "purpose: access points are read for a purpose, permissions for their own"
        )
    period, granularity = Period(arguments["from"], arguments["until"]), Granularity(arguments["granularity"])
    directions = _directions(arguments["directions"])
    asked = permissions or eans
    if len(asked) * most_values(period, granularity, directions) > MOST_VALUES:
        raise TooLargeError(
            f"that may be more than {MOST_VALUES} values; ask for a shorter period, fewer points or larger slots"
        )
    purpose = Purpose(arguments["purpose"]) if arguments["purpose"] else None
    strict = arguments["mode"] == "strict"
    targets: list[tuple[UUID | None, bytes | None]] = [
        (None, ean_hash(house, one)) if eans is not None else (one, None) for one in asked
    ]
    return [
        ReadRequest(proof, period, granularity, directions, strict, purpose, permission_id, point_hash)
        for permission_id, point_hash in targets
    ]


def _directions(names: list[str] | None) -> frozenset[Direction] | None:
    return frozenset(Direction(name) for name in names) if names else None


def _each_once(values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("each once")


def _several(one: fields.Field[Any], most: int) -> fields.List[Any]:
    return fields.List(
        one, load_default=None, allow_none=True, validate=[validate.Length(1, most), _each_once]
    )


SCHEMA = schema(
    **{
        "permission_ids": _several(fields.UUID(), MOST_ASKED),
        "eans": _several(EANCode(), MOST_ASKED),
        "purpose": one_of(*(purpose.value for purpose in Purpose), required=False),
        "from": Instant(required=True),
        "until": Instant(required=True),
        "granularity": one_of(*(granularity.value for granularity in Granularity)),
        "directions": _several(one_of(*(direction.value for direction in Direction)), len(Direction)),
        "mode": one_of("strict", "clip", required=False, missing="strict"),
        "idempotency_key": short_text(required=False, longest=LONGEST_KEY),
    }
)


def commands(desk: Desk) -> tuple[Command, ...]:
    """The command, bound to the door's one desk."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return read_bulk(house, proof, arguments, desk)

    return (Command(COMMAND, SCHEMA, handler),)
