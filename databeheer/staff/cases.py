"""Cases: why somebody of the house looks at somebody's data; who handles one, alone or as a team (R155, R132)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of

KINDS = (
    "question",
    "complaint",
    "missing_values",
    "wrong_values",
    "move",
    "market_process",
    "fraud",
    "rights",
)
"""What a case is about; the words stand in the pages. By an EAN code only some roles open some (`roles.toml`)."""
IN_WRITING = "ean_codes"
"""More EAN codes than go out in a contact: the team answers in writing (R85). Nobody opens such a case by hand."""


def reference_of(index: int, now: datetime) -> str:
    """How people name a case: the year, and the entry of the ledger that opened it."""
    return f"Z{day_of(now).year}-{index}"


def open_case(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a new case; `ends_at` where the clock ends it, `contact` where its customer was identified in one."""
    connection.execute(_OPEN, {"ends_at": None, "contact": None} | values)


def by_reference(connection: Connection, reference: str) -> Any | None:
    """Return a case by what people call it."""
    return connection.execute(_BY_REFERENCE, {"reference": reference}).one_or_none()


def by_id(connection: Connection, case_id: UUID) -> Any | None:
    """Return a case, closed ones too."""
    return connection.execute(_BY_ID, {"id": case_id}).one_or_none()


def is_open(case: Any, now: datetime) -> bool:
    """Whether a case is neither closed nor, as a contact is after its days, over by the clock."""
    return case.closed_at is None and (case.ends_at is None or now < case.ends_at)


def is_handled_by(case: Any, account_id: UUID, team: str, now: datetime) -> bool:
    """Whether an open case is somebody's: assigned to him, or to his team."""
    return is_open(case, now) and (case.assigned_to == account_id or case.team == team)


def open_of(connection: Connection, account_id: UUID, team: str, now: datetime) -> list[Any]:
    """Return the open cases of somebody and of his team, the oldest first."""
    return list(connection.execute(_OPEN_OF, {"account": account_id, "team": team, "now": now}))


def assign(connection: Connection, case_id: UUID, account_id: UUID | None, team: str | None) -> None:
    """Give a case to one person, or to a team."""
    connection.execute(_ASSIGN, {"case": case_id, "account": account_id, "team": team})


def leave_to_team(connection: Connection, account_id: UUID, team: str) -> int:
    """What somebody who left handled, his team handles; returns how many cases."""
    return connection.execute(_LEAVE, {"account": account_id, "team": team}).rowcount


def close(connection: Connection, case_id: UUID, by: UUID, now: datetime) -> bool:
    """Close a case; False where it was closed."""
    return connection.execute(_CLOSE, {"case": case_id, "by": by, "now": now}).rowcount == 1


_OPEN = text(
    "INSERT INTO staff.case_file (case_id, operator, reference, kind, what_sealed, access_point_id, occupancy_id,"
    " opened_by, opened_at, opened_index, assigned_to, team, ends_at, contact_id) VALUES (:case, :operator,"
    " :reference, :kind, :what, :point, :occupancy, :by, :now, :index, :account, :team, :ends_at, :contact)"
)
_BY_REFERENCE = text("SELECT * FROM staff.case_file WHERE reference = :reference")
_BY_ID = text("SELECT * FROM staff.case_file WHERE case_id = :id")
_OPEN_OF = text(
    "SELECT * FROM staff.case_file WHERE closed_at IS NULL AND (ends_at IS NULL OR ends_at > :now)"
    " AND (assigned_to = :account OR team = :team) ORDER BY opened_index"
)
_ASSIGN = text("UPDATE staff.case_file SET assigned_to = :account, team = :team WHERE case_id = :case")
_LEAVE = text(
    "UPDATE staff.case_file SET assigned_to = NULL, team = :team WHERE assigned_to = :account AND closed_at IS NULL"
)
_CLOSE = text(
    "UPDATE staff.case_file SET closed_at = :now, closed_by = :by WHERE case_id = :case AND closed_at IS NULL"
)
