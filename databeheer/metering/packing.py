"""Packing many days of one slot length at once: byte for byte what `profile.pack` and `totals.pack_total` write.

n rows of s slots: `values` (n, s) int64, zero where there is none; `marks` (n, s) uint8, one of `states.MARKS` each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from databeheer.metering import profile, totals
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.profile import LARGEST_VALUE, SHORT_BITS, ProfileError
from databeheer.metering.states import CONVERSION_CODES, MARKS, REGISTER_CODES, STATE_CODES

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_STATES = len(STATE_CODES)
_CONVERSIONS = len(CONVERSION_CODES)
_TOTALS_HEAD = 4 + _STATES + _CONVERSIONS + 1


@dataclass(frozen=True)
class Packed:
    """Rows that take one size: which of the rows they are, ascending, and their bytes, (m, size)."""

    rows: npt.NDArray[np.intp]
    data: Bytes


def pack_rows(minutes: int, values: Integers, marks: Bytes) -> list[Packed]:
    """Return the profiles' bytes, by size; every row is in one of them.

    Raises:
        ProfileError: as `profile.pack`, of any of the rows.
    """
    count = values.shape[1]
    if count not in profile.SLOT_COUNTS.get(minutes, ()):
        raise ProfileError("a profile has quarter-hours or hours of one whole day")
    _check(values, marks)
    if not len(values):
        return []
    widths = np.array(profile.WIDTHS[minutes])
    largest = values.max(axis=1)
    bits = widths[np.searchsorted(np.array([1 << one for one in widths[:-1]]), largest, side="right")]
    edges = marks[:, 1:] != marks[:, :-1]
    runs = 1 + edges.sum(axis=1)
    kinds = bits * 128 + runs
    packed: dict[int, list[Packed]] = {}
    for kind in np.unique(kinds).tolist():
        rows = np.flatnonzero(kinds == kind)
        data = _pack(minutes, values[rows], marks[rows], edges[rows], kind // 128, kind % 128)
        packed.setdefault(data.shape[1], []).append(Packed(rows, data))
    return [_merged(parts) for parts in packed.values()]


def _merged(parts: list[Packed]) -> Packed:
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows)
    return Packed(rows[order], np.concatenate([part.data for part in parts])[order])


def _check(values: Integers, marks: Bytes) -> None:
    seen = np.bincount(marks.ravel(), minlength=256)
    if any(count and code not in MARKS for code, count in enumerate(seen.tolist())):
        raise ProfileError("states, registers and conversions do not fit together")
    if values.size and int(values.min()) < 0:
        raise ProfileError("a value is negative")
    valueless = [code for code in np.flatnonzero(seen).tolist() if not MARKS[code].state.has_value]
    if any(np.any(values[marks == code]) for code in valueless):
        raise ProfileError("a slot has a value exactly where its state says so")


def _pack(minutes: int, values: Integers, marks: Bytes, edges: Bytes, bits: int, runs: int) -> Bytes:
    """Pack rows of one width and one number of runs."""
    rows, count = values.shape
    begin = profile.HEADER_LENGTH + 2 * runs
    end = begin + count * bits // 8
    data = np.zeros((rows, profile.size_of(end)), np.uint8)
    data[:, : profile.HEADER_LENGTH] = (profile.VERSION, minutes, bits, count, runs)
    starts = np.zeros((rows, runs + 1), np.intp)
    starts[:, 1:-1] = np.nonzero(edges)[1].reshape(rows, runs - 1) + 1
    starts[:, -1] = count
    data[:, profile.HEADER_LENGTH : begin : 2] = np.diff(starts, axis=1)
    data[:, profile.HEADER_LENGTH + 1 : begin : 2] = np.take_along_axis(marks, starts[:, :-1], axis=1)
    if bits == SHORT_BITS:
        _pack_short(values, data[:, begin:end])
    else:
        kind = np.dtype(f">u{bits // 8}")
        data[:, begin:end] = np.ascontiguousarray(values.astype(kind)).view(np.uint8).reshape(rows, -1)
    return data


def _pack_short(values: Integers, data: Bytes) -> None:
    """Write the low bytes of all, then the high six bits of all, four in three bytes."""
    count = values.shape[1]
    pairs = values.astype("<u2")
    data[:, :count] = pairs.astype(np.uint8)
    high = (pairs >> 8).astype(np.uint8).reshape(len(values), -1, 4)
    first, second, third, fourth = (high[:, :, place] for place in range(4))
    data[:, count::3] = first << 2 | second >> 4
    data[:, count + 1 :: 3] = second << 4 | third >> 2
    data[:, count + 2 :: 3] = third << 6 | fourth


def pack_totals(minutes: int, values: Integers, marks: Bytes) -> list[Packed]:
    """Return the bytes of the rows' totals, by size.

    Raises:
        ProfileError: a sum beyond 63 bits, or a count of slots that is of no day.
    """
    if not len(values):
        return []
    head, sums, present = _counted(minutes, values, marks)
    wide = (present.sum(axis=1) > totals.MOST_REGISTERS) | (sums >= 1 << totals.SHORT_SUM_BITS).any(axis=1)
    packed = []
    for is_wide in (False, True):
        rows = np.flatnonzero(wide == is_wide)
        if rows.size:
            packed.append(Packed(rows, _pack_sums(head[rows], sums[rows], present[rows], is_wide=is_wide)))
    return packed


def _counted(minutes: int, values: Integers, marks: Bytes) -> tuple[Bytes, Integers, npt.NDArray[np.bool_]]:
    """Return each row's head but for its version, the sum of each register, and which of them have a value."""
    rows, slots = values.shape
    head = np.zeros((rows, _TOTALS_HEAD), np.uint8)
    head[:, 1:3] = (0 if minutes == DAY_MINUTES else minutes, slots)
    sums = np.zeros((rows, len(REGISTER_CODES)), np.int64)
    present = np.zeros(sums.shape, np.bool_)
    for code in np.flatnonzero(np.bincount(marks.ravel(), minlength=256)).tolist():
        mark = MARKS[code]
        here = marks == code
        slots_here = here.sum(axis=1, dtype=np.uint8)
        head[:, 4 + STATE_CODES[mark.state]] += slots_here
        if mark.conversion is not None:
            head[:, 4 + _STATES + CONVERSION_CODES[mark.conversion] - 1] += slots_here
        if mark.state.has_value and mark.register is not None:
            head[:, 3] += slots_here
            place = REGISTER_CODES[mark.register] - 1
            sums[:, place] += np.where(here, values, 0).sum(axis=1)
            present[:, place] |= slots_here > 0
    head[:, -1] = present.sum(axis=1)
    if sums.size and (int(sums.min()) < 0 or int(sums.max()) > LARGEST_VALUE):
        raise ProfileError("a sum is below zero or too large")
    return head, sums, present


def _pack_sums(head: Bytes, sums: Integers, present: npt.NDArray[np.bool_], *, is_wide: bool) -> Bytes:
    version, size, length = (
        (totals.WIDE_VERSION, totals.WIDE_SIZE, 8) if is_wide else (totals.VERSION, totals.SIZE, 5)
    )
    data = np.zeros((len(head), size), np.uint8)
    data[:, :_TOTALS_HEAD] = head
    data[:, 0] = version
    spelled = sums.astype(">u8").view(np.uint8).reshape(*sums.shape, 8)[:, :, 8 - length :]
    place = _TOTALS_HEAD + (np.cumsum(present, axis=1) - 1) * (1 + length)
    for register in range(sums.shape[1]):
        rows = np.flatnonzero(present[:, register])
        if rows.size:
            at = place[rows, register][:, None]
            data[rows[:, None], at] = register + 1
            data[rows[:, None], at + 1 + np.arange(length)] = spelled[rows, register]
    return data


def each(packed: list[Packed]) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each row with its bytes."""
    for part in packed:
        for row, data in zip(part.rows.tolist(), part.data, strict=True):
            yield row, data.tobytes()
