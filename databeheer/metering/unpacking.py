"""Unpacking many days at once: what `profile.unpack` reads, with the same refusals, without an object a slot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from databeheer.metering import profile
from databeheer.metering.packing import Bytes, Integers
from databeheer.metering.profile import LARGEST_VALUE, SHORT_BITS, Head, ProfileError, originals_of
from databeheer.metering.states import MARKS

Truths = npt.NDArray[np.bool_]

NO_VALUE = -1
VALUELESS = np.array([code in MARKS and not MARKS[code].state.has_value for code in range(256)])
"""By the code of a mark, whether such a slot has no value."""


@dataclass(frozen=True, slots=True)
class Day:
    """The slots of one channel on one day: `values` in thousandths, NO_VALUE where there is none; a mark for each."""

    minutes: int
    values: Integers
    marks: Bytes


def unpack_rows(rows: Sequence[bytes]) -> list[Day | None]:
    """Return the days of the bytes that `profile.pack` wrote, None in the place of what `unpack` would refuse."""
    alike: dict[bytes, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        alike[row[: profile.HEADER_LENGTH] + len(row).to_bytes(4, "big")].append(number)
    found: list[Day | None] = [None] * len(rows)
    for numbers in alike.values():
        for number, day in zip(numbers, _unpack([rows[number] for number in numbers]), strict=True):
            found[number] = day
    return found


@dataclass(frozen=True, slots=True)
class Block:
    """Days of one slot length, a row each, as in `Day`; of those that are not right nothing is meant."""

    minutes: int
    values: Integers
    marks: Bytes
    is_right: Truths


def unpack_block(data: Bytes) -> Block | None:
    """Unpack rows of one size and one header, (n, size); None where no profile has such a header."""
    try:
        head = profile.read_head(data[0].tobytes())
    except ProfileError:
        return None
    runs, length = data[:, profile.HEADER_LENGTH : head.begin].tobytes(), head.begin - profile.HEADER_LENGTH
    spelled = [runs[at : at + length] for at in range(0, length * len(data), length)] if length else []
    marks, is_known = _marks(spelled or [b""] * len(data), head.slots)
    numbers = _numbers(data[:, head.begin : head.end], head.bits)
    valueless = VALUELESS[marks]
    is_right = is_known & _ends_well(data, head) & ~((numbers != 0) & valueless).any(axis=1)
    is_right &= _fits(numbers, head)
    values = numbers.astype(np.int64)
    values[valueless] = NO_VALUE
    return Block(head.minutes, values, marks, is_right)


def _unpack(rows: Sequence[bytes]) -> Sequence[Day | None]:
    """Unpack rows of one size and one header."""
    if not rows[0]:
        return [None] * len(rows)
    block = unpack_block(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1))
    if block is None:
        return [None] * len(rows)
    return [
        Day(block.minutes, block.values[row], block.marks[row]) if right else None
        for row, right in enumerate(block.is_right.tolist())
    ]


def _ends_well(data: Bytes, head: Head) -> Truths:
    """Say of each row whether what stands behind the values is nothing, or originals as they should be written."""
    if head.version != profile.WITH_ORIGINALS:
        return np.asarray(~data[:, head.end :].any(axis=1), np.bool_)
    return np.array([_has_originals(row.tobytes()) for row in data])


def _has_originals(row: bytes) -> bool:
    try:
        return bool(originals_of(row))
    except ProfileError:
        return False


def _marks(rows: Sequence[bytes], count: int) -> tuple[Bytes, Truths]:
    """Return the marks of each row, and of which rows they are written as they should be."""
    found = [_expanded(row, count) for row in rows]
    blank = bytes(count)
    marks = np.frombuffer(b"".join(blank if one is None else one for one in found), np.uint8)
    return marks.reshape(len(rows), count), np.array([one is not None for one in found])


@lru_cache(maxsize=4096)
def _expanded(runs: bytes, count: int) -> bytes | None:
    """Expand runs, None for what is written wrongly; cached, since days repeat them."""
    try:
        return profile.expand(runs, count)
    except ProfileError:
        return None


def _numbers(data: Bytes, bits: int) -> npt.NDArray[Any]:
    """Return the numbers of each row, unsigned."""
    if bits != SHORT_BITS:
        return np.ascontiguousarray(data).view(np.dtype(f">u{bits // 8}"))
    count = data.shape[1] * 4 // 7
    packed = data[:, count:].reshape(len(data), -1, 3)
    first, second, third = (packed[:, :, place] for place in range(3))
    numbers = np.empty((len(data), packed.shape[1], 4), np.uint16)
    numbers[:, :, 0] = first >> 2
    numbers[:, :, 1] = (first & 3) << 4 | second >> 4
    numbers[:, :, 2] = (second & 15) << 2 | third >> 6
    numbers[:, :, 3] = third & 63
    numbers <<= 8
    flat = numbers.reshape(len(data), count)
    flat |= data[:, :count]
    return flat


def _fits(numbers: npt.NDArray[Any], head: Head) -> Truths:
    """Say of each row whether its values need the width that they have; of before, 16 bits were for all."""
    largest = numbers.max(axis=1).tolist()
    narrower = [width for width in profile.WIDTHS[head.minutes] if width < head.bits]
    least = 1 << narrower[-1] if narrower and (head.version != 1 or head.bits != 16) else 0
    return np.array([least <= one <= LARGEST_VALUE for one in largest])
