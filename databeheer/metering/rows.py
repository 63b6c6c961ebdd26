"""The rows of an export as columns of numbers: one pass, each distinct spelling read once.

A file of two years has 140 000 rows but some hundred dates, a hundred pairs of times and some thousand
different remainders, so every row costs a few dictionary look-ups. Where anything is wrong, the block is read
again row by row to say where.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import date
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from databeheer.metering.cells import CellError, Series, read_date, read_quarter, read_series, read_volume
from databeheer.metering.columns import DELIMITER, TIME_COLUMNS, Column, Layout
from databeheer.metering.errors import IntakeError
from databeheer.metering.local_time import QUARTERS

NO_VALUE = -1
MAX_LINE_LENGTH = 2000
_BLOCK = 20_000
_CUT = "The file is cut off or was changed; download it again"

Integers = npt.NDArray[np.int64]
Block = tuple[Integers, Integers, Integers, Integers]
Rest = str | tuple[str, ...]


class _Dates(dict[str, int]):
    """From a written date and its semicolon to its index in `days`."""

    def __init__(self) -> None:
        super().__init__()
        self.days: list[date] = []

    def __missing__(self, raw: str) -> int:
        self.days.append(read_date(_cell(raw), Column.FROM_DATE))
        self[raw] = index = len(self.days) - 1
        return index


class _Quarters(dict[str, int]):
    """From a written time and its semicolon to the quarter-hour of the day."""

    def __missing__(self, raw: str) -> int:
        self[raw] = quarter = read_quarter(_cell(raw), Column.FROM_TIME)
        return quarter


def _cell(raw: str) -> str:
    if not raw.endswith(DELIMITER):
        raise CellError(None, "the cell does not end where it should", _CUT)
    return raw[:-1]


class _Rests(dict[Rest, int]):
    """From the rest of a row to its index in `series_of` and `amounts`."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        skipped = len(TIME_COLUMNS) if layout.begins_with_times else 0
        self._width = layout.width - skipped
        self._volume = layout.positions[Column.VOLUME] - skipped
        self._positions = {
            column: position - skipped
            for column, position in layout.positions.items()
            if column not in TIME_COLUMNS and column is not Column.VOLUME
        }
        self._known: dict[tuple[str, ...], int] = {}
        self.series: list[Series] = []
        self.series_of: list[int] = []
        self.amounts: list[int] = []

    def __missing__(self, raw: Rest) -> int:
        fields = (
            next(csv.reader([raw], delimiter=DELIMITER, strict=True)) if isinstance(raw, str) else list(raw)
        )
        if len(fields) != self._width:
            raise CellError(None, "the row has too few or too many columns", _CUT)
        series = self._series(fields)
        value = read_volume(fields[self._volume], self.series[series].state)
        self.series_of.append(series)
        self.amounts.append(NO_VALUE if value is None else value)
        self[raw] = index = len(self.amounts) - 1
        return index

    def _series(self, fields: list[str]) -> int:
        key = tuple(fields[position] for position in self._positions.values())
        index = self._known.get(key)
        if index is None:
            self.series.append(read_series(dict(zip(self._positions, key, strict=True))))
            self._known[key] = index = len(self.series) - 1
        return index


