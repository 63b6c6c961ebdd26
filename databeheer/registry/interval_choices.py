"""Whether quarter-hours and hours are read at all: as a grid user chose it, or because a law's need is on record.

What somebody chose moving in stands with the stay (`interval_reading`). What he chose since is a row of its own, from a
day on; the last choice of those that have begun holds. So a choice for now also cancels one that was made for later.
A vacancy chose nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError
from databeheer.storage.look import Look, Work, uuids

ASKED = (
    "coalesce((SELECT c.is_on FROM registry.interval_choice c WHERE c.occupancy_id = o.occupancy_id"
    " AND c.from_day <= :day ORDER BY c.choice_no DESC LIMIT 1), o.interval_reading)"
)
"""SQL: whether the grid user of stay `o` asked for intervals of `:day` (R59)."""
_STANDS = (
    "n.granularity IN ('quarter_hour', 'hour') AND n.data_from <= :day AND n.data_until > :day"
    " AND n.valid_from <= :now AND n.valid_until > :now"
)
NEEDED = (
    f"EXISTS (SELECT FROM registry.necessity n WHERE n.access_point_id = o.access_point_id AND {_STANDS})"
)
"""SQL: whether a record of necessity, with its requester and article, needs intervals of `:day` at `:now` (R60)."""

CHOSEN_OF_MANY = (
    "SELECT DISTINCT ON (c.occupancy_id) c.occupancy_id, c.is_on FROM registry.interval_choice c"
    " WHERE c.occupancy_id = ANY(ARRAY(SELECT occupancy_id FROM place)) AND c.from_day <= :day"
    " ORDER BY c.occupancy_id, c.choice_no DESC"
)
ASKED_OF_MANY = (
    "(p.occupancy_id IN (SELECT occupancy_id FROM chosen WHERE is_on)"
    " OR (p.interval_reading AND p.occupancy_id NOT IN (SELECT occupancy_id FROM chosen WHERE NOT is_on)))"
)
"""SQL: `ASKED` of the stays `p` of thousands of places: their choices (`CHOSEN_OF_MANY`, as `chosen`) in one look."""
NEEDED_OF_MANY = (
    "p.access_point_id IN (SELECT n.access_point_id FROM registry.necessity n"  # noqa: S608  parts of our own
    f" WHERE n.access_point_id = ANY(ARRAY(SELECT access_point_id FROM place)) AND {_STANDS})"
)
"""SQL: `NEEDED` of the points `p` of thousands of places."""


def choose(connection: Connection, occupancy: Any, *, is_on: bool, from_day: date, now: datetime) -> None:
    """Write a grid user's choice down, from a Brussels day on.

    Raises:
        ConflictError: the day lies outside the stay, or nothing would change.
    """
    if from_day < occupancy.from_day or (occupancy.until_day is not None and from_day >= occupancy.until_day):
        raise ConflictError("from_day: outside the occupancy")
    day = {"occupancy": occupancy.occupancy_id, "day": from_day}
    if (
        is_asked(connection, occupancy.occupancy_id, from_day) == is_on
        and not connection.execute(_LATER, day).first()
    ):
        raise ConflictError("so it is already")
    members = {"operator": occupancy.operator, "is_on": is_on, "now": now}
    connection.execute(_CHOOSE, day | members)


def stretches(look: Look, stays: Sequence[Any]) -> Work[dict[UUID, list[tuple[date, date | None]]]]:
    """Return of each stay (rows of registry.occupancy) in which days its grid user wants intervals: [from, until)."""
    made: dict[UUID, list[Any]] = {one.occupancy_id: [] for one in stays}
    rows = look.ask(_OF_STAYS, {"ids": uuids(made)})
    yield
    for row in rows:
        made[row.occupancy_id].append(row)
    return {one.occupancy_id: _stretches_of(one, made[one.occupancy_id]) for one in stays}


def _stretches_of(stay: Any, choices: Sequence[Any]) -> list[tuple[date, date | None]]:
    found: list[tuple[date, date | None]] = []
    begun: date | None = stay.from_day if stay.interval_reading else None
    for day in sorted({choice.from_day for choice in choices}):
        is_on = [choice for choice in choices if choice.from_day <= day][-1].is_on
        if is_on and begun is None:
            begun = day
        elif not is_on and begun is not None:
            found.append((begun, day))
            begun = None
    return [*found, (begun, stay.until_day)] if begun is not None else found


def is_asked(connection: Connection, occupancy_id: UUID, day: date) -> bool:
    """Say whether the grid user of a stay asked for intervals of a day."""
    found: bool = connection.execute(_IS_ASKED, {"stay": occupancy_id, "day": day}).scalar_one()
    return found


def days_read(connection: Connection, occupancy_id: UUID, days: Collection[date], now: datetime) -> set[date]:
    """Return on which of these days intervals are read: on request, or for a need that is on record."""
    members = {"stay": occupancy_id, "days": list(days), "now": now}
    return set(connection.execute(_DAYS_READ, members).scalars())


_OF_STAYS = text("SELECT * FROM registry.interval_choice WHERE occupancy_id = ANY(:ids) ORDER BY choice_no")
_LATER = text(
    "SELECT 1 FROM registry.interval_choice WHERE occupancy_id = :occupancy AND from_day > :day LIMIT 1"
)
_CHOOSE = text(
    "INSERT INTO registry.interval_choice (operator, occupancy_id, from_day, is_on, chosen_at)"
    " VALUES (:operator, :occupancy, :day, :is_on, :now)"
)
_IS_ASKED = text(
    f"SELECT {ASKED} FROM registry.occupancy o WHERE o.occupancy_id = :stay"  # noqa: S608  parts of our own
)
_DAYS_READ = text(
    "SELECT d.day FROM registry.occupancy o, unnest(CAST(:days AS date[])) AS d (day)"  # noqa: S608  parts of our own
    f" WHERE o.occupancy_id = :stay AND ({ASKED.replace(':day', 'd.day')} OR {NEEDED.replace(':day', 'd.day')})"
)
