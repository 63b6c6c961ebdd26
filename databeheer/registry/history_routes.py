"""On which way a customer gets the history of his own consumption: the table of R90, by what hangs at the home.

A digital meter's is in the portal; that of another that is read at a distance, on a page of the website, three years
back at most; of what somebody reads by hand, or of which nobody said what it is, by letter to the home.

Source: R90 (reports of the grid operators); three years: Technical regulation 5.4.1.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

MOST_YEARS = 3


class MeterKind(enum.StrEnum):
    """What a meter is, as far as its history goes."""

    DIGITAL = "digital"
    REMOTELY_READ = "remotely_read"
    """Not digital, and read at a distance all the same."""
    READ_BY_HAND = "read_by_hand"
    """By somebody who stands before it; also where nobody has said what it is."""


class Route(enum.StrEnum):
    """On which way a history goes."""

    PORTAL = "portal"
    WEBSITE = "website"
    LETTER = "letter"


ROUTES = {
    MeterKind.DIGITAL: Route.PORTAL,
    MeterKind.REMOTELY_READ: Route.WEBSITE,
    MeterKind.READ_BY_HAND: Route.LETTER,
}
_LEAST = (MeterKind.READ_BY_HAND, MeterKind.REMOTELY_READ, MeterKind.DIGITAL)


@dataclass(frozen=True)
class Meter:
    """What was written down of a meter; None where nobody has said it."""

    is_digital: bool | None
    is_remotely_read: bool | None = None

    @property
    def kind(self) -> MeterKind:
        if self.is_digital:
            return MeterKind.DIGITAL
        is_known = self.is_digital is not None and self.is_remotely_read
        return MeterKind.REMOTELY_READ if is_known else MeterKind.READ_BY_HAND


def route(meters: Collection[Meter]) -> Route:
    """Return the way of a home: where several meters hang, that of the least of them; without any, the letter."""
    kinds = {meter.kind for meter in meters}
    return ROUTES[next((kind for kind in _LEAST if kind in kinds), MeterKind.READ_BY_HAND)]


def routes(
    connection: Connection, occupancy_ids: Sequence[UUID], read_finely: Collection[UUID]
) -> dict[UUID, Route]:
    """Return the way of each of these homes, by the meters that hang there now.

    `read_finely`: homes where somebody chose to be read by quarter or hour. Only of a digital meter is that a choice
    (3.1.53), so one of which nobody wrote down what it is, is digital there.
    """
    found: dict[UUID, list[Meter]] = {one: [] for one in occupancy_ids}
    for row in connection.execute(_METERS, {"stays": list(occupancy_ids)}):
        is_digital = row.occupancy_id in read_finely or None if row.is_digital is None else row.is_digital
        found[row.occupancy_id].append(Meter(is_digital, row.is_remotely_read))
    return {
        one: route(meters or [Meter(True)] if one in read_finely else meters) for one, meters in found.items()
    }


def first_day(today: date) -> date:
    """Return the first day of a history: of a whole month, at most MOST_YEARS back."""
    since = today.replace(year=today.year - MOST_YEARS, day=1)
    if today.day == 1:
        return since
    return since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)


def write_down(connection: Connection, meter_id: UUID, *, is_remotely_read: bool) -> None:
    """Write down whether a meter that is not digital is read at a distance."""
    connection.execute(_REMOTE, {"meter": meter_id, "remote": is_remotely_read})


_METERS: Any = text(
    "SELECT o.occupancy_id, m.is_digital, m.is_remotely_read FROM registry.occupancy o"
    " JOIN registry.meter m USING (access_point_id) WHERE o.occupancy_id = ANY(:stays) AND m.removed_on IS NULL"
    " AND m.place = 'meter'"
)
_REMOTE = text("UPDATE registry.meter SET is_remotely_read = :remote WHERE meter_id = :meter")
