"""From the local times that an export writes to the slot of the Brussels day they mean.

Local times carry no offset. The tables below are computed from the zone itself, by writing down the local
begin and end of every slot of a day of each length. On the day with 25 hours the last slot of the first pass
through the repeated hour therefore reads 02:45 to 02:00 (gas: 02:00 to 02:00), and the other slots of that
hour read the same on both passes: those are *repeated*, and the order of rows tells them apart, summer time
first.
"""

from __future__ import annotations

import enum
import re
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import numpy.typing as npt

from databeheer.brussels import BRUSSELS, slot_starts, slots_in_day
from databeheer.metering.channel import DAY_MINUTES
from databeheer.values import is_within_horizon

QUARTERS = 96
PAIRS = QUARTERS * QUARTERS
IMPOSSIBLE = -1
SLOT_MINUTES = (15, 60, DAY_MINUTES)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")
_DATE = re.compile(r"([0-9]{2})([-/])([0-9]{2})\2([0-9]{4})")

# One slot as a small number: bits 0-6 index in the day, bit 7 repeated, bits 8-9 index into SLOT_MINUTES.
REPEATED = 1 << 7


class DayKind(enum.IntEnum):
    """Length of a Brussels day: 92, 96 or 100 quarter-hours."""

    SPRING = 0
    NORMAL = 1
    AUTUMN = 2


_EXAMPLES = {
    DayKind.SPRING: date(2024, 3, 31),
    DayKind.NORMAL: date(2024, 6, 1),
    DayKind.AUTUMN: date(2024, 10, 27),
}
_KIND_OF_COUNT = {slots_in_day(day): kind for kind, day in _EXAMPLES.items()}


def parse_date(raw: str) -> date:
    """Read dd-mm-yyyy or dd/mm/yyyy within `HORIZON`; ValueError otherwise."""
    match = _DATE.fullmatch(raw)
    if match is None:
        raise ValueError("not a date")
    day = date(int(match[4]), int(match[3]), int(match[1]))
    if not is_within_horizon(day):
        raise ValueError("year out of range")
    return day


def parse_quarter(raw: str) -> int:
    """Read hh:mm:ss on the quarter-hour as 0 to 95; ValueError otherwise."""
    match = _TIME.fullmatch(raw)
    if match is None or int(match[2]) % 15 or match[3] != "00":
        raise ValueError("not a quarter-hour")
    return int(match[1]) * 4 + int(match[2]) // 15


def kind_of(day: date) -> DayKind:
    """Return the length of `day`."""
    return _KIND_OF_COUNT[slots_in_day(day)]


def slots_of_code(code: int) -> tuple[int, int, bool]:
    """Return (index in the day, minutes, whether the slot reads the same on both passes)."""
    return code & 127, SLOT_MINUTES[code >> 8], bool(code & REPEATED)


def _quarter(local: datetime) -> int:
    return local.hour * 4 + local.minute // 15


@cache
def slot_table() -> npt.NDArray[np.int16]:
    """Return codes by [DayKind, days from begin to end (0 or 1), begin quarter * 96 + end quarter].

    `IMPOSSIBLE` where no slot of such a day reads like that.
    """
    table = np.full((len(DayKind), 2, PAIRS), IMPOSSIBLE, dtype=np.int16)
    for kind, day in _EXAMPLES.items():
        for scale, minutes in enumerate(SLOT_MINUTES):
            _fill(table[kind], day, scale, minutes)
    # The clock jumps at 02:00, which is 03:00: the end of the last slot before it may be written either way.
    before = 2 * 4
    for begin in (before - 1, before - 4):
        table[DayKind.SPRING, 0, begin * QUARTERS + before] = table[
            DayKind.SPRING, 0, begin * QUARTERS + before + 4
        ]
    table.flags.writeable = False
    return table


def _fill(table: npt.NDArray[np.int16], day: date, scale: int, minutes: int) -> None:
    if minutes == DAY_MINUTES:
        table[1, 0] = scale << 8
        return
    for index, start in enumerate(slot_starts(day, minutes)):
        begin = start.astimezone(BRUSSELS)
        end = (start + timedelta(minutes=minutes)).astimezone(BRUSSELS)
        place = (end.date() - day).days, _quarter(begin) * QUARTERS + _quarter(end)
        if table[place] == IMPOSSIBLE:
            table[place] = scale << 8 | index
        else:
            table[place] |= REPEATED


def second_pass(index: int, minutes: int) -> int:
    """Return the index of the winter slot that reads like the repeated summer slot `index`."""
    return index + 60 // minutes


def why_impossible(day: date, end_day: date, begin: int, end: int) -> tuple[bool, str]:
    """Say what is wrong with a period that is no slot: (whether its end is at fault, the problem)."""
    if kind_of(day) is DayKind.SPRING and 8 <= begin < 12:
        return False, "this time does not exist: the clock goes from 02:00 to 03:00 on this day"
    if kind_of(end_day) is DayKind.SPRING and 8 < end < 12:
        return True, "this time does not exist: the clock goes from 02:00 to 03:00 on this day"
    if (end_day, end) <= (day, begin):
        return True, "the period ends before or when it starts"
    return True, "the period is not a quarter-hour, an hour or a day"
