"""All quarter-hours of a stretch of Brussels days as arrays, in real time."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from databeheer.brussels import BRUSSELS, days_between, is_working_day, midnight, slot_starts, slots_in_day

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


class Calendar:
    """The days `first` to `last`, both included. Arrays run over quarter-hours, unless they are per day."""

    def __init__(self, first: date, last: date) -> None:
        self.days = days_between(first, last)
        self.counts: Integers = np.array([slots_in_day(day) for day in self.days], np.int64)
        self.begins: Integers = np.concatenate(([0], np.cumsum(self.counts)))
        self.day: Integers = np.repeat(np.arange(len(self.days)), self.counts)
        self.wall: Integers = np.concatenate([_wall(int(count)) for count in self.counts])

    @property
    def size(self) -> int:
        """How many quarter-hours there are."""
        return int(self.begins[-1])

    @cached_property
    def weekday(self) -> Integers:
        """Per day: 0 for Monday."""
        return np.array([day.weekday() for day in self.days], np.int64)

    @cached_property
    def works(self) -> Booleans:
        """Per day: whether it is a working day."""
        return np.array([is_working_day(day) for day in self.days])

    @cached_property
    def season(self) -> Floats:
        """Per day: the angle of the year, zero in the middle of January."""
        return np.array([2 * np.pi * (day.timetuple().tm_yday - 15) / 365.25 for day in self.days])

    @cached_property
    def utc_hour(self) -> Floats:
        """The hour of the day in UTC, in quarters."""
        begin = midnight(self.days[0])
        return (begin.hour + np.arange(self.size) / 4) % 24

    @cached_property
    def is_day_tariff(self) -> Booleans:
        """Monday to Friday 07:00 to 22:00, holidays included."""
        return (self.weekday[self.day] < 5) & (self.wall >= 7 * 4) & (self.wall < 22 * 4)

    def index_of(self, day: date) -> int:
        """Return the index of `day`, clipped to the calendar (the number of days where it lies after it)."""
        return min(max((day - self.days[0]).days, 0), len(self.days))


_EXAMPLES = {slots_in_day(day): day for day in (date(2024, 3, 31), date(2024, 6, 1), date(2024, 10, 27))}


@lru_cache(maxsize=8)
def local_slots(count: int, minutes: int) -> tuple[tuple[int, str, str, bool], ...]:
    """Return the slots of a day with `count` quarter-hours as an export writes them, in the export's order.

    (index in real time, begin, end, whether the end is on the next day); the repeated hour interleaved.
    """
    day = _EXAMPLES[count]
    slots = []
    for index, start in enumerate(slot_starts(day, minutes)):
        begin = start.astimezone(BRUSSELS)
        end = (start + timedelta(minutes=minutes)).astimezone(BRUSSELS)
        slots.append((index, f"{begin:%H:%M:%S}", f"{end:%H:%M:%S}", end.date() > day))
    return tuple(sorted(slots, key=lambda slot: (slot[1], slot[0])))


@lru_cache(maxsize=8)
def _wall(count: int) -> Integers:
    """Return the local quarter-hour (0 to 95) of each slot of a day with `count` of them."""
    slots = sorted(local_slots(count, 15))
    return np.array([int(begin[:2]) * 4 + int(begin[3:5]) // 15 for _, begin, _, _ in slots], np.int64)
