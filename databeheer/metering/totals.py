"""The bytes of a day's totals, sealed apart from the profile: who may have totals never opens quarter-hours.

Layout, big-endian: version 2, slot minutes, number of slots, number of values (one byte each); one byte a
state in the order of its code, and one a conversion, how many slots carry it; number of registers, then each
register's code and sum in five bytes; zeros up to 32 bytes, whatever the day was like. A channel of more than three
registers, or a sum of 2^40 thousandths (a million MWh) and more, is of version 1: sums in eight bytes, 96 bytes.
Behind either stand 32 bytes more where the meter's cumulative registers were read (`register_readings`).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from databeheer.metering import register_readings
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.profile import LARGEST_VALUE, ProfileError, ProfileLike
from databeheer.metering.register_readings import RegisterReadings, pack_readings, unpack_readings
from databeheer.metering.states import (
    CONVERSION_CODES,
    REGISTER_CODES,
    STATE_CODES,
    Conversion,
    Register,
    State,
    worst_state,
)

VERSION, SIZE = 2, 32
WIDE_VERSION, WIDE_SIZE = 1, 96
SIZES = (SIZE, WIDE_SIZE, SIZE + register_readings.SIZE, WIDE_SIZE + register_readings.SIZE)
"""Of all forms: the last two with register readings."""
MOST_REGISTERS = 3
"""Of the short form."""
SHORT_SUM_BITS = 40
_SLOT_COUNTS = {15: (92, 96, 100), 60: (23, 24, 25), DAY_MINUTES: tuple(range(1, len(Register) + 1))}
_STATES = sorted(STATE_CODES, key=STATE_CODES.__getitem__)
_CONVERSIONS = sorted(CONVERSION_CODES, key=CONVERSION_CODES.__getitem__)
_REGISTERS = {code: register for register, code in REGISTER_CODES.items()}
_HEAD = struct.Struct(f">{4 + len(STATE_CODES) + len(CONVERSION_CODES) + 1}B")
_SUM_LENGTHS = {VERSION: 5, WIDE_VERSION: 8}


@dataclass(frozen=True, slots=True)
class DayTotal:
    """The sums of one channel on one day.

    `registers`: (register, thousandths) of every register with at least one value, in order of their codes.
    `slots` counts slots (with slot_minutes 1440: registers), `values` those with a value; `states` and
    `conversions` say how many slots carry each (only what occurs). `readings`: what the cumulative registers showed at
    the midnights of the day, where they were read.
    """

    slot_minutes: int
    slots: int
    values: int
    registers: tuple[tuple[Register, int], ...]
    states: tuple[tuple[State, int], ...]
    conversions: tuple[tuple[Conversion, int], ...] = ()
    readings: RegisterReadings | None = None

    @property
    def total(self) -> int | None:
        """The sum over all registers in thousandths; None when the day has no value at all."""
        return sum(amount for _, amount in self.registers) if self.values else None

    @property
    def missing(self) -> int:
        """How many slots have no value."""
        return self.slots - self.values

    @property
    def worst(self) -> State:
        """The loosest state of the values there are; of the slots, when there is no value at all."""
        states = [state for state, _ in self.states]
        return worst_state([state for state in states if state.has_value] or states)


def total_of(day: ProfileLike) -> DayTotal:
    """Add up one channel-day (any slot length).

    Raises:
        ProfileError: there is a value where the state says that there is none, or the reverse.
    """
    values = day.values
    numbers = cast("tuple[int, ...]", values)  # where the state says that there is a value
    counts = _count(day.states, day.registers, day.conversions)
    try:
        sums = [(register, sum(map(numbers.__getitem__, slots))) for register, slots in counts.registers]
    except (IndexError, TypeError) as error:
        raise ProfileError("a slot has a value exactly where its state says so") from error
    valued = sum(len(slots) for _, slots in counts.registers)
    if len(values) != len(day.states) or len(values) - values.count(None) != valued:
        raise ProfileError("a slot has a value exactly where its state says so")
    return DayTotal(day.slot_minutes, len(values), valued, tuple(sums), counts.states, counts.conversions)


class _Counts(NamedTuple):
    registers: tuple[tuple[Register, tuple[int, ...]], ...]
    states: tuple[tuple[State, int], ...]
    conversions: tuple[tuple[Conversion, int], ...]


@lru_cache(maxsize=4096)
def _count(
    states: tuple[State, ...],
    registers: tuple[Register | None, ...],
    conversions: tuple[Conversion | None, ...] | None,
) -> _Counts:
    """Return what does not depend on the values; cached, since days repeat it."""
    slots: dict[Register, list[int]] = {}
    for slot, (state, register) in enumerate(zip(states, registers, strict=True)):
        if state.has_value and register is not None:
            slots.setdefault(register, []).append(slot)
    by_state, by_conversion = Counter(states), Counter(conversions or ())
    return _Counts(
        tuple((r, tuple(slots[r])) for r in _REGISTERS.values() if r in slots),
        tuple((s, by_state[s]) for s in _STATES if by_state[s]),
        tuple((c, by_conversion[c]) for c in _CONVERSIONS if by_conversion[c]),
    )


def pack_total(total: DayTotal) -> bytes:
    """Return the bytes of `total`; `pack_total(total_of(day))` for a channel-day.

    Raises:
        ProfileError: counts that do not fit together, or a sum below zero or beyond 63 bits.
    """
    _check(total)
    states, conversions = dict(total.states), dict(total.conversions)
    is_short = _is_short(total.registers)
    version, size = (VERSION, SIZE) if is_short else (WIDE_VERSION, WIDE_SIZE)
    head = _HEAD.pack(
        version,
        # 1440 does not fit in a byte; a day is written as zero.
        0 if total.slot_minutes == DAY_MINUTES else total.slot_minutes,
        total.slots,
        total.values,
        *(states.get(state, 0) for state in _STATES),
        *(conversions.get(conversion, 0) for conversion in _CONVERSIONS),
        len(total.registers),
    )
    length = _SUM_LENGTHS[version]
    sums = (
        bytes((REGISTER_CODES[register],)) + amount.to_bytes(length, "big")
        for register, amount in total.registers
    )
    readings = b"" if total.readings is None else pack_readings(total.readings)
    return (head + b"".join(sums)).ljust(size, b"\0") + readings


def _is_short(registers: Sequence[tuple[Register, int]]) -> bool:
    return len(registers) <= MOST_REGISTERS and all(amount < 1 << SHORT_SUM_BITS for _, amount in registers)


def unpack_total(data: bytes) -> DayTotal:
    """Return the totals that `pack_total` wrote.

    Raises:
        ProfileError: any other bytes.
    """
    if len(data) not in SIZES:
        raise ProfileError("totals have one of the published sizes")
    readings = None
    if len(data) not in (SIZE, WIDE_SIZE):
        end_of_sums = len(data) - register_readings.SIZE
        data, readings = data[:end_of_sums], unpack_readings(data[end_of_sums:])
    version, minutes, slots, values, *counts, registers = _HEAD.unpack_from(data)
    if version != (VERSION if len(data) == SIZE else WIDE_VERSION):
        raise ProfileError("this version of totals is unknown")
    step = 1 + _SUM_LENGTHS[version]
    end = _HEAD.size + registers * step
    if minutes not in (0, 15, 60) or registers > len(Register) or any(data[end:]):
        raise ProfileError("the totals are not written as they should be")
    sums = [
        (data[at], int.from_bytes(data[at + 1 : at + step], "big")) for at in range(_HEAD.size, end, step)
    ]
    codes = [code for code, _ in sums]
    if any(code not in _REGISTERS for code in codes) or codes != sorted(set(codes)):
        raise ProfileError("the registers of the totals are wrong")
    total = DayTotal(
        slot_minutes=minutes or DAY_MINUTES,
        slots=slots,
        values=values,
        registers=tuple((_REGISTERS[code], amount) for code, amount in sums),
        states=tuple((s, n) for s, n in zip(_STATES, counts, strict=False) if n),
        conversions=tuple((c, n) for c, n in zip(_CONVERSIONS, counts[len(_STATES) :], strict=True) if n),
        readings=readings,
    )
    _check(total)
    return total


def _check(total: DayTotal) -> None:
    if total.slots not in _SLOT_COUNTS.get(total.slot_minutes, ()):
        raise ProfileError("totals are of one whole day")
    with_value = sum(count for state, count in total.states if state.has_value)
    if sum(count for _, count in total.states) != total.slots or with_value != total.values:
        raise ProfileError("the states do not add up to the slots")
    if sum(count for _, count in total.conversions) > total.slots:
        raise ProfileError("there are more conversions than slots")
    if len(total.registers) > total.values or bool(total.registers) is not bool(total.values):
        raise ProfileError("registers and values do not fit together")
    if any(not 0 <= amount <= LARGEST_VALUE for _, amount in total.registers):
        raise ProfileError("a sum is below zero or too large")
