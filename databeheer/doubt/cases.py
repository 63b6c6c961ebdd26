"""Cases of doubt in the database: opened with their first signal, moved on by events, closed by them or by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.doubt import duties
from databeheer.doubt.course import Course
from databeheer.doubt.states import Concern, Event, Origin, State
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.values import Purpose

ALLOCATING = frozenset({Purpose.DYNAMIC_PRICE_BILLING, Purpose.BALANCING})
"""Purposes of which the data are what a point is allocated on (R107)."""


@dataclass(frozen=True)
class Signal:
    """Somebody's doubt about a permission. `received_at` (aware UTC) is when whoever reports it knew of it.

    `person_id` is the customer who raised it himself. `customer` is how a reporting party left its customer
    (unsatisfied, unknown). `source` and `words` come sealed, under `signal_id`.
    """

    signal_id: UUID
    origin: Origin
    concern: Concern
    received_at: datetime
    person_id: UUID | None = None
    customer: str | None = None
    source_sealed: bytes | None = None
    words_sealed: bytes | None = None


def course_of(row: Any) -> Course:
    """The course of a case's row."""
    return Course(State(row.state), row.opened_at, row.evidence_due_at, row.closed_at)


def standing(connection: Connection, party_id: UUID, occupancy_id: UUID) -> list[Any]:
    """Return the cases about a party and an occupancy that nobody closed, locked; time may have (`settle`).

    Each is about another permission; one whose permission a restored database does not have is about none.
    """
    return list(connection.execute(_STANDING, {"party": party_id, "occupancy": occupancy_id}))


def proven(connection: Connection, party_id: UUID, occupancy_id: UUID) -> set[UUID]:
    """Return the permissions of a party at an occupancy that two people once found proven."""
    asked = {"party": party_id, "occupancy": occupancy_id}
    return set(connection.execute(_PROVEN, asked).scalars())


def open_case(connection: Connection, permission: Any, concern: Concern, now: datetime) -> Any:
    """Open a case about a granted permission; the block of its party there is in force with it.

    Returns its row.
    """
    members = {
        "id": uuid4(),
        "operator": permission.operator,
        "party": permission.party_id,
        "occupancy": permission.occupancy_id,
        "permission": permission.permission_id,
        "concern": concern,
        "allocates": Purpose(permission.purpose) in ALLOCATING,
        "now": now,
    }
    return connection.execute(_OPEN, members).one()


def open_again(
    connection: Connection,
    case_id: UUID,
    party_id: UUID,
    occupancy_id: UUID,
    permission_id: UUID | None,
    at: datetime,
) -> Any | None:
    """Open a case that a restored database forgot; None where it knows it, or one about that permission stands."""
    named = {"id": case_id, "party": party_id, "occupancy": occupancy_id, "permission": permission_id}
    allocating = [purpose.value for purpose in ALLOCATING]
    return connection.execute(_OPEN_AGAIN, {**named, "at": at, "allocating": allocating}).one_or_none()


def join_again(connection: Connection, case_id: UUID, signal_id: UUID, at: datetime) -> Any | None:
    """Write down that somebody joined a case, of whose signal only the number is known; returns the case.

    None where a restored database has that signal, or no such case that stands.
    """
    joined = {"id": uuid4(), "case": case_id, "signal": signal_id, "at": at}
    if connection.execute(_JOIN_AGAIN, joined).one_or_none() is None:
        return None
    return get(connection, case_id)


def close_again(connection: Connection, case_id: UUID, at: datetime) -> Any | None:
    """Close a case as unproven that a restored database still has open; None where it is closed, or unknown."""
    return connection.execute(_CLOSE_AGAIN, {"id": case_id, "at": at}).one_or_none()


