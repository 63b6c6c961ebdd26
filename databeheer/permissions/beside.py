"""A request for several access points: what was granted for one may be granted for others, each by itself.

Every one is a permission of its own, with the party's reference and the terms of the first: it is withdrawn, renewed
and ends alone. Nothing waits that nobody asked to grant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError
from databeheer.permissions.content import split_of
from databeheer.permissions.states import GIVES
from databeheer.permissions.timing import state_at

MOST_POINTS = 100
"""For how many access points one request may be granted."""


def begin(
    connection: Connection,
    first: Any,
    new_id: UUID,
    *,
    occupancy_id: UUID,
    reference_sealed: bytes,
    link_hash: bytes,
    now: datetime,
) -> None:
    """Ask the same for another access point of who granted `first`, locked before; it waits for those who must sign.

    Raises:
        ConflictError: what was granted first has ended or is examined, the time to answer has passed, it stands for
            this access point already, or for as many as were asked.
    """
    if state_at(first, now)[0] not in GIVES:
        raise ConflictError("the permission that this goes beside has ended, or is being examined")
    if first.link_expires_at <= now:
        raise ConflictError("this request has expired; the organisation can ask again")
    taken = list(connection.execute(_TAKEN, {"first": first.permission_id, "now": now}).scalars())
    if occupancy_id in taken:
        raise ConflictError("this request was answered for this access point already")
    if len(taken) >= first.up_to:
        raise ConflictError("the organisation asked for no more access points")
    connection.execute(
        _BEGIN,
        {
            "first": first.permission_id,
            "new": new_id,
            "occupancy": occupancy_id,
            "reference_sealed": reference_sealed,
            "link": link_hash,
            "split_at": split_of(first.data_from, first.data_until, now),
            "now": now,
        },
    )


_TAKEN = text(
    "SELECT coalesce(occupancy_id, addressed_to) FROM permissions.permission WHERE permission_id = :first"
    " OR beside = :first AND (state <> 'requested' OR link_expires_at > :now)"
)
# The granted data, not what was once asked, and only the terms: where to go back to is the first one's.
_BEGIN = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, addressed_to,"
    " link_hash, link_expires_at, requested_at, split_at, beside) SELECT :new, operator, party_id, reference_hash,"
    " :reference_sealed, service, purpose, category, directions, granularity, data_from, data_until, valid_until,"
    " 'requested', :occupancy, :link, link_expires_at, :now, :split_at, permission_id"
    " FROM permissions.permission WHERE permission_id = :first"
)
