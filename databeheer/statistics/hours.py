"""From measured values to tallies: each household's hours, added to its cell. Hours are of UTC, so of one hour each.

A month in Brussels has an hour less in March and one more in October; each is an hour by itself here, and gets its
local name only where it is written (`table.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from databeheer.metering.day_series import Piece
from databeheer.metering.unpacking import NO_VALUE
from databeheer.statistics.suppression import Cell
from databeheer.statistics.tally import Tally
from databeheer.values import Direction, Period

Hours = npt.NDArray[np.int64]
"""What somebody used in each hour of a period, in Wh; NO_VALUE where that is not known whole."""

_HOUR = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hours_of(period: Period) -> list[datetime]:
    """Return the UTC starts of the hours of a period that begins and ends on a whole hour."""
    count = (period.end - period.start) // timedelta(hours=1)
    return [period.start + timedelta(hours=number) for number in range(count)]


def by_hour(pieces: Iterable[Piece], period: Period) -> Hours:
    """Return the hours of one channel, from its quarter-hours and hours; of a day's total nobody knows them.

    An hour that lacks a quarter is not known.
    """
    begin, count = (period.start - _EPOCH) // timedelta(seconds=1), len(hours_of(period))
    sums, known = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for piece in pieces:
        if piece.step > _HOUR:
            continue
        places = (piece.start - begin + piece.step * np.arange(len(piece.values))) // _HOUR
        there = (piece.values != NO_VALUE) & (places >= 0) & (places < count)
        np.add.at(sums, places[there], piece.values[there])
        np.add.at(known, places[there], piece.step)
    return np.where(known == _HOUR, sums, NO_VALUE)


def added(one: Hours | None, other: Hours) -> Hours:
    """Return what both are together: of one household with two meters, or two addresses."""
    if one is None:
        return other
    both = np.where(one == NO_VALUE, 0, one) + np.where(other == NO_VALUE, 0, other)
    return np.where((one == NO_VALUE) & (other == NO_VALUE), NO_VALUE, both)


class HourTallies:
    """The tallies of all cells in all hours of a period; households are added one by one, and not kept.

    Of who is in several cells the hours are kept, under a number: where cells are put together he is one.
    """

    def __init__(self, period: Period) -> None:
        self.hours = hours_of(period)
        shape = (4, len(self.hours))
        self._cells: dict[tuple[Direction, Cell], Hours] = defaultdict(lambda: np.zeros(shape, np.int64))
        self._shared: dict[tuple[Direction, Cell], list[tuple[int, Hours]]] = defaultdict(list)
        self._stacked: dict[tuple[Direction, Cell], tuple[Hours, Hours]] = {}
        self._names = 0

    def add(self, direction: Direction, cells: Mapping[Cell, Hours]) -> None:
        """Add one household with what it used in each cell; no household is added twice."""
        if len(cells) > 1:
            self._names += 1
            for cell, hours in cells.items():
                self._cells[direction, cell]  # there it is, also where nobody else is in it
                self._shared[direction, cell].append((self._names, hours))
                self._stacked.pop((direction, cell), None)
            return
        for cell, hours in cells.items():
            self._add_alone(self._cells[direction, cell], hours)

    @staticmethod
    def _add_alone(tallies: Hours, household: Hours) -> None:
        there = household != NO_VALUE
        values = np.where(there, household, 0)
        tallies[0] += there
        tallies[1] += values
        tallies[3] = np.maximum(tallies[3], np.minimum(tallies[2], values))
        tallies[2] = np.maximum(tallies[2], values)

    @property
    def directions(self) -> list[Direction]:
        """In which directions anything was measured."""
        return [direction for direction in Direction if any(known is direction for known, _ in self._cells)]

    def of_hour(self, direction: Direction, number: int) -> dict[Cell, Tally]:
        """Return the cells of one hour in which anybody was measured."""
        found = {
            cell: self._tally(direction, cell, tallies, number)
            for (known, cell), tallies in self._cells.items()
            if known is direction
        }
        return {cell: tally for cell, tally in found.items() if tally.households}

    def _tally(self, direction: Direction, cell: Cell, tallies: Hours, number: int) -> Tally:
        households, total, first, second = (int(value) for value in tallies[:, number])
        alone = Tally(households, total, first, second)
        if (direction, cell) not in self._shared:
            return alone
        if (direction, cell) not in self._stacked:
            named = self._shared[direction, cell]
            names = np.array([name for name, _ in named], np.int64)
            self._stacked[direction, cell] = names, np.array([hours for _, hours in named], np.int64)
        names, hours = self._stacked[direction, cell]
        there = hours[:, number] != NO_VALUE
        return alone.with_shared(names[there], hours[there, number]) if there.any() else alone
