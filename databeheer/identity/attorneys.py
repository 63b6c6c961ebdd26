"""Powers of attorney in the database: invitations, the powers that came of them, their stays (docs/adr/0045).

Source: Old Civil Code 1984 and 2003 (a power ends by revocation, renunciation or death); R81, R97.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of

INVITED_FOR = timedelta(days=7)
"""How long an invitation waits for whom it names."""
LONGEST = timedelta(days=366)
"""How long a power stands at most; then she gives it anew, or leaves it."""
MOST = 10
"""How many powers and open invitations one customer has at once."""


@dataclass(frozen=True)
class Invitation:
    """One to be written; `until_day` is a Brussels day, exclusive; moments are aware UTC."""

    invitation_id: UUID
    person_id: UUID
    name_sealed: bytes
    code_hash: bytes
    stays: Sequence[UUID]
    decides: bool
    until_day: date
    invited_at: datetime
    expires_at: datetime
    invited_index: int


def invite(connection: Connection, invitation: Invitation) -> bool:
    """Write an invitation; False where it was written before: a form that was sent twice invites once.

    Of those of the same person that expired, the names go.
    """
    connection.execute(_FORGET, {"person": invitation.person_id, "now": invitation.invited_at})
    return connection.execute(_INVITE, vars(invitation)).one_or_none() is not None


def open_of(connection: Connection, person_id: UUID, now: datetime) -> list[Any]:
    """Return the invitations of a person that wait, the newest first."""
    return list(connection.execute(_OPEN_OF, {"person": person_id, "now": now, "today": day_of(now)}))


def by_code(connection: Connection, code_hash: bytes, now: datetime) -> Any | None:
    """Return the invitation that waits with this code, locked."""
    asked = {"code": code_hash, "now": now, "today": day_of(now)}
    return connection.execute(_BY_CODE, asked).one_or_none()


def withdraw(connection: Connection, invitation_id: UUID, person_id: UUID, now: datetime) -> Any | None:
    """Withdraw an invitation of a person that waits; returns its row, None where there is no such."""
    asked = {"id": invitation_id, "person": person_id, "now": now}
    return connection.execute(_WITHDRAW, asked).one_or_none()


def begin(
    connection: Connection,
    representation_id: UUID,
    invitation: Any,
    holder_id: UUID,
    reference_sealed: bytes,
    now: datetime,
    index: int,
) -> None:
    """Make a power of an invitation that was taken up by `holder_id`; `index` is the entry."""
    members = {
        "id": representation_id,
        "person": invitation.person_id,
        "holder": holder_id,
        "reference": reference_sealed,
        "today": day_of(now),
        "until": invitation.until_day,
        "decides": invitation.decides,
        "stays": invitation.stays,
        "invitation": invitation.invitation_id,
        "index": index,
        "now": now,
    }
    for statement in (_BEGIN, _STAYS, _TAKEN_UP):
        connection.execute(statement, members)


def end(connection: Connection, representation_id: UUID, person_id: UUID, now: datetime) -> Any | None:
    """End a power now, for who gave or who holds it; returns its row, None where he has no such that stands."""
    asked = {"id": representation_id, "person": person_id, "now": now, "today": day_of(now)}
    return connection.execute(_END, asked).one_or_none()


def is_of(connection: Connection, representation_id: UUID, person_id: UUID) -> bool:
    """Say whether a person gave or holds a power, or did."""
    asked = {"id": representation_id, "person": person_id}
    return connection.execute(_IS_OF, asked).one_or_none() is not None


def has_invited(connection: Connection, invitation_id: UUID, person_id: UUID) -> bool:
    """Say whether an invitation is, or was, of a person."""
    asked = {"id": invitation_id, "person": person_id}
    return connection.execute(_HAS_INVITED, asked).one_or_none() is not None


def stays_of(connection: Connection, representation_id: UUID) -> list[UUID]:
    """Return the stays that a power was given for, those that ended since included."""
    return list(connection.execute(_STAYS_OF, {"id": representation_id}).scalars())


def holders(connection: Connection, powers: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Return who holds, or held, each power of attorney, or right to act for an enterprise; and which of the two."""
    rows = connection.execute(_HOLDERS, {"ids": list(powers)}) if powers else ()
    return {row.representation_id: (row.representative_id, row.kind) for row in rows}


