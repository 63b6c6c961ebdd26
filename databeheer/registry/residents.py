"""Who lives at an access point on a day: its grid user, and who made himself known beside him (`concerned`).

They are who must sign there, who sees a request that waits there, and who is told of it: one answer for all of these.
The dead live nowhere, and the home of a grid user who died is nobody's: nobody there can give a consent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_DIED = "EXISTS (SELECT FROM identity.death d WHERE d.person_id = {0}.person_id AND d.refuted_at IS NULL)"
_LIVES = "{0}.from_day <= :today AND ({0}.until_day IS NULL OR {0}.until_day > :today) AND NOT " + _DIED
_RESIDENTS = """WITH resident AS NOT MATERIALIZED (
    SELECT o.occupancy_id, o.person_id, 'grid_user' AS capacity, o.from_day FROM registry.occupancy o
        WHERE o.person_id IS NOT NULL AND {holder}
    UNION ALL SELECT c.occupancy_id, c.person_id, 'natural_person', c.from_day FROM registry.person_concerned c
        JOIN registry.occupancy o USING (occupancy_id)
        WHERE o.person_id IS NOT NULL AND {holder} AND {beside})
"""
RESIDENTS = _RESIDENTS.format(holder=_LIVES.format("o"), beside=_LIVES.format("c"))
"""What a query begins with that asks who lives where on the Brussels day `:today`, as `resident`: occupancy_id,
person_id, capacity, and from_day since when."""


def at(connection: Connection, occupancy_id: UUID, day: date) -> dict[UUID, str]:
    """Return who lives there on a day, and in which capacity each signs; nobody where the occupancy has ended."""
    return at_each(connection, [occupancy_id], day).get(occupancy_id, {})


def at_each(connection: Connection, occupancy_ids: list[UUID], day: date) -> dict[UUID, dict[UUID, str]]:
    """Return the same for many occupancies, in one query; without those where nobody lives."""
    if not occupancy_ids:
        return {}
    return by_stay(connection.execute(AT, {"ids": occupancy_ids, "today": day}))


def by_stay(rows: Iterable[Any]) -> dict[UUID, dict[UUID, str]]:
    """Return the same of the rows of `AT`."""
    found: dict[UUID, dict[UUID, str]] = {}
    for row in rows:
        found.setdefault(row.occupancy_id, {})[row.person_id] = row.capacity
    return found


def live_somewhere(connection: Connection, person_id: UUID, day: date) -> bool:
    """Say whether a person is grid user or resident anywhere on a day."""
    return connection.execute(_SOMEWHERE, {"person": person_id, "today": day}).first() is not None


_OF = (
    "SELECT occupancy_id, person_id, capacity FROM resident WHERE occupancy_id = ANY(:ids)"
    " ORDER BY capacity, from_day, person_id"
)
AT = text(RESIDENTS + _OF)
"""Who lives at the occupancies `:ids` on the Brussels day `:today`."""
_LIVE = "SELECT 1 FROM resident WHERE person_id = :person LIMIT 1"
_SOMEWHERE = text(RESIDENTS + _LIVE)
