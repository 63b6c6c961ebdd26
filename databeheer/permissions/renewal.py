"""Renewal: a new permission on the terms of one that reaches its longest term, linked to it.

It goes on from what stands: where the old one ended, or is less than it was, before all had granted the new one, the
word of those who signed was for something else, and nothing comes of it (R22, R28).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError
from databeheer.permissions import finding
from databeheer.permissions.asking import LINK_TERM
from databeheer.permissions.content import split_of
from databeheer.permissions.states import GIVES, Event, after
from databeheer.permissions.timing import over_at, state_at

MOST_ASKED = 3
"""How often a party may ask for the renewal of one permission, whatever became of it: each time is a message."""
OVERTAKEN = "renewal_overtaken"
"""Why a renewal ended that waited: what it was to renew ended first, or a part of it, or was renewed by another."""


def begin(
    connection: Connection,
    old: Any,
    new_id: UUID,
    *,
    reference_sealed: bytes,
    link_hash: bytes,
    now: datetime,
    by_party: bool = False,
) -> None:
    """Ask for the same again, for the same address; it waits for those who must sign, and no longer than the old one.

    `by_party`: the party asks it, and sees it from now on.

    Raises:
        ConflictError: its renewal waits for another signer already.
    """
    asked = {"old": old.permission_id, "now": now, "asked": by_party}
    if connection.execute(_WAITING, asked).first() is not None:
        whose = "an" if by_party else "somebody else's"
        raise ConflictError(f"the renewal of this permission waits for {whose} answer already")
    connection.execute(
        _BEGIN,
        {
            "old": old.permission_id,
            "new": new_id,
            "reference_sealed": reference_sealed,
            "link": link_hash,
            "link_expires": min(now + LINK_TERM, over_at(old)),
            "split_at": split_of(old.data_from, old.data_until, now),
            "now": now,
            "asked": by_party,
        },
    )


def require_askable(connection: Connection, old_id: UUID) -> None:
    """Refuse to let a party ask again what was refused, or was asked MOST_ASKED times; raises ConflictError."""
    asked = connection.execute(_ASKED, {"old": old_id}).one()
    if asked.rejected:
        raise ConflictError("its renewal was refused; this permission ends when it ends")
    if asked.total >= MOST_ASKED:
        raise ConflictError(f"its renewal was asked {MOST_ASKED} times, which is the most")


def asked_by_party(connection: Connection, old_id: UUID, now: datetime) -> Any | None:
    """Return the renewal of a permission that its party asked and that waits for an answer, locked."""
    return connection.execute(_WAITS, {"old": old_id, "now": now}).one_or_none()


def require_standing(connection: Connection, old_id: UUID, now: datetime) -> None:
    """Refuse to grant a renewal of what gives no access now; raises ConflictError."""
    if state_at(finding.by_id_locked(connection, old_id), now)[0] not in GIVES:
        raise ConflictError("what this renews has ended, or is being examined")


def close(connection: Connection, old_id: UUID, now: datetime) -> list[Any]:
    """End the renewals that wait for an answer, of a permission that ended or was narrowed; returns their rows."""
    state = after(State.REQUESTED, Event.TIMED_OUT)
    ended = {"old": old_id, "state": state, "reason": OVERTAKEN, "now": now}
    return list(connection.execute(_CLOSE, ended))


# Of its own kind: that a customer's renewal waits for another signer is not the party's to learn (R98).
_WAITING = text(
    "SELECT 1 FROM permissions.permission WHERE renews = :old AND renewal_asked = :asked AND state = 'requested'"
    " AND link_expires_at > :now"
)
_WAITS = text(
    "SELECT * FROM permissions.permission WHERE renews = :old AND renewal_asked AND state = 'requested'"
    " AND link_expires_at > :now FOR UPDATE"
)
_ASKED = text(
    "SELECT count(*) AS total, count(*) FILTER (WHERE state = 'rejected') AS rejected"
    " FROM permissions.permission WHERE renews = :old AND renewal_asked"
)
_CLOSE = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now WHERE renews = :old"
    " AND state = 'requested' AND link_expires_at > :now RETURNING *"
)
# The granted data, not what was once asked: a part that was refused is not asked again.
_BEGIN = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, addressed_to,"
    " link_hash, link_expires_at, requested_at, split_at, renewal_asked, renews) SELECT :new, operator, party_id,"
    " reference_hash, :reference_sealed, service, purpose, category, directions, granularity, data_from, data_until,"
    " valid_until, 'requested', occupancy_id, :link, :link_expires, :now, :split_at, :asked, permission_id"
    " FROM permissions.permission WHERE permission_id = :old"
)
