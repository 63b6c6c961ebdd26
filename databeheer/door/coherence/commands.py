"""The night's look at a day (R68): recorded before anything is opened; what it finds leaves as counts by rule.

1. One entry with its ground, for the whole. 2. The day's sums, for what is usual of each kind. 3. Page by page: open
the day and the days before it, judge, and where a value or a state is another one now store a new version, readable by
an entry of its own. What was stored, moved or erased in between is left for the next look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.door.coherence.opened import Channel, Opened, channels_of, open_all, open_day, volumes
from databeheer.door.coherence.storing import Revision, store
from databeheer.door.commands.base import Command, Day, asker_of, schema
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.errors import MalformedRequestError, StoppedError
from databeheer.metering.coherence import HISTORY_DAYS, Held, Series, hold
from databeheer.metering.plan.meters import FIRST, page_of_day
from databeheer.metering.revising import revised
from databeheer.metering.states import Unit
from databeheer.metering.validation import UNKNOWN, Outcome, Summary
from databeheer.metering.validation import validate as judge
from databeheer.oversight import gaps, stop
from databeheer.registry import parties
from databeheer.values import Direction, parse_day

EVENT = "readings.compared"
GROUND = "data_management"
"""The row of the catalogue that carries the data manager's own work."""
AT_ONCE = 500
"""Meters of a page: before the next one it is looked whether a stop was set."""
ENOUGH_OF_A_KIND = 100
"""Fewer points do not say what ninety-nine of a hundred use."""
_COLDEST, _HOTTEST = -600, 600
_Highest = dict[tuple[str | None, Direction, Unit], int]


@dataclass(frozen=True)
class _Look:
    """One look at a day: whose meters, as stored before which entry, and how warm it was outside."""

    operator: int
    day: date
    as_of: int
    now: Any
    temperatures: Mapping[date, int]


def check(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Hold a day against the days before it, the weather and its kind; the operator's, as often as one wants.

    Returns the entry, what was found by rule (`Summary.members`), and how many profiles got a new version.
    """
    day, operator = arguments["day"], arguments["operator"]
    temperatures = {parse_day(name): tenths for name, tenths in arguments["temperatures"].items()}
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.require_operator(turn.connection, operator)
        if day >= day_of(turn.now):
            raise MalformedRequestError("day: a day is looked at once it is over")
        gaps.refuse_while_one_stands(turn.connection, "looking at stored days")
        _require_no_stop(turn.connection)
        look = _Look(operator, day, turn.next_index, turn.now, temperatures)
        turn.record(_statement(day, operator))
    highest = _highest_of_kinds(house, look)
    found: list[Summary] = []
    stored = 0
    for opened in _pages(house, look):
        summaries, revisions = _judged(look, opened, highest)
        found += summaries
        stored += store(house, operator, day, look.as_of, revisions) if revisions else 0
    about = {"day": day.isoformat(), "index": look.as_of, "stored": stored, "weather": day in temperatures}
    return about | (reduce(add, found).members() if found else _NOTHING)


def _statement(day: date, operator: int) -> Statement:
    first = day - timedelta(days=HISTORY_DAYS)
    said = {"day": day.isoformat(), "from": first.isoformat(), "why": "coherence"}
    return Statement(EVENT, said, ground=GROUND, operator=operator)


def _require_no_stop(connection: Connection) -> None:
    if stop.current(connection) is not None:
        raise StoppedError("hand-over is stopped: nothing is opened, not even to be judged")


def _channels(house: House, look: _Look) -> Iterator[tuple[Connection, list[Channel]]]:
    """Yield the channels of each page of meters; the stop is looked at before each."""
    after = FIRST
    while True:
        with house.engine.connect() as connection, connection.begin():
            _require_no_stop(connection)
            page = page_of_day(connection, look.operator, look.day, look.now, after=after, limit=AT_ONCE)
            if not page:
                return
            yield connection, channels_of(house, connection, page)
        after = page[-1].meter.meter_id


def _highest_of_kinds(house: House, look: _Look) -> _Highest:
    """Return what of each kind ninety-nine of a hundred points stay below on the day."""
    used: dict[tuple[str | None, Direction, Unit], list[int]] = defaultdict(list)
    for connection, channels in _channels(house, look):
        for one in open_day(connection, channels, look.day, look.as_of):
            total = one.days[look.day].total.total if look.day in one.days else None
            if total is not None and one.channel.profile_type is not None:
                used[one.channel.kind].append(total)
    return {kind: usual(sums) for kind, sums in used.items() if len(sums) >= ENOUGH_OF_A_KIND}


def usual(sums: Sequence[int]) -> int:
    """Return the highest sum that is left where one of each hundred is put aside from above."""
    return sorted(sums)[-1 - len(sums) // 100]


def _pages(house: House, look: _Look) -> Iterator[list[Opened]]:
    for connection, channels in _channels(house, look):
        if opened := open_all(connection, channels, look.day, look.as_of):
            yield opened


def _judged(look: _Look, opened: Sequence[Opened], highest: _Highest) -> tuple[list[Summary], list[Revision]]:
    beside = volumes(opened)
    series = [
        _series(look, one, beside.get((one.channel.meter_id, one.channel.direction)), highest)
        for one in opened
    ]
    summaries: list[Summary] = []
    revisions: list[Revision] = []
    for held in hold(look.day, series, look.temperatures):
        outcome = judge(held.block)
        summaries.append(outcome.summary)
        revisions += _revisions(look, opened, series, held, outcome)
    return summaries, revisions


def _series(look: _Look, one: Opened, volume: Opened | None, highest: _Highest) -> Series:
    channel = one.channel
    is_energy = channel.unit is Unit.KWH and volume is not None
    return Series(
        channel.commodity,
        channel.direction,
        channel.unit,
        one.days[look.day],
        {day: known for day, known in one.days.items() if day != look.day and one.counts(day)},
        volume.days[look.day].slots if is_energy and volume is not None else None,
        highest.get(channel.kind, UNKNOWN),
    )


def _revisions(
    look: _Look, opened: Sequence[Opened], series: Sequence[Series], held: Held, outcome: Outcome
) -> list[Revision]:
    changed = ((row, held.numbers[row]) for row in held.changed(outcome))
    return [
        Revision(opened[number], revised(look.day, series[number].day, outcome, row))
        for row, number in changed
    ]


_NOTHING: dict[str, Any] = {"profiles": 0, "refused": 0, "states": {}, "reasons": {}}

COMMANDS = (
    Command(
        "coherence.check",
        schema(
            operator=fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32_000)),
            day=Day(required=True),
            temperatures=fields.Dict(
                keys=fields.String(validate=validate.Length(10, 10)),
                values=fields.Integer(strict=True, validate=validate.Range(_COLDEST, _HOTTEST)),
                load_default=dict,
                validate=validate.Length(max=HISTORY_DAYS + 1),
            ),
        ),
        check,
    ),
)
