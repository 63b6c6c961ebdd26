"""Cases of doubt in the database: opened with their first signal, moved on by events, found again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.doubt.course import Course
from databeheer.doubt.states import Concern, Event, Origin, State
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.values import Purpose

ALLOCATING = frozenset({Purpose.DYNAMIC_PRICE_BILLING, Purpose.BALANCING})
"""Purposes of which the data are what a point is allocated on (R107)."""
MOST_LISTED = 500


@dataclass(frozen=True)
class Signal:
    """Somebody's doubt. `received_at` (aware UTC) is when whoever reports it knew of it.

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


def standing(connection: Connection, party_id: UUID, occupancy_id: UUID) -> Any | None:
    """Return the case about a party and an occupancy that nobody closed, locked; time may have (`settle`)."""
    return connection.execute(_STANDING, {"party": party_id, "occupancy": occupancy_id}).one_or_none()


def open_case(connection: Connection, permission: Any, concern: Concern, now: datetime) -> Any:
    """Open a case about the party and the occupancy of a granted permission; the block is in force with it.

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
    connection: Connection, case_id: UUID, party_id: UUID, occupancy_id: UUID, at: datetime
) -> Any | None:
    """Open a case that a restored database forgot; None where it knows it, or another one stands."""
    again = {"id": case_id, "party": party_id, "occupancy": occupancy_id, "at": at}
    return connection.execute(_OPEN_AGAIN, again).one_or_none()


def close_again(connection: Connection, case_id: UUID, at: datetime) -> Any | None:
    """Close a case as unproven that a restored database still has open; None where it is closed, or unknown."""
    return connection.execute(_CLOSE_AGAIN, {"id": case_id, "at": at}).one_or_none()


def add_signal(connection: Connection, row: Any, signal: Signal, now: datetime) -> bool:
    """Write a signal down; returns whether a party's own report came too late (R110).

    Raises:
        MalformedRequestError: it was received in the future.
        ConflictError: this customer, or the party itself, said so already in this case.
    """
    if signal.received_at > now:
        raise MalformedRequestError("received_at: not in the future")
    is_late = signal.origin is Origin.PARTY and _reported_late(connection, row, signal, now)
    members = {**vars(signal), "case": row.case_id, "operator": row.operator, "late": is_late, "now": now}
    if connection.execute(_SIGNAL, members).one_or_none() is None:
        raise ConflictError("this was reported already, and is being examined")
    return is_late


def step(
    connection: Connection,
    row: Any,
    event: Event,
    now: datetime,
    *,
    evidence_due_at: datetime | None = None,
    **members: str,
) -> Any:
    """Move a case on, locked before; returns its new row. `members` are columns that say who did it and how.

    Raises:
        ConflictError: that cannot happen (any more).
    """
    course = course_of(row).step(event, now, evidence_due_at=evidence_due_at)
    return _write(connection, row, course, contacted_at=now if event is Event.CONTACTED else None, **members)


def settle(connection: Connection, row: Any, now: datetime) -> Any | None:
    """Write down that the 72 hours of a case, locked before, passed without a proof; None where they did not."""
    course = course_of(row).at(now)
    return _write(connection, row, course) if course != course_of(row) else None


def due(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Return cases whose 72 hours passed and of which nobody wrote that down, the oldest first."""
    return list(connection.execute(_DUE, {"now": now, "limit": limit}).scalars())


def start(connection: Connection, kind: str, row: Any, now: datetime) -> datetime:
    """Start a clock about a case; returns the first moment that is too late."""
    return clocks.start(
        connection, kind, row.case_id, now, party_id=row.party_id, occupancy_id=row.occupancy_id
    )


