"""The bytes of a day profile before they are sealed: packed, of one spelling, padded to a published size.

A sealed row's length is visible in the database, so it must not tell behaviour. Values have a fixed width
that holds every ordinary value (65 kW: 14 bits on a quarter-hour, 16 on an hour), so a day away and a busy day
of the same number of slots give the same size: 96 bytes for hours, 188 for quarter-hours; wider values take 224,
448 or 896. What still shows is a day with very many changes of state, or of which measured values were replaced: those
are kept behind the values (version 3, `originals`), for which there is a largest size of 2240.

Layout, big-endian: version 2, slot minutes, bits of a value, number of slots, number of runs (one byte each); per
run its length and its mark (`states.MARKS`); the values, zero where there is none; zeros up to the size. Values of
14 bits are written as the low bytes of all, then the high six bits of all, four in three bytes (which is base 64).
The same day always gives the same bytes: a keyed fingerprint over them decides whether anything changed.
Version 1, of before, had no 14 bits, said bytes for bits, and no size of 188; it is read, not written.
"""

from __future__ import annotations

import string
import struct
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple, Protocol

from databeheer.metering import originals
from databeheer.metering.originals import Original
from databeheer.metering.states import MARK_CODES, MARKS, Conversion, MeteringError, Register, State

VERSION = 2
WITH_ORIGINALS = 3
SIZES = (96, 188, 224, 448, 896, 2240)
SLOT_COUNTS = {15: (92, 96, 100), 60: (23, 24, 25)}
_HEADER = struct.Struct(">BBBBB")
HEADER_LENGTH = _HEADER.size
SHORT_BITS = 14
WIDTHS = {15: (SHORT_BITS, 16, 32, 64), 60: (16, 32, 64)}
"""Bits of a value, by the minutes of a slot; the least that holds the day's largest value is written."""
_WIDTHS_OF_BEFORE = (2, 4, 8)
_FORMATS = {16: "H", 32: "I", 64: "Q"}
LARGEST_VALUE = 2**63 - 1
_SIX_BITS = bytes(range(64))
_BASE64 = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").encode()
_TO_BASE64 = bytes.maketrans(_SIX_BITS, _BASE64)
_FROM_BASE64 = bytes.maketrans(_BASE64, _SIX_BITS)


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
    bits = _bits(profile.slot_minutes, max(numbers))
    runs = runs_of(marks)
    body = b"".join(
        (
            _HEADER.pack(VERSION, profile.slot_minutes, bits, count, len(runs) // 2),
            runs,
            _packed(numbers, bits),
        )
    )
    return body.ljust(size_of(len(body), minimum), b"\0")


def unpack(data: bytes) -> DayProfile:
    """Return the profile that `pack` wrote.

    Raises:
        ProfileError: any other bytes, another spelling of the same profile included.
    """
    version, minutes, bits, count, begin, end = read_head(data)
    originals_of(data)
    marks = expand(data[_HEADER.size : begin], count)
    numbers = _unpacked(data[begin:end], count, bits)
    if _bits(minutes, max(numbers)) != bits and (version != 1 or bits != 16):
        raise ProfileError("the values are wider than they need to be")
    states, registers, conversions, valueless = _attributes(marks)
    if any(numbers[slot] for slot in valueless):
        raise ProfileError("a slot without value has a value")
    values: tuple[int | None, ...] = numbers
    if valueless:
        missing = set(valueless)
        values = tuple(None if slot in missing else number for slot, number in enumerate(numbers))
    return DayProfile(minutes, values, states, registers, conversions)


def with_originals(packed: bytes, some: Sequence[Original]) -> bytes:
    """Return a profile that `pack` wrote, with what was measured behind its values; as it is where there is nothing.

    Raises:
        ProfileError: originals that this profile cannot have, or there are some already.
    """
    if not some:
        return packed
    head = read_head(packed)
    if head.version != VERSION:
        raise ProfileError("this version of profile takes no originals")
    try:
        body = bytes((WITH_ORIGINALS,)) + packed[1 : head.end] + originals.written(some, head.slots)
    except ValueError as error:
        raise ProfileError(str(error)) from error
    return body.ljust(size_of(len(body)), b"\0")


def originals_of(data: bytes) -> tuple[Original, ...]:
    """Return the originals of a profile, none where it has none.

    Raises:
        ProfileError: no profile has such bytes behind its values.
    """
    head = read_head(data)
    if head.version == WITH_ORIGINALS:
        try:
            return originals.read(data[head.end :], head.slots)
        except ValueError as error:
            raise ProfileError(str(error)) from error
    if any(data[head.end :]):
        raise ProfileError("the profile does not fill its bytes")
    return ()


class Head(NamedTuple):
    """What the head of a profile says, and where its values begin and end."""

    version: int
    minutes: int
    bits: int
    slots: int
    begin: int
    end: int


def read_head(data: bytes) -> Head:
    """Return the head of a profile, checked against its length.

    Raises:
        ProfileError: no profile has such a head, or such a length.
    """
    if len(data) not in SIZES:
        raise ProfileError("a profile has one of the published sizes")
    version, minutes, bits, count, run_count = _HEADER.unpack_from(data)
    if version == 1 and bits in _WIDTHS_OF_BEFORE and len(data) != SIZES[1]:
        bits *= 8
    elif version not in (VERSION, WITH_ORIGINALS):
        raise ProfileError("this version of profile is unknown")
    if count not in SLOT_COUNTS.get(minutes, ()) or bits not in WIDTHS[minutes]:
        raise ProfileError("the header of the profile is wrong")
    begin = _HEADER.size + 2 * run_count
    end = begin + count * bits // 8
    if end > len(data):
        raise ProfileError("the profile does not fill its bytes")
    return Head(version, minutes, bits, count, begin, end)


def size_of(length: int, minimum: int = SIZES[0]) -> int:
    """Return the published size that `length` bytes take; ProfileError beyond the largest."""
    for size in SIZES:
        if size >= length and size >= minimum:
            return size
    raise ProfileError("the profile fits in no published size")


def _bits(minutes: int, largest: int) -> int:
    if largest > LARGEST_VALUE:
        raise ProfileError("a value is too large")
    return next(bits for bits in WIDTHS[minutes] if largest < 1 << bits)


def _packed(numbers: Sequence[int], bits: int) -> bytes:
    if bits != SHORT_BITS:
        return struct.pack(f">{len(numbers)}{_FORMATS[bits]}", *numbers)
    pairs = struct.pack(f">{len(numbers)}H", *numbers)
    return pairs[1::2] + a2b_base64(pairs[0::2].translate(_TO_BASE64))


def _unpacked(data: bytes, count: int, bits: int) -> tuple[int, ...]:
    if bits != SHORT_BITS:
        return struct.unpack(f">{count}{_FORMATS[bits]}", data)
    pairs = bytearray(2 * count)
    pairs[0::2] = b2a_base64(data[count:], newline=False).translate(_FROM_BASE64)
    pairs[1::2] = data[:count]
    return struct.unpack(f">{count}H", pairs)


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
def runs_of(marks: bytes) -> bytes:
    """Return the runs of equal marks, as a profile writes them."""
    return bytes(part for mark, run in groupby(marks) for part in (len(list(run)), mark))


def expand(runs: bytes, count: int) -> bytes:
    """Undo `runs_of`; refuse empty runs, two runs of one mark in a row, unknown marks, a wrong sum."""
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
