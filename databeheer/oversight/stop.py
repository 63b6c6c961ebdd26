"""The emergency stop: nothing is handed over while it stands; withdrawing goes on (design.md, the door)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError


@dataclass(frozen=True)
class Stop:
    """A stop that stands, since when (aware UTC) and why."""

    since: datetime
    reason: str


def current(connection: Connection) -> Stop | None:
    """Return the stop that stands now, None where data may leave."""
    row = connection.execute(
        text("SELECT stopped, reason, at FROM oversight.stop ORDER BY stop_no DESC LIMIT 1")
    ).one_or_none()
    return Stop(row.at, row.reason) if row and row.stopped else None


def change(connection: Connection, *, stopped: bool, reason: str, now: datetime) -> None:
    """Set or lift the stop.

    Raises:
        ConflictError: it is set, or lifted, already.
    """
    if (current(connection) is not None) is stopped:
        raise ConflictError("hand-over is stopped already" if stopped else "hand-over is not stopped")
    connection.execute(
        text("INSERT INTO oversight.stop (stopped, reason, at) VALUES (:stopped, :reason, :at)"),
        {"stopped": stopped, "reason": reason, "at": now},
    )
