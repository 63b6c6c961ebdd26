"""Commands on the quality of supply: what meters say of a day, and what a grid operator asks of it (R66).

The grid operator's request is a read as any other: it names its task, is decided by the catalogue, recorded before
anything is opened, and told to the customer. One request is one record.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.access.bases import Category
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import Command, Day, EANCode, Instant, one_of, placed, schema, short_text
from databeheer.door.commands.readings import RefusedReadError, handed_view
from databeheer.door.house import House
from databeheer.door.names import ean_hash, meter_hash, open_text
from databeheer.door.proofs import Proof, check_intake
from databeheer.door.reads.loop import ReadLoop
from databeheer.door.reads.request import Decided, ReadRequest
from databeheer.door.statement import Statement
from databeheer.door.supply_quality import rows
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.metering.supply_quality import (
    HIGHEST_VOLTAGE,
    MOST_EVENTS,
    QualityDay,
    SupplyTask,
)
from databeheer.registry import parties
from databeheer.values import Granularity, Period, Purpose

STORED = "supply_quality.stored"
LONGEST_PERIOD = timedelta(days=366)
KEPT = timedelta(days=400)
"""A year and what a complaint takes; then it goes."""
MOST_AT_ONCE = 1000


class NoSupplyHereError(NotFoundError):
    """A device of which no quality of supply is kept: not there on that day, no digital meter, or one of gas."""

    code = "no-supply-here"


def take(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take in what devices say of days that are over, all or nothing, by one entry; what is older than kept goes.

    Raises:
        NoSupplyHereError: one of them is no digital electricity meter there on its day; nothing was kept.
        MalformedRequestError: one says what cannot be, or of a day that is not over or not kept any more.
    """
    check_intake(proof, house.intake_key_hash)
    operator = arguments["operator"]
    with house.turn() as turn:
        parties.require_operator(turn.connection, operator)
        today = day_of(turn.now)
        rows.forget_before(turn.connection, today - KEPT)
        kept = 0
        for place, one in enumerate(arguments["days"]):
            with placed("days", place):
                kept += _take_one(house, turn, operator, today, one)
        spans = sorted(one["day"] for one in arguments["days"])
        said = {"from": spans[0].isoformat(), "until": (spans[-1] + timedelta(days=1)).isoformat()}
        record = turn.record(Statement(STORED, said | {"days": kept}, operator=operator))
    return {"taken": kept, "passed_over": len(arguments["days"]) - kept, "index": record.index}


def _take_one(house: House, turn: Turn, operator: int, today: date, one: dict[str, Any]) -> bool:
    """Keep one; not of a stay whose readings were erased."""
    day: date = one["day"]
    if not today - KEPT <= day < today:
        raise MalformedRequestError("day: one that is over, and not longer ago than is kept")
    said = QualityDay(**{name: value for name, value in one.items() if name not in ("device", "day")})
    said.require_within(day)
    asked = {"hash": meter_hash(house, one["device"]), "day": day, "operator": operator}
    stays = turn.connection.execute(_BY_DEVICE, asked).all()
    if len(stays) != 1:
        raise NoSupplyHereError("a device that is no digital electricity meter there on that day")
    [stay] = stays
    root = house.roots_held([stay.root_id.bytes]).get(stay.root_id.bytes)
    if root is None or stay.is_erased:
        return False
    rows.keep(house, turn.connection, stay, root, day, stay.meter_id, said)
    return True


