"""How often was tried in vain: of each EAN code or meter number, whether it exists or not, and of each log-in (R92).

Counts stand in the database, by keyed hashes, so that a restart forgets none. They are changed under the ledger's head
row alone: attempts at the same moment are counted one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from databeheer.oversight.retention import ATTEMPTS_YEARS

MOST_WRONG = 3
"""After so many in vain an identifier is locked: what comes then is refused, even if it is right."""


def wrong_of(connection: Connection, identifier: bytes) -> int:
    """Return how many attempts in vain count against an identifier."""
    counted: int | None = connection.execute(_WRONG, {"id": identifier}).scalar_one_or_none()
    return counted or 0


def is_locked(connection: Connection, identifiers: Collection[bytes]) -> bool:
    """Say whether one of these is locked; looks at all of them, whichever it is."""
    return bool(connection.execute(_LOCKED, {"ids": list(identifiers), "most": MOST_WRONG}).scalar_one())


def count(connection: Connection, identifiers: Collection[bytes], now: datetime) -> None:
    """Count an attempt in vain against each."""
    for identifier in identifiers:
        connection.execute(_COUNT, {"id": identifier, "now": now})


def release(connection: Connection, identifiers: Collection[bytes]) -> int:
    """Let each begin anew; returns against how many something counted."""
    return connection.execute(_RELEASE, {"ids": list(identifiers)}).rowcount


def forget(connection: Connection, now: datetime) -> None:
    """Delete the counts of identifiers that nobody tried for ATTEMPTS_YEARS."""
    connection.execute(_FORGET, {"before": now - timedelta(days=365 * ATTEMPTS_YEARS)})


_WRONG = text("SELECT wrong FROM identity.link_attempts WHERE identifier_hash = :id")
_LOCKED = text(
    "SELECT count(*) FILTER (WHERE wrong >= :most) > 0 FROM identity.link_attempts WHERE identifier_hash = ANY(:ids)"
)
_COUNT = text(
    "INSERT INTO identity.link_attempts (identifier_hash, wrong, last_at) VALUES (:id, 1, :now)"
    " ON CONFLICT (identifier_hash) DO UPDATE SET wrong = link_attempts.wrong + 1, last_at = :now"
)
_FORGET = text("DELETE FROM identity.link_attempts WHERE last_at <= :before")
_RELEASE = text("DELETE FROM identity.link_attempts WHERE identifier_hash = ANY(:ids)")
