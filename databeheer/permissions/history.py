"""What happened to a permission, step by step: append-only, each step with its entry of the ledger (R25, R26)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.values import format_instant


def add(
    connection: Connection,
    permission_id: UUID,
    *,
    operator: int,
    event: str,
    state: str,
    reason: str,
    by: str,
    at: datetime,
    index: int,
    for_party: bool,
) -> None:
    """Write down a step that ledger entry `index` records.

    `by` is grid_user, person_concerned, representative, applicant, party, operator, time or move.
    `for_party` False: a step that the party does not see, for it would tell who lives where (R98).
    """
    connection.execute(_ADD, {name: value for name, value in locals().items() if name != "connection"})


def of(connection: Connection, permission_id: UUID, *, for_party: bool) -> list[dict[str, Any]]:
    """Return the steps of a permission, oldest first, as its customer or its party sees them."""
    rows = connection.execute(_OF, {"id": permission_id, "for_party": for_party})
    return [
        {
            "event": row.event,
            "state": row.state,
            "reason": row.reason,
            "by": _by_for_party(row.by) if for_party else row.by,
            "at": format_instant(row.at),
            "index": row.index,
        }
        for row in rows
    ]


def was_ended_by_representative(connection: Connection, permission_id: UUID) -> bool:
    """Say whether it was a representative who refused or withdrew."""
    return connection.execute(_ENDED_BY_REPRESENTATIVE, {"id": permission_id}).first() is not None


def _by_for_party(by: str) -> str:
    """Who of a household signed or withdrew, or in whose name, is not the party's to know."""
    return "grid_user" if by in ("person_concerned", "applicant", "representative") else by


_ADD = text(
    "INSERT INTO permissions.event (permission_id, operator, event, state, reason, by, at, index, for_party)"
    " VALUES (:permission_id, :operator, :event, :state, :reason, :by, :at, :index, :for_party)"
)
_OF = text(
    "SELECT * FROM permissions.event WHERE permission_id = :id AND (for_party OR NOT :for_party) ORDER BY event_no"
)
_ENDED_BY_REPRESENTATIVE = text(
    "SELECT 1 FROM permissions.event WHERE permission_id = :id AND by = 'representative'"
    " AND event IN ('permission.rejected', 'permission.revoked')"
)