def add_signal(connection: Connection, row: Any, signal: Signal, now: datetime) -> bool:
    """Write a signal down; returns whether a party's own report came too late (R110).

    Raises:
        MalformedRequestError: it was received in the future.
        ConflictError: this customer, or the party itself, said so of this permission already.
    """
    if signal.received_at > now:
        raise MalformedRequestError("received_at: not in the future")
    is_late = signal.origin is Origin.PARTY and duties.reported_late(connection, row, signal, now)
    members = {**vars(signal), "case": row.case_id, "operator": row.operator, "late": is_late, "now": now}
    if connection.execute(_SIGNAL, members).one_or_none() is None:
        raise ConflictError("this was reported already, and is being examined")
    return is_late


def step(connection: Connection, row: Any, event: Event, now: datetime, **members: str) -> Any:
    """Move a case on, locked before; returns its new row. `members` are columns that say who did it and how.

    Raises:
        ConflictError: that cannot happen (any more).
    """
    course = course_of(row).step(event, now, evidence_due_at=duties.hours_from(now))
    return _write(connection, row, course, contacted_at=now if event is Event.CONTACTED else None, **members)


def settle(connection: Connection, row: Any, now: datetime) -> Any | None:
    """Write down that the 72 hours of a case, locked before, passed without a proof; None where they did not."""
    course = course_of(row).at(now)
    return _write(connection, row, course) if course != course_of(row) else None


