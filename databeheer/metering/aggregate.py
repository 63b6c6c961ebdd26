"""From slots to hours, days and months: sums in thousandths, with the loosest state of what was added.

No value is not zero: a stretch without any value has none, and a sum over a stretch with gaps says how many.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from databeheer.brussels import BRUSSELS, midnight
from databeheer.metering.states import Conversion, Register, State, worst_state
from databeheer.values import Granularity

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time [start, end) in UTC with its value in thousandths, None for no value.

    `state` is the loosest state of the values in it (of the gaps, when there is no value); `register` and
    `conversion` are given where all values share one. `missing` counts the finest slots without value.
    """

    start: datetime
    end: datetime
    value: int | None
    state: State
    register: Register | None = None
    conversion: Conversion | None = None
    missing: int = 0


def aggregate(slots: Iterable[Slot], granularity: Granularity) -> list[Slot]:
    """Add slots of one channel up to hours, Brussels days or calendar months.

    Slots must be in order and no longer than the granularity. A group covers what it was given: the first
    and last month of a period are as long as the period lets them be. A gap begins a new group.
    """
    groups: list[list[Slot]] = []
    last_bucket: datetime | None = None
    for slot in slots:
        bucket = _bucket(slot.start, granularity)
        if groups and bucket == last_bucket and groups[-1][-1].end == slot.start:
            groups[-1].append(slot)
        else:
            groups.append([slot])
        last_bucket = bucket
    return [_sum(group) for group in groups]


class Span(enum.StrEnum):
    """What day totals are added up to, by the Brussels calendar; weeks begin on Monday (ISO 8601)."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


def months_by_register(totals: Iterable[Slot]) -> list[Slot]:
    """Add day totals up to calendar months, registers apart: see `spans_by_register`."""
    return spans_by_register(totals, Span.MONTH)


def spans_by_register(totals: Iterable[Slot], span: Span) -> list[Slot]:
    """Add day totals (a slot a day and register) up to weeks, months or years, registers apart.

    A register that pauses, as the day register does in the weekend, leaves no gap: every slot of a month
    covers all the days of it that were given, and its `missing` counts their missing values once a day.
    """
    spans: dict[date, list[Slot]] = {}
    for slot in totals:
        spans.setdefault(_first_day(slot.start.astimezone(BRUSSELS).date(), span), []).append(slot)
    return [slot for first in sorted(spans) for slot in _span(spans[first])]


def _first_day(day: date, span: Span) -> date:
    if span is Span.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if span is Span.MONTH else day.replace(month=1, day=1)


def _span(totals: Sequence[Slot]) -> list[Slot]:
    start, end = min(slot.start for slot in totals), max(slot.end for slot in totals)
    missing = sum({slot.start: slot.missing for slot in totals}.values())
    valued = [slot for slot in totals if slot.value is not None]
    if not valued:
        return [Slot(start, end, None, worst_state(slot.state for slot in totals), missing=missing)]
    states: dict[Register | None, list[State]] = {}
    sums: dict[Register | None, int] = {}
    for slot in valued:
        states.setdefault(slot.register, []).append(slot.state)
        sums[slot.register] = sums.get(slot.register, 0) + (slot.value or 0)
    return [
        Slot(start, end, sums[register], worst_state(states[register]), register, missing=missing)
        for register in sorted(sums, key=str)
    ]


def _bucket(start: datetime, granularity: Granularity) -> datetime:
    if granularity is Granularity.QUARTER_HOUR:
        return start
    if granularity is Granularity.HOUR:
        # Brussels is whole hours away from UTC, so UTC hours keep the repeated hour's two passes apart.
        return start.replace(minute=0, second=0, microsecond=0)
    day = start.astimezone(BRUSSELS).date()
    return midnight(day if granularity is Granularity.DAY else day.replace(day=1))


def _sum(group: Sequence[Slot]) -> Slot:
    if len(group) == 1:
        return group[0]
    valued = [slot for slot in group if slot.value is not None]
    return Slot(
        group[0].start,
        group[-1].end,
        sum(slot.value for slot in valued if slot.value is not None) if valued else None,
        worst_state(slot.state for slot in valued or group),
        _shared([slot.register for slot in valued]),
        _shared([slot.conversion for slot in valued]),
        sum(slot.missing for slot in group),
    )


def _shared(items: Sequence[_T | None]) -> _T | None:
    return items[0] if items and all(item == items[0] for item in items) else None
