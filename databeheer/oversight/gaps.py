"""Gaps: entries of the ledger that came back after a restore without their bodies and without what they changed.

A database that is restored from a backup has forgotten the withdrawals since. While a gap stands, nobody reads but
the customer himself (`databeheer.access`); closing it is the operator's, once every end is known
(docs/how-to/restore.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError


@dataclass(frozen=True)
class Gap:
    """Entries `first` up to and without `until`, found at an aware UTC time by `restore` or by a door.

    `journal_reaches`: the door's journal of ends knows every end among them; None where no door looked yet.
    """

    gap_no: int
    first: int
    until: int
    found_by: str
    found_at: datetime
    journal_reaches: bool | None
    reconciled_index: int | None


def standing(connection: Connection) -> list[Gap]:
    """Return the gaps that are not reconciled, oldest first."""
    return [Gap(**row._mapping) for row in connection.execute(_STANDING)]


def reconciled(connection: Connection) -> list[Gap]:
    """Return the gaps that were closed, each with the entry that says so."""
    return [Gap(**row._mapping) for row in connection.execute(_RECONCILED)]


def unreconciled_since(connection: Connection) -> datetime | None:
    """Return since when a gap stands, None where none does."""
    since: datetime | None = connection.execute(_SINCE).scalar_one()
    return since


def record(connection: Connection, first: int, until: int, found_by: str, now: datetime) -> None:
    """Write a gap down, and end every session and token that the backup brought back: one may have been ended since."""
    connection.execute(_INSERT, {"first": first, "until": until, "by": found_by, "now": now})
    connection.execute(_END_SESSIONS, {"now": now})
    connection.execute(_END_TOKENS, {"now": now})
    connection.execute(_RETIRE_KEYS, {"now": now})


def refuse_while_one_stands(connection: Connection, what: str) -> None:
    """Raise ConflictError while a gap stands."""
    if unreconciled_since(connection) is not None:
        raise ConflictError(
            f"{what} waits: the database was restored from a backup, and what it lost is not reconciled yet "
            "(docs/how-to/restore.md)"
        )


def reach(connection: Connection, gap: Gap, reaches: bool) -> None:
    """Note whether the journal of ends reaches over a gap."""
    connection.execute(_REACH, {"no": gap.gap_no, "reaches": reaches})


def close(connection: Connection, gap: Gap, index: int) -> None:
    """Close a gap by the entry `index`."""
    connection.execute(_CLOSE, {"no": gap.gap_no, "index": index})


def bodiless(connection: Connection, start: int, until: int) -> list[tuple[int, int]]:
    """Return the stretches of entries in [start, until) that have no body, as (first, until)."""
    rows = connection.execute(_BODILESS, {"start": start, "until": until})
    return [(row.first, row.last + 1) for row in rows]


def looked_at(connection: Connection) -> int:
    """Return below which index every entry was looked at by a door."""
    size: int = connection.execute(
        text("SELECT coalesce(max(size), 0) FROM oversight.looked_at")
    ).scalar_one()
    return size


def look_at(connection: Connection, size: int, now: datetime) -> None:
    """Note that every entry below `size` was looked at."""
    connection.execute(
        text("INSERT INTO oversight.looked_at (size, at) VALUES (:size, :now) ON CONFLICT DO NOTHING"),
        {"size": size, "now": now},
    )


_STANDING = text("SELECT * FROM oversight.gap WHERE reconciled_index IS NULL ORDER BY gap_no")
_RECONCILED = text("SELECT * FROM oversight.gap WHERE reconciled_index IS NOT NULL ORDER BY gap_no")
_SINCE = text("SELECT min(found_at) FROM oversight.gap WHERE reconciled_index IS NULL")
_INSERT = text(
    "INSERT INTO oversight.gap (first, until, found_by, found_at) VALUES (:first, :until, :by, :now)"
)
_END_SESSIONS = text("UPDATE identity.session SET ended_at = :now WHERE ended_at IS NULL")
_END_TOKENS = text("UPDATE identity.access_token SET revoked_at = :now WHERE revoked_at IS NULL")
# A key that was retired since the dump is not to sign again: the next token is signed by a new one.
_RETIRE_KEYS = text(
    "UPDATE identity.token_key SET retired_at = coalesce(retired_at, :now), published_until = :now"
    " WHERE retired_at IS NULL OR published_until > :now"
)
_REACH = text("UPDATE oversight.gap SET journal_reaches = :reaches WHERE gap_no = :no")
_CLOSE = text("UPDATE oversight.gap SET reconciled_index = :index WHERE gap_no = :no")
# Whatever stands in a gap is known already. Islands: index minus row number is the same within a stretch.
_BODILESS = text(
    "SELECT min(index) AS first, max(index) AS last FROM ("
    " SELECT e.index, e.index - row_number() OVER (ORDER BY e.index) AS island FROM ledger.entry e"
    " WHERE e.index >= :start AND e.index < :until"
    " AND NOT EXISTS (SELECT FROM ledger.body b WHERE b.index = e.index)"
    " AND NOT EXISTS (SELECT FROM oversight.gap g WHERE e.index >= g.first AND e.index < g.until)"
    ") lost GROUP BY island ORDER BY first"
)
