"""Who acts for whom: by a court's appointment, a customer's power of attorney, or the word of the identity provider.

A representative logs in as himself and takes a person's place by choice, one at a time. The appointment is looked at
again with every command: at its end nothing is left of it, whatever the session still says. For an enterprise acts
whom the identity provider named for it at this very log-in (docs/adr/0047): that is no choice of his later on.

Source: Old Civil Code 492/1 and 1984 as the catalogue of legal bases cites them (own_by_representative).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.errors import DatabeheerError, NotFoundError, UnauthenticatedError
from databeheer.storage.look import Look


class RepresentationEndedError(UnauthenticatedError):
    """The session acts for somebody, and the appointment has ended; nothing was done."""

    code = "representation-ended"


class NotForRepresentativesError(DatabeheerError):
    """Only the person himself does this; a representative cannot, in his name."""

    code = "not-for-representatives"


COURT = "court"
ATTORNEY = "attorney"
ENTERPRISE = "enterprise"


@dataclass(frozen=True)
class Power:
    """How far a power of attorney goes: to decide too, or to look only; the stays that it is for, of today."""

    decides: bool
    stays: frozenset[UUID]


@dataclass(frozen=True)
class Appointment:
    """One appointment, or one power: Brussels days, `until_day` exclusive, None: without an end.

    `kind` is COURT, ATTORNEY or ENTERPRISE. Which stays a power is for stands apart (`attorneys.stays_of`).
    """

    representation_id: UUID
    person_id: UUID
    representative_id: UUID
    reference_sealed: bytes
    from_day: date
    until_day: date | None
    kind: str = COURT
    decides: bool = True


def of_representative(connection: Connection, person_id: UUID, now: datetime) -> list[Appointment]:
    """Return for whom somebody may act now."""
    return _standing(connection, now, by=person_id)


def of_represented(connection: Connection, person_id: UUID, now: datetime) -> list[Appointment]:
    """Return whom a court appointed to act for a person, and may now."""
    return [one for one in _standing(connection, now, of=person_id) if one.kind == COURT]


def powers_of(connection: Connection, person_id: UUID, now: datetime) -> list[Appointment]:
    """Return the powers of attorney that a person gave, and that stand now."""
    return [one for one in _standing(connection, now, of=person_id) if one.kind == ATTORNEY]


def acting_for(connection: Connection, person_id: UUID, now: datetime) -> list[Appointment]:
    """Return under what somebody may act for a person or an enterprise now: court, power, or the provider's word."""
    asked = {"of": person_id, "today": day_of(now)}
    for_enterprise = [_appointment(row) for row in connection.execute(_FOR_ENTERPRISE, asked)]
    return _standing(connection, now, of=person_id) + for_enterprise


def standing(connection: Connection, representation_id: UUID, now: datetime) -> Appointment | None:
    """Return an appointment that exists, where it still stands."""
    person_id = by_id(connection, representation_id).person_id
    powers = acting_for(connection, person_id, now)
    return next((one for one in powers if one.representation_id == representation_id), None)


def is_enterprise(connection: Connection, person_id: UUID) -> bool:
    """Say whether this customer is an enterprise, whether or not somebody ever acted for it: by its own name nobody is
    known.
    """
    return bool(connection.execute(_IS_ENTERPRISE, {"of": person_id}).scalar_one_or_none())


def concern(connection: Connection, person_id: UUID, now: datetime) -> bool:
    """Say whether somebody may act for another now, or another for him."""
    return bool(_standing(connection, now, by=person_id, of=person_id))


def ask_concern(look: Look, person_id: UUID, now: datetime) -> list[Any]:
    """Ask the same: whether there is any row."""
    return look.ask(_STANDING, {"by": person_id, "of": person_id, "today": day_of(now)})


def ask_acting_for(look: Look, person_id: UUID | None, now: datetime) -> list[Any]:
    """Ask who acts for a person now, by a court's appointment or a power of attorney, each with the sealed name."""
    return look.ask(_ACTING_FOR, {"by": None, "of": person_id, "today": day_of(now)})


def by_id(connection: Connection, representation_id: UUID) -> Appointment:
    """Return an appointment that exists."""
    row = connection.execute(_BY_ID, {"id": representation_id}).one()
    return _appointment(row)


