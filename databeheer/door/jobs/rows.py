"""The rows of jobs and their pieces. Every function works in the caller's transaction."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import BRUSSELS

WORKED_WITHIN = timedelta(days=7)
"""A job that is not through by then is dropped, with what of it was recorded."""
KEPT_FOR = timedelta(hours=48)
"""How long its pieces can be fetched once it is through."""
MOST_OF_ONE = 4
"""Jobs of one party that are not through."""
_NIGHT = (22, 6)


class End(enum.StrEnum):
    """Why no more pieces of a job are worked."""

    DONE = "done"
    SUSPENDED = "suspended"
    CLIENT_ENDED = "client_ended"
    FAILED = "failed"


def is_night(now: datetime) -> bool:
    """Whether it is between ten in the evening and six in the morning in Brussels."""
    hour = now.astimezone(BRUSSELS).hour
    return hour >= _NIGHT[0] or hour < _NIGHT[1]


def hand_in(connection: Connection, row: dict[str, Any]) -> None:
    """Write a new job down."""
    connection.execute(_INSERT, row)


def alike(connection: Connection, party_id: UUID, request_hash: bytes, now: datetime) -> Any | None:
    """The job of a party that asks the same, and lives."""
    named = {"party": party_id, "hash": request_hash, "now": now}
    return connection.execute(_ALIKE, named).one_or_none()


def open_of(connection: Connection, party_id: UUID, now: datetime) -> int:
    """How many jobs of a party are not through."""
    count: int = connection.execute(_OPEN, {"party": party_id, "now": now}).scalar_one()
    return count


def of_party(connection: Connection, party_id: UUID, job_id: UUID, now: datetime) -> Any | None:
    """A party's own job, with how many of its pieces were fetched; another's is not there."""
    named = {"party": party_id, "job": job_id, "now": now}
    return connection.execute(_OF_PARTY, named).one_or_none()


def all_of(connection: Connection, party_id: UUID, now: datetime) -> list[Any]:
    """A party's jobs, newest first."""
    return list(connection.execute(_ALL_OF, {"party": party_id, "now": now}))


def piece(connection: Connection, job_id: UUID, number: int) -> Any | None:
    """A piece that was recorded."""
    return connection.execute(_PIECE, {"job": job_id, "number": number}).one_or_none()


def following(connection: Connection, now: datetime) -> UUID | None:
    """The job that waited longest for its next piece, of those that may be worked now."""
    named = {"now": now, "night": is_night(now)}
    found: UUID | None = connection.execute(_FOLLOWING, named).scalar_one_or_none()
    return found


def locked(connection: Connection, job_id: UUID, now: datetime) -> Any | None:
    """A job that is not through, locked, with whether its party and client may go on."""
    return connection.execute(_LOCKED, {"job": job_id, "now": now}).one_or_none()


def add_piece(
    connection: Connection, job_id: UUID, number: int, index: int, as_of: int, outcome: bytes, now: datetime
) -> None:
    """Write down that a piece was recorded; with the last one the job is through."""
    named = {"job": job_id, "number": number, "now": now}
    connection.execute(_ADD_PIECE, named | {"index": index, "as_of": as_of, "outcome": outcome})
    connection.execute(_WORKED, named | {"expires": now + KEPT_FOR})


def end(connection: Connection, job_id: UUID, why: End, now: datetime) -> None:
    """End a job before its time; what of it was recorded can be fetched for as long as of one that is through."""
    named = {"job": job_id, "why": why.value, "now": now, "expires": now + KEPT_FOR}
    connection.execute(_END, named)


def fetched(connection: Connection, job_id: UUID, number: int, now: datetime) -> None:
    """Write down that a piece was handed over."""
    connection.execute(_FETCHED, {"job": job_id, "number": number, "now": now})


def set_outcome(connection: Connection, job_id: UUID, number: int, outcome: bytes) -> None:
    """Write down what is kept of a piece from now on."""
    connection.execute(_SET_OUTCOME, {"job": job_id, "number": number, "outcome": outcome})


