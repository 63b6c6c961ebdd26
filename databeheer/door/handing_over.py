"""What a read hands over: the granted values of each channel, in the slots that were asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from databeheer.door.facts import Channel, Point
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.opening import Stretch, open_stretches
from databeheer.door.read_request import Decided
from databeheer.metering.aggregate import Slot, aggregate, months_by_register
from databeheer.values import Granularity, format_instant


def open_channels(house: House, reads: Sequence[Decided], as_of: int) -> list[list[dict[str, Any]]]:
    """Return the values that may leave of each read, a channel at a time; all of one granularity.

    Each channel: direction, unit, commodity, meter number and its slots, in thousandths of the unit, start and
    end in UTC. Versions are those stored before the reads were recorded (when the ledger had `as_of` entries),
    so that what was handed over can be found again from the entry alone.
    """
    if not reads:
        return []
    pairs = [(number, stretch) for number, read in enumerate(reads) for stretch in _stretches(read)]
    granularity = reads[0].request.granularity
    slots: list[dict[Channel, list[Slot]]] = [defaultdict(list) for _ in reads]
    for place, channel, found in open_stretches(house, [one for _, one in pairs], granularity, as_of):
        slots[pairs[place][0]][channel].extend(found)
    return [
        _channels(house, read.point, found, granularity) if read.point else []
        for read, found in zip(reads, slots, strict=True)
    ]


def _stretches(read: Decided) -> list[Stretch]:
    point = read.point
    if point is None:
        return []
    channels = tuple(channel for channel in point.channels if channel.direction in read.directions)
    return [
        Stretch(
            UUID(granted.occupancy_id),
            point.roots[granted.occupancy_id],
            granted.interval,
            granted.states,
            channels,
        )
        for granted in read.leaving
    ]


def _channels(
    house: House, point: Point, slots: dict[Channel, list[Slot]], granularity: Granularity
) -> list[dict[str, Any]]:
    return [
        {
            "direction": channel.direction.value,
            "unit": channel.unit,
            "commodity": point.commodity,
            "meter": open_text(house, "meter", channel.meter_id, channel.number_sealed),
            "slots": [_view(slot) for slot in _gathered(slots[channel], granularity)],
        }
        for channel in point.channels
        if slots.get(channel)
    ]


def _gathered(slots: list[Slot], granularity: Granularity) -> list[Slot]:
    """Add up to the asked granularity; registers stay apart where totals are asked."""
    in_order = sorted(slots, key=lambda slot: (slot.start, slot.register or ""))
    if granularity is Granularity.MONTH:
        return months_by_register(in_order)
    return aggregate(in_order, granularity) if granularity is Granularity.HOUR else in_order


# Of many points the slots begin and end at the same moments.
_instant = lru_cache(maxsize=8192)(format_instant)


def _view(slot: Slot) -> dict[str, Any]:
    return {
        "start": _instant(slot.start),
        "end": _instant(slot.end),
        "value": slot.value,
        "state": slot.state.value,
        "register": slot.register.value if slot.register else None,
        "conversion": slot.conversion.value if slot.conversion else None,
        "missing": slot.missing,
    }
