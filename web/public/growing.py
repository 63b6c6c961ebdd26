"""How the log grows, as a small chart with the same numbers in a table: by the hour at first, later by the day.

Hours and days are those of Belgian clocks. A number is of the publisher's first look in that hour or day, so one that
began to publish at 5.53 stands under the hour from 5.00 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from databeheer.brussels import BRUSSELS, day_of, midnight
from ledger.growth import Hour
from web import saying
from web.portal.chart import Bar, Tick, draw

MOST_HOURS, MOST_DAYS = 48, 90
_TICKS = 8
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_UNITS = ((1, "regels"), (1_000, "duizend regels"), (1_000_000, "miljoen regels"))
_HIGHEST = 10_000  # what a label beside the axis has room for


@dataclass(frozen=True)
class Step:
    """One bar: the hour or day it stands for, and the entries at the first look in it; None where nobody looked."""

    label: str
    size: int | None


@dataclass(frozen=True)
class Growing:
    """The chart, and its numbers."""

    steps: tuple[Step, ...]
    by_day: bool
    unit: str
    chart: Markup

    @property
    def has_gaps(self) -> bool:
        return any(step.size is None for step in self.steps)


def growing(hours: Sequence[Hour], size: int, now: datetime) -> Growing | None:
    """Return the chart of these hours up to `size` entries at `now`; None where there is nothing to draw."""
    past = [hour for hour in hours if hour.begin <= now]
    if not past or size == 0:
        return None
    by_day = now - past[0].begin > MOST_HOURS * _HOUR
    starts = _starts(past[0].begin, now, by_day=by_day)
    known = _known(past, by_day=by_day)
    steps = (*(Step(_label(start, by_day=by_day), known.get(start)) for start in starts), Step("nu", size))
    factor, unit = next(((by, words) for by, words in _UNITS if size < _HIGHEST * by), _UNITS[-1])
    chart = draw(
        [Bar(None if step.size is None else step.size * 1000 // factor, None) for step in steps],
        _ticks(starts, by_day=by_day),
        name="chart-growth",
        title=f"Aantal regels in het logboek, in {unit}",
        description=f"Staafdiagram met {len(steps)} standen. Dezelfde cijfers staan in de tabel eronder.",
    )
    return Growing(steps, by_day, unit, chart)


def _starts(first: datetime, now: datetime, *, by_day: bool) -> list[datetime]:
    """Every hour or Brussels day from the first one on, the last few where they are many."""
    if by_day:
        begin, days = day_of(first), (day_of(now) - day_of(first)).days + 1
        return [midnight(begin + number * _DAY) for number in range(max(0, days - MOST_DAYS), days)]
    starts = [first + number * _HOUR for number in range((now - first) // _HOUR + 1)]
    return starts[-MOST_HOURS:]


def _known(hours: Sequence[Hour], *, by_day: bool) -> dict[datetime, int]:
    known: dict[datetime, int] = {}
    for hour in hours:
        known.setdefault(midnight(day_of(hour.begin)) if by_day else hour.begin, hour.size)
    return known


def _label(start: datetime, *, by_day: bool) -> str:
    if by_day:
        return saying.day(start)
    local = start.astimezone(BRUSSELS)
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return saying.moment(start)
    # The hour that comes twice, in October.
    return f"{saying.moment(start)} ({'wintertijd' if local.fold else 'zomertijd'})"


def _ticks(starts: Sequence[datetime], *, by_day: bool) -> list[Tick]:
    every = -(-len(starts) // _TICKS)
    ticks = []
    for number in range(0, len(starts), every):
        local = starts[number].astimezone(BRUSSELS)
        ticks.append(Tick(number, f"{local.day}/{local.month}" if by_day else f"{local.hour} u"))
    return ticks