def for_enterprise(
    connection: Connection,
    new_id: UUID,
    person_id: UUID,
    representative_id: UUID,
    reference_sealed: Callable[[UUID], bytes],
    now: datetime,
    index: int,
) -> UUID:
    """Let somebody act for an enterprise until tomorrow is over, which each log-in puts off; returns its id.

    A right that ended is not stretched over what lies between: he gets another, from today.
    `new_id` is what that is called; `reference_sealed` seals under it; `index` is the entry.

    Raises:
        RepresentationEndedError: the desk ended it today; what the provider says counts again from tomorrow on, so that
            no right covers what was done under the one that was ended.
    """
    asked = {"person": person_id, "representative": representative_id, "today": day_of(now)}
    ended_at: datetime | None = connection.execute(_LAST_ENDED, asked).scalar_one_or_none()
    if ended_at is not None and day_of(ended_at) >= day_of(now):
        raise RepresentationEndedError("your right to act for this enterprise was ended today")
    known: UUID | None = connection.execute(_PROLONG, asked).scalar_one_or_none()
    if known is None:
        written = {"id": new_id, "reference": reference_sealed(new_id), "index": index}
        connection.execute(_ACT_FOR_ENTERPRISE, asked | written)
    return known or new_id


def take_up(
    connection: Connection,
    session_hash: bytes,
    representative_id: UUID,
    representation_id: UUID,
    now: datetime,
) -> Appointment:
    """Let a session act for who is represented.

    Raises:
        NotFoundError: this person has no such appointment that runs now.
    """
    for one in of_representative(connection, representative_id, now):
        if one.representation_id == representation_id:
            connection.execute(_SET, {"hash": session_hash, "id": representation_id})
            return one
    raise NotFoundError("there is nobody for whom you may act under this appointment")


def lay_down(connection: Connection, session_hash: bytes) -> None:
    """Let a session act for its own person again."""
    connection.execute(_SET, {"hash": session_hash, "id": None})


def _standing(
    connection: Connection, now: datetime, *, by: UUID | None = None, of: UUID | None = None
) -> list[Appointment]:
    rows = connection.execute(_STANDING, {"by": by, "of": of, "today": day_of(now)})
    return [_appointment(row) for row in rows]


def _appointment(row: Any) -> Appointment:
    return Appointment(
        row.representation_id,
        row.person_id,
        row.representative_id,
        bytes(row.reference_sealed),
        row.from_day,
        row.until_day,
        row.kind,
        row.decides,
    )


# With the death of the represented an appointment ends. `proofs` asks the same of a session's.
_STANDS = (
    " WHERE r.from_day <= :today"
    " AND (r.until_day IS NULL OR r.until_day > :today) AND r.ended_at IS NULL"
    " AND (r.kind = 'court' OR r.kind = 'attorney' AND EXISTS (SELECT FROM identity.representation_stay a"
    "  JOIN registry.occupancy o USING (occupancy_id) WHERE a.representation_id = r.representation_id"
    "  AND o.person_id = r.person_id AND (o.until_day IS NULL OR o.until_day > :today)))"
    " AND (r.representative_id = CAST(:by AS uuid) OR r.person_id = CAST(:of AS uuid))"
    " AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = r.person_id AND d.refuted_at IS NULL)"
    " ORDER BY r.from_day, r.representation_id"
)
_STANDING = text(f"SELECT r.* FROM identity.representation r{_STANDS}")  # noqa: S608  parts of our own
_ACTING_FOR = text(
    "SELECT r.*, p.name_sealed FROM identity.representation r"  # noqa: S608  parts of our own
    f" JOIN identity.person p ON p.person_id = r.representative_id{_STANDS}"
)
_FOR_ENTERPRISE = text(
    "SELECT * FROM identity.representation WHERE kind = 'enterprise' AND person_id = :of AND from_day <= :today"
    " AND until_day > :today AND ended_at IS NULL ORDER BY from_day, representation_id"
)
_IS_ENTERPRISE = text("SELECT is_enterprise FROM identity.person WHERE person_id = :of")
_LAST_ENDED = text(
    "SELECT max(ended_at) FROM identity.representation WHERE person_id = :person"
    " AND representative_id = :representative AND kind = 'enterprise'"
)
_PROLONG = text(
    "UPDATE identity.representation SET until_day = CAST(:today AS date) + 2 WHERE person_id = :person"
    " AND representative_id = :representative AND kind = 'enterprise' AND until_day > :today AND ended_at IS NULL"
    " RETURNING representation_id"
)
_ACT_FOR_ENTERPRISE = text(
    "INSERT INTO identity.representation (representation_id, person_id, representative_id, reference_sealed, from_day,"
    " until_day, recorded_index, kind) VALUES (:id, :person, :representative, :reference, :today,"
    " CAST(:today AS date) + 2, :index, 'enterprise')"
)
_BY_ID = text("SELECT * FROM identity.representation WHERE representation_id = :id")
_SET = text("UPDATE identity.session SET representation_id = :id WHERE token_hash = :hash")
