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

OVERTAKEN = "renewal_overtaken"
"""Why a renewal ended that waited: what it was to renew ended first, or a part of it."""


def begin(
    connection: Connection,
    old: Any,
    new_id: UUID,
    *,
    reference_sealed: bytes,
    link_hash: bytes,
    now: datetime,
) -> None:
    """Ask for the same again, for the same address; it waits for those who must sign, and no longer than the old one.

    Raises:
        ConflictError: its renewal waits for another signer already.
    """
    waits = connection.execute(_WAITING, {"old": old.permission_id, "now": now}).first()
    if waits is not None:
        raise ConflictError("the renewal of this permission waits for somebody else's answer already")
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
        },
    )


def require_standing(connection: Connection, old_id: UUID, now: datetime) -> None:
    """Refuse to grant a renewal of what gives no access now; raises ConflictError."""
    if state_at(finding.by_id_locked(connection, old_id), now)[0] not in GIVES:
        raise ConflictError("what this renews has ended, or is being examined")


def close(connection: Connection, old_id: UUID, now: datetime) -> list[Any]:
    """End the renewals that wait for an answer, of a permission that ended or was narrowed; returns their rows."""
    state = after(State.REQUESTED, Event.TIMED_OUT)
    ended = {"old": old_id, "state": state, "reason": OVERTAKEN, "now": now}
    return list(connection.execute(_CLOSE, ended))


_WAITING = text(
    "SELECT 1 FROM permissions.permission WHERE renews = :old AND state = 'requested' AND link_expires_at > :now"
)
_CLOSE = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now WHERE renews = :old"
    " AND state = 'requested' AND link_expires_at > :now RETURNING *"
)
# The granted data, not what was once asked: a part that was refused is not asked again.
_BEGIN = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, addressed_to,"
    " link_hash, link_expires_at, requested_at, split_at, renews) SELECT :new, operator, party_id, reference_hash,"
    " :reference_sealed, service, purpose, category, directions, granularity, data_from, data_until, valid_until,"
    " 'requested', occupancy_id, :link, :link_expires, :now, :split_at, permission_id"
    " FROM permissions.permission WHERE permission_id = :old"
)
