"""The stretch of Brussels days that a page of readings shows: a day, a week, a month or a year; and a year before."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from databeheer.brussels import days_between, midnight, slot_starts, slots_in_day
from web import saying
from web.language import _
from web.portal.shown import Point

_MINUTES = {"quarter_hour": 15, "hour": 60, "day": 1440}
_WEEK = timedelta(days=7)
_YEAR_OF_WEEKS = 52 * _WEEK


class Span(enum.StrEnum):
    """How long it is, as the page's address says it."""

    DAY = "dag"
    WEEK = "week"
    MONTH = "maand"
    YEAR = "jaar"


@dataclass(frozen=True)
class Days:
    """Brussels days, both ends included."""

    first: date
    last: date

    def within(self, first: date, last: date) -> Days | None:
        """What of them lies between two days, both included; None where nothing does."""
        found = Days(max(self.first, first), min(self.last, last))
        return found if found.first <= found.last else None


@dataclass(frozen=True)
class Window(Days):
    """Days, with how they are cut into bars; `granularity` is what the door is asked for.

    Longer than a day, that is day totals, whatever is drawn: a month's total alone would not tell which days it lacks.
    """

    chosen: date
    span: Span
    granularity: str

    @classmethod
    def around(cls, chosen: date, span: Span, finest: str) -> Window:
        """The day, or the week (Monday to Sunday), month or year that it is in; `finest` is how a day is read."""
        if span is Span.DAY:
            return cls(chosen, chosen, chosen, span, finest)
        if span is Span.WEEK:
            first = chosen - timedelta(days=chosen.weekday())
            return cls(first, first + _WEEK - timedelta(days=1), chosen, span, "day")
        first = chosen.replace(day=1) if span is Span.MONTH else chosen.replace(month=1, day=1)
        after = (first + timedelta(days=32 if span is Span.MONTH else 366)).replace(day=1)
        return cls(first, after - timedelta(days=1), chosen, span, "day")

    @property
    def hours(self) -> int:
        """How many hours a day counts: 23 or 25 where the clock changes. Of anything longer, 24."""
        return slots_in_day(self.chosen, 60) if self.span is Span.DAY else 24

    def bars(self) -> list[datetime]:
        """The start of each bar (UTC): 92, 96 or 100 quarter-hours (23, 24, 25 hours), days, or twelve months."""
        days = days_between(self.first, self.last)
        if self.span is Span.YEAR:
            return [midnight(day) for day in days if day.day == 1]
        return [at for day in days for at in slot_starts(day, _MINUTES[self.granularity])]

    def bar_of(self, day: date) -> datetime:
        """The start of the bar that a day belongs to, where a bar is a day or longer."""
        return midnight(day.replace(day=1) if self.span is Span.YEAR else day)

    def a_year_before(self, until: date) -> Window:
        """The same window of a year before: as far in it as `until` is in this one.

        A week is compared with the week 52 before it, Monday with Monday. Of a day the total is asked, for quarters of
        two days do not stand beside each other where the clock changed.
        """
        first, chosen = self._moved(self.first), self._moved(self.chosen)
        whole = Window.around(first, self.span, "day")
        last = whole.last if until >= self.last else min(whole.last, self._moved(until))
        return replace(whole, chosen=chosen, last=last)

    def _moved(self, day: date) -> date:
        if self.span is Span.WEEK:
            return day - _YEAR_OF_WEEKS
        is_leap_day = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)

    @property
    def before(self) -> date:
        """A day in the window before this one."""
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        """A day in the window after this one."""
        return self.last + timedelta(days=1)

    @property
    def words(self) -> str:
        """Which days it is."""
        if self.span is Span.DAY:
            return saying.weekday(self.chosen)
        return _("%(first)s tot en met %(last)s", first=saying.day(self.first), last=saying.day(self.last))


@dataclass(frozen=True)
class Steps:
    """What a sum is counted in: the quarters (of gas hours) of each day; days, where one of them is read by the day."""

    granularity: str
    days: Days

    @classmethod
    def of(cls, days: Days, granularity_on: Callable[[date], str]) -> Steps:
        """The finest that every one of these days is read in."""
        found = {granularity_on(day) for day in days_between(days.first, days.last)}
        return cls(found.pop() if len(found) == 1 else "day", days)

    def on(self, day: date) -> int:
        """How many the day has; none outside the days that were asked."""
        if not self.days.first <= day <= self.days.last:
            return 0
        return slots_in_day(day, _MINUTES[self.granularity])


def possible(point: Point, yesterday: date) -> Days:
    """The days of one's own time at an address, up to yesterday; on the very first day, that day."""
    last = min(yesterday, point.ends - timedelta(days=1)) if point.ends else yesterday
    return Days(point.begins, max(last, point.begins))
