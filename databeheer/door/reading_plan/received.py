"""The newest totals of a page of meters on one day, opened for counting: what they hold leaves the door as counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.plan.completeness import Finding, find
from databeheer.metering.plan.meters import Placed
from databeheer.metering.plan.wanted import DIRECTIONS, UNITS, Wanted, wanted
from databeheer.metering.profile import ProfileError
from databeheer.metering.sealing import Coordinates
from databeheer.metering.totals import DayTotal, unpack_total
from databeheer.values import Direction

_log = structlog.get_logger("door")
Stored = Mapping[tuple[UUID, Direction], DayTotal]


@dataclass(frozen=True)
class _Place:
    """A channel of a meter, and what opens its rows."""

    meter_id: UUID
    direction: Direction
    root: bytes
    pseudonym: bytes
    handle: bytes


def stored_totals(
    house: House, connection: Connection, page: Sequence[Placed], day: date, as_of: int
) -> Stored:
    """Return the newest total of each meter and direction, as stored before entry `as_of`.

    A row that does not open counts as none: it is to be read again, and a log line says that there is one.
    """
    places = {(place.pseudonym, place.handle): place for place in _places(house, page)}
    asked = {
        "pseudonyms": list({place.pseudonym for place in places.values()}),
        "day": day,
        "as_of": as_of,
    }
    found: dict[tuple[UUID, Direction], DayTotal] = {}
    for row in connection.execute(_TOTALS, asked):
        place = places.get((bytes(row.pseudonym), bytes(row.channel)))
        total = _opened(place, row) if place is not None else None
        if place is not None and total is not None:
            key = place.meter_id, place.direction
            # Of gas in two units the finer one counts.
            if key not in found or total.slot_minutes < found[key].slot_minutes:
                found[key] = total
    return found


def findings(one: Placed, stored: Stored, day: date) -> list[tuple[Wanted, Finding]]:
    """Return what came of each thing that is wanted of a meter."""
    return [
        (each, find(each, stored.get((one.meter.meter_id, each.direction)), day))
        for each in wanted(one.meter)
    ]


def _places(house: House, page: Sequence[Placed]) -> list[_Place]:
    roots = house.readings_roots({one.root_id.bytes for one in page})
    places = []
    for one in page:
        root, meter = roots[one.root_id.bytes], one.meter
        pseudonym = seals.pseudonym(root)
        for direction in DIRECTIONS[meter.commodity]:
            for unit in UNITS[meter.commodity]:
                handle = seals.channel_handle(root, meter.meter_id, direction, unit)
                places.append(_Place(meter.meter_id, direction, root, pseudonym, handle))
    return places


def _opened(place: _Place, row: Any) -> DayTotal | None:
    key = seals.profile_key(place.root, "total", place.handle, row.day, row.version)
    where = Coordinates(place.pseudonym, place.handle, row.day, row.version)
    try:
        return unpack_total(
            unseal_profile(key, bytes(row.total_sealed), bytes(row.fingerprint), where, "total")
        )
    except (SealError, ProfileError) as error:
        _log.error("a stored value does not open", part="total", error=type(error).__name__)
        return None


_TOTALS = text(
    "SELECT DISTINCT ON (p.pseudonym, p.channel) p.pseudonym, p.channel, p.day, p.version, p.fingerprint,"
    " p.total_sealed FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = ANY(:pseudonyms) AND p.day = :day AND b.stored_index < :as_of"
    " ORDER BY p.pseudonym, p.channel, p.version DESC"
)
