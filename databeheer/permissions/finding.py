"""Who may see which permission: its party, who decided or signed, the grid user whom it addresses, who lives with him.

A party sees no renewal that was not granted (yet), unless it asked for it. Who lives there too sees what waits for an
answer there, and of what was answered all that stood in his own time there: what the household did before he came is
not his to know.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.errors import MalformedRequestError
from databeheer.permissions.timing import OVER_AT, STATE_AT, TO_DELETE, state_at
from databeheer.registry.residents import RESIDENTS
from databeheer.storage.look import Look


@dataclass(frozen=True)
class Viewer:
    """A person or a party; exactly one of the two. `stays`: a person seen through a power for these stays alone."""

    person_id: UUID | None
    party_id: UUID | None
    stays: Collection[UUID] | None = None

    @property
    def members(self) -> dict[str, Any]:
        """What the queries ask."""
        stays = None if self.stays is None else list(self.stays)
        return {"person_id": self.person_id, "party_id": self.party_id, "stays": stays}


def find(connection: Connection, permission_id: UUID) -> Any | None:
    """Return a permission, if it exists."""
    return connection.execute(_BY_ID, {"id": permission_id}).one_or_none()


def by_id(connection: Connection, permission_id: UUID) -> Any:
    """Return a permission that exists."""
    return connection.execute(_BY_ID, {"id": permission_id}).one()


def state_now(connection: Connection, permission_id: UUID, now: datetime) -> str:
    """Return the state of a permission that exists, by the clock too."""
    return state_at(by_id(connection, permission_id), now)[0]


def is_the_partys(row: Any) -> bool:
    """Whether the party of a permission may know of it: of what it did not ask itself once all have granted it (R98).

    That is a renewal that the customer began, what is granted for another access point beside the first, and what the
    customer chose himself.
    """
    is_asked = (row.renews is None and row.beside is None and not row.is_chosen) or row.renewal_asked
    return is_asked or row.occupancy_id is not None


def by_id_locked(connection: Connection, permission_id: UUID) -> Any:
    """Return a permission that exists, held to the end of the transaction."""
    return connection.execute(_BY_ID_LOCKED, {"id": permission_id}).one()


def by_link(connection: Connection, link_hash: bytes, person_id: UUID | None, now: datetime) -> Any | None:
    """Return the request behind a link, unless it is somebody else's.

    One that is addressed to an access point is for those there alone; nobody's, where the point has none or does
    not exist.
    """
    row: Any = connection.execute(_BY_LINK, {"link": link_hash}).one_or_none()
    if row is None or person_id is None:
        return None
    if row.named_hash is None and row.addressed_to is None and row.person_id in (None, person_id):
        return row
    return visible(connection, Viewer(person_id, None), row.permission_id, now)


def visible(
    connection: Connection, viewer: Viewer, permission_id: UUID, now: datetime, *, locked: bool = False
) -> Any | None:
    """Return one permission that the viewer may see; `locked` holds it to the end of the transaction."""
    query = _VISIBLE_LOCKED if locked else _VISIBLE
    seen = {"id": permission_id, "today": day_of(now), **viewer.members}
    return connection.execute(query, seen).one_or_none()


def page(
    connection: Connection,
    viewer: Viewer,
    *,
    state: str | None,
    reference_hash: bytes | None,
    ean_hash: bytes | None,
    is_to_delete: bool,
    cursor: str | None,
    limit: int,
    now: datetime,
) -> tuple[list[Any], str | None]:
    """Return a page of what the viewer may see, newest first, and the cursor of the next page.

    `is_to_delete`: only what has ended after it was granted, and of which the deletion is not confirmed (R32).

    Raises:
        MalformedRequestError: the cursor is none of ours.
    """
    before_at, before_id = _place(cursor)
    rows = connection.execute(
        _PAGE,
        {
            **viewer.members,
            "state": state,
            "reference_hash": reference_hash,
            "ean_hash": ean_hash,
            "is_to_delete": is_to_delete,
            "now": now,
            "today": day_of(now),
            "before_at": before_at,
            "before_id": before_id,
            "limit": limit + 1,
        },
    ).all()
    last = rows[limit - 1] if len(rows) > limit else None
    # To the microsecond: a cursor must point between two rows.
    return list(rows[:limit]), f"{last.requested_at.isoformat()}_{last.permission_id}" if last else None


def all_of(connection: Connection, viewer: Viewer, *, now: datetime) -> list[Any]:
    """Return everything the viewer may see, newest first: for a person, of whom there are only so many."""
    look = Look(connection)
    rows = ask_all_of(look, viewer, now=now)
    look.send()
    return rows


def ask_all_of(look: Look, viewer: Viewer, *, now: datetime) -> list[Any]:
    """Ask for the same."""
    nothing = dict.fromkeys(("state", "reference_hash", "ean_hash", "before_at", "before_id", "limit"))
    asked = {**nothing, **viewer.members, "is_to_delete": False, "now": now, "today": day_of(now)}
    return look.ask(_PAGE, asked)


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
_BY_ID_LOCKED = text("SELECT * FROM permissions.permission WHERE permission_id = :id FOR UPDATE")
_BY_LINK = text("SELECT p.* FROM permissions.permission p WHERE p.link_hash = :link")
# What the party did not ask itself (a renewal that a customer began, what is granted beside another, what a customer
# chose) is its own once it is granted: before, it would tell that more than one must sign (R98).
_SELECT = f"""
    SELECT p.* FROM permissions.permission p LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to
    WHERE (p.party_id = CAST(:party_id AS uuid)
             AND (p.renews IS NULL AND p.beside IS NULL AND NOT p.is_chosen
               OR p.renewal_asked OR p.occupancy_id IS NOT NULL)
           OR p.person_id = CAST(:person_id AS uuid)
           OR o.person_id = CAST(:person_id AS uuid)
           OR CAST(:person_id AS uuid) IS NOT NULL AND (
               EXISTS (SELECT FROM permissions.signature s
                       WHERE s.permission_id = p.permission_id AND s.for_person_id = CAST(:person_id AS uuid))
               OR EXISTS (SELECT FROM resident r WHERE r.occupancy_id = coalesce(p.occupancy_id, p.addressed_to)
                       AND r.person_id = CAST(:person_id AS uuid) AND (p.state = 'requested'
                           OR {OVER_AT} > r.from_day::timestamp AT TIME ZONE 'Europe/Brussels'))))
    AND (CAST(:stays AS uuid[]) IS NULL OR coalesce(p.occupancy_id, p.addressed_to) = ANY(CAST(:stays AS uuid[])))
