"""The portal's inbox: every message to a person, whether e-mail is on or not; and the lists of parties' and ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def unread(connection: Connection, person_id: UUID) -> int:
    """How many messages a person has not marked as read."""
    count: int = connection.execute(_UNREAD, {"person": person_id}).scalar_one()
    return count


def page(
    connection: Connection,
    person_id: UUID,
    before: UUID | None,
    limit: int,
    *,
    only_unread: bool = False,
    areas: Sequence[str] | None = None,
) -> tuple[list[Any], UUID | None]:
    """Return a page of a person's messages, newest first, and from which message on the next page is.

    `before` is a message of the same person; another's, or an unknown one, begins at the newest. `areas` are the parts
    of kinds before the dot that are wanted; None is all of them.
    """
    wanted = {"only_unread": only_unread, "areas": None if areas is None else list(areas)}
    place = {"person": person_id, "before": before, "limit": limit + 1}
    rows = connection.execute(_PAGE, place | wanted).all()
    return list(rows[:limit]), rows[limit - 1].message_id if len(rows) > limit else None


def mark_read(connection: Connection, person_id: UUID, until: UUID, now: datetime) -> int:
    """Mark a person's message, and all older ones, as read; returns how many were not yet."""
    return connection.execute(_MARK, {"person": person_id, "until": until, "now": now}).rowcount


def for_data_manager(connection: Connection, limit: int) -> list[Any]:
    """Return what the data manager was told, newest first."""
    return list(connection.execute(_FOR_DATA_MANAGER, {"limit": limit}))


UNREAD = "SELECT count(*) FROM post.message WHERE person_id = p.person_id AND read_at IS NULL"
"""SQL: how many messages the person `p` has not marked as read."""
_UNREAD = text(f"SELECT ({UNREAD}) FROM identity.person p WHERE p.person_id = :person")  # noqa: S608  parts of our own
_PAGE = text(
    """
    WITH place AS (
        SELECT at, index, message_id FROM post.message
        WHERE message_id = CAST(:before AS uuid) AND person_id = :person
    )
    SELECT m.* FROM post.message m WHERE m.person_id = :person
        AND (NOT EXISTS (SELECT FROM place)
            OR (m.at, m.index, m.message_id) < (SELECT at, index, message_id FROM place))
        AND (NOT :only_unread OR m.read_at IS NULL)
        AND (CAST(:areas AS text[]) IS NULL OR split_part(m.kind, '.', 1) = ANY(CAST(:areas AS text[])))
    ORDER BY m.at DESC, m.index DESC, m.message_id DESC LIMIT :limit
    """
)
_MARK = text(
    """
    UPDATE post.message m SET read_at = :now FROM post.message last
    WHERE last.message_id = :until AND last.person_id = :person AND m.person_id = :person AND m.read_at IS NULL
        AND (m.at, m.index, m.message_id) <= (last.at, last.index, last.message_id)
    """
)
_FOR_DATA_MANAGER = text(
    "SELECT * FROM post.message WHERE recipient = 'data_manager' ORDER BY at DESC, index DESC LIMIT :limit"
)
