"""Commands on what is read: the grid user's choice, the plan for the head-end, the check of a day, the list to re-read.

A check opens the day's totals to count what came. It is the data manager's own work, under its legal task (4.1.8/2):
one entry of the ledger for the whole, before anything is opened; only counts leave.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    asker_of,
    found,
    identifier,
    looking,
    schema,
)
from databeheer.door.credit.functions import active_on
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof, check_intake
from databeheer.door.reading_plan.received import findings, stored_totals
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError, StoppedError, UnauthenticatedError
from databeheer.metering.plan import rereads
from databeheer.metering.plan.completeness import LACKING, Finding, Tally
from databeheer.metering.plan.meters import FIRST, PAGE, page_of_day, pages_of_day
from databeheer.metering.plan.rereads import Lacking
from databeheer.metering.plan.wanted import Kind, wanted
from databeheer.oversight import stop
from databeheer.post import outbox
from databeheer.registry import interval_choices, occupancies, parties
from databeheer.values import format_instant

GROUND = "data_management"
"""The row of the catalogue that carries the data manager's own work."""
FARTHEST = timedelta(days=366)


def choose(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A grid user wants quarter-hours (of gas hours) read at the own access point, or no longer (R59)."""
    with house.turn(_lane(arguments)) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        row = occupancies.own(turn.connection, arguments["occupancy_id"], asker.person_id)
        return _choose(house, turn, found(row, "access point of yours"), arguments, "customer")


def register_choice(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down what a grid user without the portal asked, by letter or at the counter."""
    with house.turn(_lane(arguments)) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        day = arguments["from_day"] or day_of(turn.now)
        stay = occupancies.lived_in(turn.connection, ean_hash(house, arguments["ean"]), day)
        if stay is None:
            raise ConflictError("nobody lives there on that day")
        return _choose(house, turn, stay, arguments, "operator")


def _lane(arguments: dict[str, Any]) -> TurnLane:
    """Less is an end: it goes first."""
    return TurnLane.REST if arguments["on"] else TurnLane.ENDS


def _choose(
    house: House, turn: Turn, occupancy: Any, arguments: dict[str, Any], through: str
) -> dict[str, Any]:
    today = day_of(turn.now)
    first, is_on = arguments["from_day"] or max(today, occupancy.from_day), arguments["on"]
    if not today <= first <= today + FARTHEST:
        raise MalformedRequestError("from_day: between today and a year from now")
    interval_choices.choose(turn.connection, occupancy, is_on=is_on, from_day=first, now=turn.now)
    record_choice(house, turn, occupancy, first, {"through": through}, is_on=is_on)
    return {"from": first.isoformat(), "on": is_on}


def record_choice(
    house: House, turn: Turn, occupancy: Any, first: date, said: dict[str, Any], *, is_on: bool
) -> None:
    """Record what was chosen, in the journal of ends too where less is read, and tell who lives there."""
    if not is_on:
        turn.end(Ending.INTERVAL_READING, occupancy.occupancy_id, first)
    event = "interval_reading.begun" if is_on else "interval_reading.ended"
    turn.record(
        Statement(
            event,
            {"from": first.isoformat()} | said,
            operator=occupancy.operator,
            subjects=[Subject(occupancy.occupancy_id)],
        )
    )
    tell(
        house,
        turn,
        event,
        to=[outbox.customer(occupancy.person_id)],
        operator=occupancy.operator,
        said={"until": first.isoformat()},
        occupancy_id=occupancy.occupancy_id,
    )


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What has to be read on a day, for intake to pass on to the head-end: devices, never whose they are (R135).

    Nor why: that somebody asked, that a law needs it, that a budget function runs, does not leave here.
    """
    check_intake(proof, house.intake_key_hash)
    day = arguments["day"]
    with house.engine.connect() as connection, connection.begin():
        parties.require_operator(connection, arguments["operator"])
        page = page_of_day(
            connection,
            arguments["operator"],
            day,
            house.clock.now(),
            after=arguments["after"] or FIRST,
            limit=arguments["limit"],
        )
    devices = []
    for one in page:
        things = wanted(one.meter)
        registers = [each for each in things if each.kind is Kind.REGISTERS]
        devices.append(
            {
                "device": open_text(house, "meter", one.meter.meter_id, one.number_sealed),
                "directions": [each.direction.value for each in registers],
                "registers": [period.value for period in registers[0].periods],
                "interval_minutes": max((each.minutes for each in things), default=0) or None,
            }
        )
    last = str(page[-1].meter.meter_id) if len(page) == arguments["limit"] else None
    return {"day": day.isoformat(), "devices": devices, "next": last}


def check(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Compare what came of a day with what had to be read (R58, R178): counts, and the list to re-read.

    The operator's. The same day can be checked again, when more came: the newest check counts.
    """
    day, operator = arguments["day"], arguments["operator"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.require_operator(turn.connection, operator)
        if day >= day_of(turn.now):
            raise MalformedRequestError("day: a day is checked once it is over")
        if stop.current(turn.connection) is not None:
            raise StoppedError("hand-over is stopped: nothing is opened, not even to be counted")
        now, as_of = turn.now, turn.size
        said = {"day": day.isoformat(), "why": "completeness"}
        record = turn.record(Statement("readings.counted", said, ground=GROUND, operator=operator))
    tally, lacking = Tally(), []
    with house.engine.connect() as connection, connection.begin():
        with_budget = active_on(house, connection, day, operator)
        for page in pages_of_day(connection, operator, day, now, with_budget):
            stored = stored_totals(house, connection, page, day, as_of)
            for one in page:
                found_here = findings(one, stored, day)
                tally.add(one.meter, found_here)
                lacking += _lacking(one.meter.meter_id, found_here)
    counts = tally.members()
    with house.engine.begin() as connection:
        counts["to_read_again"] = rereads.note(connection, operator, day, lacking, now)
        kept = {"index": record.index, "operator": operator, "day": day, "now": now}
        connection.execute(_KEEP, kept | {"counts": json.dumps(counts)})
    return _report(day, record.index, now, counts)


def _lacking(meter_id: UUID, found_here: list[tuple[Any, Finding]]) -> list[Lacking]:
    return [
        Lacking(meter_id, one.direction.value, LACKING[one.kind, finding])
        for one, finding in found_here
        if (one.kind, finding) in LACKING
    ]


def report(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The newest check of each of the days asked, as it was kept; the inspector's and the operator's."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind not in (AskerKind.INSPECTOR, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as an inspector")
        rows = connection.execute(_CHECKS, arguments).all()
    return {"days": [_report(row.day, row.check_index, row.checked_at, row.counts) for row in rows]}


def _report(day: date, index: int, at: Any, counts: dict[str, Any]) -> dict[str, Any]:
    return {"day": day.isoformat(), "index": index, "checked_at": format_instant(at)} | counts


def take_rereads(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Hand the list to re-read out to the head-end, the most urgent first; each thing on it is an attempt more."""
    check_intake(proof, house.intake_key_hash)
    with house.engine.begin() as connection:
        rows = rereads.take(connection, arguments["operator"], house.clock.now(), arguments["limit"])
    rows.sort(key=lambda row: (row.until_day, row.reread_no))
    return {
        "rereads": [
            {
                "device": open_text(house, "meter", row.meter_id, bytes(row.number_sealed)),
                "day": row.day.isoformat(),
                "direction": row.direction,
                "lacking": row.lacking,
                "attempts": row.attempts,
                "until": row.until_day.isoformat(),
            }
            for row in rows
        ]
    }


_KEEP = text(
    "INSERT INTO metering.day_check (check_index, operator, day, checked_at, counts)"
    " VALUES (:index, :operator, :day, :now, CAST(:counts AS jsonb))"
)
_CHECKS = text(
    "SELECT DISTINCT ON (day) * FROM metering.day_check WHERE operator = :operator AND day BETWEEN :first AND :last"
    " ORDER BY day, check_index DESC"
)
_OPERATOR = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32_000))
_CHOICE = {
    "on": fields.Boolean(required=True, truthy={True}, falsy={False}),
    "from_day": Day(load_default=None, allow_none=True),
}
_LIMIT = fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(1, PAGE))

COMMANDS = (
    Command("interval_reading.choose", schema(occupancy_id=identifier(), **_CHOICE), choose),
    Command(
        "registry.interval_reading.choose", schema(ean=EANCode(required=True), **_CHOICE), register_choice
    ),
    Command(
        "reading_plan.show",
        schema(operator=_OPERATOR, day=Day(required=True), after=identifier(required=False), limit=_LIMIT),
        show,
    ),
    Command("reading_plan.check", schema(operator=_OPERATOR, day=Day(required=True)), check),
    Command(
        "reading_plan.report",
        schema(operator=_OPERATOR, first=Day(required=True), last=Day(required=True)),
        report,
    ),
    Command("reading_plan.rereads", schema(operator=_OPERATOR, limit=_LIMIT), take_rereads),
)
