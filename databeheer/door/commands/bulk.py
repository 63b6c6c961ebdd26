"""Readings in bulk: many permissions, or access points of one's portfolio, for one window; one entry."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from databeheer.door.commands.base import Command, EANCode, Instant, flag, one_of, schema, short_text
from databeheer.door.commands.readings import (
    GRANULARITIES,
    directions_of,
    entry_index,
    granularity_of,
    handed_over,
    handed_view,
    known_of,
    known_stretches,
    refused_view,
    since_of,
    with_registers,
)
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.portfolio.alike import Kind, is_asked_plainly
from databeheer.door.portfolio.opening import open_day
from databeheer.door.proofs import Proof
from databeheer.door.protocol import Spelled, spell
from databeheer.door.reads.bulk import COMMAND, BulkRead, admit_bulk
from databeheer.door.reads.opening import erased_readings
from databeheer.door.reads.request import Decided, ReadRequest, Wanted
from databeheer.door.reads.statements import most_values
from databeheer.door.repeats import LONGEST_KEY
from databeheer.errors import MalformedRequestError, TooLargeError
from databeheer.values import Direction, Period, Purpose

MOST_ASKED = 10_000
MOST_VALUES = 200_000
"""Values that one answer may hold at most, but for the quarter-hours of one day: those of all that may be asked."""
AT_ONCE = 1000
"""How many are decided in one turn, and stand in one entry. Between two turns whoever waits has theirs: no withdrawal
and no single read waits for longer than one such turn, and an emergency stop is seen by the next."""


def read_bulk(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Decide on all, record them, open, hand over; each item has its own outcome.

    What is more than `AT_ONCE` comes in several entries, of which each one's promise speaks for those before it too.
    Nothing is handed over before all of it is recorded. While one part is opened, the next one is decided.

    Raises:
        MalformedRequestError, TooLargeError: nothing was recorded.
    """
    requests = _requests(house, proof, arguments)
    parts = [range(first, min(first + AT_ONCE, len(requests))) for first in range(0, len(requests), AT_ONCE)]
    with desk.place(proof), ThreadPoolExecutor(1, "door-opens") as opener:
        recorded: list[BulkRead] = []
        opened: list[Future[list[bytes]]] = []
        for number, part in enumerate(parts):
            bulk = admit_bulk(house, proof, requests.part(part), _of_part(arguments, number))
            recorded.append(bulk)
            opened.append(opener.submit(items, house, bulk))
        spelled = [item for one in opened for item in one.result()]
    entries = [_entry(bulk) | {"items": len(part)} for bulk, part in zip(recorded, parts, strict=True)]
    return {"items": Spelled(b"[" + b",".join(spelled) + b"]"), **_entry(recorded[-1]), "entries": entries}


def _of_part(arguments: dict[str, Any], number: int) -> dict[str, Any]:
    """The arguments of one part: under an idempotency key, each has a key of its own, which no caller can give."""
    key = arguments["idempotency_key"]
    if key is None or not number:
        return arguments
    return arguments | {"idempotency_key": f"{key}\0{number}"}


def _entry(bulk: BulkRead) -> dict[str, Any]:
    return {
        "index": bulk.index,
        "promise": b64encode(bulk.promise).decode(),
        "receipt": f"/api/v1/receipts/{bulk.index}",
    }


def items(house: House, bulk: BulkRead) -> list[bytes]:
    """Open what was recorded, and return the JSON of each item, in the order of the request."""
    found = items_by_place(house, bulk)
    return [found[place] for place in sorted(found)]


def items_by_place(house: House, bulk: BulkRead) -> dict[int, bytes]:
    """Open what was recorded, and return the JSON of each item by its place in the request."""
    found = {}
    for place, view in zip(
        bulk.reads, handed_over(house, list(bulk.reads.values()), bulk.as_of), strict=True
    ):
        found[place] = spell(view | _refusal(bulk.reads[place]))
    channels = open_day(house, bulk.kinds, bulk.as_of)
    for kind in bulk.kinds:
        found |= _items_of(house, kind, channels)
    return found