class Rows:
    """All rows of one file. Row i is line i + 2."""

    def __init__(self, file: str, layout: Layout) -> None:
        self.file = file
        self.layout = layout
        self._dates, self._quarters, self._rests = _Dates(), _Quarters(), _Rests(layout)
        self._blocks: list[Block] = []
        self.count = 0

    def read(self, lines: Sequence[str], progress: Callable[[int, int], None]) -> None:
        """Take in all `lines`; `progress` is told rows and characters done.

        Raises:
            IntakeError: the first row that cannot be read.
        """
        characters = 0
        for start in range(0, len(lines), _BLOCK):
            block = lines[start : start + _BLOCK]
            self._refuse_long(block)
            try:
                self._blocks.append(self._take(block))
            except (CellError, ValueError, csv.Error):
                self._explain(block)
            self.count += len(block)
            characters += sum(map(len, block)) + len(block)
            progress(self.count, characters)

    def _take(self, block: Sequence[str]) -> Block:
        """Read a block as all exports so far are laid out; in any layout, if it is not that."""
        if self.layout.begins_with_times:
            try:
                return self._numbers(*_slice(block))
            except CellError:
                pass
        rows = map(self._arrange, csv.reader(block, delimiter=DELIMITER, strict=True))
        begins, begin_times, ends, end_times, rests = zip(*rows, strict=True)
        return self._numbers(begins, begin_times, ends, end_times, rests)

    def _numbers(
        self,
        begins: Sequence[str],
        begin_times: Sequence[str],
        ends: Sequence[str],
        end_times: Sequence[str],
        rests: Sequence[Rest],
    ) -> Block:
        def column(known: Callable[[str], int], cells: Sequence[str]) -> Integers:
            return np.fromiter(map(known, cells), np.int64, len(cells))

        date_of, quarter_of, rest_of = (
            self._dates.__getitem__,
            self._quarters.__getitem__,
            self._rests.__getitem__,
        )
        return (
            column(date_of, begins),
            column(date_of, ends),
            column(quarter_of, begin_times) * QUARTERS + column(quarter_of, end_times),
            np.fromiter(map(rest_of, rests), np.int64, len(rests)),
        )

    def _arrange(self, fields: list[str]) -> tuple[str, str, str, str, Rest]:
        if len(fields) != self.layout.width:
            raise CellError(None, "the row has too few or too many columns", _CUT)
        begin, begin_time, end, end_time = (
            fields[self.layout.positions[column]] + DELIMITER for column in TIME_COLUMNS
        )
        rest = fields[len(TIME_COLUMNS) :] if self.layout.begins_with_times else fields
        return begin, begin_time, end, end_time, tuple(rest)

    def _refuse_long(self, block: Sequence[str]) -> None:
        if max(map(len, block)) > MAX_LINE_LENGTH:
            offset = next(i for i, line in enumerate(block) if len(line) > MAX_LINE_LENGTH)
            raise self.error(
                self.count + offset, f"the line is longer than {MAX_LINE_LENGTH} characters", _CUT
            )

    def _explain(self, block: Sequence[str]) -> NoReturn:
        """Find the first row of the block that cannot be read, and say why."""
        for offset, line in enumerate(block):
            try:
                self._read_row(line)
            except CellError as error:
                raise self.error(self.count + offset, error.problem, error.remedy, error.column) from error
            except csv.Error as error:
                raise self.error(self.count + offset, "a quote is open or out of place", _CUT) from error
        raise self.error(self.count, "the rows from here on cannot be read", _CUT)

    def _read_row(self, line: str) -> None:
        if not line.strip():
            raise CellError(None, "the line is empty", _CUT)
        fields = next(csv.reader([line], delimiter=DELIMITER, strict=True))
        width = self.layout.width
        if len(fields) != width:
            raise CellError(None, f"the row has {len(fields)} columns instead of {width}", _CUT)
        for column in TIME_COLUMNS:
            raw = fields[self.layout.positions[column]]
            if column in (Column.FROM_DATE, Column.UNTIL_DATE):
                read_date(raw, column)
            else:
                read_quarter(raw, column)
        self._rests[self._arrange(fields)[4]]

    def error(self, row: int, problem: str, remedy: str, column: Column | None = None) -> IntakeError:
        """Make the error of a row."""
        name = self.layout.name(column) if column is not None else None
        return IntakeError(self.file, problem, remedy, line=row + 2, column=name)

    @property
    def days(self) -> list[date]:
        """Every day written in the file; a day that is written in two ways is there twice."""
        return self._dates.days

    @property
    def series(self) -> list[Series]:
        return self._rests.series

    def columns(self) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        """Return per row: indexes of begin day and end day, pair of times, index of the series, value."""
        begin, end, pair, rest = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        series_of = np.array(self._rests.series_of, np.int64)
        values = np.array(self._rests.amounts, np.int64)
        return begin, end, pair, series_of[rest], values[rest]


def _slice(block: Sequence[str]) -> tuple[list[str], list[str], list[str], list[str], list[str]]:
    """Cut `dd/mm/yyyy;hh:mm:ss;dd/mm/yyyy;hh:mm:ss;…`; cells keep their semicolon: it shows a wrong cut."""
    return (
        [line[:11] for line in block],
        [line[11:20] for line in block],
        [line[20:31] for line in block],
        [line[31:40] for line in block],
        [line[40:] for line in block],
    )
