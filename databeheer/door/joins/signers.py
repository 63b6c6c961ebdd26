"""Whose signatures count under a record of necessity: keys of people of the house, registered by four eyes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.turn import Turn
from databeheer.joins.necessity import Signer
from databeheer.metering.opening import SealError
from ledger.note import VerifierKey

_ASKED, _APPROVED = "join_signer_asked", "join_signer"


@dataclass(frozen=True)
class Registered:
    """One key as the house keeps it; it counts from its approval to its end."""

    id: UUID
    signer: Signer
    asked_by: str
    asked_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None

    @property
    def counts(self) -> bool:
        return self.approved_at is not None and self.ended_at is None


def signer_id(key: VerifierKey) -> UUID:
    """Return what a public key is kept under, whatever name it bears."""
    return UUID(bytes=sha256(b"databeheer-join-signer/v1|" + key.public_key).digest()[:16])


def registered(house: House, connection: Connection) -> Iterator[Registered]:
    """Yield every key, the oldest first; none whose row the door did not write."""
    for row in connection.execute(_SIGNERS):
        try:
            yield _open(house, row)
        except SealError:
            continue


def find(house: House, connection: Connection, identifier: UUID) -> Registered | None:
    return next((one for one in registered(house, connection) if one.id == identifier), None)


def counting(house: House, connection: Connection) -> list[Signer]:
    """Return whose signatures count now."""
    return [one.signer for one in registered(house, connection) if one.counts]


def ask(house: House, turn: Turn, signer: Signer, by: str, index: int) -> UUID:
    """Keep a key that somebody asks to register."""
    identifier = signer_id(signer.key)
    said = json.dumps({"person": signer.person, "key": str(signer.key), "by": by})
    sealed = seal_text(house, _ASKED, identifier, said)
    turn.connection.execute(_ASK, {"id": identifier, "sealed": sealed, "now": turn.now, "index": index})
    return identifier


def approve(house: House, turn: Turn, one: Registered, by: str, index: int) -> None:
    """Make a key count."""
    said = json.dumps({"person": one.signer.person, "key": str(one.signer.key), "by": by})
    sealed = seal_text(house, _APPROVED, one.id, said)
    turn.connection.execute(_APPROVE, {"id": one.id, "sealed": sealed, "now": turn.now, "index": index})


def has_ended(connection: Connection, identifier: UUID) -> bool:
    """Whether a signer or a record ended, in this database or in one that was lost."""
    return connection.execute(_ENDED, {"id": identifier}).first() is not None


def end(turn: Turn, identifier: UUID, index: int) -> bool:
    """End a signer or a record, known or not; say whether it had not ended before."""
    known = {"id": identifier, "now": turn.now, "index": index}
    return turn.connection.execute(_END, known).rowcount == 1


def _open(house: House, row: Any) -> Registered:
    asked = json.loads(open_text(house, _ASKED, row.signer_id, bytes(row.asked_sealed)))
    signer = Signer(asked["person"], VerifierKey.parse(asked["key"]))
    if row.approved_sealed is not None:
        approved = json.loads(open_text(house, _APPROVED, row.signer_id, bytes(row.approved_sealed)))
        if approved["key"] != asked["key"]:
            raise SealError("another key was approved")
    return Registered(row.signer_id, signer, asked["by"], row.asked_at, row.approved_at, row.ended_at)


_SIGNERS = text(
    "SELECT s.*, e.ended_at FROM joins.signer s LEFT JOIN joins.ended e ON e.id = s.signer_id ORDER BY s.asked_index"
)
_ASK = text(
    "INSERT INTO joins.signer (signer_id, asked_sealed, asked_at, asked_index) VALUES (:id, :sealed, :now, :index)"
)
_APPROVE = text(
    "UPDATE joins.signer SET approved_sealed = :sealed, approved_at = :now, approved_index = :index"
    " WHERE signer_id = :id"
)
_ENDED = text("SELECT 1 FROM joins.ended WHERE id = :id")
_END = text(
    "INSERT INTO joins.ended (id, ended_at, ended_index) VALUES (:id, :now, :index) ON CONFLICT DO NOTHING"
)
