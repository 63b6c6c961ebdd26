"""Channel-days as intake reads them from real exports: to blocks for validation, and back with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from databeheer.brussels import slot_starts
from databeheer.metering.channel import DAY_MINUTES, ChannelDay
from databeheer.metering.plan.tariff_periods import period_at
from databeheer.metering.states import STATE_CODES, Conversion, Register, Unit
from databeheer.metering.validation.arrays import (
    ABSENT,
    COMMODITY_CODES,
    DIRECTION_CODES,
    UNIT_CODES,
    UNKNOWN,
    Codes,
    Integers,
    codes_of,
    is_measured,
)
from databeheer.metering.validation.block import Block, Gas
from databeheer.metering.validation.catalogue import shipped
from databeheer.metering.validation.grades import GRADE_CODES, Grade
from databeheer.metering.validation.history import History, aligned, like_days_of, totals_of
from databeheer.metering.validation.outcome import Outcome
from databeheer.values import EAN, Direction

TOTAL_DAYS = 28
_Channel = tuple[EAN, str, Direction, Unit, int]
_STATES = {code: state for state, code in STATE_CODES.items()}


@dataclass(frozen=True)
class DayBlock:
    """The channel-days of one day and slot length, and the block they make; row i of it is `days[i]`."""

    days: tuple[ChannelDay, ...]
    block: Block


class _File:
    """All channel-days of one delivery as arrays, by channel and day."""

    def __init__(self, days: Iterable[ChannelDay]) -> None:
        self.days = {(_channel(day), day.day): day for day in days if day.slot_minutes != DAY_MINUTES}
        self.values = {key: _values(day) for key, day in self.days.items()}
        self.states = {key: codes_of(STATE_CODES, day.states) for key, day in self.days.items()}
        self.totals = {key: totals_of(self.values[key], self.states[key]) for key in self.days}
        ordered = sorted(self.days, key=lambda key: key[1])
        self.first = dict(reversed(ordered))
        self.last = dict(ordered)


def blocks_of(days: Iterable[ChannelDay], grade: Grade) -> list[DayBlock]:
    """Return a block for each day and slot length, days ascending; the days before in the file are its history.

    A file is cut where somebody chose to: what it lacks before its first and after its last slot of a channel is
    not asked of it. Day totals (1440 minutes) have several registers in one day and are left out.
    """
    file = _File(days)
    groups: dict[tuple[date, int], list[ChannelDay]] = {}
    for day in file.days.values():
        groups.setdefault((day.day, day.slot_minutes), []).append(day)
    return [
        DayBlock(tuple(group), _block(file, key[0], key[1], group, grade))
        for key, group in sorted(groups.items(), key=lambda item: item[0])
    ]


def revised(day: ChannelDay, outcome: Outcome, row: int) -> ChannelDay:
    """Return a channel-day with the values and states of an outcome's row.

    A slot that gets an estimate gets a register too: that of its tariff where the day has tariffs.
    """
    states = tuple(_STATES[code] for code in outcome.states[row].tolist())
    kinds = {register for register in day.registers if register is not None}
    registers = tuple(
        None
        if code == ABSENT
        else register or (_tariff(day, slot) if kinds & _TARIFFS else next(iter(kinds), Register.TOTAL))
        for slot, (code, register) in enumerate(zip(outcome.states[row].tolist(), day.registers, strict=True))
    )
    return ChannelDay(
        day.ean,
        day.meter_number,
        day.commodity,
        day.direction,
        day.unit,
        day.day,
        day.slot_minutes,
        tuple(
            value if state.has_value else None
            for value, state in zip(outcome.values[row].tolist(), states, strict=True)
        ),
        states,
        registers,
        None
        if day.conversions is None
        else tuple(
            None if register is None else conversion
            for register, conversion in zip(registers, day.conversions, strict=True)
        ),
    )


_TARIFFS = {Register.DAY, Register.NIGHT}


def _tariff(day: ChannelDay, slot: int) -> Register:
    return period_at(slot_starts(day.day, day.slot_minutes)[slot])


def _channel(day: ChannelDay) -> _Channel:
    return day.ean, day.meter_number, day.direction, day.unit, day.slot_minutes


def _values(day: ChannelDay) -> Integers:
    return np.array([value or 0 for value in day.values], np.int64)


def _block(file: _File, day: date, minutes: int, group: Sequence[ChannelDay], grade: Grade) -> Block:
    states = np.array([file.states[_channel(one), day] for one in group])
    return Block(
        day=day,
        slot_minutes=minutes,
        values=np.array([file.values[_channel(one), day] for one in group]),
        states=states,
        commodities=codes_of(COMMODITY_CODES, (one.commodity for one in group)),
        directions=codes_of(DIRECTION_CODES, (one.direction for one in group)),
        units=codes_of(UNIT_CODES, (one.unit for one in group)),
        grades=np.full(len(group), GRADE_CODES[grade], np.uint8),
        first_slot=np.array([_first(file, one) for one in group], np.int64),
        until_slot=np.array([_until(file, one) for one in group], np.int64),
        before=np.array([_before(file, one) for one in group], np.int64),
        history=_history(file, day, minutes, group, states.shape[1]),
        gas=_gas(file, group),
    )


def _first(file: _File, day: ChannelDay) -> int:
    if file.first[_channel(day)] != day.day:
        return 0
    return int((file.states[_channel(day), day.day] != ABSENT).argmax())


def _until(file: _File, day: ChannelDay) -> int:
    states = file.states[_channel(day), day.day]
    if file.last[_channel(day)] != day.day:
        return int(states.size)
    return int(states.size - (states[::-1] != ABSENT).argmax())


def _before(file: _File, day: ChannelDay) -> int:
    key = _channel(day), day.day - timedelta(days=1)
    if key not in file.days or not is_measured(file.states[key])[-1]:
        return UNKNOWN
    return int(file.values[key][-1])


def _history(file: _File, day: date, minutes: int, group: Sequence[ChannelDay], slots: int) -> History:
    weeks = like_days_of(day, shipped().estimation.like_weeks)
    values = np.zeros((len(group), len(weeks), slots), np.int64)
    states = np.full(values.shape, ABSENT, np.uint8)
    totals = np.full((len(group), TOTAL_DAYS), UNKNOWN)
    for row, one in enumerate(group):
        channel = _channel(one)
        for place, like_day in enumerate(weeks):
            key = channel, like_day
            if key in file.days:
                values[row, place], states[row, place] = aligned(
                    day, like_day, minutes, file.values[key], file.states[key]
                )
        for back in range(TOTAL_DAYS):
            key = channel, day - timedelta(days=back + 1)
            if key in file.days:
                totals[row, back] = file.totals[key]
    return History(values, states, totals)


def _gas(file: _File, group: Sequence[ChannelDay]) -> Gas:
    """Lay the volume that the same meter counted beside each row in kWh."""
    volumes, provisional = [], []
    for one in group:
        key = (one.ean, one.meter_number, one.direction, Unit.M3, one.slot_minutes), one.day
        is_energy = one.unit is Unit.KWH and key in file.days
        there: Codes = file.states[key] if is_energy else np.zeros(len(one.values), np.uint8)
        litres = file.values[key] if is_energy else np.zeros(len(one.values), np.int64)
        volumes.append(np.where(there != ABSENT, litres, UNKNOWN))
        marks = one.conversions or (None,) * len(one.values)
        provisional.append([mark is Conversion.PROVISIONAL for mark in marks])
    return Gas(volume=np.array(volumes), provisional=np.array(provisional, np.bool_))