def read(house: House, proof: Proof, arguments: dict[str, Any], loop: ReadLoop) -> dict[str, Any]:
    """Decide, record, open, hand over: of each day that is granted whole what each meter said.

    Raises:
        RefusedReadError: nothing may leave; the refusal is recorded.
        UnauthenticatedError: no party asks.
    """
    if proof.kind == "session":
        raise UnauthenticatedError("use a grid operator's access token")
    period = Period(arguments["from"], arguments["until"])
    if period.end - period.start > LONGEST_PERIOD:
        raise MalformedRequestError("a period is a year at most; ask in parts")
    request = ReadRequest(
        proof=proof,
        period=period,
        granularity=Granularity.DAY,
        directions=None,
        strict=False,
        purpose=Purpose.SUPPLY_QUALITY,
        ean_hash=ean_hash(house, arguments["ean"]),
        category=Category.SUPPLY_QUALITY,
        task=SupplyTask(arguments["task"]),
    )
    admitted = loop.submit(request, loop.lane_of(proof)).result()
    decided = admitted.decided
    if (error := decided.refusal()) is not None:
        raise RefusedReadError(error, admitted)
    view = handed_view(decided, [], [])
    return {
        **{name: view[name] for name in ("granted", "refused")},
        "days": _opened(house, decided),
        "index": admitted.record.index,
        "promise": b64encode(admitted.record.promise).decode(),
        "receipt": f"/api/v1/receipts/{admitted.record.index}",
    }


def _opened(house: House, read: Decided) -> list[dict[str, Any]]:
    """Open the days that were granted whole; one that does not open gives nothing, and a log line says so."""
    if read.point is None:
        return []
    found: list[rows.Kept] = []
    with house.engine.connect() as connection, connection.begin():
        for granted in read.leaving:
            root_id = read.point.roots[granted.occupancy_id].bytes
            root = house.roots_held([root_id]).get(root_id)
            if root is not None:  # else erased since
                stay, (first, last) = UUID(granted.occupancy_id), whole_days(granted.interval)
                found += rows.opened(house, connection, stay, root, first, last)
        meters = {one.meter_id for one in found}
        numbers = {
            row.meter_id: open_text(house, "meter", row.meter_id, bytes(row.number_sealed))
            for row in connection.execute(_NUMBERS, {"meters": list(meters)})
        }
    return [
        {"day": one.day.isoformat(), "meter": numbers[one.meter_id]} | asdict(one.quality) for one in found
    ]


def whole_days(interval: Period) -> tuple[date, date]:
    """The first and the last Brussels day that lie whole in an interval; the last before the first where none does."""
    first, last = day_of(interval.start), day_of(interval.end) - timedelta(days=1)
    return first if midnight(first) == interval.start else first + timedelta(days=1), last


_BY_DEVICE = text(
    "SELECT o.*, m.meter_id, EXISTS (SELECT FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id"
    "  AND e.data_class = 'readings' AND e.batch IS NOT NULL) AS is_erased"
    " FROM registry.meter m JOIN registry.access_point a USING (access_point_id)"
    " JOIN registry.occupancy o ON o.access_point_id = m.access_point_id"
    "  AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
    " WHERE m.number_hash = :hash AND m.operator = :operator AND m.is_digital AND a.commodity = 'electricity'"
    " AND (m.installed_on IS NULL OR m.installed_on <= :day) AND (m.removed_on IS NULL OR m.removed_on > :day)"
)
_NUMBERS = text("SELECT meter_id, number_sealed FROM registry.meter WHERE meter_id = ANY(:meters)")


def _count(most: int = MOST_EVENTS) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(0, most))


def _voltage() -> fields.Integer:
    return fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(0, HIGHEST_VOLTAGE)
    )


_DAY = schema(
    device=short_text(longest=40),
    day=Day(required=True),
    interruptions=_count(),
    interrupted_s=_count(),
    sags=_count(),
    swells=_count(),
    lowest_dv=_voltage(),
    highest_dv=_voltage(),
)
_TAKE = schema(
    operator=fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32_000)),
    days=fields.List(fields.Nested(_DAY), required=True, validate=validate.Length(1, MOST_AT_ONCE)),
)
_READ = schema(
    **{
        "ean": EANCode(required=True),
        "from": Instant(required=True),
        "until": Instant(required=True),
        "task": one_of(*(task.value for task in SupplyTask)),
    }
)


def commands(loop: ReadLoop) -> tuple[Command, ...]:
    """The commands, the request bound to the door's one loop of reads."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return read(house, proof, arguments, loop)

    return Command("supply_quality.take", _TAKE, take), Command("supply_quality.read", _READ, handler)