def _items_of(house: House, kind: Kind, channels: Mapping[int, bytes]) -> dict[int, bytes]:
    """The items of one kind: alike but for channels, and for what of those was erased."""
    view = handed_view(kind.read, "@channels@", "@erased@") | _refusal(kind.read)
    before, rest = spell(view).split(b'"@channels@"')
    between, after = rest.split(b'"@erased@"')
    full = between + b"[]" + after
    found = {one.place: before + channels[one.place] + full for one in kind.members}
    empty = {UUID(one.stay): one.place for one in kind.members if channels[one.place] == b"[]"}
    for stay, erased in erased_readings(house, empty).items() if empty else ():
        found[empty[stay]] = before + b"[]" + between + spell([erased.view()]) + after
    return found


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


def _requests(house: House, proof: Proof, arguments: dict[str, Any]) -> Wanted:
    wanted = wanted_of(house, proof, arguments)
    common = wanted.common
    most = len(wanted) * most_values(common.period, common.granularity, common.directions)
    if most > MOST_VALUES and not is_asked_plainly(common.period, common.granularity):
        raise TooLargeError(
            f"that may be more than {MOST_VALUES} values; ask for a shorter period, fewer points or larger slots, or"
            " hand it in as a job"
        )
    return wanted


def wanted_of(house: House, proof: Proof, arguments: dict[str, Any]) -> Wanted:
    """Return what is asked in bulk.

    Raises:
        MalformedRequestError: not one kind of target, or a purpose where the permission has its own.
    """
    permissions, eans = arguments["permission_ids"], arguments["eans"]
    if (permissions is None) == (eans is None):
        raise MalformedRequestError("name either permission_ids or eans")
    if (eans is None) == (arguments["purpose"] is not None):
        raise MalformedRequestError(
            "purpose: access points are read for a purpose, permissions for their own"
        )
    period, (granularity, per_year) = Period(arguments["from"], arguments["until"]), granularity_of(arguments)
    directions = directions_of(arguments["directions"])
    purpose = Purpose(arguments["purpose"]) if arguments["purpose"] else None
    strict, registers = arguments["mode"] == "strict", with_registers(arguments, granularity)
    return Wanted(
        ReadRequest(
            proof,
            period,
            granularity,
            directions,
            strict,
            purpose,
            registers=registers,
            per_year=per_year,
            as_of=arguments["as_of"],
            since=since_of(arguments) if "since" in arguments else None,
        ),
        permissions,
        None if eans is None else [ean_hash(house, one) for one in eans],
        known_of(arguments, len(permissions or eans or ())) if "since" in arguments else None,
    )


def _each_once(values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("each once")


def _several(one: fields.Field[Any], most: int) -> fields.List[Any]:
    return fields.List(
        one, load_default=None, allow_none=True, validate=[validate.Length(1, most), _each_once]
    )


class _Identifiers(fields.List[Any]):
    """UUIDs, each once. Read at once where all are right; else one by one, to say which are wrong."""

    def __init__(self, most: int) -> None:
        super().__init__(
            fields.UUID(),
            load_default=None,
            allow_none=True,
            validate=[validate.Length(1, most), _each_once],
        )
        self._most = most

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if isinstance(value, list) and len(value) <= self._most:
            with suppress(ValueError, AttributeError, TypeError):
                return [UUID(one) for one in value]
        return super()._deserialize(value, attr, data, **kwargs)


def asked_members(most: int) -> dict[str, Any]:
    """The arguments that say what is asked of at most so many."""
    return {
        "permission_ids": _Identifiers(most),
        "eans": _several(EANCode(), most),
        "purpose": one_of(*(purpose.value for purpose in Purpose), required=False),
        "from": Instant(required=True),
        "until": Instant(required=True),
        "granularity": one_of(*GRANULARITIES),
        "directions": _several(one_of(*(direction.value for direction in Direction)), len(Direction)),
        "mode": one_of("strict", "clip", required=False, missing="strict"),
        "registers": flag(),
        "as_of": entry_index(),
    }


SCHEMA = schema(
    **asked_members(MOST_ASKED),
    since=entry_index(),
    known=known_stretches(MOST_ASKED),
    idempotency_key=short_text(required=False, longest=LONGEST_KEY),
)


def commands(desk: Desk) -> tuple[Command, ...]:
    """The command, bound to the door's one desk."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return read_bulk(house, proof, arguments, desk)

    return (Command(COMMAND, SCHEMA, handler),)
