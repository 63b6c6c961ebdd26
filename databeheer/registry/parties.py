"""Grid operators, market parties, their contracts and their programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NotFoundError
from databeheer.values import Role

OF_A_GRID_OPERATOR = frozenset({Role.DSO, Role.DATA_MANAGER})
"""The roles in which a party is a grid operator itself, or its working company: its rows and messages are its own."""


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
        taken: Any = connection.execute(
            text(
                "SELECT operator, code FROM registry.operator WHERE operator = :operator OR code = :code LIMIT 1"
            ),
            {"operator": operator, "code": code},
        ).one()
        raise ConflictError(
            f"grid operator {taken.operator} is registered already, with the code {taken.code};"
            " give another one a number (operator) and code of its own"
        )


def require_operator(connection: Connection, operator: int) -> None:
    """Raise NotFoundError unless the grid operator is registered."""
    row = connection.execute(
        text("SELECT 1 FROM registry.operator WHERE operator = :operator"), {"operator": operator}
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such grid operator")


def add(connection: Connection, members: Mapping[str, Any], now: datetime) -> UUID:
    """Onboard a party: name, role, about, website, processing_url, operator (where it is a grid operator).

    Raises:
        ConflictError: that grid operator has a party in this role.
    """
    party_id = uuid4()
    added = connection.execute(
        text(
            "INSERT INTO registry.party"
            " (party_id, name, role, about, website, processing_url, operator, created_at)"
            " VALUES (:id, :name, :role, :about, :website, :processing_url, :operator, :now)"
            " ON CONFLICT (operator, role) WHERE operator IS NOT NULL DO NOTHING RETURNING 1"
        ),
        {**members, "id": party_id, "now": now},
    ).one_or_none()
    if added is None:
        raise ConflictError("this grid operator has a party in this role already")
    return party_id


def publish_contacts(connection: Connection, party_id: UUID, for_people: str, for_authority: str) -> None:
    """Say in the public register where people, and the authority, reach a party (R139)."""
    reach = {"id": party_id, "people": for_people, "authority": for_authority}
    connection.execute(_CONTACTS, reach)


def get(connection: Connection, party_id: UUID) -> Any:
    """Return a party's row; raises NotFoundError where there is none."""
    row = connection.execute(
        text("SELECT * FROM registry.party WHERE party_id = :id"), {"id": party_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such party")
    return row


def grid_operator(connection: Connection, operator: int) -> UUID | None:
    """Return the party that is the grid operator of this number."""
    found: UUID | None = connection.execute(
        text("SELECT party_id FROM registry.party WHERE operator = :operator AND role = 'dso'"),
        {"operator": operator},
    ).scalar_one_or_none()
    return found


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


def end_contract_again(connection: Connection, contract_id: UUID, valid_until: datetime) -> Any | None:
    """End a contract that a restored database has as running; returns its row, None where it ends by then."""
    return connection.execute(
        text(
            "UPDATE registry.contract SET valid_until = :until WHERE contract_id = :id AND valid_from < :until"
            " AND (valid_until IS NULL OR valid_until > :until) RETURNING *"
        ),
        {"until": valid_until, "id": contract_id},
    ).one_or_none()


def end_contract(connection: Connection, number: str, valid_until: datetime, now: datetime) -> Any:
    """End a data access contract; returns its row. What it gave ends with it, on all points of that operator (R12).

    Raises:
        NotFoundError: there is no such contract.
        ConflictError: it ends before that, or would have ended in the past or before it began.
    """
    row = connection.execute(
        text("SELECT * FROM registry.contract WHERE number = :number FOR UPDATE"), {"number": number}
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such contract")
    if valid_until < now or valid_until <= row.valid_from:
        raise ConflictError("a contract ends after it began, and not in the past")
    if row.valid_until is not None and row.valid_until <= valid_until:
        raise ConflictError("this contract ends no later than that already")
    connection.execute(
        text("UPDATE registry.contract SET valid_until = :until WHERE contract_id = :id"),
        {"until": valid_until, "id": row.contract_id},
    )
    return row


_CONTACTS = text(
    "UPDATE registry.party SET contact_people = :people, contact_authority = :authority WHERE party_id = :id"
)
