"""Records of necessity as the door keeps them: what is in force is verified anew for each join."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.joins.signers import counting, has_ended
from databeheer.door.turn import Turn
from databeheer.joins.cases import JoinList
from databeheer.joins.necessity import NecessityError, NecessityRecord, Signer, is_listed, is_number, verify
from databeheer.joins.signature import SignedJoinList


@dataclass(frozen=True)
class Kept:
    """A record that was taken: `problem` is None where joins run by it now."""

    content: bytes
    note: bytes
    taken_index: int
    record: NecessityRecord | None
    signers: tuple[Signer, ...]
    problem: str | None


def necessity_id(number: str) -> UUID:
    """Return what a number is kept under."""
    return UUID(bytes=sha256(b"databeheer-join-necessity/v1|" + number.encode()).digest()[:16])


def with_record(
    house: House, turn: Turn, signed: SignedJoinList | None, case_id: str
) -> SignedJoinList | None:
    """Return the list, and beside its own cases that of the record of this number, where one is in force now."""
    if signed is None or not is_number(case_id):
        return signed
    row = turn.connection.execute(_ONE, {"id": necessity_id(case_id)}).one_or_none()
    if row is None:
        return signed
    kept = _kept(row, counting(house, turn.connection), signed.joins, turn.now)
    if kept.problem is not None or kept.record is None or kept.record.number != case_id:
        return signed
    return replace(signed, joins=replace(signed.joins, cases=(*signed.joins.cases, kept.record.case)))


def all_kept(house: House, connection: Connection, joins: JoinList | None, now: datetime) -> list[Kept]:
    """Return every record that was taken, the newest first, with what stops joins by it; `joins` is in force."""
    signers = counting(house, connection)
    return [_kept(row, signers, joins, now) for row in connection.execute(_ALL)]


def is_taken(connection: Connection, identifier: UUID) -> bool:
    """Whether a number was given, or ended in a database that was lost."""
    row = connection.execute(_ONE, {"id": identifier}).first()
    return row is not None or has_ended(connection, identifier)


def put(turn: Turn, record: NecessityRecord, content: bytes, note: bytes, index: int) -> None:
    """Keep a record that was verified."""
    turn.connection.execute(
        _PUT,
        {
            "id": necessity_id(record.number),
            "content": content,
            "note": note,
            "now": turn.now,
            "index": index,
        },
    )


def _kept(row: Any, signers: list[Signer], joins: JoinList | None, now: datetime) -> Kept:
    content, note = bytes(row.content), bytes(row.note)
    try:
        record, signed = verify(content, note, signers)
    except NecessityError as error:
        return Kept(content, note, row.taken_index, None, (), str(error))
    problem = None
    if row.ended_at is not None:
        problem = "the record was ended"
    elif joins is None:
        problem = "no list of lawful joins is in force"
    elif is_listed(joins, record.case):
        problem = "the list has this join, and its limits hold"
    elif not record.runs(now):
        problem = "the record's term is over" if record.is_over(now) else "the record's term has yet to begin"
    return Kept(content, note, row.taken_index, record, tuple(signed), problem)


_KEPT = (
    "SELECT n.content, n.note, n.taken_index, e.ended_at FROM joins.necessity n"
    " LEFT JOIN joins.ended e ON e.id = n.necessity_id"
)
_ONE = text(f"{_KEPT} WHERE n.necessity_id = :id")
_ALL = text(f"{_KEPT} ORDER BY n.taken_index DESC LIMIT 100")
_PUT = text(
    "INSERT INTO joins.necessity (necessity_id, content, note, taken_at, taken_index)"
    " VALUES (:id, :content, :note, :now, :index)"
)
