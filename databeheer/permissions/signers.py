"""Who must sign a permission, who did, and what they read: the grid user and everybody who is concerned.

A permission is active only when all of them granted; either may refuse or withdraw alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import Capacity
from databeheer.errors import ConflictError
from databeheer.registry import residents


@dataclass(frozen=True)
class Notice:
    """The text that somebody read when he signed, and its language; the hash is over UTF-8."""

    text: str
    language: str

    @property
    def sha256(self) -> bytes:
        return sha256(self.text.encode()).digest()


@dataclass(frozen=True)
class Signature:
    """One person's word for a permission: in which capacity, by what means, having read what.

    As a representative: `for_person_id` is in whose name, `representation_id` by which appointment.
    """

    person_id: UUID
    capacity: Capacity
    method: str
    notice: Notice | None = None
    document_sha256: bytes | None = None
    for_person_id: UUID | None = None
    representation_id: UUID | None = None


def capacity_of(connection: Connection, occupancy: Any, person_id: UUID, day: date) -> Capacity | None:
    """Return in which capacity a person signs for an occupancy on a day; None: not at all."""
    capacity = residents.at(connection, occupancy.occupancy_id, day).get(person_id)
    return Capacity(capacity) if capacity is not None else None


def required(connection: Connection, occupancy: Any, day: date) -> set[UUID]:
    """Return whose signatures a permission for this occupancy needs on a day; nobody's, where nobody can give one."""
    return set(residents.at(connection, occupancy.occupancy_id, day))


def missing(connection: Connection, permission_id: UUID, occupancy: Any, day: date) -> set[UUID]:
    """Return whose signatures a permission for this occupancy still needs on a day."""
    signed = {one.for_person_id for one in counting(connection, [permission_id])}
    return required(connection, occupancy, day) - signed


def sign(
    connection: Connection, permission_id: UUID, operator: int, signature: Signature, now: datetime
) -> None:
    """Add a signature, with the text that was read.

    Raises:
        ConflictError: this person has signed already.
    """
    notice = signature.notice
    if notice is not None:
        keep_notice(connection, notice, now)
    added = connection.execute(
        _SIGN,
        {
            "id": permission_id,
            "operator": operator,
            "person": signature.person_id,
            "whose": signature.for_person_id or signature.person_id,
            "representation": signature.representation_id,
            "capacity": signature.capacity.value,
            "method": signature.method,
            "notice": notice.sha256 if notice else None,
            "document": signature.document_sha256,
            "now": now,
        },
    ).one_or_none()
    if added is None:
        raise ConflictError("you have granted this request already; others have yet to answer")


def keep_notice(connection: Connection, notice: Notice, now: datetime) -> None:
    """Keep a text that was shown, once, found again by its hash."""
    connection.execute(
        _KEEP_NOTICE,
        {"sha256": notice.sha256, "language": notice.language, "text": notice.text, "now": now},
    )


def of(connection: Connection, permission_ids: Sequence[UUID]) -> list[Any]:
    """Return the signatures under permissions, oldest first."""
    return list(connection.execute(OF, {"ids": list(permission_ids)}))


def counting(connection: Connection, permission_ids: Sequence[UUID]) -> list[Any]:
    """Return the signatures that count, oldest first: of who died before all had granted, none does."""
    return list(connection.execute(_COUNTING, {"ids": list(permission_ids)}))


def notice_of(connection: Connection, permission_id: UUID, person_id: UUID | None) -> Any | None:
    """Return the text that this person, or who signed for him, read; None where nobody did."""
    return connection.execute(_NOTICE, {"id": permission_id, "person": person_id}).one_or_none()


_KEEP_NOTICE = text(
    "INSERT INTO permissions.notice (sha256, language, text, first_at) VALUES (:sha256, :language, :text, :now)"
    " ON CONFLICT (sha256) DO NOTHING"
)
_SIGN = text(
    "INSERT INTO permissions.signature (permission_id, operator, person_id, capacity, method, notice_sha256,"
    " document_sha256, for_person_id, representation_id, signed_at) VALUES (:id, :operator, :person, :capacity,"
    " :method, :notice, :document, :whose, :representation, :now)"
    " ON CONFLICT (permission_id, for_person_id) DO NOTHING RETURNING 1"
)
_SIGNATURES = (
    "SELECT s.*, n.language FROM permissions.signature s JOIN permissions.permission p USING (permission_id)"
    " LEFT JOIN permissions.notice n ON n.sha256 = s.notice_sha256 WHERE s.permission_id = ANY(:ids){}"
    " ORDER BY s.signed_at, s.person_id"
)
OF = text(_SIGNATURES.format(""))
"""The signatures under permissions `:ids`, oldest first."""
_COUNTING = text(
    _SIGNATURES.format(
        " AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = s.for_person_id AND d.refuted_at IS NULL"
        " AND d.recorded_at <= coalesce(p.decided_at, 'infinity'))"
    )
)
_NOTICE = text(
    "SELECT n.sha256, n.language, n.text, s.signed_at FROM permissions.signature s"
    " JOIN permissions.notice n ON n.sha256 = s.notice_sha256 WHERE s.permission_id = :id"
    " AND s.for_person_id = CAST(:person AS uuid)"
)
