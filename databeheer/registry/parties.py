"""Grid operators, market parties, their contracts and their programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NotFoundError


def add_operator(connection: Connection, operator: int, code: str, name: str) -> None:
    """Add a grid operator: the controller that rows are kept apart by (R136).

    Raises:
        ConflictError: its number or code is taken.
    """
    added = connection.execute(
        text(
            "INSERT INTO registry.operator (operator, code, name) VALUES (:operator, :code, :name)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"operator": operator, "code": code, "name": name},
    ).one_or_none()
    if added is None:
        raise ConflictError("this grid operator is registered already")


def require_operator(connection: Connection, operator: int) -> None:
    """Raise NotFoundError unless the grid operator is registered."""
    row = connection.execute(
        text("SELECT 1 FROM registry.operator WHERE operator = :operator"), {"operator": operator}
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such grid operator")


def add(connection: Connection, members: Mapping[str, Any], now: datetime) -> UUID:
    """Onboard a party: name, role, about, website, processing_url, operator (where it is a grid operator)."""
    party_id = uuid4()
    connection.execute(
        text(
            "INSERT INTO registry.party"
            " (party_id, name, role, about, website, processing_url, operator, created_at)"
            " VALUES (:id, :name, :role, :about, :website, :processing_url, :operator, :now)"
        ),
        {**members, "id": party_id, "now": now},
    )
    return party_id


def get(connection: Connection, party_id: UUID) -> Any:
    """Return a party's row; raises NotFoundError where there is none."""
    row = connection.execute(
        text("SELECT * FROM registry.party WHERE party_id = :id"), {"id": party_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such party")
    return row


def suspend(connection: Connection, party_id: UUID, now: datetime) -> None:
    """Suspend a party: no access on any point, and its tokens end now (R13).

    Raises:
        NotFoundError: there is no such party, or it is suspended already.
    """
    party = {"party": party_id, "now": now}
    suspended = connection.execute(
        text(
            "UPDATE registry.party SET suspended_at = :now WHERE party_id = :party AND suspended_at IS NULL"
            " RETURNING 1"
        ),
        party,
    ).one_or_none()
    if suspended is None:
        raise NotFoundError("there is no such party, or it is suspended already")
    connection.execute(
        text(
            "UPDATE identity.access_token SET revoked_at = :now WHERE party_id = :party AND revoked_at IS NULL"
        ),
        party,
    )


def add_contract(connection: Connection, members: Mapping[str, Any]) -> None:
    """Record a data access contract (R12): party_id, operator, number, valid_from, valid_until.

    Raises:
        ConflictError: its number is taken.
    """
    added = connection.execute(
        text(
            "INSERT INTO registry.contract (contract_id, operator, party_id, number, valid_from, valid_until)"
            " VALUES (:id, :operator, :party_id, :number, :valid_from, :valid_until)"
            " ON CONFLICT (number) DO NOTHING RETURNING 1"
        ),
        {**members, "id": uuid4()},
    ).one_or_none()
    if added is None:
        raise ConflictError("a contract with this number exists")
