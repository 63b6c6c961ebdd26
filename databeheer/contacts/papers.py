"""Scans of papers that came in at the desk: each is of one contact, and counts in no other (R43)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def entered(connection: Connection, document_sha256: bytes) -> Any | None:
    """Return in which contact a scan was entered: its case and how people name it; None where in none."""
    return connection.execute(_ENTERED, {"document": document_sha256}).one_or_none()


def add(connection: Connection, document_sha256: bytes, case_id: UUID, now: datetime) -> None:
    """Keep in which contact a scan was entered first."""
    connection.execute(_ADD, {"document": document_sha256, "case": case_id, "now": now})


def unlocks(connection: Connection, document_sha256: bytes, named: bytes) -> bool:
    """Whether a scan unlocks what is named: all that was named with it first, and nothing else. Keeps what is first."""
    connection.execute(_UNLOCK, {"document": document_sha256, "named": named})
    first = connection.execute(_UNLOCKS, {"document": document_sha256}).scalar_one()
    return bytes(first) == named


_ENTERED = text(
    "SELECT p.case_id, f.reference FROM staff.paper p JOIN staff.case_file f USING (case_id)"
    " WHERE p.document_sha256 = :document"
)
_ADD = text(
    "INSERT INTO staff.paper (document_sha256, case_id, operator, entered_at)"
    " SELECT :document, case_id, operator, :now FROM staff.contact WHERE case_id = :case"
)
_UNLOCK = text(
    "INSERT INTO staff.paper_unlock (document_sha256, operator, named_hash)"
    " SELECT document_sha256, operator, :named FROM staff.paper WHERE document_sha256 = :document"
    " ON CONFLICT DO NOTHING"
)
_UNLOCKS = text("SELECT named_hash FROM staff.paper_unlock WHERE document_sha256 = :document")
