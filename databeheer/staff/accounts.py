"""Staff accounts: one live account a person, bound to a log-in by keyed hash; what it takes for its roles to count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from databeheer.brussels import day_of
from databeheer.errors import ConflictError, DatabeheerError, UnauthenticatedError

CLAUSE, TRAINING = "clause", "training"
"""What an account may lack; while it lacks one, no role of it counts (R166)."""


BLOCKED_AFTER = timedelta(days=90)
"""After how long without a log-in an account is blocked; ENDED_AFTER it ends (R169)."""
ENDED_AFTER = timedelta(days=180)
DELETED_AFTER = timedelta(days=365)
"""How long after its end the name goes: until then a manager can read who did what."""


class NoStaffAccountError(DatabeheerError):
    """Who logs in as staff has no live account here; nothing was opened."""

    code = "no-staff-account"


class UnknownDeviceError(UnauthenticatedError):
    """Staff come from a workstation of the house, and this one is none (R198)."""


@dataclass(frozen=True)
class Standing:
    """Who a staff session is, as of now. `employee`: the keyed hash of the employee number, one for each person.

    `roles`: to read; `writes`: those of them to write too (R162). Both are empty while it `lacks` something.
    """

    account_id: UUID
    employee: bytes
    team: str
    is_external: bool
    roles: frozenset[str]
    writes: frozenset[str]
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Newcomer:
    """An account to make; texts are sealed and hashed by who calls."""

    account_id: UUID
    subject_hash: bytes
    employee: bytes
    name_sealed: bytes
    team: str
    is_external: bool
    clause_signed_on: date | None
    trained_until: date | None


def add(connection: Connection, newcomer: Newcomer, now: datetime) -> None:
    """Make an account.

    Raises:
        ConflictError: this person, or this log-in, has a live account.
    """
    try:
        with connection.begin_nested():
            connection.execute(_ADD, vars(newcomer) | {"now": now})
    except IntegrityError as error:
        raise ConflictError("this person, or this log-in, has a live account already") from error


def standing(connection: Connection, subject_hash: bytes, certificate: str, now: datetime) -> Standing:
    """Return who a staff session is now; looked up for each command, so that an end counts at once.

    `certificate`: the print of the one that the connection came with. Once a workstation was registered, staff come
    from one that still is.

    Raises:
        UnauthenticatedError: no live account, or one that is blocked; UnknownDeviceError: not from such a workstation.
    """
    row = connection.execute(_STANDING, {"subject": subject_hash, "now": now}).one_or_none()
    if row is None or row.blocked_at is not None:
        raise UnauthenticatedError("log in again: this account has ended or is blocked")
    if not is_known_device(connection, certificate):
        raise UnknownDeviceError("come from a workstation of the house")
    return _standing(row, now)


def working(connection: Connection, codes: frozenset[str], now: datetime) -> list[Any]:
    """Return the live accounts, none blocked, of who may write in one of these roles now; by their number."""
    rows = connection.execute(_WORKING, {"now": now})
    return [row for row in rows if not _standing(row, now).writes.isdisjoint(codes)]


def _standing(row: Any, now: datetime) -> Standing:
    lacks = tuple(lacking(row, day_of(now)))
    counts = [] if lacks else row.held
    reads = frozenset(one["role"] for one in counts if not one["writes"])
    writes = frozenset(one["role"] for one in counts if one["writes"]) & reads
    return Standing(row.account_id, bytes(row.employee_hash), row.team, row.is_external, reads, writes, lacks)


def is_known_device(connection: Connection, certificate: str) -> bool:
    """Whether staff may come from where this certificate is; from anywhere, as long as none was ever registered."""
    known: bool = connection.execute(_DEVICE, {"print": certificate}).scalar_one()
    return known


def lacking(row: Any, today: date) -> list[str]:
    """What an account lacks on a day: the clause signed, a training that still counts."""
    lacks = []
    if row.clause_signed_on is None or row.clause_signed_on > today:
        lacks.append(CLAUSE)
    if row.trained_until is None or row.trained_until < today:
        lacks.append(TRAINING)
    return lacks


def by_id(connection: Connection, account_id: UUID) -> Any | None:
    """Return an account, ended ones too."""
    return connection.execute(_BY_ID, {"id": account_id}).one_or_none()


def live_by_employee(connection: Connection, employee: bytes) -> Any | None:
    """Return the live account of a person."""
    return connection.execute(_BY_EMPLOYEE, {"employee": employee}).one_or_none()


def live_by_subject(connection: Connection, subject_hash: bytes) -> Any | None:
    """Return the live account that a log-in opens."""
    return connection.execute(_BY_SUBJECT, {"subject": subject_hash}).one_or_none()


def every(connection: Connection) -> list[Any]:
    """Return every account that is not deleted, the newest first."""
    return list(connection.execute(_EVERY))


def used(connection: Connection, account_id: UUID, now: datetime) -> None:
    """Note that somebody logged in to an account."""
    connection.execute(_USED, {"id": account_id, "now": now})


def end(connection: Connection, account_id: UUID, why: str, now: datetime) -> bool:
    """End an account; False where it had ended."""
    return connection.execute(_END, {"id": account_id, "why": why, "now": now}).rowcount == 1


def block(connection: Connection, account_id: UUID, why: str, now: datetime) -> None:
    """Block an account: it logs in nowhere, and nothing of it counts."""
    connection.execute(_BLOCK, {"id": account_id, "why": why, "now": now})


def delete(connection: Connection, account_id: UUID, now: datetime) -> None:
    """Forget whose an account was; what it did stays, under its number."""
    connection.execute(_DELETE, {"id": account_id, "now": now})


def unused(connection: Connection, now: datetime, limit: int) -> list[tuple[str, Any]]:
    """Return what is due of accounts that nobody uses: `blocked`, `ended` or `deleted`, and which; oldest first."""
    moments = {
        "block": now - BLOCKED_AFTER,
        "end": now - ENDED_AFTER,
        "delete": now - DELETED_AFTER,
        "now": now,
        "limit": limit,
    }
    return [(row.step, row) for row in connection.execute(_UNUSED, moments)]


def show_papers(
    connection: Connection, account_id: UUID, signed_on: date | None, trained_until: date | None
) -> None:
    """Keep when the clause was signed, and until when the training counts; what is not given stays."""
    connection.execute(_PAPERS, {"id": account_id, "signed": signed_on, "trained": trained_until})


_ADD = text(
    "INSERT INTO staff.account (account_id, subject_hash, employee_hash, name_sealed, team, is_external,"
    " clause_signed_on, trained_until, created_at, last_used_at)"
    " VALUES (:account_id, :subject_hash, :employee, :name_sealed, :team, :is_external,"
    " :clause_signed_on, :trained_until, :now, :now)"
)
_HELD = (
    "approved_at IS NOT NULL AND ended_at IS NULL AND suspended_at IS NULL"
    " AND (until_at IS NULL OR until_at > :now)"
    # What nobody confirmed in time counts no more, whether or not that was written down (R160, R161).
    " AND NOT EXISTS (SELECT FROM clocks.clock c WHERE c.kind = 'staff_role_review' AND c.about = grant_id"
    "  AND c.met_at IS NULL AND c.dropped_at IS NULL AND c.due_at <= :now)"
)
_LIVE = (
    "SELECT a.*, coalesce((SELECT jsonb_agg(jsonb_build_object('role', role, 'writes', writes))"  # noqa: S608  our own
    f"  FROM staff.role_grant WHERE account_id = a.account_id AND {_HELD}), '[]') AS held"
    " FROM staff.account a WHERE a.ended_at IS NULL"
)
_STANDING = text(f"{_LIVE} AND a.subject_hash = :subject")
_WORKING = text(f"{_LIVE} AND a.blocked_at IS NULL ORDER BY a.account_id")
_DEVICE = text(
    "SELECT NOT EXISTS (SELECT FROM staff.device)"
    " OR EXISTS (SELECT FROM staff.device WHERE print = :print AND ended_at IS NULL)"
)
_BY_ID = text("SELECT * FROM staff.account WHERE account_id = :id")
_BY_EMPLOYEE = text("SELECT * FROM staff.account WHERE employee_hash = :employee AND ended_at IS NULL")
_BY_SUBJECT = text("SELECT * FROM staff.account WHERE subject_hash = :subject AND ended_at IS NULL")
_EVERY = text("SELECT * FROM staff.account WHERE deleted_at IS NULL ORDER BY created_at DESC, account_id")
_USED = text("UPDATE staff.account SET last_used_at = :now WHERE account_id = :id")
_END = text(
    "UPDATE staff.account SET ended_at = :now, end_reason = :why WHERE account_id = :id AND ended_at IS NULL"
)
_BLOCK = text(
    "UPDATE staff.account SET blocked_at = :now, block_reason = :why WHERE account_id = :id AND blocked_at IS NULL"
)
_DELETE = text(
    "UPDATE staff.account SET deleted_at = :now, name_sealed = NULL, subject_hash = NULL WHERE account_id = :id"
)
_UNUSED = text(
    "SELECT * FROM (SELECT a.*, CASE"
    " WHEN ended_at <= :delete AND deleted_at IS NULL THEN 'deleted'"
    " WHEN ended_at IS NULL AND last_used_at <= :end THEN 'ended'"
    " WHEN ended_at IS NULL AND blocked_at IS NULL AND last_used_at <= :block THEN 'blocked' END AS step"
    " FROM staff.account a) due WHERE step IS NOT NULL ORDER BY last_used_at, account_id LIMIT :limit"
)
_PAPERS = text(
    "UPDATE staff.account SET clause_signed_on = coalesce(:signed, clause_signed_on),"
    " trained_until = coalesce(:trained, trained_until) WHERE account_id = :id"
)