def drop(connection: Connection, job_id: UUID) -> None:
    """Remove a job with its pieces."""
    connection.execute(text("DELETE FROM jobs.job WHERE job_id = :job"), {"job": job_id})


def drop_expired(connection: Connection, now: datetime) -> None:
    """Remove jobs whose time is over, with their pieces."""
    connection.execute(text("DELETE FROM jobs.job WHERE expires_at <= :now"), {"now": now})


_INSERT = text(
    "INSERT INTO jobs.job (job_id, party_id, client_id, request_hash, asked_sealed, items, pieces, at_night,"
    " handed_in_at, expires_at) VALUES (:job, :party, :client, :hash, :asked, :items, :pieces, :night, :now, :expires)"
)
# Only these words of ours are put together below; what a caller gives is a parameter (S608).
_LIVES = "expires_at > :now"
_ALIKE = text(
    f"SELECT * FROM jobs.job WHERE party_id = :party AND request_hash = :hash AND {_LIVES}"  # noqa: S608  our own
)
_OPEN = text(
    f"SELECT count(*) FROM jobs.job WHERE party_id = :party AND ended_at IS NULL AND {_LIVES}"  # noqa: S608  our own
)
_FETCHED_COUNT = (
    "(SELECT count(*) FROM jobs.piece p WHERE p.job_id = j.job_id AND p.fetched_at IS NOT NULL) AS fetched"
)
_OF_PARTY = text(
    f"SELECT j.*, {_FETCHED_COUNT} FROM jobs.job j"  # noqa: S608  our own
    f" WHERE party_id = :party AND job_id = :job AND {_LIVES}"
)
_ALL_OF = text(
    f"SELECT j.*, {_FETCHED_COUNT} FROM jobs.job j"  # noqa: S608  our own
    f" WHERE party_id = :party AND {_LIVES} ORDER BY handed_in_at DESC, job_id"
)
_PIECE = text("SELECT * FROM jobs.piece WHERE job_id = :job AND number = :number")
_FOLLOWING = text(
    f"SELECT job_id FROM jobs.job WHERE ended_at IS NULL AND {_LIVES} AND (NOT at_night OR :night)"  # noqa: S608  our own
    " ORDER BY coalesce(worked_at, handed_in_at), job_id LIMIT 1"
)
_LOCKED = text(
    "SELECT j.*, p.suspended_at IS NOT NULL AS is_suspended, c.ended_at IS NOT NULL AS is_client_ended"
    " FROM jobs.job j JOIN registry.party p USING (party_id) JOIN identity.client c USING (client_id)"
    " WHERE j.job_id = :job AND j.ended_at IS NULL AND j.expires_at > :now FOR UPDATE OF j"
)
_ADD_PIECE = text(
    "INSERT INTO jobs.piece (job_id, number, index, as_of, outcome_sealed, recorded_at)"
    " VALUES (:job, :number, :index, :as_of, :outcome, :now)"
)
_WORKED = text(
    "UPDATE jobs.job SET done = done + 1, worked_at = :now,"
    " ended_at = CASE WHEN done + 1 = pieces THEN CAST(:now AS timestamptz) END,"
    " end_reason = CASE WHEN done + 1 = pieces THEN 'done' END,"
    " expires_at = CASE WHEN done + 1 = pieces THEN CAST(:expires AS timestamptz) ELSE expires_at END"
    " WHERE job_id = :job"
)
_END = text(
    "UPDATE jobs.job SET ended_at = :now, end_reason = :why, expires_at = :expires WHERE job_id = :job"
)
_FETCHED = text(
    "UPDATE jobs.piece SET fetched_at = coalesce(fetched_at, :now) WHERE job_id = :job AND number = :number"
)
_SET_OUTCOME = text(
    "UPDATE jobs.piece SET outcome_sealed = :outcome WHERE job_id = :job AND number = :number"
)
