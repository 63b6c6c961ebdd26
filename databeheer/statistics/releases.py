"""What was told, and is never told again: a month of one commodity of one grid operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def is_told(connection: Connection, operator: int, commodity: str, month: date) -> bool:
    """Say whether a month was told; `month` is its first day."""
    named = {"operator": operator, "commodity": commodity, "month": month}
    return connection.execute(_IS_TOLD, named).one_or_none() is not None


def tell(connection: Connection, operator: int, commodity: str, month: date) -> bool:
    """Note that a month is told; False where it was before."""
    named = {"operator": operator, "commodity": commodity, "month": month}
    return connection.execute(_TELL, named).one_or_none() is not None


def add(
    connection: Connection,
    release_id: UUID,
    *,
    operator: int,
    commodity: str,
    month: date,
    report: str,
    parts: Mapping[str, str],
    outcome_index: int,
    now: datetime,
) -> None:
    """Publish a release: its report, and its table by municipality. The month is noted as told already."""
    connection.execute(
        _ADD,
        {
            "id": release_id,
            "operator": operator,
            "commodity": commodity,
            "month": month,
            "report": report,
            "index": outcome_index,
            "now": now,
        },
    )
    rows = [{"id": release_id, "place": place, "lines": lines} for place, lines in parts.items()]
    if rows:
        connection.execute(_ADD_PART, rows)


def latest(connection: Connection) -> list[Any]:
    """Return all releases, the newest months first, with their reports."""
    return list(connection.execute(_LATEST))


def by_id(connection: Connection, release_id: UUID) -> Any | None:
    """Return a release with its report; None where there is none."""
    return connection.execute(_BY_ID, {"id": release_id}).one_or_none()


def part_names(connection: Connection, release_id: UUID) -> list[str]:
    """Return of which municipalities a release has lines, in the order of its table."""
    return list(connection.execute(_NAMES, {"id": release_id}).scalars())


def part(connection: Connection, release_id: UUID, municipality: str) -> str | None:
    """Return the lines of one municipality; None where it has none."""
    lines: str | None = connection.execute(
        _PART, {"id": release_id, "place": municipality}
    ).scalar_one_or_none()
    return lines


def parts(connection: Connection, release_id: UUID) -> dict[str, str]:
    """Return all lines of a release, by municipality."""
    return {name: part(connection, release_id, name) or "" for name in part_names(connection, release_id)}


_IS_TOLD = text(
    "SELECT 1 FROM statistics.told WHERE operator = :operator AND commodity = :commodity AND month = :month"
)
_TELL = text(
    "INSERT INTO statistics.told (operator, commodity, month) VALUES (:operator, :commodity, :month)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_ADD = text(
    "INSERT INTO statistics.release (release_id, operator, commodity, month, report, outcome_index, released_at)"
    " VALUES (:id, :operator, :commodity, :month, :report, :index, :now)"
)
_ADD_PART = text("INSERT INTO statistics.part (release_id, municipality, lines) VALUES (:id, :place, :lines)")
_LATEST = text("SELECT * FROM statistics.release ORDER BY month DESC, commodity, operator")
_BY_ID = text("SELECT * FROM statistics.release WHERE release_id = :id")
_NAMES = text("SELECT municipality FROM statistics.part WHERE release_id = :id ORDER BY municipality")
_PART = text("SELECT lines FROM statistics.part WHERE release_id = :id AND municipality = :place")
