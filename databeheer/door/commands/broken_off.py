"""Intakes that broke off: what they wrote is read by nobody, and goes after a day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from databeheer.door.house import House

STALE = timedelta(days=1)
"""What was not stored within a day broke off: its keys are good for nothing from then on."""


def give_up_stale(house: House) -> None:
    """Give up, with their rows, what broke off long ago; in no turn, for the rows may be millions.

    Such rows may be of days that somebody else's move took from the stay under whose root they stand.
    """
    with house.engine.begin() as connection:
        for row in connection.execute(_GIVE_UP, {"before": house.clock.now() - STALE}).all():
            days = {"batch": row.batch, "first": row.first_day, "last": row.last_day}
            connection.execute(_DELETE_ROWS, days)


_GIVE_UP = text(
    "UPDATE metering.batch SET is_given_up = true, roots_sealed = NULL WHERE stored_index IS NULL"
    " AND opened_at < :before AND NOT is_given_up RETURNING batch, first_day, last_day"
)
_DELETE_ROWS = text("DELETE FROM metering.profile WHERE batch = :batch AND day BETWEEN :first AND :last")
