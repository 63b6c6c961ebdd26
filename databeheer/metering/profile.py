"""The bytes of a day profile before they are sealed: packed, of one spelling, padded to a published size.

A sealed row's length is visible in the database, so it must not tell behaviour. Values have a fixed width
that holds every ordinary value (two bytes: up to 65,535 kWh, 262 kW on a quarter-hour), so a day away and a
busy day of the same number of slots give the same size; hours of such values fit in 96 bytes, quarter-hours
in 224, wider quarter-hours in 448 and 896. What still shows is a day with very many changes of state.

Layout, big-endian: version 1, slot minutes, width, number of slots, number of runs (one byte each); per run
its length and its mark (`states.MARKS`); the values, zero where there is none; zeros up to the size.
The same day always gives the same bytes: a keyed fingerprint over them decides whether anything changed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Protocol

from databeheer.metering.states import MARK_CODES, MARKS, Conversion, MeteringError, Register, State

VERSION = 1
SIZES = (96, 224, 448, 896)
SLOT_COUNTS = {15: (92, 96, 100), 60: (23, 24, 25)}
_HEADER = struct.Struct(">BBBBB")
_WIDTHS = {2: "H", 4: "I", 8: "Q"}
LARGEST_VALUE = 2**63 - 1


class ProfileError(MeteringError):
    """Bytes are no profile, or values cannot be one. Says nothing of the values."""

    code = "profile"


class ProfileLike(Protocol):
    """What can be packed; a `ChannelDay` can."""

    @property
    def slot_minutes(self) -> int: ...
    @property
    def values(self) -> tuple[int | None, ...]: ...
    @property
    def states(self) -> tuple[State, ...]: ...
    @property
    def registers(self) -> tuple[Register | None, ...]: ...
    @property
    def conversions(self) -> tuple[Conversion | None, ...] | None: ...


@dataclass(frozen=True, slots=True)
class DayProfile:
    """The slots of one channel on one day; which channel and day, the sealed row's coordinates say.

    Slots of 15 or 60 minutes from local midnight on; `values` in thousandths of the channel's unit.
    """

    slot_minutes: int
    values: tuple[int | None, ...]
    states: tuple[State, ...]
    registers: tuple[Register | None, ...]
    conversions: tuple[Conversion | None, ...] | None = None


def pack(profile: ProfileLike, *, minimum: int = SIZES[0]) -> bytes:
    """Return the profile's bytes, at least `minimum` long, so that a large site keeps one size.

    Raises:
        ProfileError: day totals, a wrong number of slots, a value without its state or the reverse, or a
            value below zero or beyond 63 bits.
    """
    values = profile.values
    count = len(values)
    if count not in SLOT_COUNTS.get(profile.slot_minutes, ()):
        raise ProfileError("a profile has quarter-hours or hours of one whole day")
    marks = _mark_codes(profile.states, profile.registers, profile.conversions)
    if len(marks) != count:
        raise ProfileError("values and states differ in number")
    numbers = _numbers(values, marks)
    width = _width(max(numbers))
    runs = _runs(marks)
    body = b"".join(
        (
            _HEADER.pack(VERSION, profile.slot_minutes, width, count, len(runs) // 2),
            runs,
            struct.pack(f">{count}{_WIDTHS[width]}", *numbers),
        )
    )
    return body.ljust(_size(len(body), minimum), b"\0")


def unpack(data: bytes) -> DayProfile:
    """Return the profile that `pack` wrote.

    Raises:
        ProfileError: any other bytes, another spelling of the same profile included.
    """
    if len(data) not in SIZES:
        raise ProfileError("a profile has one of the published sizes")
    version, minutes, width, count, run_count = _HEADER.unpack_from(data)
    if version != VERSION:
        raise ProfileError("this version of profile is unknown")
    if count not in SLOT_COUNTS.get(minutes, ()) or width not in _WIDTHS:
        raise ProfileError("the header of the profile is wrong")
    begin = _HEADER.size + 2 * run_count
    end = begin + count * width
    if end > len(data) or any(data[end:]):
        raise ProfileError("the profile does not fill its bytes")
    marks = _expand(data[_HEADER.size : begin], count)
    numbers = struct.unpack_from(f">{count}{_WIDTHS[width]}", data, begin)
    if _width(max(numbers)) != width:
        raise ProfileError("the values are wider than they need to be")
    states, registers, conversions, valueless = _attributes(marks)
    if any(numbers[slot] for slot in valueless):
        raise ProfileError("a slot without value has a value")
    values: tuple[int | None, ...] = numbers
    if valueless:
        missing = set(valueless)
        values = tuple(None if slot in missing else number for slot, number in enumerate(numbers))
    return DayProfile(minutes, values, states, registers, conversions)


def _size(length: int, minimum: int) -> int:
    for size in SIZES:
        if size >= length and size >= minimum:
            return size
    raise ProfileError("the profile fits in no published size")


def _width(largest: int) -> int:
    if largest > LARGEST_VALUE:
        raise ProfileError("a value is too large")
    return 2 if largest < 1 << 16 else 4 if largest < 1 << 32 else 8


def _numbers(values: Sequence[int | None], marks: bytes) -> list[int]:
    numbers = [0 if value is None else value for value in values]
    if min(numbers) < 0:
        raise ProfileError("a value is negative")
    valueless = _attributes(marks)[3]
    if len(valueless) != sum(value is None for value in values) or any(
        values[slot] is not None for slot in valueless
    ):
        raise ProfileError("a slot has a value exactly where its state says so")
    return numbers


@lru_cache(maxsize=4096)
def _mark_codes(
    states: tuple[State, ...],
    registers: tuple[Register | None, ...],
    conversions: tuple[Conversion | None, ...] | None,
) -> bytes:
    try:
        return bytes(
            MARK_CODES[mark]
            for mark in zip(states, registers, conversions or (None,) * len(states), strict=True)
        )
    except (KeyError, ValueError) as error:
        raise ProfileError("states, registers and conversions do not fit together") from error


@lru_cache(maxsize=4096)
def _runs(marks: bytes) -> bytes:
    return bytes(part for mark, run in groupby(marks) for part in (len(list(run)), mark))


def _expand(runs: bytes, count: int) -> bytes:
    """Undo `_runs`; refuse empty runs, two runs of one mark in a row, unknown marks, a wrong sum."""
    lengths, marks = runs[::2], runs[1::2]
    if sum(lengths) != count or 0 in lengths:
        raise ProfileError("the runs do not add up to the day")
    if any(mark not in MARKS for mark in marks) or any(a == b for a, b in pairwise(marks)):
        raise ProfileError("the runs are not written as they should be")
    return b"".join(bytes((mark,)) * length for length, mark in zip(lengths, marks, strict=True))


@lru_cache(maxsize=4096)
def _attributes(
    marks: bytes,
) -> tuple[
    tuple[State, ...],
    tuple[Register | None, ...],
    tuple[Conversion | None, ...] | None,
    tuple[int, ...],
]:
    """Return states, registers, conversions and the slots without value; shared, since days repeat them."""
    parts = [MARKS[code] for code in marks]
    conversions = tuple(part.conversion for part in parts)
    return (
        tuple(part.state for part in parts),
        tuple(part.register for part in parts),
        conversions if any(conversions) else None,
        tuple(slot for slot, part in enumerate(parts) if not part.state.has_value),
    )
