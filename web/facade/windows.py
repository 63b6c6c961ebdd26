"""The window of an energy call, moved onto whole slots.

EDDIE cuts days at UTC midnight and ends a window at 23:59:59Z; others send Brussels midnights. A slot is served
when the window touches it, so nothing falls between two windows; what is not granted stays out in any case.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from databeheer.brussels import QUARTER, day_bounds, day_of
from databeheer.values import Granularity

HOUR = timedelta(hours=1)
_STEPS = {Granularity.QUARTER_HOUR: QUARTER, Granularity.HOUR: HOUR}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def whole_slots(start: datetime, end: datetime, granularity: Granularity) -> tuple[datetime, datetime]:
    """Return the smallest window of whole slots that covers [start, end); both aware UTC."""
    if granularity in _STEPS:
        step = _STEPS[granularity]
        return start - (start - EPOCH) % step, end + (EPOCH - end) % step
    first, last = day_bounds(day_of(start))[0], day_bounds(day_of(end))[0]
    return first, last if last == end else day_bounds(day_of(end))[1]
