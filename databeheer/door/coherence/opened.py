"""A page of meters opened to be judged: the day itself, and of each channel the days before it in the same stay."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.metering.coherence import HISTORY_DAYS, Known, days_opened
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.plan.meters import Placed
from databeheer.metering.plan.wanted import DIRECTIONS, UNITS
from databeheer.metering.profile import ProfileError, originals_of
from databeheer.metering.sealing import Coordinates
from databeheer.metering.states import Unit
from databeheer.metering.totals import unpack_total
from databeheer.metering.unpacking import unpack_rows
from databeheer.values import Commodity, Direction

_log = structlog.get_logger("door")


@dataclass(frozen=True)
class Channel:
    """A channel of a meter on the day, what opens its rows, and the points that it is like."""

    meter_id: UUID
    commodity: Commodity
    direction: Direction
    unit: Unit
    profile_type: str | None
    root_id: UUID
    root: bytes = field(repr=False)
    pseudonym: bytes = field(repr=False)
    handle: bytes = field(repr=False)

    @property
    def kind(self) -> tuple[str | None, Direction, Unit]:
        """What its use is held against: that of others of this kind."""
        return self.profile_type, self.direction, self.unit


@dataclass
class Opened:
    """What is stored of a channel: by day, and the version and the class of the day that is judged."""

    channel: Channel
    days: dict[date, Known] = field(default_factory=dict)
    version: int = 0
    is_informative: bool = False
    informative: set[date] = field(default_factory=set)
    """Days of which only informative readings are stored."""

    def counts(self, day: date) -> bool:
        """Whether a day before says what to expect of the judged one: no bill rests on informative ones (R61)."""
        return self.is_informative or day not in self.informative


def channels_of(house: House, connection: Connection, page: Sequence[Placed]) -> list[Channel]:
    """Return the channels that the meters of a page may have."""
    roots = house.readings_roots({one.root_id.bytes for one in page})
    asked = {"meters": [one.meter.meter_id for one in page]}
    kinds = {row.meter_id: row.profile_type for row in connection.execute(_KINDS, asked)}
    found = []
    for one in page:
        root, meter = roots[one.root_id.bytes], one.meter
        for direction in DIRECTIONS[meter.commodity]:
            for unit in UNITS[meter.commodity]:
                handle = seals.channel_handle(root, meter.meter_id, direction, unit)
                kind, pseudonym = kinds[meter.meter_id], seals.pseudonym(root)
                found.append(
                    Channel(
                        meter.meter_id,
                        meter.commodity,
                        direction,
                        unit,
                        kind,
                        one.root_id,
                        root,
                        pseudonym,
                        handle,
                    )
                )
    return found


def open_day(connection: Connection, channels: Sequence[Channel], day: date, as_of: int) -> list[Opened]:
    """Open the totals of the day alone."""
    return list(_opened(connection, channels, [day], frozenset(), as_of))


def open_all(connection: Connection, channels: Sequence[Channel], day: date, as_of: int) -> list[Opened]:
    """Open the day and what is asked of the days before; only channels of which the day itself is stored."""
    days = [day - timedelta(days=number) for number in range(HISTORY_DAYS + 1)]
    found = _opened(connection, channels, days, frozenset(days_opened(day)), as_of)
    return [one for one in found if day in one.days]


def _opened(
    connection: Connection,
    channels: Sequence[Channel],
    days: Sequence[date],
    whole: Collection[date],
    as_of: int,
) -> Iterator[Opened]:
    """Yield what is stored before entry `as_of`; what does not open counts as not there, and a log line says so."""
    by_handle = {(one.pseudonym, one.handle): Opened(one) for one in channels}
    asked = {
        "pseudonyms": list({one.pseudonym for one in channels}),
        "first": min(days),
        "last": max(days),
        "whole": list(whole),
        "as_of": as_of,
    }
    spelled: list[bytes] = []
    places: list[tuple[Opened, date]] = []
    for row in connection.execute(_ROWS, asked):
        one = by_handle.get((bytes(row.pseudonym), bytes(row.channel)))
        if one is None:
            continue
        try:
            total = unpack_total(_unsealed(one.channel, row, "total", row.total_sealed))
            values = row.values_sealed
            if values is not None:
                spelled.append(_unsealed(one.channel, row, "values", values))
                places.append((one, row.day))
        except (SealError, ProfileError) as error:
            _log.error("a stored value does not open", part="day", error=type(error).__name__)
            continue
        one.days[row.day] = Known(total)
        if row.is_informative:
            one.informative.add(row.day)
        if row.day == max(days):
            one.version, one.is_informative = row.version, row.is_informative
    for (one, day), plain, slots in zip(places, spelled, unpack_rows(spelled), strict=True):
        if slots is None:
            _log.error("a stored value does not open", part="values", error="ProfileError")
            del one.days[day]
        else:
            one.days[day] = Known(one.days[day].total, slots, originals_of(plain))
    yield from by_handle.values()


def _unsealed(channel: Channel, row: Any, part: str, sealed: Any) -> bytes:
    key = seals.profile_key(channel.root, part, channel.handle, row.day, row.version)
    where = Coordinates(channel.pseudonym, channel.handle, row.day, row.version)
    return unseal_profile(key, bytes(sealed), bytes(row.fingerprint), where, part)


def volumes(opened: Sequence[Opened]) -> dict[tuple[UUID, Direction], Opened]:
    """Return the channels in m3 of gas, by meter and direction."""
    return {
        (one.channel.meter_id, one.channel.direction): one for one in opened if one.channel.unit is Unit.M3
    }


_KINDS = text(
    "SELECT m.meter_id, a.profile_type FROM registry.meter m JOIN registry.access_point a USING (access_point_id)"
    " WHERE m.meter_id = ANY(:meters)"
)
_ROWS = text(
    "SELECT DISTINCT ON (p.pseudonym, p.channel, p.day) p.pseudonym, p.channel, p.day, p.version, p.fingerprint,"
    " p.total_sealed, CASE WHEN p.day = ANY(:whole) THEN p.values_sealed END AS values_sealed,"
    " b.is_informative"
    " FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = ANY(:pseudonyms) AND p.day BETWEEN :first AND :last AND b.stored_index < :as_of"
    " ORDER BY p.pseudonym, p.channel, p.day, p.version DESC"
)
