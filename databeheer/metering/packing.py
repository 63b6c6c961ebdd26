"""Packing many days of one slot length at once: byte for byte what `profile.pack` and `totals.pack_total` write.

n rows of s slots: `values` (n, s) int64, zero where there is none; `marks` (n, s) uint8, one of `states.MARKS` each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

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


class _Runs(NamedTuple):
    """Stretches of one mark, row after row: in which row, from where on in all slots, with which mark."""

    rows: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    marks: Bytes
    lengths: npt.NDArray[np.intp]


def _runs_of(marks: Bytes) -> _Runs:
    edges = np.ones(marks.shape, np.bool_)
    np.not_equal(marks[:, 1:], marks[:, :-1], out=edges[:, 1:])
    starts = np.flatnonzero(edges)
    lengths = np.diff(starts, append=marks.size)
    return _Runs(starts // marks.shape[1], starts, marks.ravel()[starts], lengths)


def pack_rows(minutes: int, values: Integers, marks: Bytes) -> list[Packed]:
    """Return the profiles' bytes, by size; every row is in one of them.

    Raises:
        ProfileError: as `profile.pack`, of any of the rows.
    """
    count = values.shape[1]
    if count not in profile.SLOT_COUNTS.get(minutes, ()):
        raise ProfileError("a profile has quarter-hours or hours of one whole day")
    if not len(values):
        return []
    runs = _runs_of(marks)
    _check(values, marks, runs)
    widths = np.array(profile.WIDTHS[minutes])
    bits = widths[
        np.searchsorted(np.array([1 << one for one in widths[:-1]]), values.max(axis=1), side="right")
    ]
    numbers = np.bincount(runs.rows, minlength=len(values))
    kinds = bits * 128 + numbers
    found = [(kind, np.flatnonzero(kinds == kind)) for kind in np.unique(kinds).tolist()]
    packed: dict[int, list[tuple[int, npt.NDArray[np.intp]]]] = {}
    for kind, rows in found:
        length = profile.HEADER_LENGTH + 2 * (kind % 128) + count * (kind // 128) // 8
        packed.setdefault(profile.size_of(length), []).append((kind, rows))
    return [_of_one_size(minutes, values, runs, size, parts) for size, parts in packed.items()]


def _of_one_size(
    minutes: int, values: Integers, runs: _Runs, size: int, parts: list[tuple[int, npt.NDArray[np.intp]]]
) -> Packed:
    """Pack the rows of some widths and numbers of runs that take one size."""
    rows = np.sort(np.concatenate([some for _, some in parts]))
    data = np.zeros((len(rows), size), np.uint8)
    firsts = np.searchsorted(runs.rows, np.arange(len(values)))
    for kind, some in parts:
        of_each = firsts[some][:, None] + np.arange(kind % 128)
        whole = slice(None) if len(parts) == 1 else np.searchsorted(rows, some)
        data[whole] = _pack(
            minutes, values[some], runs.lengths[of_each], runs.marks[of_each], kind // 128, size
        )
    return Packed(rows, data)


def _check(values: Integers, marks: Bytes, runs: _Runs) -> None:
    seen = np.flatnonzero(np.bincount(runs.marks, minlength=256)).tolist()
    if any(code not in MARKS for code in seen):
        raise ProfileError("states, registers and conversions do not fit together")
    if values.size and int(values.min()) < 0:
        raise ProfileError("a value is negative")
    valueless = [code for code in seen if not MARKS[code].state.has_value]
    rows = np.unique(runs.rows[np.isin(runs.marks, valueless)])
    if np.any(values[rows][np.isin(marks[rows], valueless)]):
        raise ProfileError("a slot has a value exactly where its state says so")


def _pack(
    minutes: int, values: Integers, lengths: npt.NDArray[np.intp], marks: Bytes, bits: int, size: int
) -> Bytes:
    """Pack rows of one width and one number of runs, whose lengths and marks these are."""
    rows, count = values.shape
    runs = lengths.shape[1]
    begin = profile.HEADER_LENGTH + 2 * runs
    end = begin + count * bits // 8
    data = np.zeros((rows, size), np.uint8)
    data[:, : profile.HEADER_LENGTH] = (profile.VERSION, minutes, bits, count, runs)
    data[:, profile.HEADER_LENGTH : begin : 2] = lengths
    data[:, profile.HEADER_LENGTH + 1 : begin : 2] = marks
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
    runs = _runs_of(marks)
    sums = np.zeros((rows, len(REGISTER_CODES)), np.int64)
    present = np.zeros(sums.shape, np.bool_)
    of_runs = np.add.reduceat(np.ascontiguousarray(values).ravel(), runs.starts)
    slots_of_runs = runs.lengths.astype(np.uint8)
    for code in np.flatnonzero(np.bincount(runs.marks, minlength=256)).tolist():
        mark = MARKS[code]
        here = np.flatnonzero(runs.marks == code)
        these, slots_here = runs.rows[here], slots_of_runs[here]
        np.add.at(head[:, 4 + STATE_CODES[mark.state]], these, slots_here)
        if mark.conversion is not None:
            np.add.at(head[:, 4 + _STATES + CONVERSION_CODES[mark.conversion] - 1], these, slots_here)
        if mark.state.has_value and mark.register is not None:
            np.add.at(head[:, 3], these, slots_here)
            place = REGISTER_CODES[mark.register] - 1
            np.add.at(sums[:, place], these, of_runs[here])
            present[these, place] = True
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
