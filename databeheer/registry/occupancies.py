"""Who is the grid user of an access point from which Brussels day to which; a vacancy has no person."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NotFoundError
from databeheer.registry.ending import ending
from databeheer.values import HORIZON

FIRST_DAY = HORIZON[0]
"""A point's first vacancy begins here: before any reading."""


def add(
    connection: Connection,
    occupancy_id: UUID,
    *,
    point_id: UUID,
    point_no: int,
    operator: int,
    person_id: UUID | None,
    from_day: date,
    until_day: date | None = None,
    interval_reading: bool = True,
) -> None:
    """Add an occupancy; its keys are made before it."""
    connection.execute(
        text(
            "INSERT INTO registry.occupancy (occupancy_id, root_id, operator, access_point_id, access_point_no,"
            " person_id, from_day, until_day, interval_reading)"
            " VALUES (:id, :id, :operator, :point, :no, :person, :first, :until, :interval)"
        ),
        {
            "id": occupancy_id,
            "operator": operator,
            "point": point_id,
            "no": point_no,
            "person": person_id,
            "first": from_day,
            "until": until_day,
            "interval": interval_reading,
        },
    )


def on_day(connection: Connection, ean_hash: bytes, day: date) -> Any:
    """Return who is there on a day; raises NotFoundError where the access point does not exist."""
    row = connection.execute(
        text(
            "SELECT o.* FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
            " WHERE a.ean_hash = :hash AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
        ),
        {"hash": ean_hash, "day": day},
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such access point")
    return row


def lived_in(connection: Connection, ean_hash: bytes, day: date) -> Any | None:
    """Return the occupancy of a person on a day; None for a vacancy and for a point that does not exist."""
    try:
        row = on_day(connection, ean_hash, day)
    except NotFoundError:
        return None
    return row if row.person_id is not None else None


def of_point(connection: Connection, point_id: UUID) -> list[Any]:
    """Return all occupancies of an access point, oldest first."""
    return list(
        connection.execute(
            text("SELECT * FROM registry.occupancy WHERE access_point_id = :id ORDER BY from_day"),
            {"id": point_id},
        )
    )


def within(connection: Connection, point_id: UUID, first: date, until: date | None) -> list[UUID]:
    """Return the occupancies of a point that overlap the days [first, until)."""
    rows = connection.execute(
        text(
            "SELECT occupancy_id FROM registry.occupancy WHERE access_point_id = :id"
            " AND daterange(from_day, until_day) && daterange(:first, :until) ORDER BY from_day"
        ),
        {"id": point_id, "first": first, "until": until},
    )
    return [row.occupancy_id for row in rows]


def within_stay(occupancy: Any, until: date | None) -> date | None:
    """Return the end of what is made with who lives there: no later than the stay's."""
    if occupancy.until_day is None:
        return until
    stay_end: date = occupancy.until_day
    return stay_end if until is None else min(until, stay_end)


def standing(connection: Connection, occupancy_id: UUID) -> Any | None:
    """Return a person's occupancy that has no end yet."""
    return connection.execute(
        text(
            "SELECT * FROM registry.occupancy WHERE occupancy_id = :id AND person_id IS NOT NULL"
            " AND until_day IS NULL"
        ),
        {"id": occupancy_id},
    ).one_or_none()


def find(connection: Connection, occupancy_id: UUID) -> Any | None:
    """Return an occupancy, if it exists."""
    return connection.execute(
        text("SELECT * FROM registry.occupancy WHERE occupancy_id = :id"), {"id": occupancy_id}
    ).one_or_none()


def by_id(connection: Connection, occupancy_id: UUID) -> Any:
    """Return an occupancy that exists."""
    row = find(connection, occupancy_id)
    if row is None:
        raise NotFoundError("there is no such occupancy")
    return row


def own(connection: Connection, occupancy_id: UUID, person_id: UUID | None) -> Any | None:
    """Return an occupancy if it is this person's."""
    return connection.execute(
        text("SELECT * FROM registry.occupancy WHERE occupancy_id = :id AND person_id = :person"),
        {"id": occupancy_id, "person": person_id},
    ).one_or_none()


def of_person(connection: Connection, person_id: UUID) -> list[UUID]:
    """Return where a person is or was grid user, oldest first."""
    rows = connection.execute(
        text("SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person ORDER BY from_day"),
        {"person": person_id},
    )
    return [row.occupancy_id for row in rows]


def home_of(connection: Connection, person_id: UUID | None, day: date) -> UUID | None:
    """Return where a person lives on a day: the longest-standing occupancy, if there are several."""
    row = connection.execute(
        text(
            "SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person AND from_day <= :day"
            " AND (until_day IS NULL OR until_day > :day) ORDER BY from_day, occupancy_id LIMIT 1"
        ),
        {"person": person_id, "day": day},
    ).first()
    return row.occupancy_id if row else None


def end_on(connection: Connection, occupancy: Any, day: date) -> None:
    """End an occupancy at the beginning of a day.

    Raises:
        ConflictError: it begins later, or ends by then.
    """
    # Out and in on one day is how most people move: the vacancy in between has no day. A stay without a day is one
    # that was entered by mistake.
    if (
        occupancy.from_day > day
        or not connection.execute(_END, {"day": day, "id": occupancy.occupancy_id}).all()
    ):
        raise ConflictError("an occupancy does not end before it began, nor twice")


def vacancy_from(connection: Connection, point_id: UUID, day: date) -> Any:
    """Return the vacancy that a stay left behind on a day: the one that holds days, where others were cancelled."""
    found = connection.execute(_VACANCY_FROM, {"point": point_id, "day": day}).one_or_none()
    if found is None:
        raise ConflictError("no vacancy begins there on that day")
    return found


def vacancy_until(connection: Connection, point_id: UUID, day: date) -> Any | None:
    """Return the vacancy that ended on a day with somebody's move-in."""
    return connection.execute(_VACANCY_UNTIL, {"point": point_id, "day": day}).one_or_none()


def reopen(connection: Connection, vacancy: Any) -> None:
    """Let a vacancy go on: who ended it never lived there."""
    connection.execute(_REOPEN, {"id": vacancy.occupancy_id})


_VACANCY_FROM = text(
    "SELECT * FROM registry.occupancy WHERE access_point_id = :point AND person_id IS NULL AND from_day = :day"
    " ORDER BY until_day DESC NULLS FIRST, occupancy_id LIMIT 1"
)
_VACANCY_UNTIL = text(
    "SELECT * FROM registry.occupancy WHERE access_point_id = :point AND person_id IS NULL AND until_day = :day"
    " ORDER BY from_day, occupancy_id LIMIT 1"
)
_REOPEN = text(
    "UPDATE registry.occupancy SET until_day = NULL WHERE occupancy_id = :id AND person_id IS NULL"
)
_END = ending("registry.occupancy", "occupancy_id = :id")
