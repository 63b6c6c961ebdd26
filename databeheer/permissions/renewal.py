"""Renewal: a new permission on the terms of one that reaches its longest term, linked to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError
from databeheer.permissions.life import LINK_TERM, split_of


def begin(
    connection: Connection,
    old: Any,
    new_id: UUID,
    *,
    reference_sealed: bytes,
    link_hash: bytes,
    now: datetime,
) -> None:
    """Ask for the same again, for the same address; it waits for those who must sign.

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
            "link_expires": now + LINK_TERM,
            "split_at": split_of(old.data_from, old.data_until, now),
            "now": now,
        },
    )


_WAITING = text(
    "SELECT 1 FROM permissions.permission WHERE renews = :old AND state = 'requested' AND link_expires_at > :now"
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
