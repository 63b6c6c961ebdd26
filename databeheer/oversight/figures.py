"""Reads and refusals per ground and party, counted from the ledger's index rows; no subject is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Count:
    """How often one party read, or was refused, on one ground (for a refusal: its reason).

    A read in bulk counts once for each that was asked in it.
    """

    party_id: UUID | None
    ground: str
    event: str
    operator: int
    count: int

    @property
    def is_read(self) -> bool:
        return self.event == "data.read"


def counts(connection: Connection, first: date | None, last: date | None) -> list[Count]:
    """Count reads and refusals from Brussels day `first` up to and including `last` (None: no bound)."""
    rows = connection.execute(_COUNTS, {"first": first, "last": last})
    return [Count(row.party_id, row.ground, row.event, row.operator, int(row.times)) for row in rows]


def permissions_by_state(connection: Connection) -> dict[str, int]:
    """Count permissions by the state that is written down."""
    rows = connection.execute(
        text("SELECT state, count(*) AS times FROM permissions.permission GROUP BY state ORDER BY state")
    )
    return {row.state: row.times for row in rows}


_COUNTS = text(
    "SELECT party_id, ground, event, operator, sum(points) AS times FROM ("
    "  SELECT party_id, ground, event, operator, points, day FROM ledger.body"
    "  WHERE event IN ('data.read', 'data.refused')"
    "  UNION ALL SELECT b.party_id, t.one->>1, t.one->>0, CAST(t.one->>2 AS smallint), CAST(t.one->>3 AS integer),"
    "  b.day FROM ledger.body b, jsonb_array_elements(b.house_half->'tally') AS t (one)"
    "  WHERE b.event = 'data.asked' AND b.house_half IS NOT NULL) counted"
    " WHERE (CAST(:first AS date) IS NULL OR day >= :first) AND (CAST(:last AS date) IS NULL OR day <= :last)"
    " GROUP BY party_id, ground, event, operator ORDER BY event, ground, party_id"
)
