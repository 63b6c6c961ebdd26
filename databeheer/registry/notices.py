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
    """Return who lives somewhere today and was not told yet (some, and how many more), as far as the party reaches.

    A party with a territory concerns who lives in it; a grid operator or data manager its own customers; a supplier and
    a registered party those whom it has a contract or a registration with; any other everybody.
    """
    asked = {"party": party_id, "purposes": list(purposes), "today": today}
    left: int = connection.execute(_COUNT, asked).scalar_one()
    rows = list(connection.execute(_NOT_TOLD, asked | {"most": most}))
    return rows, left - len(rows)


def was_told(
    connection: Connection, occupancy: Any, party_id: UUID, purposes: Sequence[str], now: datetime
) -> bool:
    """Say whether this customer was told all of it before."""
    told = {"party": party_id, "purposes": list(purposes), "occupancy": occupancy.occupancy_id, "now": now}
    return connection.execute(_TOLD, told).first() is not None


def require_news(
    connection: Connection, occupancy: Any, party_id: UUID, purposes: Sequence[str], now: datetime
) -> None:
    """Raise ConflictError where this customer was told all of it before."""
    if was_told(connection, occupancy, party_id, purposes, now):
        raise ConflictError("this customer was told so already")


def operators_of(connection: Connection, operator: int) -> list[Any]:
    """Return the parties that read every customer of a grid operator by law: that operator, and its data manager."""
    return list(connection.execute(_OPERATORS, {"operator": operator}))


def begun_in(connection: Connection, occupancy: Any) -> list[Any]:
    """Return the parties that have a contract or a registration which began in a stay, or will."""
    stay = {"point": occupancy.access_point_id, "first": occupancy.from_day, "until": occupancy.until_day}
    return list(connection.execute(_BEGUN_IN, stay))


_INSERT = text(
    "INSERT INTO registry.notice (notice_id, operator, access_point_id, occupancy_id, party_id, purposes, channel,"
    " text_sha256, given_at) VALUES (gen_random_uuid(), :operator, :point, :occupancy, :party_id, :purposes, :channel,"
    " :text_sha256, :now)"
)
_TOLD = text(
    "SELECT 1 FROM registry.notice WHERE occupancy_id = :occupancy AND party_id = :party"
    " AND purposes @> CAST(:purposes AS text[]) AND given_at <= :now"
)
_OPERATORS = text(
    "SELECT * FROM registry.party WHERE operator = :operator AND role IN ('dso', 'data_manager')"
    " ORDER BY role, party_id"
)
_TIES = (
    "WITH tie AS (SELECT c.party_id, c.access_point_id, c.from_day, c.until_day FROM registry.supply_contract c"
    " UNION ALL SELECT r.party_id, r.access_point_id, r.from_day, r.until_day FROM registry.registration r) "
)
_BEGUN_IN = text(
    f"{_TIES}SELECT p.* FROM registry.party p WHERE p.party_id IN (SELECT t.party_id FROM tie t"  # noqa: S608  parts of our own
    " WHERE t.access_point_id = :point AND t.from_day >= :first"
    " AND (CAST(:until AS date) IS NULL OR t.from_day < :until)"
    " AND (t.until_day IS NULL OR t.from_day < t.until_day)) ORDER BY p.party_id"
)
_WANTED = (
    " FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
    " JOIN registry.party p ON p.party_id = :party WHERE o.person_id IS NOT NULL"
    " AND o.from_day <= :today AND (o.until_day IS NULL OR o.until_day > :today)"
    " AND (p.operator IS NULL OR p.operator = o.operator)"
    " AND (p.role NOT IN ('supplier', 'balance_responsible', 'shipper') OR EXISTS (SELECT FROM"
    "  tie t WHERE t.party_id = p.party_id AND t.access_point_id = o.access_point_id"
    "  AND t.from_day >= o.from_day AND (o.until_day IS NULL OR t.from_day < o.until_day)"
    "  AND (t.until_day IS NULL OR t.from_day < t.until_day)))"
    " AND (NOT EXISTS (SELECT FROM registry.territory t WHERE t.party_id = :party) OR EXISTS (SELECT FROM"
    "  registry.territory t WHERE t.party_id = :party AND t.municipality = a.municipality AND t.from_day <= :today"
    "  AND (t.until_day IS NULL OR t.until_day > :today)))"
    " AND NOT EXISTS (SELECT FROM registry.notice n WHERE n.occupancy_id = o.occupancy_id AND n.party_id = :party"
    "  AND n.purposes @> CAST(:purposes AS text[]))"
)
_COUNT = text(f"{_TIES}SELECT count(*){_WANTED}")
_NOT_TOLD = text(f"{_TIES}SELECT o.*{_WANTED} ORDER BY o.occupancy_id LIMIT :most")
