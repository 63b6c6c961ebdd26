"""Proof of a mandate: taken in sealed, judged, and destroyed; its hash and the verdict stay (R106)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import documents
from databeheer.errors import ConflictError, MalformedRequestError

LARGEST_DOCUMENT = documents.LARGEST
BEGINNINGS = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
"""What may be shown, and how such a file begins: nothing that a reader would run."""


@dataclass(frozen=True)
class Document:
    """A file as it was shown. Checked when it is made."""

    media_type: str
    content: bytes

    def __post_init__(self) -> None:
        if self.media_type not in BEGINNINGS:
            raise MalformedRequestError(f"media_type: one of {', '.join(sorted(BEGINNINGS))}")
        if not self.content or len(self.content) > LARGEST_DOCUMENT:
            raise MalformedRequestError(f"document: 1 to {LARGEST_DOCUMENT} bytes")
        if not self.content.startswith(BEGINNINGS[self.media_type]):
            raise MalformedRequestError(f"document: this is no {self.media_type}")

    @property
    def sha256(self) -> bytes:
        return sha256(self.content).digest()


def keep(
    connection: Connection,
    row: Any,
    document_id: UUID,
    document: Document,
    now: datetime,
) -> None:
    """Write down what a party showed in a case; the document itself was taken in before, sealed (`documents`)."""
    connection.execute(
        _KEEP,
        {
            "id": document_id,
            "case": row.case_id,
            "operator": row.operator,
            "hash": document.sha256,
            "type": document.media_type,
            "size": len(document.content),
            "now": now,
        },
    )


def newest(connection: Connection, case_id: UUID) -> Any:
    """Return what was shown last in a case.

    Raises:
        ConflictError: nothing was.
    """
    row = connection.execute(_NEWEST, {"case": case_id}).first()
    if row is None:
        raise ConflictError("the party has shown nothing yet")
    return row


def judge(connection: Connection, row: Any, *, accepted: bool, by: str, now: datetime) -> None:
    """Write down what somebody found of it."""
    connection.execute(_JUDGE, {"id": row.evidence_id, "accepted": accepted, "by": by, "now": now})


def destroy(connection: Connection, case_id: UUID, now: datetime) -> list[Any]:
    """Destroy every document that a case still has; returns what was destroyed. Hash, size and verdict stay."""
    shown = connection.execute(_OF, {"ids": [case_id]}).all()
    return [row for row in shown if documents.destroy(connection, row.evidence_id, now)]


def of(connection: Connection, case_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return what was shown in cases, oldest first, without what is sealed."""
    found: dict[UUID, list[Any]] = {}
    for row in connection.execute(_OF, {"ids": list(case_ids)}):
        found.setdefault(row.case_id, []).append(row)
    return found


_KEEP = text(
    "INSERT INTO doubt.evidence (evidence_id, case_id, operator, document_sha256, media_type, size, shown_at)"
    " VALUES (:id, :case, :operator, :hash, :type, :size, :now)"
)
_NEWEST = text(
    "SELECT * FROM doubt.evidence WHERE case_id = :case ORDER BY shown_at DESC, evidence_id LIMIT 1 FOR UPDATE"
)
_JUDGE = text(
    "UPDATE doubt.evidence SET accepted = :accepted, judged_at = :now, judged_by = :by WHERE evidence_id = :id"
)
_OF = text(
    "SELECT e.*, d.destroyed_at FROM doubt.evidence e JOIN documents.document d ON d.document_id = e.evidence_id"
    " WHERE e.case_id = ANY(:ids) ORDER BY e.shown_at, e.evidence_id"
)
