"""A stored day held against what a batch does not say (R68): its past, the volume beside it, the weather, its kind.

Intake judges by what a batch holds; the rules that need more (`spike`, `zero_run`, `history`, `gas_factor`, `weather`,
`statistics`) judge at night, with the days before at hand, and a gap that intake could not fill gets the average of
the like days. Nothing here reads or stores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.originals import Original
from databeheer.metering.packing import Bytes, Integers
from databeheer.metering.register_readings import RegisterReadings
from databeheer.metering.states import MARKS, STATE_CODES, Conversion, State, Unit
from databeheer.metering.totals import DayTotal
from databeheer.metering.unpacking import Day
from databeheer.metering.validation import (
    COMMODITY_CODES,
    DIRECTION_CODES,
    GRADE_CODES,
    UNIT_CODES,
    UNKNOWN,
    Block,
    Gas,
    Grade,
    History,
    Outcome,
    Registers,
    Weather,
    aligned,
    like_days_of,
    shipped,
)
from databeheer.values import Commodity, Direction

HISTORY_DAYS = 28
_READ, _VAL, _NVAL, _ABSENT = (STATE_CODES[one] for one in (State.READ, State.VAL, State.NVAL, State.ABSENT))
_STATE_BITS = 0b111
_MEASURED = {State.READ, State.VAL}


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of one channel on one day: its totals, and its slots where it has any and they were opened.

    `originals`: what was measured in slots where something else stands.
    """

    total: DayTotal
    slots: Day | None = None
    originals: tuple[Original, ...] = ()


@dataclass(frozen=True)
class Series:
    """One channel: the day that is judged, the days before it, and what stands beside it.

    `volume`: of gas in kWh the litres that the same meter counted. `highest_of_kind`: thousandths, as
    `Block.highest_of_kind`.
    """

    commodity: Commodity
    direction: Direction
    unit: Unit
    day: Known
    before: Mapping[date, Known] = field(default_factory=dict)
    volume: Day | None = None
    highest_of_kind: int = UNKNOWN


@dataclass(frozen=True)
class Held:
    """Series of one slot length as a block; row i is `numbers[i]` of those given, stored with `states[i]`."""

    numbers: tuple[int, ...]
    states: Bytes
    block: Block

    def changed(self, outcome: Outcome) -> list[int]:
        """Return the rows of which a value or a state is another one now.

        Of a day in which something is not valid, why it is not does not stand beside it: it is left as it is.
        """
        differs = (outcome.states != self.states) | (outcome.values != self.block.values)
        is_left = (self.states == _NVAL).any(axis=1) | ~outcome.accepted
        rows: list[int] = np.flatnonzero(differs.any(axis=1) & ~is_left).tolist()
        return rows


def days_opened(day: date) -> list[date]:
    """Return the days of which slots are asked: the day, the one before it, and its like days."""
    return [day, day - timedelta(days=1), *like_days_of(day, shipped().estimation.like_weeks)]


def hold(day: date, series: Sequence[Series], temperatures: Mapping[date, int]) -> Iterator[Held]:
    """Yield the series as blocks with all that is known beside them, one a slot length.

    `temperatures`: mean of a Brussels day outdoors, in tenths of a degree Celsius.
    """
    alike: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(series):
        alike[one.day.slots.minutes if one.day.slots is not None else DAY_MINUTES].append(number)
    for minutes, numbers in sorted(alike.items()):
        yield _held(day, minutes, tuple(numbers), [series[number] for number in numbers], temperatures)


def _held(
    day: date,
    minutes: int,
    numbers: tuple[int, ...],
    rows: Sequence[Series],
    temperatures: Mapping[date, int],
) -> Held:
    slots = [_slots(one.day) for one in rows]
    values, states = (np.array([pair[part] for pair in slots]) for part in (0, 1))
    registers = _registers(rows)
    # What intake found to agree with its register is found so again, or not. What others validated stays theirs.
    ours = (states == _VAL).any(axis=1) & (registers.begin != UNKNOWN)
    history = _history(day, minutes, rows, values.shape[1])
    block = Block(
        day=day,
        slot_minutes=minutes,
        values=values,
        states=np.where(ours[:, None] & (states == _VAL), np.uint8(_READ), states),
        commodities=np.array([COMMODITY_CODES[one.commodity] for one in rows], np.uint8),
        directions=np.array([DIRECTION_CODES[one.direction] for one in rows], np.uint8),
        units=np.array([UNIT_CODES[one.unit] for one in rows], np.uint8),
        grades=np.where(ours, np.uint8(GRADE_CODES[Grade.BILLING]), np.uint8(GRADE_CODES[Grade.INFORMATIVE])),
        registers=registers,
        history=history,
        before=np.array([_last_before(one, day, minutes) for one in rows], np.int64),
        gas=_gas(rows, minutes, values.shape[1]),
        weather=_weather(day, temperatures),
        highest_of_kind=np.array([one.highest_of_kind for one in rows], np.int64),
    )
    return Held(numbers, states, block)


