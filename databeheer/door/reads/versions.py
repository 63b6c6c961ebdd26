"""Which part of what leaves the asker has: of that, only what changed since is opened.

A cursor of changes says at which entry a party read, and what was granted then. What is granted now and was not then
is handed over whole: a doubt that ended, a move, a longer permission may have brought it, and no batch is newer for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from databeheer.brussels import day_of, midnight
from databeheer.door.reads.request import ReadRequest
from databeheer.values import Granularity, Period

Together = Literal["day", "month", "year"]


def together_of(request: ReadRequest) -> Together:
    """What is handed over whole where anything in it changed: days as they are stored, or the sums that were asked."""
    if request.per_year:
        return "year"
    return "month" if request.granularity is Granularity.MONTH else "day"


def parts_of(request: ReadRequest, interval: Period) -> Iterator[tuple[Period, int]]:
    """Yield what leaves in parts, each with the entry since which it is asked; 0 for one that comes whole."""
    reached = interval.start
    if request.since is not None:
        for known in sorted(request.since.granted, key=lambda one: one.start):
            start = _boundary(max(known.start, reached), together_of(request), up=True)
            end = _boundary(min(known.end, interval.end), together_of(request), up=False)
            if start < end:
                if reached < start:
                    yield Period(reached, start), 0
                yield Period(start, end), request.since.index
                reached = end
    if reached < interval.end:
        yield Period(reached, interval.end), 0


def _boundary(instant: datetime, together: Together, *, up: bool) -> datetime:
    """Return the end, or the beginning, of the day, month or year around an instant; itself where it is one."""
    first = _first(day_of(instant), together)
    begins = midnight(first)
    if begins == instant or not up:
        return begins
    return midnight(_first(first + _LONGER[together], together))


def _first(day: date, together: Together) -> date:
    if together == "day":
        return day
    return day.replace(day=1) if together == "month" else day.replace(month=1, day=1)


_LONGER = {"day": timedelta(days=1), "month": timedelta(days=31), "year": timedelta(days=366)}
