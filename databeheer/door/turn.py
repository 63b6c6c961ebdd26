"""Order is truth: one turn under the ledger's head row.

Lock the head row; then read the clock, and in later statements the facts; decide; append last and all at once;
commit. Facts or a clock read before the lock would miss a withdrawal that committed, or an end that passed, in
between (design.md).
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.door.seals import derive
from databeheer.metering.sealing import seal
from databeheer.storage.engine import driver
from databeheer.values import format_instant
from ledger import commitment, postgres
from ledger.entry import GENESIS_PREVIOUS, encode
from ledger.note import SigningKey
from ledger.promise import Promise, sign_promise
from ledger.tree import leaf_hash

PROMISE_TERM = timedelta(seconds=60)


def canonical(value: object) -> bytes:
    """Spell a value the one way that is hashed: sorted ASCII keys, no spaces, strings and integers."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


@dataclass(frozen=True)
class Subject:
    """What an entry says to one subject: an occupancy. `said` goes into the half that only the subject opens."""

    occupancy_id: UUID
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """What happened, before it is an entry. Holds no identifier: neither half needs one.

    `said` goes into the shared half, which the party's receipt opens too.
    """

    event: str
    said: dict[str, Any]
    ground: str = ""
    party_id: UUID | None = None
    operator: int = 1
    subjects: Sequence[Subject] = ()


@dataclass
class Record:
    """A recorded statement: its place in the ledger, known once the turn is closed, and the door's promise."""

    statement: Statement
    index: int = -1
    leaf: bytes = b""
    promise: bytes = b""


class Turn:
    """One transaction under the head row. Made by `House.turn`."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        house_key: bytes,
        subject_key: Callable[[UUID], bytes],
        months: set[str],
    ) -> None:
        self.connection = connection
        self._head = postgres.lock_head(driver(connection))
        self.now: datetime = clock.now()  # after the lock, or an end that passed while waiting is missed
        self._house_key = house_key
        self._subject_key = subject_key
        self._months = months
        self._records: list[Record] = []
        self._last_of_subject: dict[bytes, tuple[int, bytes]] = {}
        self._new_month: str | None = None

    @property
    def size(self) -> int:
        """Entries in the ledger before this turn: what a read decided here may know of stored batches."""
        return self._head.size

    @property
    def next_index(self) -> int:
        """The index that the next statement recorded in this turn will have, if the turn commits."""
        return self._head.size + len(self._records)

    def record(self, statement: Statement) -> Record:
        """Note a statement; it becomes an entry when the turn closes."""
        record = Record(statement)
        self._records.append(record)
        return record

    def close(self) -> None:
        """Append everything recorded, in order, with its sealed bodies."""
        if not self._records:
            return
        month = self._ensure_month()
        previous = self._head.last_leaf if self._head.size else GENESIS_PREVIOUS
        commitments: list[bytes] = []
        bodies: list[dict[str, Any]] = []
        statements: list[dict[str, Any]] = []
        for offset, record in enumerate(self._records):
            record.index = self._head.size + offset
            shared_half, shared_sealed, key_sealed = self._shared(record)
            subject_halves: list[bytes] = []
            for leaf_no, subject in enumerate(record.statement.subjects):
                half, row = self._subject(record.index, leaf_no, subject)
                subject_halves.append(half)
                statements.append(row | {"month": month, "operator": record.statement.operator})
            if not subject_halves and record.statement.party_id is not None:
                subject_halves.append(decoy_half(self._house_key, record.index))
            committed = commitment.commit(shared_half, subject_halves)
            record.leaf = leaf_hash(encode(committed, previous))
            for subject in record.statement.subjects:
                handle = self._handle(subject.occupancy_id)
                self._last_of_subject[handle] = (self._last_of_subject[handle][0], record.leaf)
            previous = record.leaf
            commitments.append(committed)
            bodies.append(
                {
                    "index": record.index,
                    "month": month,
                    "operator": record.statement.operator,
                    "day": day_of(self.now),
                    "party_id": record.statement.party_id,
                    "ground": record.statement.ground,
                    "event": record.statement.event,
                    "key_sealed": key_sealed,
                    "shared_sealed": shared_sealed,
                }
            )
        self.connection.execute(_INSERT_BODY, bodies)
        if statements:
            self.connection.execute(_INSERT_STATEMENT, statements)
        appended = postgres.append(driver(self.connection), self._head, commitments)
        if [entry.leaf for entry in appended] != [record.leaf for record in self._records]:
            raise RuntimeError("what was appended is not what was recorded")

    def committed(self, origin: str, promise_key: SigningKey) -> None:
        """After the commit: sign a promise for each record."""
        if self._new_month is not None:
            self._months.add(self._new_month)
        deadline = int((self.now + PROMISE_TERM).timestamp())
        for record in self._records:
            record.promise = sign_promise(Promise(origin, record.index, record.leaf, deadline), promise_key)

    def _shared(self, record: Record) -> tuple[bytes, bytes, bytes | None]:
        statement = record.statement
        body = canonical(
            statement.said
            | {
                "v": 1,
                "event": statement.event,
                "at": format_instant(self.now),
                "party": str(statement.party_id) if statement.party_id else "",
                "ground": statement.ground,
                "operator": statement.operator,
            }
        )
        salt = secrets.token_bytes(32)
        half = commitment.half(commitment.SHARED_LABEL, salt, body)
        if len(statement.subjects) != 1:
            return half, seal(self._house_key, salt + body, shared_coordinates(record.index)), None
        # Under the subject's own key, so that its erasure takes the body too. Which key that is, is sealed:
        # the row must not tell whose entry this is.
        occupancy_id = statement.subjects[0].occupancy_id
        sealed = seal(self._subject_key(occupancy_id), salt + body, shared_coordinates(record.index))
        return half, sealed, seal(self._house_key, occupancy_id.bytes, key_coordinates(record.index, 0))

    def _subject(self, index: int, leaf_no: int, subject: Subject) -> tuple[bytes, dict[str, Any]]:
        handle = self._handle(subject.occupancy_id)
        counter, previous = self._last(handle)
        counter += 1
        self._last_of_subject[handle] = (counter, b"")
        body = canonical(
            subject.said | {"v": 1, "counter": counter, "previous": b64encode(previous).decode()}
        )
        salt = secrets.token_bytes(32)
        key = self._subject_key(subject.occupancy_id)
        row = {
            "handle": handle,
            "counter": counter,
            "index": index,
            "leaf": leaf_no,
            "key_sealed": seal(self._house_key, subject.occupancy_id.bytes, key_coordinates(index, leaf_no)),
            "subject_sealed": seal(key, salt + body, subject_coordinates(index, leaf_no)),
        }
        return commitment.half(commitment.SUBJECT_LABEL, salt, body), row

    def _handle(self, occupancy_id: UUID) -> bytes:
        return subject_handle(self._subject_key(occupancy_id))

    def _last(self, handle: bytes) -> tuple[int, bytes]:
        if handle not in self._last_of_subject:
            row = self.connection.execute(_LAST_OF_SUBJECT, {"handle": handle}).one_or_none()
            self._last_of_subject[handle] = (row.counter, row.leaf) if row else (0, GENESIS_PREVIOUS)
        return self._last_of_subject[handle]

    def _ensure_month(self) -> str:
        month = self.now.date().replace(day=1).isoformat()
        if month not in self._months:
            self.connection.execute(text("SELECT ledger.ensure_month(:month)"), {"month": month})
            self._new_month = month  # remembered only after the commit: a rollback takes the partition back
        return month


def subject_handle(subject_key: bytes) -> bytes:
    """Return the 16 bytes under which a subject's statements are found: nobody without the key can tell whose."""
    return derive(subject_key, "handle", size=16)