def name_sealed(connection: Connection, person_id: UUID) -> bytes:
    """Return a person's sealed name."""
    return bytes(connection.execute(_NAME, {"id": person_id}).scalar_one())


_INVITE = text(
    "INSERT INTO identity.attorney_invitation (invitation_id, person_id, name_sealed, code_hash, stays, decides,"
    " until_day, invited_at, expires_at, invited_index) VALUES (:invitation_id, :person_id, :name_sealed, :code_hash,"
    " CAST(:stays AS uuid[]), :decides, :until_day, :invited_at, :expires_at, :invited_index)"
    " ON CONFLICT (invitation_id) DO NOTHING RETURNING 1"
)
_FORGET = text(
    "UPDATE identity.attorney_invitation SET ended_at = expires_at, name_sealed = NULL WHERE person_id = :person"
    " AND ended_at IS NULL AND expires_at <= :now"
)
# What was withdrawn since a backup, a restored database may have forgotten.
_WAITS = (
    "i.ended_at IS NULL AND i.expires_at > :now AND i.until_day > :today"
    " AND NOT EXISTS (SELECT FROM oversight.gap g WHERE g.found_at >= i.invited_at)"
)
_OPEN_OF = text(
    f"SELECT i.* FROM identity.attorney_invitation i WHERE i.person_id = :person AND {_WAITS}"  # noqa: S608  our own
    " ORDER BY i.invited_at DESC, i.invitation_id"
)
_BY_CODE = text(
    f"SELECT i.* FROM identity.attorney_invitation i WHERE i.code_hash = :code AND {_WAITS}"  # noqa: S608  our own
    " AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = i.person_id AND d.refuted_at IS NULL)"
    " AND EXISTS (SELECT FROM registry.occupancy o WHERE o.occupancy_id = ANY(i.stays) AND o.person_id = i.person_id"
    "  AND (o.until_day IS NULL OR o.until_day > :today)) FOR UPDATE OF i"
)
_WITHDRAW = text(
    "UPDATE identity.attorney_invitation SET ended_at = :now, name_sealed = NULL WHERE invitation_id = :id"
    " AND person_id = :person AND ended_at IS NULL RETURNING *"
)
_BEGIN = text(
    "INSERT INTO identity.representation (representation_id, person_id, representative_id, reference_sealed, from_day,"
    " until_day, recorded_index, kind, decides)"
    " VALUES (:id, :person, :holder, :reference, :today, :until, :index, 'attorney', :decides)"
)
_STAYS = text(
    "INSERT INTO identity.representation_stay (representation_id, occupancy_id)"
    " SELECT :id, unnest(CAST(:stays AS uuid[]))"
)
_TAKEN_UP = text(
    "UPDATE identity.attorney_invitation SET ended_at = :now, representation_id = :id, name_sealed = NULL"
    " WHERE invitation_id = :invitation"
)
_END = text(
    "UPDATE identity.representation SET ended_at = :now WHERE representation_id = :id AND kind = 'attorney'"
    " AND ended_at IS NULL AND until_day > :today AND :person IN (person_id, representative_id) RETURNING *"
)
_IS_OF = text(
    "SELECT 1 FROM identity.representation WHERE representation_id = :id AND kind = 'attorney'"
    " AND :person IN (person_id, representative_id)"
)
_HAS_INVITED = text(
    "SELECT 1 FROM identity.attorney_invitation WHERE invitation_id = :id AND person_id = :person"
)
_STAYS_OF = text("SELECT occupancy_id FROM identity.representation_stay WHERE representation_id = :id")
_HOLDERS = text(
    "SELECT representation_id, representative_id, kind FROM identity.representation"
    " WHERE representation_id = ANY(:ids) AND kind IN ('attorney', 'enterprise')"
)
_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
