"""Who has which role: asked by one person, approved by another, never by who gets it (R156, R157, R159, R168)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.staff import roles


def ask(
    connection: Connection,
    account: Any,
    role: str,
    *,
    writes: bool,
    until: datetime | None,
    reason_sealed: bytes,
    grant_id: UUID,
    by: bytes,
    now: datetime,
    index: int,
) -> None:
    """Keep that somebody asked for a role for an account. `by`: who asked, as a keyed hash.

    Raises:
        MalformedRequestError: the role is for a period only, or ends before it begins.
        ConflictError: it has this role, or it was asked; or it goes not with what the person has.
    """
    check_until(role, until, now)
    refuse_conflicts(connection, bytes(account.employee_hash), role)
    asked = {
        "grant": grant_id,
        "account": account.account_id,
        "employee": bytes(account.employee_hash),
        "role": role,
        "writes": writes,
        "reason": reason_sealed,
        "until": until,
        "by": by,
        "now": now,
        "index": index,
    }
    if connection.execute(_ASK, asked).rowcount != 1:
        raise ConflictError("this account has this role, or it waits for somebody's approval")


def approve(connection: Connection, grant: Any, by: bytes, now: datetime, index: int) -> None:
    """Let a role count from now on; the database refuses it too where the same person did both.

    Raises:
        ConflictError: it does not wait; who approves asked for it, or gets it; it goes not with another role.
    """
    if grant.approved_at is not None or grant.ended_at is not None:
        raise ConflictError("this does not wait for approval any more")
    if by in (bytes(grant.asked_by), bytes(grant.employee_hash)):
        raise ConflictError(
            "somebody else than who asked, and than who gets the role, approves it (four eyes)"
        )
    check_until(grant.role, grant.until_at, now)
    refuse_conflicts(connection, bytes(grant.employee_hash), grant.role)
    try:
        with connection.begin_nested():
            connection.execute(_APPROVE, {"grant": grant.grant_id, "by": by, "now": now, "index": index})
    except IntegrityError as error:
        raise ConflictError(
            "this role goes not with one that the person has, or with who approves"
        ) from error


def confirm(connection: Connection, grant: Any, by: bytes, now: datetime) -> None:
    """A manager says that a role is still needed: it counts for half a year more, suspended or not (R160, R161).

    Raises:
        ConflictError: it is one's own, was never approved, or has ended.
    """
    if grant.approved_at is None or grant.ended_at is not None:
        raise ConflictError("there is no such role that counts, or did until nobody confirmed it")
    if by == bytes(grant.employee_hash):
        raise ConflictError("somebody else confirms what you have")
    connection.execute(_CONFIRM, {"grant": grant.grant_id, "by": by, "now": now})


def suspend(connection: Connection, grant_id: UUID, now: datetime) -> None:
    """Note that a role does not count, since nobody confirmed it in time."""
    connection.execute(_SUSPEND, {"grant": grant_id, "now": now})


def over(connection: Connection, now: datetime, limit: int) -> list[tuple[str, Any]]:
    """Return what time did to roles and nobody wrote down: `suspended` or `ended`, and which; oldest first."""
    rows = connection.execute(_OVER, {"now": now, "limit": limit})
    return [(row.step, row) for row in rows]


def check_until(role: str, until: datetime | None, now: datetime) -> None:
    """Refuse a period that a role cannot have; raises MalformedRequestError."""
    longest = roles.load().by_code[role].longest
    if until is not None and until <= now:
        raise MalformedRequestError("until: lies in the past")
    if longest is not None and (until is None or until > now + longest):
        raise MalformedRequestError(f"until: this role is given for {longest.days} days at most")


def refuse_conflicts(connection: Connection, employee: bytes, role: str) -> None:
    """Refuse a role that goes not with what the person has, under any account; raises ConflictError."""
    held = connection.execute(_HELD, {"employee": employee}).scalars()
    clashing = roles.load().conflicts(role, held)
    if clashing:
        raise ConflictError(f"this role goes not together with {', '.join(clashing)}")


def find(connection: Connection, grant_id: UUID) -> Any | None:
    """Return one grant."""
    return connection.execute(_FIND, {"grant": grant_id}).one_or_none()


def of_account(connection: Connection, account_id: UUID) -> list[Any]:
    """Return what an account has and what was asked for it, without what ended."""
    return list(connection.execute(_OF_ACCOUNT, {"account": account_id}))


def every(connection: Connection) -> list[Any]:
    """Return what all live accounts have and what was asked, the oldest first."""
    return list(connection.execute(_EVERY))


def end(connection: Connection, grant_id: UUID, why: str, now: datetime) -> bool:
    """End a role, or what was asked; False where it had ended."""
    return connection.execute(_END, {"grant": grant_id, "why": why, "now": now}).rowcount == 1


def end_of_account(connection: Connection, account_id: UUID, why: str, now: datetime) -> int:
    """End all that an account has or was asked; returns how many."""
    return connection.execute(_END_ALL, {"account": account_id, "why": why, "now": now}).rowcount


_ASK = text(
    "INSERT INTO staff.role_grant (grant_id, account_id, employee_hash, role, writes, reason_sealed, until_at,"
    " asked_by, asked_at, asked_index)"
    " VALUES (:grant, :account, :employee, :role, :writes, :reason, :until, :by, :now, :index)"
    " ON CONFLICT (account_id, role, writes) WHERE ended_at IS NULL DO NOTHING"
)
_APPROVE = text(
    "UPDATE staff.role_grant SET approved_by = :by, approved_at = :now, approved_index = :index, confirmed_at = :now"
    " WHERE grant_id = :grant AND approved_at IS NULL AND ended_at IS NULL"
)
_HELD = text(
    "SELECT DISTINCT role FROM staff.role_grant"
    " WHERE employee_hash = :employee AND approved_at IS NOT NULL AND ended_at IS NULL"
)
_CONFIRM = text(
    "UPDATE staff.role_grant SET confirmed_at = :now, confirmed_by = :by, suspended_at = NULL WHERE grant_id = :grant"
)
_SUSPEND = text("UPDATE staff.role_grant SET suspended_at = :now WHERE grant_id = :grant")
_OVER = text(
    "SELECT * FROM (SELECT g.*, CASE WHEN g.until_at <= :now THEN 'ended'"
    " WHEN g.suspended_at IS NULL AND g.approved_at IS NOT NULL AND EXISTS (SELECT FROM clocks.clock c"
    "  WHERE c.kind = 'staff_role_review' AND c.about = g.grant_id AND c.met_at IS NULL AND c.dropped_at IS NULL"
    "  AND c.due_at <= :now) THEN 'suspended' END AS step"
    " FROM staff.role_grant g WHERE g.ended_at IS NULL) due WHERE step IS NOT NULL ORDER BY asked_index, grant_id"
    " LIMIT :limit"
)
_FIND = text("SELECT * FROM staff.role_grant WHERE grant_id = :grant")
_OF_ACCOUNT = text(
    "SELECT * FROM staff.role_grant WHERE account_id = :account AND ended_at IS NULL ORDER BY role, writes"
)
_EVERY = text("SELECT * FROM staff.role_grant WHERE ended_at IS NULL ORDER BY asked_index, grant_id")
_END = text(
    "UPDATE staff.role_grant SET ended_at = :now, end_reason = :why WHERE grant_id = :grant AND ended_at IS NULL"
)
_END_ALL = text(
    "UPDATE staff.role_grant SET ended_at = :now, end_reason = :why WHERE account_id = :account AND ended_at IS NULL"
)
