"""The list of what a head-end has to read again: which device, which day, what is lacking, how often tried, until when.

A check of a day puts on it what is lacking and takes off what came. Handing the list out is an attempt; the same thing
is handed out again after `AGAIN_AFTER`, and not any more from its deadline on. Why something is read at all, the list
does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of

TERM = timedelta(days=10)
"""How long after its day something is asked for again. Our design: long enough for a meter that was out of reach, short
enough that a month can be delivered soon after its end."""
AGAIN_AFTER = timedelta(hours=6)
KEPT = timedelta(days=92)
"""How long what ended stays, for who asks how often a head-end had to come back."""
MOST = 4096


@dataclass(frozen=True)
class Lacking:
    """Something of a meter and direction that is not there: registers, periods, intervals or slots."""

    meter_id: UUID
    direction: str
    what: str


def note(connection: Connection, operator: int, day: date, lacking: Sequence[Lacking], now: datetime) -> int:
    """Bring the list of one day up to date; returns how many things of that day have to be read again.

    What a check no longer finds lacking was read. What is past its deadline is `too_late` and comes back no more.
    """
    asked: dict[str, Any] = {
        "operator": operator,
        "day": day,
        "now": now,
        "until": day + TERM + timedelta(days=1),
        "today": day_of(now),
        "meters": [one.meter_id for one in lacking],
        "directions": [one.direction for one in lacking],
        "whats": [one.what for one in lacking],
    }
    connection.execute(_READ, asked)
    connection.execute(_TOO_LATE, asked)
    if asked["until"] > asked["today"]:
        connection.execute(_LACKING, asked)
    connection.execute(_FORGET, {"before": now - KEPT})
    open_: int = connection.execute(_OPEN, asked).scalar_one()
    return open_


def take(connection: Connection, operator: int, now: datetime, limit: int) -> list[Any]:
    """Hand out what is to be tried now, the most urgent first, and count an attempt of each.

    Two who ask at once get different things. Rows: meter_id, number_sealed, day, direction, lacking, attempts,
    until_day.
    """
    asked = {"operator": operator, "now": now, "today": day_of(now)}
    connection.execute(_TOO_LATE, asked)
    return list(connection.execute(_TAKE, asked | {"tried": now - AGAIN_AFTER, "limit": limit}))


def page(connection: Connection, operator: int, now: datetime, after: int | None, limit: int) -> list[Any]:
    """Return what is open, the most urgent first, from a place in the list on; counts no attempt."""
    asked = {"operator": operator, "today": day_of(now), "after": after, "limit": limit}
    return list(connection.execute(_PAGE, asked))


def try_again(connection: Connection, operator: int, now: datetime, numbers: Sequence[int]) -> list[Any]:
    """Count an attempt of each that was not tried lately; returns those of the numbers that are open."""
    asked = {"operator": operator, "now": now, "today": day_of(now), "numbers": list(numbers)}
    connection.execute(_TRIED, asked | {"tried": now - AGAIN_AFTER})
    return list(connection.execute(_THESE, asked))


_GIVEN = (
    "unnest(CAST(:meters AS uuid[]), CAST(:directions AS text[]), CAST(:whats AS text[]))"
    " AS g (meter_id, direction, lacking)"
)
_READ = text(
    "UPDATE metering.reread r SET ended_at = :now, outcome = 'read'"  # noqa: S608  parts of our own
    " WHERE operator = :operator AND day = :day"
    " AND ended_at IS NULL AND NOT EXISTS (SELECT FROM " + _GIVEN + " WHERE g.meter_id = r.meter_id"
    "  AND g.direction = r.direction AND g.lacking = r.lacking)"
)
_TOO_LATE = text(
    "UPDATE metering.reread SET ended_at = :now, outcome = 'too_late'"
    " WHERE operator = :operator AND ended_at IS NULL AND until_day <= :today"
)
_LACKING = text(
    "INSERT INTO metering.reread (operator, meter_id, day, direction, lacking, found_at, until_day)"  # noqa: S608  parts of our own
    " SELECT CAST(:operator AS smallint), g.meter_id, CAST(:day AS date), g.direction, g.lacking,"
    " CAST(:now AS timestamptz), CAST(:until AS date) FROM "
    + _GIVEN
    + " ON CONFLICT (meter_id, day, direction, lacking) WHERE ended_at IS NULL DO NOTHING"
)
_OPEN = text(
    "SELECT count(*) FROM metering.reread WHERE operator = :operator AND day = :day AND ended_at IS NULL"
)
_FORGET = text("DELETE FROM metering.reread WHERE ended_at < :before")
_TAKE = text(
    "UPDATE metering.reread r SET attempts = attempts + 1, last_attempt_at = :now FROM registry.meter m"
    " WHERE m.meter_id = r.meter_id AND r.reread_no IN (SELECT reread_no FROM metering.reread"
    "  WHERE operator = :operator AND ended_at IS NULL AND (last_attempt_at IS NULL OR last_attempt_at <= :tried)"
    "  ORDER BY until_day, reread_no LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING r.reread_no, r.meter_id, m.number_sealed, r.day, r.direction, r.lacking, r.attempts, r.until_day"
)
_OPEN_ROWS = (
    "SELECT r.*, m.number_sealed FROM metering.reread r JOIN registry.meter m USING (meter_id)"
    " WHERE r.operator = :operator AND r.ended_at IS NULL AND r.until_day > :today"
)
_PAGE = text(
    f"{_OPEN_ROWS} AND (CAST(:after AS bigint) IS NULL OR (r.until_day, r.reread_no) >"  # noqa: S608  parts of our own
    " (SELECT o.until_day, o.reread_no FROM metering.reread o WHERE o.reread_no = :after))"
    " ORDER BY r.until_day, r.reread_no LIMIT :limit"
)
_THESE = text(f"{_OPEN_ROWS} AND r.reread_no = ANY(:numbers) ORDER BY r.until_day, r.reread_no")
_TRIED = text(
    "UPDATE metering.reread SET attempts = attempts + 1, last_attempt_at = :now WHERE reread_no = ANY(:numbers)"
    " AND operator = :operator AND ended_at IS NULL AND until_day > :today"
    " AND (last_attempt_at IS NULL OR last_attempt_at <= :tried)"
)
