"""How much waits for somebody of the house, list by list; counts alone, nobody is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, TextClause, text


@dataclass(frozen=True)
class Waiting:
    """How much waits in a list, and since when the oldest does (aware UTC); `dead`: given up on."""

    name: str
    waiting: int
    oldest_at: datetime | None
    dead: int = 0


def worklists(connection: Connection) -> list[Waiting]:
    """Return what waits for a person, each list in the order in which the page shows it."""
    return [Waiting(name, *connection.execute(one).one()) for name, one in _LISTS.items()]


def queues(connection: Connection) -> list[Waiting]:
    """Return what waits to be sent, by the way it goes."""
    return [Waiting(row.channel, row.waiting, row.oldest_at, row.dead) for row in connection.execute(_QUEUES)]


def _counted(since: str, table: str, where: str) -> str:
    return f"SELECT count(*), min({since}) FROM {table} WHERE {where}"  # noqa: S608  parts of our own


_LISTS: Mapping[str, TextClause] = {
    name: text(_counted(*one))
    for name, one in {
        "roles": ("asked_at", "staff.role_grant", "approved_at IS NULL AND ended_at IS NULL"),
        "registers": ("written_at", "governance.version", "outcome IS NULL"),
        "parties": ("handed_in_at", "registry.handed_in", "outcome IS NULL"),
        "consultations": ("signed_at", "staff.register_consultation", "judged_at IS NULL"),
        "doubts": ("opened_at", "doubt.doubt_case", "closed_at IS NULL"),
        "rights": ("received_at", "oversight.right_request", "state = 'asked'"),
    }.items()
}
_QUEUES = text(
    "SELECT channel, count(*) FILTER (WHERE state = 'waiting') AS waiting,"
    " min(told_at) FILTER (WHERE state = 'waiting') AS oldest_at,"
    " count(*) FILTER (WHERE state = 'dead') AS dead FROM post.delivery GROUP BY channel ORDER BY channel"
)
