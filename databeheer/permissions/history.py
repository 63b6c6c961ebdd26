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
    person_id: UUID | None = None,
    task: str | None = None,
) -> None:
    """Write down a step that ledger entry `index` records.

    `by` is grid_user, person_concerned, representative, applicant, party, operator, time or move; `person_id` who of
    the people took it, or in whose name; `task` the contact at the desk in which his paper was entered.
    `for_party` False: a step that the party does not see, for it would tell who lives where (R98).
    """
    connection.execute(_ADD, {name: value for name, value in locals().items() if name != "connection"})


def of_party(connection: Connection, permission_id: UUID) -> list[dict[str, Any]]:
    """Return the steps of a permission, oldest first, as its party sees them."""
    rows = connection.execute(_OF, {"id": permission_id, "for_party": True})
    return [_step(row) | {"by": _by_for_party(row.by)} for row in rows]


def of_person(connection: Connection, permission_id: UUID, person_id: UUID | None) -> list[dict[str, Any]]:
    """Return the same as one of its people sees them: which were his own, and in which capacity others took theirs."""
    rows = connection.execute(_OF, {"id": permission_id, "for_party": False})
    return [_step(row) | by_for(row, person_id) for row in rows]


def by_for(row: Any, person_id: UUID | None) -> dict[str, Any]:
    """Who took a step, as this person may know it: that somebody has an administrator is nobody else's to know."""
    is_you = row.person_id is not None and row.person_id == person_id
    by = row.by
    if by == "representative" and not is_you:
        by = "grid_user" if row.is_holder else "person_concerned"
    return {"by": by, "is_you": is_you, "task": row.task if is_you else None}


def _step(row: Any) -> dict[str, Any]:
    return {
        "event": row.event,
        "state": row.state,
        "reason": row.reason,
        "at": format_instant(row.at),
        "index": row.index,
    }


def _by_for_party(by: str) -> str:
    """Who of a household signed or withdrew, or in whose name, is not the party's to know."""
    return "grid_user" if by in ("person_concerned", "applicant", "representative") else by


_ADD = text(
    "INSERT INTO permissions.event (permission_id, operator, event, state, reason, by, at, index, for_party,"
    " person_id, task) VALUES (:permission_id, :operator, :event, :state, :reason, :by, :at, :index, :for_party,"
    " :person_id, :task)"
)
_STEPS = (
    "SELECT e.*, coalesce(e.person_id = o.person_id, false) AS is_holder FROM permissions.event e"
    " JOIN permissions.permission p USING (permission_id)"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = coalesce(p.occupancy_id, p.addressed_to) WHERE {}"
    " ORDER BY e.event_no"
)
_OF = text(_STEPS.format("e.permission_id = :id AND (e.for_party OR NOT :for_party)"))
ENDED_BY = text(
    _STEPS.format("e.permission_id = ANY(:ids) AND e.event IN ('permission.rejected', 'permission.revoked')")
)
"""The step by which people refused or withdrew, of those permissions `:ids` of which they did."""
NARROWED_BY = text(_STEPS.format("e.permission_id = ANY(:ids) AND e.event = 'permission.narrowed'"))
"""The step by which one part of the data ended, of those permissions `:ids` of which one did."""
