"""The rows of an erasure: found by the keys that go with them, so they go while the keys are there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import documents
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.bodies.opened import half_of, shared_body
from databeheer.door.credit import functions
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import KeyStoreError, Kind
from databeheer.door.supply_quality import rows as supply_quality
from databeheer.oversight.retention import DataClass
from databeheer.post import outbox
from ledger.commitment import shared_half

_KINDS = {
    DataClass.PERSON: Kind.PERSON,
    DataClass.READINGS: Kind.READINGS,
    DataClass.LEDGER: Kind.OCCUPANCY_LEDGER,
}


def key_of(row: Any) -> tuple[Kind, UUID]:
    """The key that goes with an erasure: for readings the root that the occupancy has now."""
    data_class = DataClass(row.data_class)
    if data_class is DataClass.READINGS:
        return Kind.READINGS, row.root_id
    return _KINDS[data_class], row.occupancy_id or row.person_id


def clear(house: House, connection: Connection, erasure_id: UUID) -> None:
    """Remove the rows of one erasure, once."""
    row = connection.execute(_LOCKED, {"id": erasure_id}).one()
    if not row.is_cleared:
        clear_rows(house, connection, row)
        connection.execute(_CLEARED, {"id": erasure_id})


def clear_rows(house: House, connection: Connection, row: Any) -> None:
    """Remove the rows of an erasure that are there now; safe to repeat."""
    try:
        if row.data_class == DataClass.READINGS:
            pseudonym = seals.pseudonym(house.readings_root(row.root_id))
            connection.execute(_DELETE_PROFILES, {"pseudonym": pseudonym})
            functions.forget(house, connection, row.occupancy_id)
            supply_quality.forget(house, connection, row.occupancy_id)
        elif row.data_class == DataClass.LEDGER:
            _clear_ledger(house, connection, row)
        else:
            unknown = {"person": row.person_id, "unknown": secrets.token_bytes(32)}
            connection.execute(_FORGET_PERSON, unknown)
            connection.execute(_END_SESSIONS, {"person": row.person_id, "now": house.clock.now()})
            outbox.forget_person(connection, row.person_id)
    except KeyStoreError:
        if house.keys.holds(*key_of(row)):
            raise
        # Lost before it was erased: its rows cannot be found, nor opened by anybody.


def _clear_ledger(house: House, connection: Connection, row: Any) -> None:
    """Replace a subject's statements by the halves that they were committed with; its permissions go too."""
    handle = subject_handle(house.keys_of_subject(row.occupancy_id))
    left = []
    for statement in connection.execute(_STATEMENTS, {"handle": handle}).all():
        one = {
            "index": statement.index,
            "operator": statement.operator,
            "batch": row.batch,
            "reason": row.reason,
        }
        left.append(one | {"leaf": statement.leaf, "half": half_of(house, statement)})
        if statement.is_own_body:  # sealed under this subject's key: the body goes as well
            body = shared_body(house, _BodyOf(statement))
            left.append(one | {"leaf": -1, "half": shared_half(body.salt, body.content)})
    if left:
        connection.execute(_LEAVE, left)
        connection.execute(text("SELECT ledger.erase_statements(:handle)"), {"handle": handle})
    documents.destroy_of_stay(connection, row.occupancy_id, house.clock.now())
    connection.execute(_DELETE_PERMISSIONS, {"occupancy": row.occupancy_id})
    outbox.forget_occupancy(connection, row.occupancy_id)


class _BodyOf:
    """The body's columns of a joined row, under the names that `shared_body` reads."""

    def __init__(self, row: Any) -> None:
        self.index, self.key_sealed, self.shared_sealed = row.index, row.body_key_sealed, row.shared_sealed


def clear_retired(house: House, connection: Connection, roots: Sequence[UUID]) -> None:
    """Remove rows that an intake, begun before a late move was reported, still wrote under the root that was left."""
    for root_id in roots:
        if house.keys.holds(Kind.READINGS, root_id):
            pseudonym = seals.pseudonym(house.readings_root(root_id))
            connection.execute(_DELETE_PROFILES, {"pseudonym": pseudonym})


_LOCKED = text(
    "SELECT e.*, o.root_id FROM oversight.erasure e LEFT JOIN registry.occupancy o USING (occupancy_id)"
    " WHERE e.erasure_id = :id FOR UPDATE OF e"
)

_CLEARED = text("UPDATE oversight.erasure SET is_cleared = true WHERE erasure_id = :id")

_DELETE_PROFILES = text("DELETE FROM metering.profile WHERE pseudonym = :pseudonym")
_FORGET_PERSON = text(
    "UPDATE identity.person SET subject_hash = :unknown, name_sealed = '', email_sealed = NULL"
    " WHERE person_id = :person"
)
_END_SESSIONS = text(
    "UPDATE identity.session SET ended_at = :now WHERE person_id = :person AND ended_at IS NULL"
)
_STATEMENTS = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed, b.key_sealed IS NOT NULL AS is_own_body"
    " FROM ledger.statement s JOIN ledger.body b ON b.index = s.index AND b.month = s.month"
    " WHERE s.handle = :handle ORDER BY s.index"
)
_LEAVE = text(
    "INSERT INTO ledger.erased (index, leaf, half, operator, batch, reason)"
    " VALUES (:index, :leaf, :half, :operator, :batch, :reason) ON CONFLICT DO NOTHING"
)
_DELETE_PERMISSIONS = text(
    "DELETE FROM permissions.permission WHERE occupancy_id = :occupancy"
    " OR occupancy_id IS NULL AND addressed_to = :occupancy"
)