def decoy_half(house_key: bytes, index: int) -> bytes:
    """Return what stands in the place of a subject's half in a party's entry that concerns nobody.

    The root over no halves is the same for all: a party's receipt of a refusal would tell an access point that
    does not exist from one that it may not see (R98).
    """
    return derive(house_key, "decoy", index.to_bytes(8, "big"))


def shared_coordinates(index: int) -> bytes:
    """Associated data of the shared half of one entry's body."""
    return f"body/v1|shared|{index}".encode()


def subject_coordinates(index: int, leaf_no: int) -> bytes:
    """Associated data of one subject's half of one entry's body."""
    return f"body/v1|subject|{index}|{leaf_no}".encode()


def key_coordinates(index: int, leaf_no: int) -> bytes:
    """Associated data of the sealed name of the key that opens a subject's half."""
    return f"body/v1|key|{index}|{leaf_no}".encode()


_INSERT_BODY = text(
    "INSERT INTO ledger.body (index, month, operator, day, party_id, ground, event, key_sealed, shared_sealed)"
    " VALUES (:index, :month, :operator, :day, :party_id, :ground, :event, :key_sealed, :shared_sealed)"
)
_INSERT_STATEMENT = text(
    "INSERT INTO ledger.statement (handle, counter, index, leaf, month, operator, key_sealed, subject_sealed)"
    " VALUES (:handle, :counter, :index, :leaf, :month, :operator, :key_sealed, :subject_sealed)"
)
_LAST_OF_SUBJECT = text(
    "SELECT s.counter, e.leaf FROM ledger.statement s JOIN ledger.entry e ON e.index = s.index"
    " WHERE s.handle = :handle ORDER BY s.counter DESC LIMIT 1"
)
