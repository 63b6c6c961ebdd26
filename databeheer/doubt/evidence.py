"""Proof of a mandate: taken in sealed, judged, and destroyed; its hash and the verdict stay (R106)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError

LARGEST_DOCUMENT = 700_000
"""In bytes: a few scanned pages."""
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
    evidence_id: UUID,
    document: Document,
    *,
    document_sealed: bytes,
    findings_sealed: bytes,
    now: datetime,
) -> None:
    """Write down what a party showed in a case; sealed before, each under a key of its own."""
    connection.execute(
        _KEEP,
        {
            "id": evidence_id,
            "case": row.case_id,
            "operator": row.operator,
            "hash": document.sha256,
            "type": document.media_type,
            "size": len(document.content),
            "document": document_sealed,
            "findings": findings_sealed,
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
    """Destroy every copy that a case still has; returns what was destroyed. Hash, size and verdict stay.

    The sealed copies in backups go with their keys, at the next change of epoch (`retired`).
    """
    return list(connection.execute(_DESTROY, {"case": case_id, "now": now}))


def of(connection: Connection, case_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return what was shown in cases, oldest first, without what is sealed."""
    found: dict[UUID, list[Any]] = {}
    for row in connection.execute(_OF, {"ids": list(case_ids)}):
        found.setdefault(row.case_id, []).append(row)
    return found


def retired(connection: Connection) -> list[UUID]:
    """Return the ids of destroyed evidence: their keys go with the next change of epoch."""
    return list(connection.execute(_RETIRED).scalars())


_KEEP = text(
    "INSERT INTO doubt.evidence (evidence_id, case_id, operator, document_sha256, media_type, size, document_sealed,"
    " findings_sealed, shown_at) VALUES (:id, :case, :operator, :hash, :type, :size, :document, :findings, :now)"
)
_NEWEST = text(
    "SELECT * FROM doubt.evidence WHERE case_id = :case ORDER BY shown_at DESC, evidence_id LIMIT 1 FOR UPDATE"
)
_JUDGE = text(
    "UPDATE doubt.evidence SET accepted = :accepted, judged_at = :now, judged_by = :by WHERE evidence_id = :id"
)
_DESTROY = text(
    "UPDATE doubt.evidence SET document_sealed = NULL, findings_sealed = NULL, destroyed_at = :now"
    " WHERE case_id = :case AND destroyed_at IS NULL RETURNING evidence_id, document_sha256"
)
_OF = text(
    "SELECT evidence_id, case_id, document_sha256, media_type, size, shown_at, accepted, judged_at, judged_by,"
    " destroyed_at FROM doubt.evidence WHERE case_id = ANY(:ids) ORDER BY shown_at, evidence_id"
)
_RETIRED = text("SELECT evidence_id FROM doubt.evidence WHERE destroyed_at IS NOT NULL")
