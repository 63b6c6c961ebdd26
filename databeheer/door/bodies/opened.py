"""Open the sealed bodies of ledger entries: for the subject, for the party's receipt, for an auditor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.bodies.halves import all_halves, key_coordinates, shared_coordinates, subject_coordinates
from databeheer.door.house import House
from databeheer.door.keys.at_hand import Keys
from databeheer.door.keys.store import KeyStoreError
from databeheer.metering.opening import SealError, unseal
from ledger.commitment import Opening, open_for_party, open_for_subject, subject_half

_SALT = 32


@dataclass(frozen=True)
class Body:
    """One half of a body, opened: the salt it was committed with, and what it says."""

    salt: bytes
    content: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The members of the canonical JSON."""
        members: dict[str, Any] = json.loads(self.content.decode())
        return members


@dataclass(frozen=True)
class BodyRow:
    """The columns of a body that `shared_body` reads."""

    index: int
    key_sealed: bytes | None
    shared_sealed: bytes

    @classmethod
    def beside(cls, statement: Any) -> BodyRow:
        """The body that a row of statements was joined with, of which the key stands under `body_key_sealed`."""
        return cls(statement.index, statement.body_key_sealed, statement.shared_sealed)


def shared_body(keys: Keys, row: Any) -> Body:
    """Open the shared half of a `ledger.body` row."""
    if not row.shared_sealed:
        raise KeyStoreError("the body was erased")
    if row.key_sealed is None:
        key = keys.ledger_key
    else:
        name = unseal(keys.ledger_key, bytes(row.key_sealed), key_coordinates(row.index, 0))
        key = keys.keys_of_subject(UUID(bytes=name))
    return _body(unseal(key, bytes(row.shared_sealed), shared_coordinates(row.index)))


def subject_body(keys: Keys, row: Any) -> Body:
    """Open a subject's half of a `ledger.statement` row."""
    return half_under(key_of_statement(keys, row), row)


def half_under(key: bytes, row: Any) -> Body:
    """Open a subject's half of a `ledger.statement` row that was found by this subject's handle."""
    return _body(unseal(key, bytes(row.subject_sealed), subject_coordinates(row.index, row.leaf)))


def key_of_statement(keys: Keys, row: Any) -> bytes:
    """Return the subject's key of a `ledger.statement` row."""
    return keys.keys_of_subject(subject_of_statement(keys, row))


def subject_of_statement(keys: Keys, row: Any) -> UUID:
    """Return whose a `ledger.statement` row is: an occupancy."""
    return UUID(bytes=unseal(keys.ledger_key, bytes(row.key_sealed), key_coordinates(row.index, row.leaf)))


def opening(house: House, connection: Connection, index: int, subject_leaf: int | None) -> Opening:
    """Return what opens an entry's commitment: for a party the shared half, for a subject its own half too.

    Of the other subjects nothing is opened: their halves stand beside their bodies, or in the place of those
    that were erased.
    """
    body = connection.execute(text("SELECT * FROM ledger.body WHERE index = :index"), {"index": index}).one()
    rows = connection.execute(
        text("SELECT * FROM ledger.statement WHERE index = :index ORDER BY leaf"), {"index": index}
    ).all()
    shared = shared_body(house, body)
    kept = connection.execute(_KEPT_HALVES, {"index": index})
    halves = all_halves(
        house.ledger_key,
        index,
        {row.leaf: bytes(row.half) for row in kept} | {row.leaf: half_of(house, row) for row in rows},
        shared.said.get("leaves"),
        has_party=body.party_id is not None,
        house_half=body.house_half,
    )
    if subject_leaf is None:
        return open_for_party(shared.salt, shared.content, halves)
    own = next(subject_body(house, row) for row in rows if row.leaf == subject_leaf)
    return open_for_subject(shared.salt, shared.content, halves, subject_leaf, own.salt, own.content)


def half_of(house: House, row: Any) -> bytes:
    """Return the half of a `ledger.statement` row; of one from before halves were kept, from its opened body."""
    if row.half is not None:
        return bytes(row.half)
    own = subject_body(house, row)
    return subject_half(own.salt, own.content)


def check_keys(house: House) -> None:
    """See that the key store is the one of this database, before anything is sealed under another.

    Raises:
        KeyStoreError: it is another's, or an older copy: what is stored would be lost to it.
    """
    with house.engine.connect() as connection:
        newest: Any = connection.execute(
            text(
                "SELECT index, key_sealed, shared_sealed FROM ledger.body WHERE shared_sealed <> ''"
                " ORDER BY index DESC LIMIT 1"
            )
        ).one_or_none()
        epoch = connection.execute(_NEWEST_EPOCH).scalar_one()
    if epoch is not None and house.keys.epoch < epoch:
        raise KeyStoreError(
            "the key store is a copy from before an erasure or a rotation, and should have been destroyed;"
            " put back a newer one"
        )
    if newest is None:
        return
    try:
        if newest.key_sealed is None:
            unseal(house.ledger_key, bytes(newest.shared_sealed), shared_coordinates(newest.index))
        else:
            unseal(house.ledger_key, bytes(newest.key_sealed), key_coordinates(newest.index, 0))
    except SealError as error:
        raise KeyStoreError(
            "the key store is not the one that this database was filled with; put back the two that belong together"
            " (docs/how-to/restore.md). Of a demo, throw its home away (README.md, what the demo leaves)"
        ) from error


def _body(plain: bytes) -> Body:
    return Body(plain[:_SALT], plain[_SALT:])


_NEWEST_EPOCH = text(
    "SELECT greatest((SELECT max(epoch_begun) FROM oversight.erasure_batch),"
    " (SELECT max(epoch_begun) FROM oversight.key_rotation))"
)
_KEPT_HALVES = text("SELECT leaf, half FROM ledger.erased WHERE index = :index AND leaf >= 0")
