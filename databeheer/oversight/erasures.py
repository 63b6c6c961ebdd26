"""The rows of erasures: asked, decided, executed in a batch. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, DatabeheerError
from databeheer.oversight.retention import DataClass, Reason
from databeheer.storage.look import Look, Work, uuids
from databeheer.values import format_instant

ASKED_BECAUSE = (Reason.SUBJECT_REQUEST, Reason.WRONG_PERSON)
"""Why a customer asks; what is erased for another reason goes whether or not he takes his request back."""


class ErasedError(DatabeheerError):
    """What is asked was erased; the message says when, and which entry of the ledger says so."""

    code = "erased"


@dataclass(frozen=True)
class Erased:
    """An erasure that was done, or that is being done: since when (aware UTC), recorded where, why."""

    at: datetime
    index: int
    reason: str

    def view(self) -> dict[str, Any]:
        return {"at": format_instant(self.at), "index": self.index, "reason": self.reason}

    def error(self) -> ErasedError:
        return ErasedError(f"erased on {self.at.date().isoformat()}, see entry {self.index}")


@dataclass(frozen=True)
class Target:
    """What an erasure is about: a class of one occupancy, or of one person."""

    data_class: DataClass
    operator: int
    person_id: UUID | None
    occupancy_id: UUID | None


def begun_of(connection: Connection, data_class: DataClass, ids: Collection[UUID]) -> dict[UUID, Erased]:
    """Which of these occupancies (or persons) have this class erased, or in a batch that has begun."""
    look = Look(connection)
    return look.do(begun(look, [data_class], ids))[data_class]


def begun(
    look: Look, classes: Collection[DataClass], ids: Collection[UUID]
) -> Work[dict[DataClass, dict[UUID, Erased]]]:
    """The same of several classes, in one query."""
    rows = look.ask(_BEGUN, {"classes": [one.value for one in classes], "ids": uuids(ids)})
    yield
    found: dict[DataClass, dict[UUID, Erased]] = {one: {} for one in classes}
    for row in rows:
        found[DataClass(row.data_class)][row.name] = _erased(row)
    return found


def entry_erased(connection: Connection, index: int) -> Erased | None:
    """By which erasure the shared half of an entry went; None where none took it."""
    row = connection.execute(_OF_ENTRY, {"index": index}).one_or_none()
    return _erased(row) if row else None


def _erased(row: Any) -> Erased:
    # Until the batch is through, the entry that announced it stands for it.
    index = row.executed_index if row.executed_index is not None else row.begun_index
    return Erased(row.executed_at or row.begun_at, index, row.reason)


def stays_of(connection: Connection, occupancies: Collection[UUID]) -> dict[UUID, Any]:
    """The occupancy rows, each with `is_shared` and what of it has gone."""
    rows = connection.execute(_STAYS, {"ids": list(occupancies)})
    return {row.occupancy_id: row for row in rows}


def planned(connection: Connection) -> set[tuple[DataClass, UUID | None]]:
    """What was decided and is not done yet: a later decision may count on it; the execution weighs again."""
    rows = connection.execute(text("SELECT * FROM oversight.erasure WHERE state = 'decided'"))
    return {(DataClass(row.data_class), row.occupancy_id) for row in rows}


def last_entry_day(connection: Connection, handle: bytes) -> date | None:
    """The day of the newest entry about a subject that is evidence: erasing and auditing are not."""
    day: date | None = connection.execute(_LAST_ENTRY, {"handle": handle}).scalar_one()
    return day


def standing(connection: Connection, target: Target) -> Any | None:
    """The erasure of a class that was asked, decided or done; locked."""
    name = target.occupancy_id or target.person_id
    return connection.execute(_STANDING, {"class": target.data_class.value, "name": name}).one_or_none()


def ask(
    connection: Connection, erasure_id: UUID, target: Target, reason: str, now: datetime, index: int
) -> None:
    """Write a customer's request down.

    Raises:
        ConflictError: it was asked, decided or done before.
    """
    if standing(connection, target) is not None:
        raise ConflictError("this erasure was asked, decided or done already")
    connection.execute(
        _INSERT,
        _members(erasure_id, target)
        | {"state": "asked", "reason": reason, "asked_at": now, "asked_index": index},
    )


def decide(
    connection: Connection,
    erasure_id: UUID,
    target: Target,
    *,
    state: str,
    reason: str,
    by: str,
    now: datetime,
    index: int,
    not_before: date | None,
) -> UUID:
    """Write a decision down, on the request that waits if there is one; returns the erasure's number.

    Raises:
        ConflictError: it was decided or done before.
    """
    row = standing(connection, target)
    if row is not None and row.state != "asked":
        raise ConflictError("this erasure was decided or done already")
    known: UUID = row.erasure_id if row is not None else erasure_id
    if row is None:
        nothing = {"asked_at": None, "asked_index": None}
        connection.execute(_INSERT, _members(known, target) | nothing | {"state": state, "reason": reason})
    connection.execute(
        _DECIDE,
        {
            "id": known,
            "state": state,
            "reason": reason,
            "by": by,
            "now": now,
            "index": index,
            "not_before": not_before,
        },
    )
    return known


def find(connection: Connection, erasure_id: UUID) -> Any | None:
    """One erasure, locked; None where there is none."""
    return connection.execute(_FIND, {"id": erasure_id}).one_or_none()


def can_be_taken_back(row: Any) -> bool:
    """Whether it is a request that its customer may still take back: what the law erases by itself is none."""
    is_asked = row.asked_at is not None and row.reason in ASKED_BECAUSE
    return is_asked and row.state in ("asked", "decided") and row.batch is None


def take_back(connection: Connection, row: Any, now: datetime, index: int) -> None:
    """Write down that the customer took a request back; `row` locked before.

    Raises:
        ConflictError: it was taken back or refused before, is being carried out, or nobody asked for it.
    """
    if row.state == "withdrawn":
        raise ConflictError("this request was taken back already")
    if row.state == "refused":
        raise ConflictError("this request was refused: nothing is erased by it")
    if row.batch is not None:
        raise ConflictError("this is being erased, or was: it cannot be taken back any more")
    if not can_be_taken_back(row):
        raise ConflictError("this is not erased because its customer asked it")
    connection.execute(_TAKE_BACK, {"id": row.erasure_id, "now": now, "index": index})


def _members(erasure_id: UUID, target: Target) -> dict[str, Any]:
    return {
        "id": erasure_id,
        "operator": target.operator,
        "class": target.data_class.value,
        "person": target.person_id,
        "occupancy": target.occupancy_id,
    }


def view(row: Any) -> dict[str, Any]:
    """One erasure as its customer and the operator see it."""
    return {
        "erasure_id": str(row.erasure_id),
        "data_class": row.data_class,
        "occupancy_id": str(row.occupancy_id) if row.occupancy_id else None,
        "state": row.state,
        "reason": row.reason,
        "asked_at": format_instant(row.asked_at) if row.asked_at else None,
        "decided_at": format_instant(row.decided_at) if row.decided_at else None,
        "decided_index": row.decided_index,
        "not_before": row.not_before.isoformat() if row.not_before else None,
        "executed_at": format_instant(row.executed_at) if row.executed_at else None,
        "executed_index": row.executed_index,
        "copies_left": row.copies_left,
        "can_be_taken_back": can_be_taken_back(row),
        "withdrawn_at": format_instant(row.withdrawn_at) if row.withdrawn_at else None,
        "withdrawn_index": row.withdrawn_index,
    }


def listed(connection: Connection, person_id: UUID | None = None) -> list[Any]:
    """All erasures, or those of one person, newest first; each with its batch and the copies still to destroy."""
    return list(connection.execute(_LISTED, {"person": person_id}))


_BEGUN = text(
    "SELECT coalesce(e.occupancy_id, e.person_id) AS name, e.data_class, e.reason, b.* FROM oversight.erasure e"
    " JOIN oversight.erasure_batch b USING (batch)"
    " WHERE e.data_class = ANY(:classes) AND coalesce(e.occupancy_id, e.person_id) = ANY(:ids)"
)
_OF_ENTRY = text(
    "SELECT e.reason, b.* FROM ledger.erased e JOIN oversight.erasure_batch b USING (batch)"
    " WHERE e.index = :index AND e.leaf = -1"
)
_STAYS = text(
    "SELECT o.*, EXISTS (SELECT FROM permissions.permission p WHERE p.occupancy_id = o.occupancy_id"
    "  AND (p.person_id IS DISTINCT FROM o.person_id OR EXISTS (SELECT FROM permissions.signature s"
    "   WHERE s.permission_id = p.permission_id AND s.for_person_id IS DISTINCT FROM o.person_id)))"
    " OR EXISTS (SELECT FROM registry.person_concerned c WHERE c.occupancy_id = o.occupancy_id) AS is_shared,"
    " EXISTS (SELECT FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id AND e.batch IS NOT NULL"
    "  AND e.data_class = 'readings') AS readings_gone,"
    " EXISTS (SELECT FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id AND e.batch IS NOT NULL"
    "  AND e.data_class = 'ledger') AS ledger_gone"
    " FROM registry.occupancy o WHERE o.occupancy_id = ANY(:ids) ORDER BY o.from_day"
)
_LAST_ENTRY = text(
    "SELECT max(day) FROM ledger.statement WHERE handle = :handle"
    " AND event NOT LIKE 'erasure.%' AND event NOT LIKE 'audit.%'"
)
_STANDING = text(
    "SELECT * FROM oversight.erasure WHERE data_class = :class AND coalesce(occupancy_id, person_id) = :name"
    " AND state NOT IN ('refused', 'withdrawn') FOR UPDATE"
)
_FIND = text("SELECT * FROM oversight.erasure WHERE erasure_id = :id FOR UPDATE")
_TAKE_BACK = text(
    "UPDATE oversight.erasure SET state = 'withdrawn', withdrawn_at = :now, withdrawn_index = :index"
    " WHERE erasure_id = :id"
)
_INSERT = text(
    "INSERT INTO oversight.erasure (erasure_id, operator, data_class, person_id, occupancy_id, state, reason,"
    " asked_at, asked_index)"
    " VALUES (:id, :operator, :class, :person, :occupancy, :state, :reason, :asked_at, :asked_index)"
)
_DECIDE = text(
    "UPDATE oversight.erasure SET state = :state, reason = :reason, decided_by = :by, decided_at = :now,"
    " decided_index = :index, not_before = :not_before WHERE erasure_id = :id"
)
_LISTED = text(
    "SELECT e.*, b.executed_at, b.executed_index, b.epoch_ended, (SELECT count(*) FROM oversight.key_copy c"
    "  WHERE c.epoch <= b.epoch_ended AND c.destroyed_at IS NULL) AS copies_left"
    " FROM oversight.erasure e LEFT JOIN oversight.erasure_batch b USING (batch)"
    " WHERE CAST(:person AS uuid) IS NULL OR e.person_id = :person"
    " ORDER BY coalesce(e.decided_at, e.asked_at) DESC, e.data_class"
)