"""  # noqa: S608  # put together of our own words
_SEEN = RESIDENTS + _SELECT
_VISIBLE = text(_SEEN + "AND p.permission_id = :id")
_VISIBLE_LOCKED = text(_SEEN + "AND p.permission_id = :id FOR UPDATE OF p")
_AT_POINT = """(CAST(:ean_hash AS bytea) IS NULL OR p.occupancy_id IN (
        SELECT h.occupancy_id FROM registry.occupancy h JOIN registry.access_point a USING (access_point_id)
        WHERE a.ean_hash = :ean_hash))"""
# To people what nobody there can answer any more; a party is not told (R98).
_PAGE = text(
    _SEEN
    + f"""
    AND (CAST(:state AS text) IS NULL OR :state = CASE
        WHEN p.state = 'requested' AND CAST(:person_id AS uuid) IS NOT NULL AND p.addressed_to IS NOT NULL
            AND NOT EXISTS (SELECT FROM resident r WHERE r.occupancy_id = p.addressed_to) THEN 'invalidated'
        ELSE {STATE_AT} END)
    AND (CAST(:reference_hash AS bytea) IS NULL OR p.reference_hash = :reference_hash)
    AND {_AT_POINT}
    AND (NOT :is_to_delete OR {TO_DELETE} AND {OVER_AT} <= :now)
    AND (CAST(:before_at AS timestamptz) IS NULL
        OR (p.requested_at, p.permission_id) < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY p.requested_at DESC, p.permission_id DESC LIMIT :limit
"""
)
