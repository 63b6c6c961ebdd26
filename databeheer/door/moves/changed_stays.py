"""Stays that end, or get another root, while head-end batches are coming in: noted, sealed, weighed when one is stored.

A batch's keys were derived from what stood in the registry when its chunks were asked. Of a batch of a hundred
thousand rows nobody looks them all up once more under the head row: what changed since is a handful, and the rows of a
batch can be asked for by the pseudonyms of these.
"""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.epochs import KeyStoreError
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal

_COORDINATES = b"metering/v1|changed-stay"
_FROM_THE_FIRST = 1


class BatchConflictError(ConflictError):
    """Something happened while the batch was coming in; nothing of it is readable. Taking it in again is enough."""

    code = "batch-conflict"


def note_change(house: House, turn: Turn, occupancy: Any, day: date | None) -> None:
    """Note for open batches that nothing from `day` on (None: nothing at all) is right under this stay's root."""
    if turn.connection.execute(_OPEN).first() is not None:
        ordinal = _FROM_THE_FIRST if day is None else day.toordinal()
        plain = occupancy.root_id.bytes + ordinal.to_bytes(4, "big")
        # A nonce of its own, and a random part: who looks at two notes cannot tell whether they are of one stay.
        sealed = seal(house.ledger_key, plain + secrets.token_bytes(4), _COORDINATES)
        turn.connection.execute(_NOTE, {"operator": occupancy.operator, "sealed": sealed})


def require_unchanged(house: House, turn: Turn, batch: Any) -> None:
    """Refuse a batch with rows of a stay that changed since it was opened, or where an erasure began since.

    Raises:
        BatchConflictError: take it in again.
    """
    if turn.connection.execute(_ERASURES, {"opened": batch.opened_size}).first() is not None:
        raise BatchConflictError("readings were erased meanwhile; take the batch in again")
    for row in turn.connection.execute(_NOTES).all():
        plain = unseal(house.ledger_key, bytes(row.stay_sealed), _COORDINATES)
        root_id, day = UUID(bytes=plain[:16]), date.fromordinal(int.from_bytes(plain[16:20], "big"))
        try:
            pseudonym = seals.pseudonym(house.readings_root(root_id))
        except KeyStoreError as error:
            raise BatchConflictError("readings were erased meanwhile; take the batch in again") from error
        rows = {
            "batch": batch.batch,
            "pseudonym": pseudonym,
            "day": max(day, batch.first_day),
            "last": batch.last_day,
        }
        if turn.connection.execute(_ROWS, rows).first() is not None:
            raise BatchConflictError("a move was reported meanwhile; take the batch in again")


def clear_changes(connection: Connection) -> None:
    """Forget the notes, where no batch is open."""
    connection.execute(_CLEAR)


_OPEN = text(
    "SELECT 1 FROM metering.batch WHERE sender IS NOT NULL AND stored_index IS NULL AND NOT is_given_up LIMIT 1"
)
_NOTE = text("INSERT INTO metering.changed_stay (operator, stay_sealed) VALUES (:operator, :sealed)")
_NOTES = text("SELECT stay_sealed FROM metering.changed_stay ORDER BY change_no")
_ERASURES = text("SELECT 1 FROM oversight.erasure_batch WHERE begun_index >= :opened LIMIT 1")
_ROWS = text(
    "SELECT 1 FROM metering.profile WHERE pseudonym = :pseudonym AND batch = :batch"
    " AND day BETWEEN :day AND :last LIMIT 1"
)
_CLEAR = text(
    "DELETE FROM metering.changed_stay WHERE NOT EXISTS (SELECT FROM metering.batch WHERE sender IS NOT NULL"
    " AND stored_index IS NULL AND NOT is_given_up)"
)
