"""Parties as the process sees them: whom to reach, who is doubted regularly, what they improve, what is reported.

Source: R108-R111; NEDU steps 5, 6, 9, 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NoLegalBasisError


@dataclass(frozen=True)
class Threshold:
    """Regularly is: at least so many cases opened in so many days, those apart in which nothing was wrong."""

    threshold: int = 3
    window_days: int = 365


@dataclass(frozen=True)
class Offender:
    """A party that is doubted regularly; `cases` and `unproven` are of the window."""

    party_id: UUID
    cases: int
    unproven: int
    newest_at: datetime


def in_force(connection: Connection) -> Threshold:
    """Return the rule that holds now; before anybody set one, the one here."""
    row = connection.execute(_TERMS).one_or_none()
    return Threshold(**row._mapping) if row is not None else Threshold()


def put(connection: Connection, rule: Threshold, now: datetime, index: int) -> None:
    """Write down a rule that holds from now on, recorded as ledger entry `index`."""
    connection.execute(_PUT_TERMS, {**vars(rule), "now": now, "index": index})


def offenders(connection: Connection, now: datetime) -> list[Offender]:
    """Return who is doubted regularly by the rule in force, most cases first (R108)."""
    rule = in_force(connection)
    since = now - timedelta(days=rule.window_days)
    rows = connection.execute(_OFFENDERS, {"since": since, "now": now, "threshold": rule.threshold})
    return [Offender(**row._mapping) for row in rows]


# --- whom to reach ----------------------------------------------------------------------------------------


def put_contact(connection: Connection, party_id: UUID, sealed: dict[str, bytes], now: datetime) -> None:
    """Write down whom others reach at a party about doubt: name, email, phone, each sealed (R111)."""
    connection.execute(_PUT_CONTACT, {"party": party_id, "now": now, **sealed})


def contacts(connection: Connection, party_id: UUID | None = None) -> list[Any]:
    """Return the contact group: of every party that is not suspended, or of one."""
    return list(connection.execute(_CONTACTS, {"party": party_id}))


def require_contact(connection: Connection, party_id: UUID | None) -> None:
    """Refuse a party that nobody can reach about doubt.

    Raises:
        NoLegalBasisError: it named nobody for the contact group.
    """
    if not connection.execute(_HAS_CONTACT, {"party": party_id}).scalar_one():
        raise NoLegalBasisError("name first whom we reach about doubt about a mandate (doubt contact)")


# --- improvement and reports ------------------------------------------------------------------------------


def ask_improvement(
    connection: Connection, improvement_id: UUID, party_id: UUID, words_sealed: bytes, by: str, now: datetime
) -> None:
    """Write down that somebody asked a party, for all grid operators together, how it will improve.

    Raises:
        ConflictError: it was asked already, and that is not judged yet.
    """
    asked = {"id": improvement_id, "party": party_id, "words": words_sealed, "by": by, "now": now}
    if connection.execute(_ASK, asked).one_or_none() is None:
        raise ConflictError("this party was asked already; judge that first")


def judge_improvement(
    connection: Connection, party_id: UUID, *, sufficient: bool, by: str, now: datetime
) -> None:
    """Write down whether what a party did is enough.

    Raises:
        ConflictError: it was not asked to improve.
    """
    outcome = "sufficient" if sufficient else "insufficient"
    judged = {"party": party_id, "outcome": outcome, "by": by, "now": now}
    if connection.execute(_JUDGE, judged).one_or_none() is None:
        raise ConflictError("this party was not asked to improve")


def improvements(connection: Connection) -> list[Any]:
    """Return the newest improvement asked of each party."""
    return list(connection.execute(_IMPROVEMENTS))


def report(
    connection: Connection,
    *,
    party_id: UUID,
    case_id: UUID | None,
    reason: str,
    seal: Any,
    by: str,
    now: datetime,
    index: int,
) -> UUID:
    """Write down a report to the regulator; `seal` closes its words under the report's id.

    Raises:
        ConflictError: for want of improvement, where none was found insufficient (R108); at any time `ad_hoc` (R109).
    """
    if reason == "no_improvement":
        newest = next((one for one in improvements(connection) if one.party_id == party_id), None)
        if newest is None or newest.outcome != "insufficient":
            raise ConflictError("ask this party to improve first, and judge what it did")
    report_id = uuid4()
    connection.execute(
        _REPORT,
        {
            "id": report_id,
            "party": party_id,
            "case": case_id,
            "reason": reason,
            "words": seal(report_id),
            "by": by,
            "now": now,
            "index": index,
        },
    )
    return report_id


def reports(connection: Connection, first: datetime, until: datetime) -> list[Any]:
    """Return the reports made in a stretch of time, oldest first."""
    return list(connection.execute(_REPORTS, {"first": first, "until": until}))


_TERMS = text("SELECT threshold, window_days FROM doubt.terms ORDER BY terms_no DESC LIMIT 1")
_PUT_TERMS = text(
    "INSERT INTO doubt.terms (threshold, window_days, at, index) VALUES (:threshold, :window_days, :now, :index)"
)
_OFFENDERS = text(
    "SELECT party_id, count(*) AS cases, count(*) FILTER (WHERE state = 'unproven') AS unproven,"
    " max(opened_at) AS newest_at FROM doubt.doubt_case WHERE opened_at > :since AND opened_at <= :now"
    " AND state NOT IN ('lifted', 'retracted') GROUP BY party_id HAVING count(*) >= :threshold"
    " ORDER BY cases DESC, party_id"
)
_PUT_CONTACT = text(
    "INSERT INTO doubt.contact (party_id, name_sealed, email_sealed, phone_sealed, changed_at)"
    " VALUES (:party, :name, :email, :phone, :now) ON CONFLICT (party_id) DO UPDATE SET"
    " name_sealed = :name, email_sealed = :email, phone_sealed = :phone, changed_at = :now"
)
_CONTACTS = text(
    "SELECT c.*, p.name, p.role, p.about, p.website FROM doubt.contact c JOIN registry.party p USING (party_id)"
    " WHERE p.suspended_at IS NULL AND (CAST(:party AS uuid) IS NULL OR c.party_id = :party)"
    " ORDER BY p.name, c.party_id"
)
_HAS_CONTACT = text("SELECT EXISTS (SELECT FROM doubt.contact WHERE party_id = :party)")
_ASK = text(
    "INSERT INTO doubt.improvement (improvement_id, party_id, asked_at, asked_by, words_sealed)"
    " VALUES (:id, :party, :now, :by, :words) ON CONFLICT (party_id) WHERE outcome IS NULL DO NOTHING RETURNING 1"
)
_JUDGE = text(
    "UPDATE doubt.improvement SET outcome = :outcome, judged_at = :now, judged_by = :by"
    " WHERE party_id = :party AND outcome IS NULL RETURNING 1"
)
_IMPROVEMENTS = text(
    "SELECT DISTINCT ON (party_id) * FROM doubt.improvement ORDER BY party_id, asked_at DESC, improvement_id"
)
_REPORT = text(
    "INSERT INTO doubt.report (report_id, party_id, case_id, reason, words_sealed, reported_by, at, index)"
    " VALUES (:id, :party, :case, :reason, :words, :by, :now, :index)"
)
_REPORTS = text("SELECT * FROM doubt.report WHERE at >= :first AND at < :until ORDER BY at, report_id")
