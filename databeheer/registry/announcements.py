"""Announced switches as lists: a supplier's own, and those that wait for a grid operator to accept or refuse them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

TERM = timedelta(hours=24)
"""How soon a switch is carried out technically: 24 hours, on any day (Energiebesluit 4.4.1, from 1-1-2026)."""


def waiting(connection: Connection, request_id: UUID, operator: int) -> Any | None:
    """Return an announcement that waits for a point of this grid operator, with its point; another's is not there."""
    return connection.execute(_WAITING, {"id": request_id, "operator": operator}).one_or_none()


def waits(connection: Connection, party_id: UUID, named_hash: bytes) -> bool:
    """Say whether an announcement of this supplier for that point waits."""
    return connection.execute(_WAITS, {"party": party_id, "named": named_hash}).first() is not None


def page_of_party(connection: Connection, party_id: UUID, before: UUID | None, limit: int) -> list[Any]:
    """Return announcements of one supplier, newest first, from a place in the list on."""
    asked = {"party": party_id, "id": before, "limit": limit}
    return list(connection.execute(_PAGE_OF_PARTY, asked))


def page_that_waits(connection: Connection, operator: int, after: UUID | None, limit: int) -> list[Any]:
    """Return announcements that wait for points of one grid operator, oldest first: ean_sealed, the supplier's name."""
    asked = {"operator": operator, "id": after, "limit": limit}
    return list(connection.execute(_PAGE_THAT_WAITS, asked))


_WAITING = text(
    "SELECT r.*, a.access_point_id, a.access_point_no, a.operator AS grid, a.ean_hash FROM registry.supply_request r"
    " JOIN registry.access_point a ON a.ean_hash = r.named_hash WHERE r.supply_request_id = :id"
    " AND r.state = 'received' AND a.operator = :operator"
)
_WAITS = text(
    "SELECT 1 FROM registry.supply_request WHERE party_id = :party AND named_hash = :named AND state = 'received'"
)
_PAGE_OF_PARTY = text(
    "SELECT * FROM registry.supply_request WHERE party_id = :party AND (CAST(:id AS uuid) IS NULL"
    " OR (received_at, supply_request_id) < (SELECT o.received_at, o.supply_request_id FROM registry.supply_request o"
    "  WHERE o.supply_request_id = :id AND o.party_id = :party))"
    " ORDER BY received_at DESC, supply_request_id DESC LIMIT :limit"
)
_PAGE_THAT_WAITS = text(
    "SELECT r.*, a.access_point_id, a.ean_sealed, p.name AS supplier FROM registry.supply_request r"
    " JOIN registry.access_point a ON a.ean_hash = r.named_hash JOIN registry.party p USING (party_id)"
    " WHERE r.state = 'received' AND a.operator = :operator AND (CAST(:id AS uuid) IS NULL"
    " OR (r.received_at, r.supply_request_id) > (SELECT o.received_at, o.supply_request_id"
    "  FROM registry.supply_request o WHERE o.supply_request_id = :id))"
    " ORDER BY r.received_at, r.supply_request_id LIMIT :limit"
)
