"""Rows folded to channel-days, and what only shows when rows are seen together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import numpy as np

from databeheer.brussels import slots_in_day
from databeheer.metering.channel import DAY_MINUTES, ChannelDay
from databeheer.metering.columns import Column
from databeheer.metering.local_time import (
    IMPOSSIBLE,
    QUARTERS,
    REPEATED,
    SLOT_MINUTES,
    kind_of,
    second_pass,
    slot_table,
    slots_of_code,
    why_impossible,
)
from databeheer.metering.rows import NO_VALUE, Integers, Rows
from databeheer.metering.states import (
    MARK_CODES,
    MARKS,
    REGISTER_CODES,
    Conversion,
    Register,
    State,
    Unit,
)
from databeheer.values import EAN, Commodity, Direction

# Above what any access point on the distribution grid can draw (400 MW), in thousandths per quarter-hour.
LARGEST_PER_QUARTER = 100_000_000
_DOWNLOAD = "Download the file again"
_Channel = tuple[EAN, str, Direction, Unit]
_Attributes = tuple[tuple[State, ...], tuple[Register | None, ...], tuple[Conversion | None, ...] | None]


class Fold:
    """The channel-days of one file.

    Raises (from the constructor):
        IntakeError: a period is no slot, a slot comes twice, slot lengths are mixed, a value is absurd, or
            gas and electricity are mixed in one access point.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        begin, end, pair, self.series, self.values = rows.columns()
        self.ordinals = np.array([day.toordinal() for day in rows.days], np.int64)[begin]
        self._scale, self._slot = self._locate_slots(begin, end, pair)
        self._refuse_absurd()
        self.commodities = self._commodities()
        self.channels: list[_Channel] = []
        self._channel = self._number_channels()
        self._tell_passes_apart()
        self._order, self._key = self._sort()

    def _locate_slots(self, begin: Integers, end: Integers, pair: Integers) -> tuple[Integers, Integers]:
        days = self._rows.days
        kinds = np.array([kind_of(day) for day in days], np.int64)
        apart = np.array([day.toordinal() for day in days], np.int64)[end] - self.ordinals
        codes = slot_table()[kinds[begin], np.clip(apart, 0, 1), pair].astype(np.int64)
        codes[(apart < 0) | (apart > 1)] = IMPOSSIBLE
        wrong = np.flatnonzero(codes == IMPOSSIBLE)
        if wrong.size:
            row = int(wrong[0])
            begin_quarter, end_quarter = divmod(int(pair[row]), QUARTERS)
            at_end, problem = why_impossible(days[begin[row]], days[end[row]], begin_quarter, end_quarter)
            column = Column.UNTIL_TIME if at_end else Column.FROM_TIME
            raise self._rows.error(row, problem, _DOWNLOAD, column)
        return codes >> 8, codes & 0xFF

    def _refuse_absurd(self) -> None:
        limits = np.array([LARGEST_PER_QUARTER * minutes // 15 for minutes in SLOT_MINUTES], np.int64)
        wrong = np.flatnonzero(self.values > limits[self._scale])
        if wrong.size:
            problem = "the volume is larger than any connection can carry in that time"
            raise self._rows.error(int(wrong[0]), problem, _DOWNLOAD, Column.VOLUME)

    def _commodities(self) -> dict[EAN, Commodity]:
        has_conversion_column = self._rows.layout.is_gas
        by_point: dict[EAN, list[int]] = {}
        for index, series in enumerate(self._rows.series):
            by_point.setdefault(series.ean, []).append(index)
        return {ean: self._commodity(indexes, has_conversion_column) for ean, indexes in by_point.items()}

    def _commodity(self, indexes: list[int], has_conversion_column: bool) -> Commodity:
        series = {index: self._rows.series[index] for index in indexes}
        for index, one in series.items():
            # Every export of gas has that column. Water is in m3 too, and would be another house's (R177).
            if one.unit is Unit.M3 and not has_conversion_column:
                self._refuse_series(index, "these are no m3 of gas: there is no caloric value", Column.UNIT)
        totals_only = all(s.register is Register.TOTAL for s in series.values())
        if any(s.unit is Unit.M3 for s in series.values()) or (has_conversion_column and totals_only):
            for index, one in series.items():
                if one.register is not Register.TOTAL:
                    self._refuse_series(index, "this register is none of a gas meter", Column.REGISTER)
            return Commodity.GAS
        for index, one in series.items():
            if one.conversion is not None:
                self._refuse_series(index, "electricity has no caloric value", Column.CONVERSION)
        return Commodity.ELECTRICITY

    def _refuse_series(self, series: int, problem: str, column: Column) -> None:
        row = int(np.flatnonzero(self.series == series)[0])
        raise self._rows.error(row, problem, _DOWNLOAD, column)

    def _number_channels(self) -> Integers:
        numbers: dict[_Channel, int] = {}
        of_series = [
            numbers.setdefault((s.ean, s.meter_number, s.direction, s.unit), len(numbers))
            for s in self._rows.series
        ]
        self.channels = list(numbers)
        return np.array(of_series, np.int64)[self.series]

    def _tell_passes_apart(self) -> None:
        """Give the rows of the repeated hour their slot: per channel, the first is summer time."""
        waiting: dict[tuple[int, int, int], int] = {}
        done: set[tuple[int, int, int]] = set()
        for row in np.flatnonzero(self._slot & REPEATED).tolist():
            index, minutes, _ = slots_of_code(int(self._slot[row]) | int(self._scale[row]) << 8)
            place = (int(self._channel[row]), int(self.ordinals[row]), index)
            if place in done:
                raise self._twice(row)
            if place in waiting:
                del waiting[place]
                done.add(place)
                index = second_pass(index, minutes)
            else:
                waiting[place] = row
            self._slot[row] = index
        if waiting:
            problem = (
                "this slot of the hour that comes twice is there once: it cannot be told which one it is"
            )
            raise self._rows.error(min(waiting.values()), problem, _DOWNLOAD, Column.FROM_TIME)

    def _sort(self) -> tuple[Integers, Integers]:
        """Order rows by channel, day, slot; refuse what comes twice and mixed slot lengths."""
        codes = np.array([REGISTER_CODES[s.register] for s in self._rows.series], np.int64)[self.series]
        slot = np.where(self._scale == SLOT_MINUTES.index(DAY_MINUTES), codes, self._slot)
        key = self._channel << 40 | self.ordinals << 12 | self._scale << 8 | slot
        order = np.argsort(key, kind="stable")
        key = key[order]
        twice = order[1:][key[1:] == key[:-1]]
        if twice.size:
            raise self._twice(int(twice.min()))
        mixed = order[1:][(key[1:] >> 8 != key[:-1] >> 8) & (key[1:] >> 12 == key[:-1] >> 12)]
        if mixed.size:
            problem = "this day has slots of different lengths"
            raise self._rows.error(int(mixed.min()), problem, _DOWNLOAD, Column.UNTIL_TIME)
        return order, key

    def _twice(self, row: int) -> Exception:
        return self._rows.error(row, "this slot comes twice", _DOWNLOAD, Column.FROM_TIME)

    def channel_days(self) -> Iterator[ChannelDay]:
        """Yield every channel-day: channels in the order of the file, days in order."""
        series_marks = [MARK_CODES[s.state, s.register, s.conversion] for s in self._rows.series]
        marks = np.array(series_marks, np.uint8)[self.series][self._order]
        values = self.values[self._order]
        slots = self._key & 0xFF
        ends = np.append(np.flatnonzero(np.diff(self._key >> 8)) + 1, self._key.size)
        start = 0
        for end, key in zip(ends.tolist(), self._key[ends - 1].tolist(), strict=True):
            part = slice(start, end)
            day = date.fromordinal(key >> 12 & 0xFFFFFFF)
            minutes = SLOT_MINUTES[key >> 8 & 0xF]
            yield self._channel_day(key >> 40, day, minutes, slots[part], values[part], marks[part])
            start = end

    def _channel_day(
        self,
        channel: int,
        day: date,
        minutes: int,
        slots: Integers,
        values: Integers,
        marks: np.ndarray[tuple[int], np.dtype[np.uint8]],
    ) -> ChannelDay:
        count = slots.size if minutes == DAY_MINUTES else slots_in_day(day, minutes)
        if slots.size != count:
            all_values = np.full(count, NO_VALUE, np.int64)
            all_marks = np.zeros(count, np.uint8)
            all_values[slots], all_marks[slots] = values, marks
            values, marks = all_values, all_marks
        numbers = values.tolist()
        ean, meter_number, direction, unit = self.channels[channel]
        return ChannelDay(
            ean,
            meter_number,
            self.commodities[ean],
            direction,
            unit,
            day,
            minutes,
            tuple(numbers) if min(numbers) >= 0 else tuple(None if v < 0 else v for v in numbers),
            *_attributes(marks.tobytes()),
        )


@lru_cache(maxsize=65536)
def _attributes(codes: bytes) -> _Attributes:
    """Return states, registers and conversions of a day; shared, since most days have the same."""
    marks = [MARKS[code] for code in codes]
    conversions = tuple(mark.conversion for mark in marks)
    return (
        tuple(mark.state for mark in marks),
        tuple(mark.register for mark in marks),
        conversions if any(conversions) else None,
    )
