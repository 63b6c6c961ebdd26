"""One's own readings as bars and sums: each bar in its place, a hole as a hole, and what a sum lacks counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from markupsafe import Markup

from databeheer.brussels import BRUSSELS, day_of, days_between
from databeheer.metering.aggregate import Slot
from databeheer.metering.series import slots_of_channel
from databeheer.metering.states import State
from web import saying
from web.language import _
from web.portal import wording
from web.portal.chart import Bar, Tick, draw
from web.portal.windows import Span, Steps, Window

HOUR_TICK, DAY_TICK = 3, 5

Channels = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Measure:
    """What one direction came to in one bar, or in all: thousandths of the unit, None where nothing was measured.

    `measured` of its `steps` (quarter-hours, hours or days; see `windows.Steps`) have a value; without steps it lies
    outside of what was asked.
    """

    value: int | None = None
    measured: int = 0
    steps: int = 0
    states: frozenset[State] = frozenset()

    def __add__(self, other: Measure) -> Measure:
        return Measure(
            _add(self.value, other.value),
            self.measured + other.measured,
            self.steps + other.steps,
            self.states | other.states,
        )

    @property
    def missing(self) -> int:
        return self.steps - self.measured

    @property
    def is_partial(self) -> bool:
        """There is a sum, and it is not of everything."""
        return self.value is not None and self.missing > 0

    @property
    def is_estimated(self) -> bool:
        return State.EST in self.states


@dataclass(frozen=True)
class Row:
    """One bar and one row of the table; `before` are the measures of a year before, offtake and injection."""

    start: datetime
    label: str
    offtake: Measure
    injection: Measure
    before: tuple[Measure, Measure]

    @property
    def missing(self) -> int:
        """How many steps have neither: what a meter counts one way only lacks nothing."""
        return min(self.offtake.missing, self.injection.missing)

    @property
    def is_outside(self) -> bool:
        """Before or after the days of which there can be values."""
        return self.offtake.steps == 0

    @property
    def is_estimated(self) -> bool:
        return self.offtake.is_estimated or self.injection.is_estimated

    @property
    def quality(self) -> str:
        """How its values came about, in words; empty where there are none."""
        words = {str(wording.QUALITIES[state.value]) for state in self.offtake.states | self.injection.states}
        return ", ".join(sorted(words))


@dataclass(frozen=True)
class Series:
    """All bars of one unit, with the drawing of them. `steps` is what sums are counted in: see `windows.Steps`."""

    unit: str
    rows: tuple[Row, ...]
    meters: tuple[str, ...]
    steps: str
    chart: Markup
    before: tuple[Measure, Measure]

    @property
    def has_injection(self) -> bool:
        return any(row.injection.value is not None for row in self.rows) or self.before[1].value is not None

    @property
    def has_gaps(self) -> bool:
        return any(row.missing for row in self.rows)

    @property
    def has_estimates(self) -> bool:
        return any(row.is_estimated for row in self.rows)

    @property
    def has_before(self) -> bool:
        return any(sum_.value is not None for sum_ in self.before)

    @property
    def draws_before(self) -> bool:
        return any(each.value is not None for row in self.rows for each in row.before)

    @property
    def offtake(self) -> Measure:
        return _sum(row.offtake for row in self.rows)

    @property
    def injection(self) -> Measure:
        return _sum(row.injection for row in self.rows)


@dataclass(frozen=True)
class Answer:
    """What the door gave of the days of a window that were asked; no channels where it had nothing."""

    window: Window
    steps: Steps
    channels: Channels

    def measures(self, unit: str) -> list[tuple[Measure, Measure]]:
        """Offtake and injection of each bar, meters of one direction added up."""
        of_unit = [each for each in self.channels if each["unit"] == unit]
        found = [
            dict(self._measures([slots_of_channel(each) for each in of_unit if each["direction"] == way]))
            for way in ("offtake", "injection")
        ]
        return [(found[0][at], found[1][at]) for at in self.window.bars()]

    def _measures(self, meters: Sequence[Sequence[Slot]]) -> Iterator[tuple[datetime, Measure]]:
        if self.window.granularity == "day":
            yield from self._of_days(meters)
            return
        # Every slot of the window has its place, also one that the meter never sent: a hole is seen, not skipped.
        at_once: dict[datetime, Measure] = {at: Measure(steps=1) for at in self.window.bars()}
        for slot in (slot for slots in meters for slot in slots if slot.value is not None):
            so_far = at_once[slot.start]
            at_once[slot.start] = Measure(_add(so_far.value, slot.value), 1, 1, so_far.states | {slot.state})
        yield from at_once.items()

    def _of_days(self, meters: Sequence[Sequence[Slot]]) -> Iterator[tuple[datetime, Measure]]:
        bars: dict[datetime, list[Measure]] = {at: [] for at in self.window.bars()}
        days: dict[date, list[Measure]] = defaultdict(list)
        for slots in meters:
            for day, measure in self._days_of_one(slots):
                days[day].append(measure)
        for day in days_between(self.window.first, self.window.last):
            total, steps = _sum(days[day]), self.steps.on(day)
            # Two meters of one day are two halves of it, where one took the other's place.
            bars[self.window.bar_of(day)].append(
                Measure(total.value, min(total.measured, steps), steps, total.states)
            )
        yield from ((at, _sum(of_bar)) for at, of_bar in bars.items())

    def _days_of_one(self, slots: Sequence[Slot]) -> Iterator[tuple[date, Measure]]:
        """The days of one meter, its registers added up; each register says how much the day lacks."""
        days: dict[date, list[Slot]] = defaultdict(list)
        for slot in slots:
            days[day_of(slot.start)].append(slot)
        for day, registers in days.items():
            valued = [slot for slot in registers if slot.value is not None]
            steps, missing = self.steps.on(day), max(slot.missing for slot in registers)
            yield (
                day,
                Measure(
                    sum(slot.value or 0 for slot in valued) if valued else None,
                    max(steps - missing, 0) if valued else 0,
                    steps,
                    frozenset(slot.state for slot in valued),
                ),
            )


def series_of(now: Answer, before: Answer | None) -> tuple[Series, ...]:
    """Turn two answers into one series a unit, the bars of a year before beside those of now."""
    units = dict.fromkeys(str(channel["unit"]) for channel in now.channels)
    return tuple(_series(unit, now, before) for unit in units)


def _series(unit: str, now: Answer, before: Answer | None) -> Series:
    window = now.window
    starts, measures = window.bars(), now.measures(unit)
    past = before.measures(unit) if before else []
    # Of a day its total alone is known of a year before: that stands in words.
    beside = past if window.span is not Span.DAY else []
    beside += [(Measure(), Measure())] * (len(starts) - len(beside))
    rows = tuple(
        Row(at, _label(at, window), *found, was)
        for at, found, was in zip(starts, measures, beside, strict=False)
    )
    words = wording.UNITS[unit]
    chart = draw(
        [_bar(row) for row in rows],
        _ticks(rows, window),
        name="chart-" + "".join(letter for letter in words.lower() if letter.isascii() and letter.isalnum()),
        title=_("Uw verbruik in %(unit)s, %(days)s", unit=words, days=window.words),
        description=_(
            "Staafdiagram met %(count)s waarden. Dezelfde cijfers staan in de tabel eronder.",
            count=len(rows),
        ),
    )
    meters = {str(each["meter"]) for each in now.channels if each["unit"] == unit and each.get("meter")}
    return Series(
        words,
        rows,
        tuple(sorted(meters)),
        now.steps.granularity,
        chart,
        (_sum(one for one, _ in past), _sum(other for _, other in past)),
    )


def _bar(row: Row) -> Bar:
    return Bar(
        row.offtake.value,
        row.injection.value,
        before=(row.before[0].value, row.before[1].value),
        lacks=row.missing > 0,
        is_outside=row.is_outside,
        is_estimated=row.is_estimated,
    )


def _label(at: datetime, window: Window) -> str:
    local = at.astimezone(BRUSSELS)
    if window.span is Span.YEAR:
        return saying.month(local.date())
    if window.span is Span.WEEK:
        return saying.weekday(at)
    if window.granularity == "day":
        return saying.day(at)
    other = local.replace(fold=1 - local.fold)
    # On the day the clocks go back, the hour from two to three comes twice: say which one it is.
    is_double = local.utcoffset() != other.utcoffset() and local.dst() != other.dst()
    time = f"{local:%H.%M}"
    if not is_double:
        return _("%(time)s uur", time=time)
    return (
        _("%(time)s uur (zomertijd)", time=time) if local.dst() else _("%(time)s uur (wintertijd)", time=time)
    )


def _ticks(rows: Sequence[Row], window: Window) -> list[Tick]:
    ticks = []
    for number, row in enumerate(rows):
        local = row.start.astimezone(BRUSSELS)
        if window.span is Span.YEAR:
            ticks.append(Tick(number, saying.short_month(local.date()), is_spare=number % 2 == 1))
        elif window.span is Span.WEEK:
            ticks.append(Tick(number, saying.short_weekday(local.date())))
        elif window.span is Span.MONTH:
            if local.day == 1 or local.day % DAY_TICK == 0:
                ticks.append(Tick(number, str(local.day)))
        elif local.minute == 0 and local.hour % HOUR_TICK == 0:
            ticks.append(
                Tick(number, _("%(hour)s u", hour=local.hour), is_spare=local.hour % (2 * HOUR_TICK) != 0)
            )
    return ticks


def _sum(measures: Iterable[Measure]) -> Measure:
    return reduce(Measure.__add__, measures, Measure())


def _add(one: int | None, other: int | None) -> int | None:
    return one if other is None else other + (one or 0)
