"""Documents that somebody showed: kept sealed, each under a key of its own, and destroyed once they were judged.

Whose it was, its hash and the verdict stay elsewhere; here is only what has to go (R35, R106). A destroyed one is still
in backups of the database, sealed: its key goes with the next change of epoch, and then no backup opens it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

LARGEST = 700_000
"""In bytes: a few scanned pages."""


def keep(
    connection: Connection,
    document_id: UUID,
    operator: int,
    *,
    content_sealed: bytes,
    words_sealed: bytes | None,
    now: datetime,
) -> None:
    """Take a document in, sealed under the key that has its number; `words` is what was said with it."""
    members = {"id": document_id, "operator": operator, "now": now}
    connection.execute(_KEEP, members | {"content": content_sealed, "words": words_sealed})


def find(connection: Connection, document_id: UUID | None) -> Any | None:
    """Return a document that is not destroyed, held to the end of the transaction."""
    return connection.execute(_FIND, {"id": document_id}).one_or_none()


def destroy(connection: Connection, document_id: UUID | None, now: datetime) -> bool:
    """Destroy a document; False where that was done already, or there is none."""
    return connection.execute(_DESTROY, {"id": document_id, "now": now}).one_or_none() is not None


def destroy_of_stay(connection: Connection, occupancy_id: UUID, now: datetime) -> None:
    """Destroy the mandates of permissions that an erasure is about to delete: their keys are found by them."""
    connection.execute(_DESTROY_OF_STAY, {"occupancy": occupancy_id, "now": now})


def waiting(connection: Connection) -> int:
    """Return how many destroyed documents have their key yet."""
    found: int = connection.execute(_WAITING).scalar_one()
    return found


def join(connection: Connection, batch: int) -> None:
    """Let the keys of all that was destroyed go with an erasure batch."""
    connection.execute(_JOIN, {"batch": batch})


def of_batch(connection: Connection, batch: int) -> list[UUID]:
    """Return the documents whose keys go, or went, with an erasure batch."""
    return list(connection.execute(_OF_BATCH, {"batch": batch}).scalars())


_KEEP = text(
    "INSERT INTO documents.document (document_id, operator, content_sealed, words_sealed, taken_at)"
    " VALUES (:id, :operator, :content, :words, :now)"
)
_FIND = text("SELECT * FROM documents.document WHERE document_id = :id AND destroyed_at IS NULL FOR UPDATE")
_DESTROY = text(
    "UPDATE documents.document SET content_sealed = NULL, words_sealed = NULL, destroyed_at = :now"
    " WHERE document_id = :id AND destroyed_at IS NULL RETURNING 1"
)
_DESTROY_OF_STAY = text(
    "UPDATE documents.document d SET content_sealed = NULL, words_sealed = NULL, destroyed_at = :now"
    " FROM permissions.mandate m JOIN permissions.permission p USING (permission_id)"
    " WHERE m.document_id = d.document_id AND d.destroyed_at IS NULL"
    " AND coalesce(p.occupancy_id, p.addressed_to) = :occupancy"
)
_WAITING = text("SELECT count(*) FROM documents.document WHERE destroyed_at IS NOT NULL AND batch IS NULL")
_JOIN = text("UPDATE documents.document SET batch = :batch WHERE destroyed_at IS NOT NULL AND batch IS NULL")
_OF_BATCH = text("SELECT document_id FROM documents.document WHERE batch = :batch ORDER BY document_id")
