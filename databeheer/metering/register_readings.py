"""What the cumulative registers of a meter showed at the two local midnights of a day, and the bytes of it.

They are sealed with the day's totals, behind them, so that a move re-seals them, an erasure erases them and a
retention drops them with the rest; only a day that has some is longer.

Layout, 32 bytes, big-endian: how many registers (1 or 2), how many digits before the decimals they show (0: not said);
per register its code, the reading at the midnight that begins the day and at the one that ends it, thousandths in seven
bytes each, all ones where there is none; zeros up to 32 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from databeheer.metering.profile import ProfileError
from databeheer.metering.states import REGISTER_CODES, Register

SIZE = 32
MOST = 2
"""Registers: a high and a low one."""
_LENGTH = 7
_NOTHING = (1 << 8 * _LENGTH) - 1
MOST_DIGITS = 12
_REGISTERS = {code: register for register, code in REGISTER_CODES.items()}

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """One register at the midnight that begins a Brussels day and at the one that ends it; None where not read.

    Thousandths of the channel's unit.
    """

    register: Register
    begin: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class RegisterReadings:
    """All registers of one channel on one day; `digits` before the decimals, after which they begin again."""

    registers: tuple[RegisterReading, ...]
    digits: int | None = None


def pack_readings(readings: RegisterReadings) -> bytes:
    """Return the bytes of a day's register readings.

    Raises:
        ProfileError: none or too many, twice the same, nothing read at all, or a number beyond what a register shows.
    """
    codes = [REGISTER_CODES[one.register] for one in readings.registers]
    if not 1 <= len(codes) <= MOST or codes != sorted(set(codes)):
        raise ProfileError("a day has readings of one or two registers, each once")
    if readings.digits is not None and not 1 <= readings.digits <= MOST_DIGITS:
        raise ProfileError("no register has so many digits")
    spelled = b"".join(
        bytes((code,)) + _spelled(one.begin) + _spelled(one.end)
        for code, one in zip(codes, readings.registers, strict=True)
    )
    if any(one.begin is None and one.end is None for one in readings.registers):
        raise ProfileError("a register has no reading at all")
    return (bytes((len(codes), readings.digits or 0)) + spelled).ljust(SIZE, b"\0")


def unpack_readings(data: bytes) -> RegisterReadings:
    """Return the readings that `pack_readings` wrote.

    Raises:
        ProfileError: any other bytes.
    """
    if len(data) != SIZE or not 1 <= data[0] <= MOST:
        raise ProfileError("register readings are not written as they should be")
    step = 1 + 2 * _LENGTH
    end = 2 + data[0] * step
    registers = []
    for at in range(2, end, step):
        if data[at] not in _REGISTERS:
            raise ProfileError("this register is unknown")
        numbers = [
            int.from_bytes(data[start : start + _LENGTH], "big") for start in (at + 1, at + 1 + _LENGTH)
        ]
        begin, finish = (None if number == _NOTHING else number for number in numbers)
        registers.append(RegisterReading(_REGISTERS[data[at]], begin, finish))
    readings = RegisterReadings(tuple(registers), data[1] or None)
    if pack_readings(readings) != data:
        raise ProfileError("register readings are not written as they should be")
    return readings


def _spelled(reading: int | None) -> bytes:
    if reading is None:
        return _NOTHING.to_bytes(_LENGTH, "big")
    if not 0 <= reading < _NOTHING:
        raise ProfileError("a register shows no such number")
    return reading.to_bytes(_LENGTH, "big")


def pack_reading_rows(
    digits: Integers, registers: Mapping[Register, tuple[Integers, Integers]]
) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Return the bytes of many rows, (n, 32), byte for byte as `pack_readings`, and which rows have any.

    `digits` (n,), 0 where not said. `registers`: of each, begin and end, (n,), below zero where there is none.
    """
    rows = len(digits)
    data = np.zeros((rows, SIZE), np.uint8)
    data[:, 1] = digits
    places = np.full(rows, 2)
    for register in sorted(registers, key=REGISTER_CODES.__getitem__):
        begin, end = registers[register]
        here = np.flatnonzero((begin >= 0) | (end >= 0))
        step = places[here][:, None] + np.arange(1 + 2 * _LENGTH)
        spelled = np.hstack((_row_bytes(begin[here]), _row_bytes(end[here])))
        code = np.full((len(here), 1), REGISTER_CODES[register], np.uint8)
        data[here[:, None], step] = np.hstack((code, spelled))
        data[here, 0] += 1
        places[here] += 1 + 2 * _LENGTH
    has = data[:, 0] > 0
    data[~has] = 0
    return data, has


def _row_bytes(numbers: Integers) -> Bytes:
    wide = np.where(numbers < 0, _NOTHING, numbers).astype(">u8")
    return wide.view(np.uint8).reshape(-1, 8)[:, 8 - _LENGTH :]
