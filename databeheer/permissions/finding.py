"""Who may see which permission: the party that asked, the person who decided, whom a waiting request addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import MalformedRequestError


@dataclass(frozen=True)
class Viewer:
    """A person or a party; exactly one of the two."""

    person_id: UUID | None
    party_id: UUID | None


def by_id(connection: Connection, permission_id: UUID) -> Any:
    """Return a permission that exists."""
    return connection.execute(_BY_ID, {"id": permission_id}).one()


def by_link(connection: Connection, link_hash: bytes, person_id: UUID | None) -> Any | None:
    """Return the request behind a link, unless it is somebody else's.

    One that named an access point is its grid user's alone; nobody's, where the point has none or does not exist.
    """
    row: Any = connection.execute(_BY_LINK, {"link": link_hash}).one_or_none()
    if row is None or person_id is None or row.person_id not in (None, person_id):
        return None
    if row.named_hash is not None and row.addressee != person_id:
        return None
    return row


def visible(
    connection: Connection, viewer: Viewer, permission_id: UUID, *, locked: bool = False
) -> Any | None:
    """Return one permission that the viewer may see; `locked` holds it to the end of the transaction."""
    query = _VISIBLE_LOCKED if locked else _VISIBLE
    return connection.execute(query, {"id": permission_id, **vars(viewer)}).one_or_none()


def page(
    connection: Connection,
    viewer: Viewer,
    *,
    state: str | None,
    reference_hash: bytes | None,
    cursor: str | None,
    limit: int,
    now: datetime,
) -> tuple[list[Any], str | None]:
    """Return a page of what the viewer may see, newest first, and the cursor of the next page.

    Raises:
        MalformedRequestError: the cursor is none of ours.
    """
    before_at, before_id = _place(cursor)
    rows = connection.execute(
        _PAGE,
        {
            **vars(viewer),
            "state": state,
            "reference_hash": reference_hash,
            "now": now,
            "before_at": before_at,
            "before_id": before_id,
            "limit": limit + 1,
        },
    ).all()
    last = rows[limit - 1] if len(rows) > limit else None
    # To the microsecond: a cursor must point between two rows.
    return list(rows[:limit]), f"{last.requested_at.isoformat()}_{last.permission_id}" if last else None


def _place(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    try:
        at, _, permission = cursor.partition("_")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(permission)
    except ValueError as error:
        raise MalformedRequestError("cursor: take it from next_cursor of the page before") from error


_BY_ID = text("SELECT * FROM permissions.permission WHERE permission_id = :id")
_BY_LINK = text(
    "SELECT p.*, o.person_id AS addressee FROM permissions.permission p"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to WHERE p.link_hash = :link"
)
_SEES = """
    FROM permissions.permission p LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to
    WHERE (p.party_id = CAST(:party_id AS uuid) OR p.person_id = CAST(:person_id AS uuid)
           OR (p.person_id IS NULL AND o.person_id = CAST(:person_id AS uuid)))
"""
_VISIBLE = text("SELECT p.*" + _SEES + "AND p.permission_id = :id")
_VISIBLE_LOCKED = text("SELECT p.*" + _SEES + "AND p.permission_id = :id FOR UPDATE OF p")
# The state as `life.state_at` tells it: an end that passed counts, though nobody wrote it down.
_PAGE = text(
    "SELECT p.*"
    + _SEES
    + """
    AND (CAST(:state AS text) IS NULL OR :state = CASE
        WHEN p.state = 'active' AND p.valid_until <= :now THEN 'expired'
        WHEN p.state = 'requested' AND p.link_expires_at <= :now THEN 'timed_out' ELSE p.state END)
    AND (CAST(:reference_hash AS bytea) IS NULL OR p.reference_hash = :reference_hash)
    AND (CAST(:before_at AS timestamptz) IS NULL
        OR (p.requested_at, p.permission_id) < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY p.requested_at DESC, p.permission_id DESC LIMIT :limit
"""
)
