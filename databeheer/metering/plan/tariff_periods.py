"""The two tariff periods: which register counts when. The whole weekend is low (3.1.35, 3.1.36, draft 2018; R65).

High is Monday to Friday from 07:00 to 22:00 local time, legal holidays included: so the real exports have it. Every
other time is low. A meter counts both periods in registers of their own, in each direction.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from databeheer.brussels import BRUSSELS, slot_starts
from databeheer.metering.states import Register

HIGH, LOW = Register.DAY, Register.NIGHT
PERIODS = (HIGH, LOW)
FIRST_HOUR, END_HOUR = 7, 22
"""The high period, in hours of the local clock."""
FIRST_DAY_OF_WEEKEND = 5
"""Saturday, as `date.weekday` counts."""


def period_at(instant: datetime) -> Register:
    """Return the period that runs at an aware instant."""
    local = instant.astimezone(BRUSSELS)
    is_high = local.weekday() < FIRST_DAY_OF_WEEKEND and FIRST_HOUR <= local.hour < END_HOUR
    return HIGH if is_high else LOW


@lru_cache(maxsize=256)
def periods_of(day: date, minutes: int) -> tuple[Register, ...]:
    """Return the period of each slot of a Brussels day: 92, 96 or 100 quarter-hours, 23, 24 or 25 hours."""
    return tuple(period_at(start) for start in slot_starts(day, minutes))


def periods_on(day: date) -> tuple[Register, ...]:
    """Return the periods that run at all on a day: of a Saturday or Sunday the low one alone."""
    found = set(periods_of(day, 60))
    return tuple(period for period in PERIODS if period in found)
