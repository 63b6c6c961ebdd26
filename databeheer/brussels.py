"""Days as the Flemish market counts them: Europe/Brussels, 92, 96 or 100 quarter-hours.

Occupancies and contracts change at local midnight; storage and API use UTC (design.md, Time).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = timedelta(minutes=15)


@lru_cache(maxsize=8192)
def midnight(day: date) -> datetime:
    """Return the UTC instant at which a Brussels day begins."""
    return datetime.combine(day, time(), BRUSSELS).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the UTC instants [begin, end) of a Brussels day: 23, 24 or 25 hours apart."""
    return midnight(day), midnight(day + timedelta(days=1))


def day_of(instant: datetime) -> date:
    """Return the Brussels day that an aware instant falls on."""
    return instant.astimezone(BRUSSELS).date()


@lru_cache(maxsize=8192)
def slots_in_day(day: date, minutes: int = 15) -> int:
    """Return how many slots of `minutes` the Brussels day has: 92, 96 or 100 quarter-hours; one of 1440."""
    begin, end = day_bounds(day)
    if minutes == 1440:
        return 1
    return int((end - begin) / timedelta(minutes=minutes))


@lru_cache(maxsize=4096)
def slot_starts(day: date, minutes: int = 15) -> tuple[datetime, ...]:
    """Return the UTC starts of all slots of a Brussels day, in order."""
    begin = midnight(day)
    step = timedelta(minutes=minutes)
    return tuple(begin + index * step for index in range(slots_in_day(day, minutes)))


def days_between(first: date, last: date) -> list[date]:
    """Return every day from `first` up to and including `last`."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


@lru_cache(maxsize=64)
def _belgian_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BE", years=year))


def is_working_day(day: date) -> bool:
    """Say whether `day` is a Belgian working day: Monday to Friday, no legal holiday."""
    return day.weekday() < 5 and day not in _belgian_holidays(day.year)
