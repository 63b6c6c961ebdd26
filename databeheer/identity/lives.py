"""What happens to a person: death, and an administrator whom a court appointed.

With a person's death his consents and sessions end; nothing passes to heirs by itself. Who lives with him keeps the own
view, which never was his to give.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.identity.representations import ENTERPRISE
from databeheer.registry import residents
from databeheer.registry.ending import ending


def record_death(connection: Connection, person_id: UUID, died_on: date, now: datetime) -> None:
    """Write down that a person died; his sessions end now, and on that day his living beside a contract holder.

    Raises:
        MalformedRequestError: a day to come.
        ConflictError: it is known.
    """
    if died_on > day_of(now):
        raise MalformedRequestError("died_on: lies in the future")
    death = {"id": uuid4(), "person": person_id, "day": died_on, "now": now}
    if connection.execute(_DEATH, death).one_or_none() is None:
        raise ConflictError("this person's death is known already")
    connection.execute(_LIVES_NO_MORE, {"person": person_id, "day": died_on})
    end_sessions(connection, person_id, now)


def refute_death(connection: Connection, person_id: UUID, now: datetime) -> None:
    """Write down that a reported death was a mistake; raises ConflictError where none is known."""
    if connection.execute(_REFUTE, {"person": person_id, "now": now}).one_or_none() is None:
        raise ConflictError("no death of this person is known")


class DeathReportedError(UnauthenticatedError):
    """Who logs in proved who he is, and stands on record as dead: told so, for a report can be a mistake."""

    code = "death-reported"


def exists(connection: Connection, person_id: UUID) -> bool:
    """Whether this person is known, dead or alive, erased or not."""
    return (
        connection.execute(
            text("SELECT 1 FROM identity.person WHERE person_id = :id"), {"id": person_id}
        ).first()
        is not None
    )


def is_dead(connection: Connection, person_id: UUID) -> bool:
    """Say whether a death of this person is on record."""
    return connection.execute(_IS_DEAD, {"person": person_id}).first() is not None


def require_alive(connection: Connection, person_id: UUID) -> None:
    """Raise ConflictError where a death of this person is on record: the dead move in nowhere and act for nobody."""
    if is_dead(connection, person_id):
        raise ConflictError("this person's death is on record; if that was a mistake, record that first")


def end_sessions(connection: Connection, person_id: UUID, now: datetime) -> None:
    """End every live session of a person."""
    connection.execute(_END_SESSIONS, {"person": person_id, "now": now})


def represent(
    connection: Connection,
    representation_id: UUID,
    members: dict[str, Any],
    reference_sealed: bytes,
    index: int,
) -> None:
    """Record whom a court appointed: person_id, representative_id, from_day, until_day; `index` is the entry.

    Raises:
        MalformedRequestError: it would end before it begins, or somebody would represent himself.
        ConflictError: it is on record for part of these days.
    """
    if members["until_day"] is not None and members["until_day"] <= members["from_day"]:
        raise MalformedRequestError("until_day: lies after the beginning")
    if members["person_id"] == members["representative_id"]:
        raise MalformedRequestError("representative_id: nobody represents himself")
    if connection.execute(_SAME, members).first():
        raise ConflictError("this representation is on record for part of these days already")
    connection.execute(
        _REPRESENT, {**members, "id": representation_id, "reference": reference_sealed, "index": index}
    )


def end_representation(connection: Connection, representation_id: UUID, day: date, now: datetime) -> Any:
    """End a representation at the beginning of a day, or cancel it; returns its row.

    For an enterprise nobody acts a moment longer: each log-in would put off a later day.

    Raises:
        ConflictError: there is none that lasts longer.
    """
    row = connection.execute(_END_REPRESENTATION, {"id": representation_id, "day": day}).one_or_none()
    if row is None:
        raise ConflictError(
            "none with this id lasts longer than that: it ended or was cancelled before, or there is no such id"
        )
    if row.kind == ENTERPRISE:
        connection.execute(_END_AT_ONCE, {"id": representation_id, "now": now})
    return row


def end_of_stay(connection: Connection, people: Iterable[UUID], now: datetime) -> None:
    """End the sessions of those who left and live nowhere here any more, and of who acts in their names (R97)."""
    for person_id in people:
        if not residents.live_somewhere(connection, person_id, day_of(now)):
            end_sessions(connection, person_id, now)
            connection.execute(_END_ACTING, {"person": person_id, "now": now})


_DEATH = text(
    "INSERT INTO identity.death (death_id, person_id, died_on, recorded_at) VALUES (:id, :person, :day, :now)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_LIVES_NO_MORE = ending("registry.person_concerned", "person_id = :person")
_REFUTE = text(
    "UPDATE identity.death SET refuted_at = :now WHERE person_id = :person AND refuted_at IS NULL RETURNING 1"
)
_IS_DEAD = text("SELECT 1 FROM identity.death WHERE person_id = :person AND refuted_at IS NULL")
_END_SESSIONS = text(
    "UPDATE identity.session SET ended_at = :now WHERE person_id = :person AND ended_at IS NULL AND expires_at > :now"
)
_END_ACTING = text(
    "UPDATE identity.session s SET ended_at = :now FROM identity.representation r"
    " WHERE r.representation_id = s.representation_id AND r.person_id = :person"
    " AND s.ended_at IS NULL AND s.expires_at > :now"
)
_SAME = text(
    "SELECT 1 FROM identity.representation WHERE person_id = :person_id AND representative_id = :representative_id"
    " AND kind = 'court'"
    " AND daterange(from_day, until_day) && daterange(:from_day, :until_day)"
)
_REPRESENT = text(
    "INSERT INTO identity.representation (representation_id, person_id, representative_id, reference_sealed, from_day,"
    " until_day, recorded_index)"
    " VALUES (:id, :person_id, :representative_id, :reference, :from_day, :until_day, :index)"
)
_END_AT_ONCE = text("UPDATE identity.representation SET ended_at = :now WHERE representation_id = :id")
_END_REPRESENTATION = ending("identity.representation", "representation_id = :id")
