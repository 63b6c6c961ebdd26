"""Letters to a home as rows: which wait to be printed and posted, and why one is over before it was."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.registry.residents import RESIDENTS


class What(enum.StrEnum):
    """What such a letter tells."""

    SUPPLIER = "supplier"
    EAN = "ean"
    HISTORY = "history"


GOOD_FOR = timedelta(days=21)
"""How long a letter waits for the printer: later the question is stale, and the customer has asked again."""


def add(
    connection: Connection,
    letter_id: UUID,
    what: What,
    *,
    operator: int,
    occupancy_id: UUID,
    person_id: UUID,
    said_sealed: bytes,
    now: datetime,
) -> None:
    """Let a letter to who lives in a stay wait for the operator, who prints and posts it; one of a kind at a time."""
    members = {
        "id": letter_id,
        "operator": operator,
        "occupancy": occupancy_id,
        "person": person_id,
        "what": what.value,
        "sealed": said_sealed,
        "now": now,
    }
    for statement in (_DELIVERY, _LETTER):
        connection.execute(statement, members)


def waiting(connection: Connection, what: What, occupancy_id: UUID) -> UUID | None:
    """Return the letter of this kind to a stay that nobody posted or closed, whether or not it is over."""
    asked = {"occupancy": occupancy_id, "what": what.value}
    found: UUID | None = connection.execute(_WAITING, asked).scalar_one_or_none()
    return found


def by_id(connection: Connection, letter_id: UUID, now: datetime) -> Any | None:
    """Return a letter that waits, locked; `over` says why it is not to be posted any more, None while it may."""
    return connection.execute(_BY_ID, _at(now, id=letter_id)).one_or_none()


def queue(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return the letters that wait to be posted, oldest first."""
    return connection.execute(_QUEUE, _at(now, limit=limit)).all()


def dead(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return the letters that are over and that nobody closed yet, oldest first."""
    return connection.execute(_DEAD, _at(now, limit=limit)).all()


def opened(connection: Connection, letter_id: UUID, now: datetime) -> None:
    """Note that the operator took the text of a letter, to print it."""
    connection.execute(_OPENED, {"id": letter_id, "now": now})


def end(connection: Connection, letter_id: UUID, *, is_posted: bool, now: datetime) -> None:
    """Note that a letter is in the post, or that it never will be; what is kept of it goes."""
    state = "delivered" if is_posted else "dropped"
    for statement in (_END, _FORGET):
        connection.execute(statement, {"id": letter_id, "state": state, "now": now})


def _at(now: datetime, **members: Any) -> dict[str, Any]:
    return {"now": now, "today": day_of(now), "since": now - GOOD_FOR} | members


_OVER = """CASE
    WHEN NOT EXISTS (SELECT FROM resident r WHERE r.occupancy_id = l.occupancy_id AND r.person_id = l.person_id
        AND r.capacity = 'grid_user') THEN 'not_holder'
    WHEN EXISTS (SELECT FROM oversight.gap g WHERE g.found_at >= d.told_at) THEN 'restored'
    WHEN d.told_at <= :since THEN 'expired'
    END"""
# No word of a caller in these: what is put in are texts of ours.
_FROM = (
    " FROM post.letter l JOIN post.delivery d USING (delivery_id)"
    " WHERE l.what IN ('supplier', 'ean', 'history') AND d.state = 'waiting'"
)
_LETTERS = (
    RESIDENTS
    + "SELECT l.delivery_id AS letter_id, l.what, l.occupancy_id, l.person_id, l.letter_sealed, l.opened_at,"
    + f" d.operator, d.told_at AS written_at, {_OVER} AS over"
    + _FROM
)
_IN_ORDER = " ORDER BY d.told_at, d.delivery_id LIMIT :limit"
_BY_ID = text(_LETTERS + " AND l.delivery_id = :id FOR UPDATE OF l")
_QUEUE = text(_LETTERS + f" AND {_OVER} IS NULL" + _IN_ORDER)
_DEAD = text(_LETTERS + f" AND {_OVER} IS NOT NULL" + _IN_ORDER)
_WAITING = text("SELECT delivery_id FROM post.letter WHERE occupancy_id = :occupancy AND what = :what")
_DELIVERY = text(
    "INSERT INTO post.delivery (delivery_id, operator, channel, person_id, told_at, next_at)"
    " VALUES (:id, :operator, 'letter', :person, :now, :now)"
)
_LETTER = text(
    "INSERT INTO post.letter (delivery_id, what, person_id, occupancy_id, letter_sealed)"
    " VALUES (:id, :what, :person, :occupancy, :sealed)"
)
_OPENED = text("UPDATE post.letter SET opened_at = coalesce(opened_at, :now) WHERE delivery_id = :id")
_END = text(
    "UPDATE post.delivery SET state = :state, ended_at = :now WHERE delivery_id = :id AND state = 'waiting'"
)
_FORGET = text("DELETE FROM post.letter WHERE delivery_id = :id")
