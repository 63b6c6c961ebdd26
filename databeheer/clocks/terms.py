"""The algebra of terms: from the moment that something happened to the first moment that is too late.

A stretch of time is half-open here as everywhere: what is done *at* the due moment is late. Minutes and hours run on
through nights, weekends and changes of the clock. Of days, months and years the day of the event does not count, and
the last one counts whole, in Brussels; none is moved because its last day is a Sunday or a holiday: whoever keeps the
shorter term keeps the longer one too (docs/adr/0012-one-engine-for-all-clocks.md).
"""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from databeheer.brussels import day_of, is_working_day, midnight
from databeheer.errors import MalformedRequestError

_LAST_YEAR = 2200
"""No term ends after it: a date beyond is a mistake, and the calendar of holidays knows nothing of it."""


class Unit(enum.StrEnum):
    """In what a term is counted."""

    MINUTE = "minute"
    HOUR = "hour"
    WORKING_DAY = "working_day"
    """Monday to Friday without the Belgian legal holidays."""
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Term:
    """So many of a unit."""

    amount: int
    unit: Unit

    def due_at(self, start: datetime) -> datetime:
        """Return the first moment (aware UTC) that is too late for what an event at `start` (aware) asks.

        Raises:
            ValueError: `start` has no time zone.
            MalformedRequestError: the term would end after the year 2200.
        """
        if start.tzinfo is None:
            raise ValueError("a moment has a time zone")
        _refuse_beyond(start.year)
        if self.unit is Unit.MINUTE:
            return start + timedelta(minutes=self.amount)
        if self.unit is Unit.HOUR:
            return start + timedelta(hours=self.amount)
        last = self.last_day(day_of(start))
        _refuse_beyond(last.year)
        return midnight(last + timedelta(days=1))

    def last_day(self, day: date) -> date:
        """Return the last Brussels day of a term in days, months or years after an event on `day`."""
        match self.unit:
            case Unit.WORKING_DAY:
                return _working_days_after(day, self.amount)
            case Unit.CALENDAR_DAY:
                return day + timedelta(days=self.amount)
            case Unit.MONTH:
                return _months_after(day, self.amount)
            case Unit.YEAR:
                return _months_after(day, 12 * self.amount)
            case _:
                raise ValueError("minutes and hours have no last day")


def _refuse_beyond(year: int) -> None:
    if year > _LAST_YEAR:
        raise MalformedRequestError("this term would end in a year that no calendar here reaches")


def _working_days_after(day: date, amount: int) -> date:
    while amount:
        day += timedelta(days=1)
        amount -= is_working_day(day)
    return day


def _months_after(day: date, amount: int) -> date:
    """The day of the same number so many months later; where that month is shorter, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + amount, 12)
    _refuse_beyond(year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
