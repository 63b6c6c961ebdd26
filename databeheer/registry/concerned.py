"""People who live at an access point beside its contract holder and have made themselves known (table row 4).

No consent opens the data of their time there without their signature (4.1.22/5, 5°; R4).
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError
from databeheer.registry.ending import ending


def begin(connection: Connection, occupancy: Any, person_id: UUID, from_day: date) -> None:
    """Write down that somebody lives there from a day on.

    Raises:
        ConflictError: he is the contract holder, is known there already, or it is outside the occupancy.
    """
    if occupancy.person_id == person_id:
        raise ConflictError("that person is the grid user there already")
    if from_day < occupancy.from_day:
        raise ConflictError("from_day: before the occupancy began")
    inserted = connection.execute(
        text(
            "INSERT INTO registry.person_concerned (occupancy_id, operator, person_id, from_day) SELECT :occupancy,"
            " :operator, :person, :first WHERE NOT EXISTS (SELECT FROM registry.person_concerned c"
            " WHERE c.occupancy_id = :occupancy AND c.person_id = :person"
            " AND (c.until_day IS NULL OR c.until_day > :first))"
            # What was cancelled held no day; from that same day it may hold after all.
            " ON CONFLICT (occupancy_id, person_id, from_day) DO UPDATE SET until_day = NULL RETURNING 1"
        ),
        {
            "occupancy": occupancy.occupancy_id,
            "operator": occupancy.operator,
            "person": person_id,
            "first": from_day,
        },
    ).one_or_none()
    if inserted is None:
        raise ConflictError("that person is known there already")


def end(connection: Connection, occupancy_id: UUID, person_id: UUID, until_day: date) -> None:
    """Write down that somebody does not live there any more from a day on; who came then or later never did.

    Raises:
        ConflictError: he is not known there, or left by then.
    """
    asked = {"occupancy": occupancy_id, "person": person_id, "day": until_day}
    if not connection.execute(_END, asked).all():
        raise ConflictError("that person is not known there, or left by that day")


def left_behind(connection: Connection, occupancy_id: UUID) -> list[UUID]:
    """Return who was known to live there when the contract holder moved out: nobody wrote down that they left."""
    rows = connection.execute(
        text(
            "SELECT person_id FROM registry.person_concerned WHERE occupancy_id = :occupancy AND until_day IS NULL"
            " ORDER BY person_id"
        ),
        {"occupancy": occupancy_id},
    )
    return list(rows.scalars())


_END = ending("registry.person_concerned", "occupancy_id = :occupancy AND person_id = :person")
