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


_ENTERED = text(
    "SELECT p.case_id, f.reference FROM staff.paper p JOIN staff.case_file f USING (case_id)"
    " WHERE p.document_sha256 = :document"
)
_ADD = text(
    "INSERT INTO staff.paper (document_sha256, case_id, operator, entered_at)"
    " SELECT :document, case_id, operator, :now FROM staff.contact WHERE case_id = :case"
)
