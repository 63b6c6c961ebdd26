"""When public services were closed and opened again: what the cockpit shows, and what a drill is held against.

`linking`: people link an access point or ask for its EAN code; `handover`: anything leaves the house at all (R95).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from sqlalchemy import Connection, text

from databeheer.brussels import midnight

LINKING, HANDOVER = "linking", "handover"
SERVICES = (LINKING, HANDOVER)


@dataclass(frozen=True)
class Change:
    """A service was closed, or opened again, at a moment (aware UTC), and why."""

    service: str
    is_closed: bool
    reason: str
    at: datetime


def changes(connection: Connection, *, limit: int = 20) -> list[Change]:
    """Return the last changes of each service, the newest first: many of one hide no other's."""
    return [Change(*row) for row in connection.execute(_CHANGES, {"limit": limit})]


def closed(connection: Connection, service: str) -> Change | None:
    """Return the change by which a service is closed now, None where it is open."""
    last = next((one for one in changes(connection, limit=1) if one.service == service), None)
    return last if last is not None and last.is_closed else None


def closures_of(connection: Connection, day: date) -> list[int]:
    """Return for how many minutes each closing that began on a Brussels day lasted, rounded up; not one that lasts."""
    began = {"first": midnight(day), "until": midnight(day + timedelta(days=1))}
    return [
        max(1, ceil((row.opened_at - row.closed_at).total_seconds() / 60))
        for row in connection.execute(_CLOSURES, began)
    ]


_EVERY = (
    "SELECT 'linking' AS service, is_closed, reason, at, change_no AS number FROM oversight.link_service"
    " UNION ALL SELECT 'handover', stopped, reason, at, stop_no FROM oversight.stop"
)
_CHANGES = text(
    "SELECT service, is_closed, reason, at FROM ("  # noqa: S608  parts of our own
    "SELECT *, row_number() OVER (PARTITION BY service ORDER BY number DESC) AS place"
    f" FROM ({_EVERY}) AS every) AS placed WHERE place <= :limit ORDER BY at DESC, number DESC"
)
_CLOSURES = text(
    "SELECT at AS closed_at, opened_at FROM ("  # noqa: S608  parts of our own
    "SELECT *, lead(at) OVER (PARTITION BY service ORDER BY number) AS opened_at"
    f" FROM ({_EVERY}) AS every) AS spans"
    " WHERE is_closed AND opened_at IS NOT NULL AND at >= :first AND at < :until"
)
