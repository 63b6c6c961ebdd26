"""Subject heads: the door's signed word on how many statements there are of one subject, and which is the newest.

Minted whenever a statement is shown, from what is committed then. A customer who keeps them can show later that one
was taken back; what comes after the newest head no receipt can show (docs/reference/ledger.md, Subject heads).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.bodies.halves import subject_handle, subject_name
from databeheer.door.house import House
from databeheer.door.turn import NEWEST
from databeheer.storage.look import Look, Work, many_bytes
from ledger.subject_head import SubjectHead, sign_subject_head


@dataclass(frozen=True)
class SignedHead:
    """One occupancy's newest statement, and the note that says so."""

    occupancy_id: UUID
    counter: int
    index: int
    note: bytes

    def view(self) -> dict[str, Any]:
        """Return what the door answers of it; the note as base64."""
        return {
            "occupancy_id": str(self.occupancy_id),
            "counter": self.counter,
            "index": self.index,
            "note": b64encode(self.note).decode(),
        }


def subject_heads(
    house: House, connection: Connection, occupancies: Iterable[UUID]
) -> dict[bytes, SignedHead]:
    """Return a signed head for each occupancy, by its handle; none for one without a statement."""
    look = Look(connection)
    return look.do(heads_of(house, look, occupancies))


def heads_of(house: House, look: Look, occupancies: Iterable[UUID]) -> Work[dict[bytes, SignedHead]]:
    """The same, beside other work."""
    keys = {occupancy_id: house.keys_of_subject(occupancy_id) for occupancy_id in occupancies}
    owners = {subject_handle(key): (occupancy_id, subject_name(key)) for occupancy_id, key in keys.items()}
    rows = look.ask(NEWEST, {"handles": many_bytes(owners)})
    yield
    heads: dict[bytes, SignedHead] = {}
    for row in rows:
        occupancy_id, name = owners[bytes(row.handle)]
        head = SubjectHead(house.origin, name, row.counter, row.index, bytes(row.leaf))
        note = sign_subject_head(head, house.promise_key)
        heads[bytes(row.handle)] = SignedHead(occupancy_id, row.counter, row.index, note)
    return heads