def _slots(known: Known) -> tuple[Integers, Bytes]:
    if known.slots is None:
        total = known.total.total
        state = known.total.worst if total is not None else State.ABSENT
        return np.array([total or 0], np.int64), np.array([STATE_CODES[state]], np.uint8)
    return np.maximum(known.slots.values, 0), (known.slots.marks & _STATE_BITS).astype(np.uint8)


def _registers(rows: Sequence[Series]) -> Registers:
    read = np.array([_register(one.day.total.readings) for one in rows], np.int64)
    return Registers(begin=read[:, 0], end=read[:, 1], digits=read[:, 2])


def _register(readings: RegisterReadings | None) -> tuple[int, int, int]:
    """Begin, end and digits of all registers together; of two that roll over apart nothing is said."""
    nothing = (UNKNOWN, UNKNOWN, UNKNOWN)
    if readings is None:
        return nothing
    pairs = [(one.begin, one.end) for one in readings.registers]
    known = [(begin, end) for begin, end in pairs if begin is not None and end is not None]
    if len(known) != len(pairs) or (len(known) > 1 and any(end < begin for begin, end in known)):
        return nothing
    digits = readings.digits if len(known) == 1 and readings.digits else UNKNOWN
    return sum(begin for begin, _ in known), sum(end for _, end in known), digits


def _history(day: date, minutes: int, rows: Sequence[Series], slots: int) -> History:
    weeks = like_days_of(day, shipped().estimation.like_weeks)
    values = np.zeros((len(rows), len(weeks), slots), np.int64)
    states = np.full(values.shape, _ABSENT, np.uint8)
    for row, one in enumerate(rows):
        for place, like_day in enumerate(weeks):
            known = one.before.get(like_day)
            if known is None or (minutes != DAY_MINUTES) is (known.slots is None):
                continue
            if known.slots is not None and known.slots.minutes != minutes:
                continue
            values[row, place], states[row, place] = aligned(day, like_day, minutes, *_slots(known))
    back = [day - timedelta(days=number + 1) for number in range(HISTORY_DAYS)]
    totals = np.array([[_measured_total(one.before.get(earlier)) for earlier in back] for one in rows])
    return History(values, states, totals)


def _measured_total(known: Known | None) -> int:
    """The sum of a day that is there whole and measured."""
    total = None if known is None else known.total
    if total is None or total.total is None or total.missing or {s for s, _ in total.states} - _MEASURED:
        return UNKNOWN
    return total.total


def _last_before(series: Series, day: date, minutes: int) -> int:
    """What was measured in the last slot of the day before."""
    known = series.before.get(day - timedelta(days=1))
    if known is None or known.slots is None or known.slots.minutes != minutes:
        return UNKNOWN
    values, states = _slots(known)
    return int(values[-1]) if states[-1] in (_READ, _VAL) else UNKNOWN


def _gas(rows: Sequence[Series], minutes: int, slots: int) -> Gas | None:
    if not any(one.volume is not None for one in rows):
        return None
    volume = np.full((len(rows), slots), UNKNOWN)
    provisional = np.zeros(volume.shape, np.bool_)
    for row, one in enumerate(rows):
        if one.volume is not None and one.volume.minutes == minutes:
            volume[row] = np.where(one.volume.values < 0, UNKNOWN, one.volume.values)
        if one.day.slots is not None:
            provisional[row] = [
                MARKS[mark].conversion is Conversion.PROVISIONAL for mark in one.day.slots.marks.tolist()
            ]
    return Gas(volume=volume, provisional=provisional)


def _weather(day: date, temperatures: Mapping[date, int]) -> Weather | None:
    if day not in temperatures:
        return None
    back = (day - timedelta(days=number + 1) for number in range(HISTORY_DAYS))
    previous = np.array([temperatures.get(one, UNKNOWN) for one in back], np.int64)
    return Weather(day=temperatures[day], previous=previous)
