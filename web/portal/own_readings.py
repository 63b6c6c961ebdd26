"""One's own readings of many days: asked of the door in parts, and held small until a file is written of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from databeheer.brussels import day_bounds
from databeheer.door.client import DoorRefusedError
from databeheer.metering.aggregate import Span, spans_by_register
from databeheer.metering.measured import Measured
from databeheer.metering.series import slots_of_channel
from databeheer.metering.states import Unit
from databeheer.values import Commodity, Direction, Granularity, format_instant
from web.door import ask

PART = timedelta(days=184)
"""Finer than a day, so much is asked at once: an answer in which every quarter-hour is a text of 200 bytes."""
NOTHING_THERE = frozenset({"no-legal-basis", "outside-granted-period", "granularity-too-fine", "not-found"})
"""Refusals that, of an address of one's own, mean that it has no such readings."""


@dataclass
class Gathered:
    """What the door handed over, in one or more parts, each with its own record."""

    granted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    _channels: dict[tuple[str, str, str | None], Measured] = field(default_factory=dict)

    @property
    def channels(self) -> list[Measured]:
        return list(self._channels.values())

    def add(self, answer: Mapping[str, Any]) -> None:
        """Take one answer in; parts come in the order of their days."""
        self.granted += answer["granted"]
        self.refused += answer["refused"]
        self.receipts.append({"index": answer["index"], "promise": answer["promise"]})
        for channel in answer["channels"]:
            self._channel(channel).add(slots_of_channel(channel))

    def added_up(self, span: Span) -> Gathered:
        """The same with the day totals that were gathered added up, each tariff register by itself."""
        found = replace(self, _channels={})
        for key, channel in self._channels.items():
            sums = Measured(channel.direction, channel.commodity, channel.unit, channel.meter)
            sums.add(spans_by_register(channel, span))
            found._channels[key] = sums
        return found

    def _channel(self, channel: Mapping[str, Any]) -> Measured:
        key = channel["direction"], channel["unit"], channel["meter"]
        if key not in self._channels:
            self._channels[key] = Measured(
                Direction(channel["direction"]),
                Commodity(channel["commodity"]),
                Unit(channel["unit"]),
                channel["meter"],
            )
        return self._channels[key]


def gather(
    occupancy_id: str, first: date, last: date, granularity: Granularity, *, of_own: bool = False
) -> Gathered:
    """Ask for the readings of these Brussels days, both included. Every part is decided and recorded by itself.

    Raises:
        DoorRefusedError: the door gives nothing; where the address is the visitor's own, only for a reason other
            than that there is nothing to give.
    """
    found = Gathered()
    for begin, end in _parts(first, last, granularity):
        arguments: dict[str, Any] = {
            "occupancy_id": occupancy_id,
            "purpose": "own_insight",
            "from": format_instant(day_bounds(begin)[0]),
            "until": format_instant(day_bounds(end)[1]),
            "granularity": granularity.value,
            "mode": "clip",
        }
        try:
            answer = ask("readings.read", **arguments)
        except DoorRefusedError as refusal:
            if not of_own or refusal.code not in NOTHING_THERE:
                raise
            continue
        found.add(answer)
    return found


def _parts(first: date, last: date, granularity: Granularity) -> Iterator[tuple[date, date]]:
    """Days and months are few, and a month is not cut in two."""
    if granularity in (Granularity.DAY, Granularity.MONTH):
        yield first, last
        return
    while first <= last:
        yield first, min(last, first + PART - timedelta(days=1))
        first += PART
