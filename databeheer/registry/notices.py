"""The customer was told that a party will process data for these purposes: the first access comes after it (R7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError


def give(connection: Connection, rows: Sequence[Any], members: dict[str, Any]) -> None:
    """Write down that the customers of these occupancies were told: party_id, purposes, channel, text_sha256, now."""
    for row in rows:
        connection.execute(
            _INSERT,
            {
                **members,
                "operator": row.operator,
                "point": row.access_point_id,
                "occupancy": row.occupancy_id,
            },
        )


def not_told(
    connection: Connection, party_id: UUID, purposes: Sequence[str], today: date, most: int
) -> tuple[list[Any], int]:
    """Return who lives somewhere today and was not told yet (some, and how many more), in the party's territory.

    A party without a territory concerns everybody.
    """
    asked = {"party": party_id, "purposes": list(purposes), "today": today}
    left: int = connection.execute(_COUNT, asked).scalar_one()
    rows = list(connection.execute(_NOT_TOLD, asked | {"most": most}))
    return rows, left - len(rows)


def require_news(
    connection: Connection, occupancy: Any, party_id: UUID, purposes: Sequence[str], now: datetime
) -> None:
    """Raise ConflictError where this customer was told all of it before."""
    told = {"party": party_id, "purposes": list(purposes), "occupancy": occupancy.occupancy_id, "now": now}
    if connection.execute(_TOLD, told).first():
        raise ConflictError("this customer was told so already")


_INSERT = text(
    "INSERT INTO registry.notice (notice_id, operator, access_point_id, occupancy_id, party_id, purposes, channel,"
    " text_sha256, given_at) VALUES (gen_random_uuid(), :operator, :point, :occupancy, :party_id, :purposes, :channel,"
    " :text_sha256, :now)"
)
_TOLD = text(
    "SELECT 1 FROM registry.notice WHERE occupancy_id = :occupancy AND party_id = :party"
    " AND purposes @> CAST(:purposes AS text[]) AND given_at <= :now"
)
_WANTED = (
    " FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id) WHERE o.person_id IS NOT NULL"
    " AND o.from_day <= :today AND (o.until_day IS NULL OR o.until_day > :today)"
    " AND (NOT EXISTS (SELECT FROM registry.territory t WHERE t.party_id = :party) OR EXISTS (SELECT FROM"
    "  registry.territory t WHERE t.party_id = :party AND t.municipality = a.municipality AND t.from_day <= :today"
    "  AND (t.until_day IS NULL OR t.until_day > :today)))"
    " AND NOT EXISTS (SELECT FROM registry.notice n WHERE n.occupancy_id = o.occupancy_id AND n.party_id = :party"
    "  AND n.purposes @> CAST(:purposes AS text[]))"
)
_COUNT = text(f"SELECT count(*){_WANTED}")
_NOT_TOLD = text(f"SELECT o.*{_WANTED} ORDER BY o.occupancy_id LIMIT :most")