def get(connection: Connection, case_id: UUID) -> Any:
    """Return a case, held to the end of the transaction; raises NotFoundError."""
    row = connection.execute(_GET, {"id": case_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such case")
    return row


def visible(
    connection: Connection, case_id: UUID, *, person_id: UUID | None = None, party_id: UUID | None = None
) -> Any:
    """Return a case of a customer or a party, held to the end of the transaction; raises NotFoundError."""
    row = get(connection, case_id)
    is_own = row.party_id == party_id if party_id is not None else _is_of(connection, row, person_id)
    if not is_own:
        raise NotFoundError("there is no such case")
    return row


def listed(
    connection: Connection,
    *,
    person_id: UUID | None = None,
    party_id: UUID | None = None,
    is_closed: bool | None = None,
    limit: int = MOST_LISTED,
) -> list[Any]:
    """Return cases, the newest first: a customer's or a party's own, or all."""
    asked = {"person": person_id, "party": party_id, "closed": is_closed, "limit": limit}
    return list(connection.execute(_LISTED, asked))


def signals_of(connection: Connection, case_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return the signals of cases, oldest first."""
    return _by_case(connection.execute(_SIGNALS, {"ids": list(case_ids)}))


def events_of(connection: Connection, case_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return what happened in cases, oldest first."""
    return _by_case(connection.execute(_EVENTS, {"ids": list(case_ids)}))


def add_event(connection: Connection, row: Any, event: str, *, by: str, now: datetime, index: int) -> None:
    """Write down a step of a case that ledger entry `index` records; `row` as it is after it."""
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


def _reported_late(connection: Connection, row: Any, signal: Signal, now: datetime) -> bool:
    """Start and meet the party's own clock at once: it began when the party had the signal."""
    clocks.start(
        connection,
        "doubt_party_report",
        signal.signal_id,
        signal.received_at,
        party_id=row.party_id,
        occupancy_id=row.occupancy_id,
    )
    outcome = clocks.meet(connection, "doubt_party_report", signal.signal_id, now)
    return outcome is not None and not outcome.is_in_time


def _is_of(connection: Connection, row: Any, person_id: UUID | None) -> bool:
    return bool(connection.execute(_IS_OF, {"id": row.case_id, "person": person_id}).scalar_one())


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


def _by_case(rows: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


_STANDING = text(
    "SELECT * FROM doubt.doubt_case WHERE party_id = :party AND occupancy_id = :occupancy AND closed_at IS NULL"
    " FOR UPDATE"
)
_OPEN = text(
    "INSERT INTO doubt.doubt_case (case_id, operator, party_id, access_point_id, occupancy_id, permission_id,"
    " concern, state, opened_at, allocates) SELECT :id, :operator, :party, access_point_id, :occupancy,"
    " :permission, :concern, 'open', :now, :allocates FROM registry.occupancy WHERE occupancy_id = :occupancy"
    " RETURNING *"
)
_OPEN_AGAIN = text(
    "INSERT INTO doubt.doubt_case (case_id, operator, party_id, access_point_id, occupancy_id, concern, state,"
    " opened_at, allocates) SELECT :id, o.operator, p.party_id, o.access_point_id, o.occupancy_id, 'other', 'open',"
    " :at, false FROM registry.occupancy o, registry.party p WHERE o.occupancy_id = :occupancy"
    " AND p.party_id = :party AND NOT EXISTS (SELECT FROM doubt.doubt_case c WHERE c.case_id = :id"
    " OR c.party_id = :party AND c.occupancy_id = :occupancy AND c.closed_at IS NULL) RETURNING *"
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
_GET = text("SELECT * FROM doubt.doubt_case WHERE case_id = :id FOR UPDATE")
# A customer's: of an own stay, or raised by this person.
_OWN = (
    "(EXISTS (SELECT FROM registry.occupancy o WHERE o.occupancy_id = c.occupancy_id"
    "  AND o.person_id = CAST(:person AS uuid))"
    " OR EXISTS (SELECT FROM doubt.signal s WHERE s.case_id = c.case_id AND s.person_id = CAST(:person AS uuid)))"
)
_IS_OF = text(f"SELECT {_OWN} FROM doubt.doubt_case c WHERE c.case_id = :id")  # noqa: S608  # no word of a caller
_LISTED = text(
    "SELECT c.* FROM doubt.doubt_case c WHERE (CAST(:party AS uuid) IS NULL OR c.party_id = :party)"  # noqa: S608
    f" AND (CAST(:person AS uuid) IS NULL OR {_OWN})"
    " AND (CAST(:closed AS boolean) IS NULL OR (c.closed_at IS NOT NULL) = :closed)"
    " ORDER BY c.opened_at DESC, c.case_id LIMIT :limit"
)
_SIGNALS = text("SELECT * FROM doubt.signal WHERE case_id = ANY(:ids) ORDER BY signalled_at, signal_id")
_EVENTS = text("SELECT * FROM doubt.event WHERE case_id = ANY(:ids) ORDER BY event_no")
_EVENT = text(
    "INSERT INTO doubt.event (case_id, operator, event, state, by, at, index)"
    " VALUES (:id, :operator, :event, :state, :by, :now, :index)"
)
_BREACH = text(
    "UPDATE doubt.doubt_case SET breach = :breach, breach_reference_sealed = :reference, breach_by = :by,"
    " breach_at = :now WHERE case_id = :id RETURNING *"
)
