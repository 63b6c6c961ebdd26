"""Of which readings a party was told by its web hook: up to which entry of the ledger, and how far a look has come.

Each step moves on from where it found things, so two who look at once tell nothing twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

KIND = "readings.arrived"
KEPT = timedelta(days=30)
"""How long such a message is there to be sent again."""


def watch(connection: Connection, party_id: UUID, size: int, now: datetime) -> None:
    """Tell a party of what is stored from now on; who is told already goes on where it was."""
    connection.execute(_WATCH, {"party": party_id, "size": size, "now": now})


def to_look_at(connection: Connection, before: datetime, limit: int) -> list[Any]:
    """Return who is in the middle of a look, and who was not looked at since `before`, the longest ago first."""
    return list(connection.execute(_DUE, {"before": before, "limit": limit}))


def begin(connection: Connection, row: Any, size: int, now: datetime) -> int:
    """Return up to which entry this look goes: as far as it was begun for, or up to now; at most once it is."""
    if row.told_until is not None:
        until: int = row.told_until
        return until
    if size > row.told_to:
        connection.execute(_BEGIN, _place(row) | {"size": size})
    else:
        connection.execute(_NOTHING, _place(row) | {"now": now})
    return size


def go_on(connection: Connection, row: Any, until: int, after: UUID | None, now: datetime) -> bool:
    """Note that a look is done with the permissions up to `after`; None: with all. False: somebody else was."""
    found = _place(row) | {"until": until, "next": after, "now": now}
    return bool(connection.execute(_ON if after else _DONE, found).rowcount)


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete such messages that are older than they are kept, but for what is on its way."""
    connection.execute(_FORGET, {"kind": KIND, "before": now - KEPT})


def _place(row: Any) -> dict[str, Any]:
    return {"party": row.party_id, "to": row.told_to, "after": row.told_after}


_WATCH = text(
    "INSERT INTO post.reading_news (party_id, told_to, looked_at) VALUES (:party, :size, :now)"
    " ON CONFLICT (party_id) DO NOTHING"
)
_DUE = text(
    "SELECT * FROM post.reading_news WHERE told_until IS NOT NULL OR looked_at <= :before"
    " ORDER BY looked_at, party_id LIMIT :limit"
)
_HERE = " WHERE party_id = :party AND told_to = :to AND told_after IS NOT DISTINCT FROM CAST(:after AS uuid)"
_BEGIN = text(f"UPDATE post.reading_news SET told_until = :size{_HERE} AND told_until IS NULL")  # noqa: S608  our own
_NOTHING = text(f"UPDATE post.reading_news SET looked_at = :now{_HERE} AND told_until IS NULL")  # noqa: S608  our own
_ON = text(f"UPDATE post.reading_news SET told_after = :next{_HERE} AND told_until = :until")  # noqa: S608  our own
_DONE = text(
    "UPDATE post.reading_news SET told_to = :until, told_until = NULL, told_after = NULL,"  # noqa: S608  our own
    f" looked_at = :now{_HERE} AND told_until = :until"
)
_FORGET = text(
    "DELETE FROM post.message m WHERE m.kind = :kind AND m.at < :before AND NOT EXISTS"
    " (SELECT FROM post.delivery d WHERE d.message_id = m.message_id AND d.state = 'waiting')"
)
