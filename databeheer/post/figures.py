"""How fast people are told: from what happened to what was delivered, per way (R27, "without delay")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Figures:
    """One way's counts of what was told in a period, and seconds from event to delivery; None where none arrived."""

    channel: str
    told: int
    delivered: int
    waiting: int
    dead: int
    dropped: int
    median_seconds: float | None
    p95_seconds: float | None
    slowest_seconds: float | None
    oldest_waiting_at: datetime | None


def figures(connection: Connection, first: datetime, until: datetime) -> list[Figures]:
    """Return the figures of what happened in [first, until): the inbox, e-mail, web hooks.

    The inbox has a message in the transaction of what happened, so nothing waits there.
    """
    asked = {"first": first, "until": until}
    told = connection.execute(_INBOX, asked).scalar_one()
    nothing = 0.0 if told else None
    rows = {row.channel: Figures(**row._mapping) for row in connection.execute(_DELIVERIES, asked)}
    none = (0, 0, 0, 0, 0, None, None, None, None)
    return [
        Figures("inbox", told, told, 0, 0, 0, nothing, nothing, nothing, None),
        *(rows.get(channel, Figures(channel, *none)) for channel in ("email", "webhook")),
    ]


_INBOX = text(
    "SELECT count(*) FROM post.message WHERE recipient = 'customer' AND at >= :first AND at < :until"
)
_SECONDS = "extract(epoch FROM ended_at - told_at)"
_ARRIVED = "FILTER (WHERE state = 'delivered')"
_DELIVERIES = text(
    f"""
    SELECT channel, count(*) AS told, count(*) {_ARRIVED} AS delivered,
        count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead,
        count(*) FILTER (WHERE state = 'dropped') AS dropped,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY {_SECONDS}) {_ARRIVED} AS float) AS median_seconds,
        CAST(percentile_cont(0.95) WITHIN GROUP (ORDER BY {_SECONDS}) {_ARRIVED} AS float) AS p95_seconds,
        CAST(max({_SECONDS}) {_ARRIVED} AS float) AS slowest_seconds,
        min(told_at) FILTER (WHERE state = 'waiting') AS oldest_waiting_at
    FROM post.delivery WHERE message_id IS NOT NULL AND told_at >= :first AND told_at < :until GROUP BY channel
    """  # noqa: S608  parts of our own
)