def due(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Return cases whose 72 hours passed and of which nobody wrote that down, the oldest first."""
    return list(connection.execute(_DUE, {"now": now, "limit": limit}).scalars())


def running(connection: Connection) -> list[UUID]:
    """Return the cases whose 72 hours run, or passed and nobody wrote that down."""
    return list(connection.execute(_RUNNING).scalars())


def find(connection: Connection, case_id: UUID) -> Any | None:
    """Return a case, held to the end of the transaction; None where there is none."""
    return connection.execute(_GET, {"id": case_id}).one_or_none()


def get(connection: Connection, case_id: UUID) -> Any:
    """Return a case, held to the end of the transaction; raises NotFoundError."""
    row = find(connection, case_id)
    if row is None:
        raise NotFoundError("there is no such case")
    return row


def add_event(
    connection: Connection, row: Any, event: str, *, by: str, now: datetime, index: int, for_party: bool
) -> None:
    """Write down a step of a case that ledger entry `index` records; `row` as it is after it.

    `for_party` False: the party's list of what happened does not have it.
    """
    connection.execute(
        _EVENT,
        {
            "id": row.case_id,
            "operator": row.operator,
            "event": event,
            "state": row.state,
            "by": by,
            "now": now,
            "index": index,
            "for_party": for_party,
        },
    )


def decide_breach(
    connection: Connection, row: Any, *, breach: bool, reference_sealed: bytes | None, by: str, now: datetime
) -> Any:
    """Write down whether this is a breach of personal data too: the process does not replace that duty (R112)."""
    members = {
        "id": row.case_id,
        "breach": "yes" if breach else "no",
        "reference": reference_sealed,
        "by": by,
        "now": now,
    }
    return connection.execute(_BREACH, members).one()


def _write(connection: Connection, row: Any, course: Course, **members: Any) -> Any:
    written = {
        "id": row.case_id,
        "state": course.state,
        "due": course.evidence_due_at,
        "closed": course.closed_at,
        **dict.fromkeys(("contacted_at", "contacted_by", "contact_how", "accepted_by", "lifted_by")),
        **members,
    }
    return connection.execute(_STEP, written).one()


_STANDING = text(
    "SELECT * FROM doubt.doubt_case WHERE party_id = :party AND occupancy_id = :occupancy AND closed_at IS NULL"
    " ORDER BY opened_at, case_id FOR UPDATE"
)
_PROVEN = text(
    "SELECT permission_id FROM doubt.doubt_case WHERE party_id = :party AND occupancy_id = :occupancy"
    " AND state = 'lifted' AND permission_id IS NOT NULL"
)
_OPEN = text(
    "INSERT INTO doubt.doubt_case (case_id, operator, party_id, access_point_id, occupancy_id, permission_id,"
    " concern, state, opened_at, allocates) SELECT :id, :operator, :party, access_point_id, :occupancy,"
    " :permission, :concern, 'open', :now, :allocates FROM registry.occupancy WHERE occupancy_id = :occupancy"
    " RETURNING *"
)
_OPEN_AGAIN = text(
    "INSERT INTO doubt.doubt_case (case_id, operator, party_id, access_point_id, occupancy_id, permission_id,"
    " concern, state, opened_at, allocates) SELECT :id, o.operator, p.party_id, o.access_point_id, o.occupancy_id,"
    " q.permission_id, 'other', 'open', :at, coalesce(q.purpose = ANY(:allocating), false)"
    " FROM registry.occupancy o CROSS JOIN registry.party p LEFT JOIN permissions.permission q"
    "  ON q.permission_id = CAST(:permission AS uuid) WHERE o.occupancy_id = :occupancy AND p.party_id = :party"
    " AND NOT EXISTS (SELECT FROM doubt.doubt_case c WHERE c.case_id = :id OR c.party_id = :party"
    "  AND c.occupancy_id = :occupancy AND c.closed_at IS NULL AND c.permission_id = q.permission_id) RETURNING *"
)
_JOIN_AGAIN = text(
    "INSERT INTO doubt.signal (signal_id, case_id, operator, origin, concern, received_at, signalled_at, is_late)"
    " SELECT :id, case_id, operator, 'journal', 'other', :at, :at, false FROM doubt.doubt_case"
    " WHERE case_id = :case AND closed_at IS NULL"
    " AND NOT EXISTS (SELECT FROM doubt.signal WHERE signal_id = :signal) RETURNING 1"
)
_CLOSE_AGAIN = text(
    "UPDATE doubt.doubt_case SET state = 'unproven', closed_at = :at, evidence_due_at = coalesce(evidence_due_at, :at)"
    " WHERE case_id = :id AND closed_at IS NULL AND opened_at <= :at RETURNING *"
)
_SIGNAL = text(
    "INSERT INTO doubt.signal (signal_id, case_id, operator, origin, concern, person_id, customer, source_sealed,"
    " words_sealed, received_at, signalled_at, is_late) VALUES (:signal_id, :case, :operator, :origin, :concern,"
    " :person_id, :customer, :source_sealed, :words_sealed, :received_at, :now, :late)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
_STEP = text(
    "UPDATE doubt.doubt_case SET state = :state, evidence_due_at = :due, closed_at = :closed,"
    " contacted_at = coalesce(:contacted_at, contacted_at), contacted_by = coalesce(:contacted_by, contacted_by),"
    " contact_how = coalesce(:contact_how, contact_how), accepted_by = coalesce(:accepted_by, accepted_by),"
    " lifted_by = coalesce(:lifted_by, lifted_by) WHERE case_id = :id RETURNING *"
)
_DUE = text(
    "SELECT case_id FROM doubt.doubt_case WHERE state = 'contacted' AND evidence_due_at <= :now"
    " ORDER BY evidence_due_at, case_id LIMIT :limit"
)
_RUNNING = text(
    "SELECT case_id FROM doubt.doubt_case WHERE state = 'contacted' ORDER BY evidence_due_at, case_id"
)
_GET = text("SELECT * FROM doubt.doubt_case WHERE case_id = :id FOR UPDATE")
_EVENT = text(
    "INSERT INTO doubt.event (case_id, operator, event, state, by, at, index, for_party)"
    " VALUES (:id, :operator, :event, :state, :by, :now, :index, :for_party)"
)
_BREACH = text(
    "UPDATE doubt.doubt_case SET breach = :breach, breach_reference_sealed = :reference, breach_by = :by,"
    " breach_at = :now WHERE case_id = :id RETURNING *"
)
