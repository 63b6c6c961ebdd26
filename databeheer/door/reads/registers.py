"""What a read hands over of the cumulative registers: at the ends of what was granted, and where months begin in it.

Those ends are the customer's own, or under a ceiling of months the ends of months and of the contract itself, for no
part of a month is ever granted: so of a supplier switch the old and the new one get the same reading, that of 00:00
local time on the day of the switch (TRDE 3.3.4 §3; R64), and nobody a reading of a day in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from databeheer.access.decision import Granted
from databeheer.brussels import day_of, midnight
from databeheer.door.facts.of_requests import Channel
from databeheer.door.house import House
from databeheer.door.reads.opening import Stretch, open_days
from databeheer.door.reads.request import Decided
from databeheer.metering.midnights import REACH, AtMidnight, registers_at
from databeheer.metering.states import REGISTER_CODES, State
from databeheer.values import Period, format_instant

Found = dict[Channel, list[dict[str, Any]]]
_DAY = timedelta(days=1)


def open_registers(house: House, reads: Sequence[Decided], as_of: int) -> list[Found]:
    """Return of each read that asked for them the registers of each channel, in order of time."""
    wanted = [
        (number, stretch, granted)
        for number, read in enumerate(reads)
        if read.request.registers
        for stretch, granted in _stretches(house, read)
    ]
    known: list[dict[Channel, dict[tuple[date, int], AtMidnight]]] = [defaultdict(dict) for _ in reads]
    for place, channel, days in open_days(house, [stretch for _, stretch, _ in wanted], as_of):
        number, _, granted = wanted[place]
        states = house.catalogue.row(granted.basis).register_states
        for day in midnights_of(granted.interval):
            for one in registers_at(day, days):
                key = one.day, REGISTER_CODES[one.register]
                # Where somebody moved, either stay may have it: what was read counts before what was estimated.
                if one.state in states and (key not in known[number][channel] or one.state is State.READ):
                    known[number][channel][key] = one
    return [
        {channel: [_view(found[key]) for key in sorted(found)] for channel, found in of_read.items()}
        for of_read in known
    ]


def midnights_of(granted: Period) -> Iterator[date]:
    """Yield the days at whose beginning a register is handed over: both ends of a stretch, and months between.

    An end that is no local midnight has none.
    """
    first = day_of(granted.start)
    last = day_of(granted.end)
    if midnight(first) == granted.start:
        yield first
    month = (first.replace(day=1) + 32 * _DAY).replace(day=1)
    while month < last:
        yield month
        month = (month + 32 * _DAY).replace(day=1)
    if midnight(last) == granted.end:
        yield last


def _stretches(house: House, read: Decided) -> Iterator[tuple[Stretch, Granted]]:
    """Yield what is looked at for each granted stretch: of that stay alone, and as far around as estimates reach.

    What lies around is opened, not handed over. Both sides of a switch look at the same days, so they get one reading.
    """
    point = read.point
    if point is None:
        return
    channels = tuple(channel for channel in point.channels if channel.direction in read.directions)
    for granted in read.leaving:
        if not house.catalogue.row(granted.basis).register_states:
            continue
        first, last = day_of(granted.interval.start), day_of(granted.interval.end)
        around = Period(midnight(first - (REACH + 1) * _DAY), midnight(last + (REACH + 1) * _DAY))
        stay = UUID(granted.occupancy_id)
        stretch = Stretch(
            stay,
            point.roots[granted.occupancy_id],
            around,
            granted.states,
            channels,
            for_bills=house.catalogue.row(granted.basis).is_for_bills,
        )
        yield stretch, granted


def _view(one: AtMidnight) -> dict[str, Any]:
    return {
        "at": format_instant(midnight(one.day)),
        "register": one.register.value,
        "value": one.value,
        "state": one.state.value,
        "method": None if one.method is None else one.method.value,
    }
