"""The digital meters of a grid operator on one day, page by page, each with what bears on its reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.metering.plan.wanted import Meter
from databeheer.registry.interval_choices import ASKED, NEEDED
from databeheer.values import Commodity

PAGE = 4096
FIRST = UUID(int=0)


@dataclass(frozen=True)
class Placed:
    """A meter with the stay that its readings of the day belong to, and its sealed number."""

    meter: Meter
    occupancy_id: UUID
    root_id: UUID
    number_sealed: bytes


def page_of_day(
    connection: Connection,
    operator: int,
    day: date,
    now: datetime,
    *,
    after: UUID = FIRST,
    limit: int = PAGE,
    with_budget: frozenset[UUID] = frozenset(),
) -> list[Placed]:
    """Return the digital meters that hang somewhere on a Brussels day, after one number, in the order of them.

    Left out are those of a stay whose readings were erased: nothing is read into them again. `with_budget` are stays
    whose budget function is active on the day.
    """
    asked = {"operator": operator, "day": day, "now": now, "after": after, "limit": limit}
    return [_placed(row, with_budget) for row in connection.execute(_PAGE, asked)]


def pages_of_day(
    connection: Connection, operator: int, day: date, now: datetime, with_budget: frozenset[UUID]
) -> Iterator[list[Placed]]:
    """Yield all of them."""
    after = FIRST
    while page := page_of_day(connection, operator, day, now, after=after, with_budget=with_budget):
        yield page
        after = page[-1].meter.meter_id


def _placed(row: Any, with_budget: frozenset[UUID]) -> Placed:
    meter = Meter(
        row.meter_id,
        Commodity(row.commodity),
        asked=row.asked,
        needed=row.needed,
        has_budget=row.occupancy_id in with_budget,
    )
    return Placed(meter, row.occupancy_id, row.root_id, bytes(row.number_sealed))


_PAGE = text(
    f"SELECT m.meter_id, m.number_sealed, a.commodity, o.occupancy_id, o.root_id, {ASKED} AS asked,"  # noqa: S608  parts of our own
    f" {NEEDED} AS needed"
    " FROM registry.meter m JOIN registry.access_point a USING (access_point_id)"
    " JOIN registry.occupancy o ON o.access_point_id = m.access_point_id"
    "  AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
    " WHERE m.operator = :operator AND m.is_digital AND m.meter_id > :after"
    " AND (m.installed_on IS NULL OR m.installed_on <= :day) AND (m.removed_on IS NULL OR m.removed_on > :day)"
    " AND NOT EXISTS (SELECT FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id"
    "  AND e.data_class = 'readings' AND e.batch IS NOT NULL)"
    " ORDER BY m.meter_id LIMIT :limit"
)
