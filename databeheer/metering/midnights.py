"""What a cumulative register showed at a local midnight: read, or estimated by a published method (R64).

The midnight at which a Brussels day begins is 22:00 or 23:00 in UTC, and a day between two of them has 23, 24 or 25
hours: a register is never looked for at a clock time in UTC.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from databeheer.brussels import midnight
from databeheer.metering.register_readings import RegisterReadings
from databeheer.metering.states import REGISTER_CODES, Register, State
from databeheer.metering.totals import DayTotal

REACH = 10
"""Days before and after a midnight in which a reading is looked for: as long as a meter is read again."""
_DAY = timedelta(days=1)


class Method(enum.StrEnum):
    """How a register that was not read at that midnight was estimated; tried in this order."""

    ADDED = "added"
    """The nearest reading before, and what the days since then used."""
    TAKEN_OFF = "taken_off"
    """The nearest reading after, less what the days until then used."""
    BETWEEN = "between"
    """In proportion to real time between the nearest readings before and after."""


@dataclass(frozen=True)
class AtMidnight:
    """A register at the midnight that begins `day`; thousandths of the unit. READ, or EST with its method."""

    day: date
    register: Register
    value: int
    state: State
    method: Method | None = None


def registers_at(day: date, days: Mapping[date, DayTotal]) -> list[AtMidnight]:
    """Return the registers of a channel at the midnight that begins `day`, from the days around it; those known."""
    found = [_at(day, register, days) for register in _registers(day, days)]
    return [one for one in found if one is not None]


def _registers(day: date, days: Mapping[date, DayTotal]) -> list[Register]:
    """The registers that the meter has: those of the nearest day that has readings."""
    for away in range(REACH + 1):
        for other in (day + away * _DAY, day - (away + 1) * _DAY):
            readings = _readings(other, days)
            if readings is not None:
                return sorted((one.register for one in readings.registers), key=REGISTER_CODES.__getitem__)
    return []


def _at(day: date, register: Register, days: Mapping[date, DayTotal]) -> AtMidnight | None:
    value = _read(day, register, days)
    if value is not None:
        return AtMidnight(day, register, value, State.READ)
    before, after = _nearest(day, register, days, -1), _nearest(day, register, days, 1)
    for method, value in (
        (Method.ADDED, _added(day, register, days, before)),
        (Method.TAKEN_OFF, _taken_off(day, register, days, after)),
        (Method.BETWEEN, _between(day, days, before, after)),
    ):
        if value is not None:
            return AtMidnight(day, register, value, State.EST, method)
    return None


_Known = tuple[date, int]


def _read(day: date, register: Register, days: Mapping[date, DayTotal]) -> int | None:
    """What the day after the midnight says of it, or the one before."""
    for other, is_begin in ((day, True), (day - _DAY, False)):
        readings = _readings(other, days)
        for one in readings.registers if readings is not None else ():
            value = one.begin if is_begin else one.end
            if one.register is register and value is not None:
                return value
    return None


def _readings(day: date, days: Mapping[date, DayTotal]) -> RegisterReadings | None:
    total = days.get(day)
    return None if total is None else total.readings


def _nearest(day: date, register: Register, days: Mapping[date, DayTotal], step: int) -> _Known | None:
    for away in range(1, REACH + 1):
        other = day + step * away * _DAY
        value = _read(other, register, days)
        if value is not None:
            return other, value
    return None


def _added(day: date, register: Register, days: Mapping[date, DayTotal], before: _Known | None) -> int | None:
    used = None if before is None else _used(before[0], day, register, days)
    return None if before is None or used is None else _within(before[1] + used, days)


def _taken_off(
    day: date, register: Register, days: Mapping[date, DayTotal], after: _Known | None
) -> int | None:
    used = None if after is None else _used(day, after[0], register, days)
    return None if after is None or used is None else _within(after[1] - used, days)


def _between(
    day: date, days: Mapping[date, DayTotal], before: _Known | None, after: _Known | None
) -> int | None:
    if before is None or after is None:
        return None
    used, modulus = after[1] - before[1], _modulus(days)
    if used < 0:
        if modulus is None:
            return None
        used += modulus
    first, last = midnight(before[0]), midnight(after[0])
    passed, whole = midnight(day) - first, last - first
    return _within(before[1] + used * (passed // _SECOND) // (whole // _SECOND), days)


def _used(first: date, until: date, register: Register, days: Mapping[date, DayTotal]) -> int | None:
    """What the register counted from one midnight to another; None where a day between says too little."""
    total = 0
    for number in range((until - first).days):
        one = days.get(first + number * _DAY)
        if one is None or one.missing or one.total is None or one.worst is State.NVAL:
            return None
        amounts = dict(one.registers)
        if register in (Register.DAY, Register.NIGHT):
            if not amounts.keys() <= {Register.DAY, Register.NIGHT}:
                return None
            total += amounts.get(register, 0)
        else:
            total += one.total
    return total


def _within(value: int, days: Mapping[date, DayTotal]) -> int | None:
    """A register that passed its last digit began again; without knowing its digits it cannot be below zero."""
    modulus = _modulus(days)
    if modulus is not None:
        return value % modulus
    return value if value >= 0 else None


def _modulus(days: Mapping[date, DayTotal]) -> int | None:
    for one in days.values():
        if one.readings is not None and one.readings.digits is not None:
            return int(10 ** (one.readings.digits + 3))
    return None


_SECOND = timedelta(seconds=1)
