"""From unpacked days to the series that are handed over: cut to what was granted, without an object a slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from databeheer.brussels import midnight, slots_in_day
from databeheer.metering.packing import Bytes, Integers
from databeheer.metering.series import Marked, Missing, Series
from databeheer.metering.states import MARKS, WITHOUT_CONVERSION
from databeheer.metering.unpacking import NO_VALUE, Day, Truths
from databeheer.values import Period

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_ABSENT = 0
"""The code of the mark of a slot that is not there at all."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Slots that follow one another: the first begins `start` seconds after 1970 in UTC, each lasts `step` seconds."""

    start: int
    step: int
    values: Integers
    marks: Bytes

    @property
    def end(self) -> int:
        return self.start + self.step * len(self.values)


def pieces(days: Iterable[tuple[date, Day]], interval: Period, states: frozenset[str]) -> Iterator[Piece]:
    """Yield what of the days of one channel, in order, lies in `interval` whole; values of other states are withheld.

    Slots that are absent are left out.
    """
    for piece in _joined([_whole(day, found) for day, found in days]):
        step = timedelta(seconds=piece.step)
        start = _EPOCH + timedelta(seconds=piece.start)
        first = max(-((start - interval.start) // step), 0)
        last = max((interval.end - start) // step, 0)
        values, marks = piece.values[first:last], piece.marks[first:last]
        if not len(values):
            continue
        withheld = _withheld(states)[marks]
        if withheld.any():
            values = np.where(withheld, NO_VALUE, values)
            marks = np.where(withheld, marks & WITHOUT_CONVERSION, marks)
        yield from _present(Piece(piece.start + first * piece.step, piece.step, values, marks))


def series_of_pieces(found: Iterable[Piece]) -> list[Series]:
    """Return the series of all pieces of one channel, which do not overlap."""
    return [_series(piece) for piece in _joined(sorted(found, key=lambda piece: piece.start))]


def fits(day: date, found: Day) -> bool:
    """Say whether these are the slots of that Brussels day: as many as it has."""
    return slots_in_day(day, found.minutes) == len(found.values)


def _whole(day: date, found: Day) -> Piece:
    return Piece(_midnight(day), found.minutes * 60, found.values, found.marks)


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Join what follows without a hole and in steps of one length."""
    start = 0
    for place in range(1, len(found) + 1):
        before = found[place - 1]
        if place < len(found) and found[place].start == before.end and found[place].step == before.step:
            continue
        same, start = found[start:place], place
        if len(same) == 1:
            yield same[0]
        else:
            values = np.concatenate([piece.values for piece in same])
            yield Piece(same[0].start, same[0].step, values, np.concatenate([piece.marks for piece in same]))


def _present(piece: Piece) -> Iterator[Piece]:
    there = piece.marks != _ABSENT
    if there.all():
        yield piece
        return
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False)).tolist()
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start = piece.start + first * piece.step
        yield Piece(start, piece.step, piece.values[first:last], piece.marks[first:last])


def _series(piece: Piece) -> Series:
    values: list[int | None] = piece.values.tolist()
    lacks = piece.values == NO_VALUE
    missing: list[Missing] = [(len(values), 0)]
    if lacks.any():
        values = [None if value == NO_VALUE else value for value in values]
        missing = [(count, int(lacks[first])) for first, count in _runs(lacks)]
    marks: list[Marked] = [(count, *_names(int(piece.marks[first]))) for first, count in _runs(piece.marks)]
    return Series(_EPOCH + timedelta(seconds=piece.start), piece.step, values, marks, missing)


def _runs(items: Bytes | Truths) -> list[tuple[int, int]]:
    """Return where each run of equal items begins, and how long it is."""
    starts = [0, *(np.flatnonzero(items[1:] != items[:-1]) + 1).tolist()]
    return [(first, last - first) for first, last in zip(starts, [*starts[1:], len(items)], strict=True)]


@lru_cache(maxsize=256)
def _names(code: int) -> tuple[str, str | None, str | None]:
    mark = MARKS[code]
    return (
        mark.state.value,
        mark.register.value if mark.register else None,
        mark.conversion.value if mark.conversion else None,
    )


@lru_cache(maxsize=64)
def _withheld(states: frozenset[str]) -> Truths:
    """Return by the code of a mark whether its value may not leave."""
    kept = {code for code, mark in MARKS.items() if not mark.state.has_value or mark.state.value in states}
    return np.array([code not in kept for code in range(256)])


@lru_cache(maxsize=8192)
def _midnight(day: date) -> int:
    return (midnight(day) - _EPOCH) // _SECOND
