"""Complaints in the database: opened by an inspector, closed with what came of it, forgotten when the term is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight
from databeheer.oversight.retention import COMPLAINT_YEARS, years_later

ORIGINS = ("customer", "party", "authority", "own")
"""Who complains; `own`: the inspector without a complaint. One that comes from a case of doubt is a `doubt`."""
OUTCOMES = ("founded", "unfounded", "passed_on")
MOST_LISTED = 200


def put(connection: Connection, members: Mapping[str, Any]) -> None:
    """Keep a new complaint; `members` are its columns by name."""
    connection.execute(_PUT, members)


def find(connection: Connection, complaint_id: UUID, *, locked: bool = False) -> Any | None:
    """Return a complaint."""
    return connection.execute(_FIND_LOCKED if locked else _FIND, {"id": complaint_id}).one_or_none()


def listed(connection: Connection) -> Sequence[Any]:
    """Return the newest, open ones first."""
    return connection.execute(_LISTED, {"limit": MOST_LISTED}).all()


def close(connection: Connection, complaint_id: UUID, outcome: str, now: Any, index: int) -> None:
    """Write down what came of it."""
    connection.execute(_CLOSE, {"id": complaint_id, "outcome": outcome, "now": now, "index": index})


def over(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return those whose term is over, COMPLAINT_YEARS after the day on which they were closed, the oldest first."""
    before = midnight(years_later(day_of(now), -COMPLAINT_YEARS))
    return connection.execute(_OVER, {"before": before, "limit": limit}).all()


def forget(connection: Connection, complaint_id: UUID) -> None:
    """Take a complaint away, with all that is sealed in it."""
    connection.execute(_FORGET, {"id": complaint_id})


_PUT = text(
    "INSERT INTO oversight.complaint (complaint_id, reference, origin, doubt_case, party_id, point_sealed, first_day,"
    " last_day, words_sealed, opened_by, opened_at, opened_index) VALUES (:complaint_id, :reference, :origin,"
    " :doubt_case, :party_id, :point_sealed, :first_day, :last_day, :words_sealed, :opened_by, :opened_at,"
    " :opened_index)"
)
_SELECTED = (
    "SELECT c.*, p.name AS party FROM oversight.complaint c LEFT JOIN registry.party p USING (party_id)"
)
_FIND = text(f"{_SELECTED} WHERE c.complaint_id = :id")
_FIND_LOCKED = text(f"{_SELECTED} WHERE c.complaint_id = :id FOR UPDATE OF c")
_LISTED = text(f"{_SELECTED} ORDER BY c.closed_at IS NOT NULL, c.opened_index DESC LIMIT :limit")
_CLOSE = text(
    "UPDATE oversight.complaint SET outcome = :outcome, closed_at = :now, closed_index = :index"
    " WHERE complaint_id = :id"
)
_OVER = text(
    "SELECT complaint_id FROM oversight.complaint WHERE closed_at < :before ORDER BY closed_index LIMIT :limit"
)
_FORGET = text("DELETE FROM oversight.complaint WHERE complaint_id = :id")
