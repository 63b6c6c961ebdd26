"""Whole slots: a granularity ceiling holds only if no slot is ever handed over in part.

Whoever may have month totals and asks "the month" up to Monday and up to Tuesday would have Tuesday by
subtraction. So a slot that the wish, or the present moment, cuts in two is not given under that ceiling; and none is
given that has yet to begin, for nobody reads what has not been measured, and a ledger that says so is wrong.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from databeheer.access.intervals import BEGINNING, FOREVER, Pairs, meet, merged
from databeheer.brussels import day_bounds, day_of, midnight
from databeheer.values import Granularity, Period


def slot_around(instant: datetime, granularity: Granularity) -> Period:
    """Return the hour, Brussels day or Brussels month that an instant falls in, as UTC."""
    if granularity is Granularity.MONTH:
        return _month_from(day_of(instant).replace(day=1))
    if granularity is Granularity.DAY:
        return Period(*day_bounds(day_of(instant)))
    # Brussels lies whole hours from UTC, so hours and quarters are the same in both.
    minutes = 60 if granularity is Granularity.HOUR else 15
    since_hour = timedelta(
        minutes=instant.minute % minutes, seconds=instant.second, microseconds=instant.microsecond
    )
    return Period(instant - since_hour, instant - since_hour + timedelta(minutes=minutes))


def cut_slots(finest: Granularity, reach: Pairs, asked: Period, now: datetime) -> Pairs:
    """Return the part of `reach` that lies in a slot of `finest` which would be given in part, or before its time.

    A slot is whole when everything that `reach` holds of it is asked for, and is over: the days of a month before
    a contract began, or after an occupant left, are not missed.
    """
    # Of a wish that lies in the past, the slot around now matters only where the wish ends in it as well.
    edges = (asked.start, asked.end) if asked.end <= now else (asked.start, asked.end, now)
    minutes = _MINUTES[finest.rank]
    cut: list[tuple[datetime, datetime]] = []
    for edge in edges:
        if minutes and not (edge.minute % minutes or edge.second or edge.microsecond):
            continue  # it cuts nothing in two: far the most wishes begin and end on a quarter-hour
        slot = slot_around(edge, finest) if edge is now else _slot_of_edge(edge, finest)
        if slot.start == edge:
            continue
        part = meet(reach, ((slot.start, slot.end),))
        for start, stop in part:
            if start < asked.start or stop > asked.end or slot.start < now < stop:
                cut.extend(part)
                break
    if asked.end > now:
        cut.extend(meet(reach, ((max(asked.start, now), asked.end),)))
    return merged(cut) if cut else ()


def may_sever(finest: Granularity, reach: Pairs) -> bool:
    """Whether `reach` has an edge within a slot, as far as a glance tells: most have theirs on a quarter-hour."""
    minutes = _MINUTES[finest.rank]
    return not minutes or any(
        edge is not FOREVER and (edge.minute % minutes or edge.second or edge.microsecond)
        for pair in reach
        for edge in pair
    )


def severed_slots(finest: Granularity, reach: Pairs, missing: Pairs) -> Pairs:
    """Return the part of `reach` that lies in a slot of `finest` of which another part is `missing`.

    `missing` is what somebody left out who could have had it: a permission's data period, say, which its party
    shortens when it likes. With and without a day, two months would give that day.
    """
    minutes = _MINUTES[finest.rank]
    cut: list[tuple[datetime, datetime]] = []
    for edge in (edge for pair in missing for edge in pair):
        if edge in (BEGINNING, FOREVER):
            continue
        if minutes and not (edge.minute % minutes or edge.second or edge.microsecond):
            continue
        slot = _slot_of_edge(edge, finest)
        if slot.start != edge:
            cut.extend(meet(reach, ((slot.start, slot.end),)))
    return merged(cut) if cut else ()


_MINUTES = (15, 60, 0, 0)
"""By rank; 0 where slots follow the calendar."""


@lru_cache(maxsize=8192)
def _slot_of_edge(edge: datetime, granularity: Granularity) -> Period:
    """The same for the beginning or end of a wish: there are few, and they come back."""
    return slot_around(edge, granularity)


@lru_cache(maxsize=512)
def _month_from(first: date) -> Period:
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(midnight(first), midnight(following))
