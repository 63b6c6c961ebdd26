"""Order is truth: one turn under the ledger's head row.

Lock the head row; then read the clock, and in later statements the facts; decide; append last and all at once;
commit. Facts or a clock read before the lock would miss a withdrawal that committed, or an end that passed, in
between (design.md).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.door.bodies.halves import (
    HOUSE_LEAF,
    all_halves,
    canonical,
    key_coordinates,
    shared_coordinates,
    subject_coordinates,
    subject_handle,
    subject_name,
)
from databeheer.door.keys.epochs import KeyStoreError
from databeheer.door.portfolio import crowd
from databeheer.door.restore.ends import End, Ending
from databeheer.door.statement import NO_OPERATOR, Record, Statement, Subject
from databeheer.metering.sealing import seal
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.storage.engine import driver
from databeheer.values import format_instant
from ledger import commitment, postgres
from ledger.entry import GENESIS_PREVIOUS, encode
from ledger.note import SigningKey
from ledger.promise import Promise, sign_promise
from ledger.storage import Head
from ledger.tree import leaf_hash

PROMISE_TERM = timedelta(seconds=60)


class Turn:
    """One transaction under the head row, which is locked: `head`. Made by `House.turn`."""

    def __init__(
        self,
        connection: Connection,
        head: Head,
        clock: Clock,
        house_key: bytes,
        subject_key: Callable[[UUID], bytes],
        months: set[str],
    ) -> None:
        self.connection = connection
        self._head = head
        self.now: datetime = clock.now()  # after the lock, or an end that passed while waiting is missed
        self._house_key = house_key
        self._subject_key = subject_key
        self._months = months
        self._records: list[Record] = []
        self._ends: list[End] = []
        self._afterwards: list[Callable[[Connection], None]] = []
        self._keys: dict[UUID, tuple[bytes, bytes]] = {}
        self._last_of_subject: dict[bytes, tuple[int, bytes]] = {}
        self._new_month: str | None = None
        self._spoken_for: frozenset[UUID] = frozenset()
        self._in_whose_name: dict[str, Any] = {}

    @property
    def size(self) -> int:
        """Entries in the ledger before this turn: what a read decided here may know of stored batches."""
        return self._head.size

    @property
    def next_index(self) -> int:
        """The index that the next statement recorded in this turn will have, if the turn commits."""
        return self._head.size + len(self._records)

    @property
    def count(self) -> int:
        """How many entries this turn appends."""
        return len(self._records)

    @property
    def ends(self) -> Sequence[End]:
        """What this turn ends, for the journal of ends."""
        return self._ends

    def end(
        self, ending: Ending, identifier: UUID, day: date | None = None, at: datetime | None = None
    ) -> None:
        """Note that this turn narrows access: it goes into the journal of ends before the turn commits.

        `at` is when it ends, where that is not now.
        """
        self._ends.append(End(ending, identifier, at or self.now, self.size, day))

    def afterwards(self, act: Callable[[Connection], None]) -> None:
        """Have this done in the transaction once everything recorded was appended."""
        self._afterwards.append(act)

    def speak_for(self, occupancy_ids: Collection[UUID], said: dict[str, Any]) -> None:
        """Who gives this turn's command does so in another's name: `said` goes into the halves of that one's stays.

        Of what has no such half, as where that one is not the grid user, an entry of the house says it at the end:
        not the half of that home, whose grid user need not know that somebody has an administrator.
        """
        self._spoken_for, self._in_whose_name = frozenset(occupancy_ids), said

    def record(self, statement: Statement) -> Record:
        """Note a statement; it becomes an entry when the turn closes."""
        if self._spoken_for:
            subjects = [
                replace(one, said={**one.said, **self._in_whose_name})
                if one.occupancy_id in self._spoken_for
                else one
                for one in statement.subjects
            ]
            statement = replace(statement, subjects=subjects)
        record = Record(statement)
        self._records.append(record)
        return record

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What the block does stands or falls by itself: an error undoes it, and nothing else of this turn.

        Raises:
            KeyStoreError: the key of one of its subjects is lost; without this it would show when the turn closes.
        """
        records, ends = len(self._records), len(self._ends)
        try:
            with self.connection.begin_nested():
                yield
                for record in self._records[records:]:
                    self._without_erased(record.statement)
        except BaseException:
            del self._records[records:], self._ends[ends:]
            raise

    def close(self) -> None:
        """Append everything recorded, in order, with its sealed bodies."""
        if not self._records:
            return
        self._say_in_whose_name()
        month = self._ensure_month()
        for record in self._records:
            record.statement = self._without_erased(record.statement)
        self._look_up_operators()
        self._look_up_last()
        previous = self._head.last_leaf if self._head.size else GENESIS_PREVIOUS
        commitments: list[bytes] = []
        bodies: list[dict[str, Any]] = []
        statements: list[dict[str, Any]] = []
        for offset, record in enumerate(self._records):
            record.index = self._head.size + offset
            shared_half, shared_sealed, key_sealed = self._shared(record)
            house_half = record.statement.house_half(self._house_key, record.index)
            rows, sealed = self._subjects(record, month)
            statements.extend(rows)
            halves = {row["leaf"]: row["half"] for row in rows}
            for one in sealed:
                halves |= one.halves
            committed = commitment.commit(
                shared_half,
                all_halves(
                    self._house_key,
                    record.index,
                    halves,
                    record.statement.leaves,
                    has_party=record.statement.party_id is not None,
                    house_half=house_half,
                ),
            )
            record.leaf = leaf_hash(encode(committed, previous))
            for row in rows:
                self._last_of_subject[row["handle"]] = (row["counter"], record.leaf)
            for one in sealed:
                for handle, counter in one.counters.items():
                    self._last_of_subject[handle] = (counter, record.leaf)
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
                    "points": record.statement.points,
                    "house_half": _json(house_half),
                    "key_sealed": key_sealed,
                    "shared_sealed": shared_sealed,
                }
            )
        self._store(bodies, statements, commitments)

    def _store(
        self,
        bodies: Sequence[dict[str, Any]],
        statements: Sequence[dict[str, Any]],
        commitments: Sequence[bytes],
    ) -> None:
        """Write bodies and statements, and append the entries, in one trip."""
        below = driver(self.connection)
        with below.pipeline(), below.cursor() as cursor:
            cursor.executemany(_INSERT_BODY, bodies)
            if statements:
                cursor.executemany(_INSERT_STATEMENT, statements)
            appended = postgres.ask_to_append(below, self._head, commitments)
        if [entry.leaf for entry in appended()] != [record.leaf for record in self._records]:
            raise RuntimeError("what was appended is not what was recorded")
        for act in self._afterwards:
            act(self.connection)

    def _say_in_whose_name(self) -> None:
        untold = [
            place
            for place, record in enumerate(self._records)
            if not any(one.occupancy_id in self._spoken_for for one in record.statement.subjects)
        ]
        if self._in_whose_name and untold:
            said = self._in_whose_name | {"entries": [self._head.size + place for place in untold]}
            operator = self._records[untold[0]].statement.operator
            self._records.append(Record(Statement("representation.acted", said, operator=operator)))

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
            | ({} if statement.points == 1 else {"points": statement.points})
            | ({} if statement.leaves is None or statement.has_house_half else {"leaves": statement.leaves})
        )
        salt = commitment.new_salt()
        half = commitment.half(commitment.SHARED_LABEL, salt, body)
        if statement.is_of_house:
            return half, seal(self._house_key, salt + body, shared_coordinates(record.index)), None
        # Under the subject's own key, so that its erasure takes the body too. Which key that is, is sealed:
        # the row must not tell whose entry this is.
        occupancy_id = statement.subjects[0].occupancy_id
        sealed = seal(self._subject_key(occupancy_id), salt + body, shared_coordinates(record.index))
        return half, sealed, seal(self._house_key, occupancy_id.bytes, key_coordinates(record.index, 0))

    def _subjects(self, record: Record, month: str) -> tuple[list[dict[str, Any]], list[crowd.Sealed]]:
        """Return the rows of a record's subjects, in the order of their leaves; and those of whom the same is said."""
        statement = record.statement
        places: Sequence[int] = range(len(statement.subjects))
        alike: list[crowd.Sealed] = []
        if (
            statement.leaves is not None
        ):  # in no order: where a subject stands tells nothing of what was asked
            free = range(HOUSE_LEAF + 1 if statement.has_house_half else 0, statement.leaves)
            number = len(statement.subjects)
            chosen = crowd.places(free, number + sum(len(one.members) for one in statement.alike))
            places = chosen[:number]
            for one in statement.alike:
                alike.append(self._seal_alike(record, one, chosen[number : number + len(one.members)]))
                number += len(one.members)
        rows = [
            self._subject(record.index, leaf_no, subject)
            | {
                "month": month,
                "operator": statement.operator if subject.operator is None else subject.operator,
                "day": day_of(self.now),
                "party_id": statement.party_id,
                "ground": statement.ground if subject.ground is None else subject.ground,
                "event": statement.event if subject.event is None else subject.event,
            }
            for leaf_no, subject in zip(places, statement.subjects, strict=True)
        ]
        return sorted(rows, key=lambda row: row["leaf"]), alike

    def _seal_alike(self, record: Record, alike: crowd.Alike, leaves: Sequence[int]) -> crowd.Sealed:
        party_id = record.statement.party_id
        if party_id is None:
            raise ValueError("only of what a party did the same is said of many")
        month = self.now.date().replace(day=1)
        entry = crowd.Entry(record.index, month, day_of(self.now), party_id)
        with crowd.writing(driver(self.connection)) as write:
            return crowd.seal_alike(alike, leaves, entry, self._last_of_subject, self._house_key, write)

    def _subject(self, index: int, leaf_no: int, subject: Subject) -> dict[str, Any]:
        key, handle = self._keys_of(subject.occupancy_id)
        counter, previous = self._last_of_subject.get(handle, (0, GENESIS_PREVIOUS))
        chained = {
            "subject": b64encode(subject_name(key)).decode(),
            "counter": counter + 1,
            "previous": b64encode(previous).decode(),
        }
        body = canonical(subject.own | chained | {"v": 1})
        salt = commitment.new_salt()
        return {
            "handle": handle,
            "counter": counter + 1,
            "index": index,
            "leaf": leaf_no,
            "half": commitment.subject_half(salt, body),
            "key_sealed": seal(self._house_key, subject.occupancy_id.bytes, key_coordinates(index, leaf_no)),
            "subject_sealed": seal(key, salt + body, subject_coordinates(index, leaf_no)),
        }

    def _without_erased(self, statement: Statement) -> Statement:
        """Leave out subjects whose ledger bodies were erased: there is no key to tell them anything under.

        A key that is missing without an erasure on record is lost, and an error.
        """
        living = [subject for subject in statement.subjects if self.can_tell(subject.occupancy_id)]
        return statement if len(living) == len(statement.subjects) else replace(statement, subjects=living)

    def _look_up_operators(self) -> None:
        """Give every statement that names no grid operator that of its subjects' stays (R136)."""
        open_ = [record for record in self._records if record.statement.operator is None]
        stays = list({one.occupancy_id for record in open_ for one in record.statement.subjects})
        rows = self.connection.execute(_OPERATORS, {"ids": stays}) if stays else ()
        known = {row.occupancy_id: row.operator for row in rows}
        for record in open_:
            record.statement = _at_operators(record.statement, known)

    def can_tell(self, occupancy_id: UUID) -> bool:
        """Whether anything can be told to a subject: False where its ledger was erased.

        Raises:
            KeyStoreError: its key is missing, and no erasure is on record.
        """
        try:
            self._keys_of(occupancy_id)
        except KeyStoreError:
            if not erasures.begun_of(self.connection, DataClass.LEDGER, [occupancy_id]):
                raise
            return False
        return True

    def _keys_of(self, occupancy_id: UUID) -> tuple[bytes, bytes]:
        """Return a subject's key, and the handle that comes from it."""
        if occupancy_id not in self._keys:
            key = self._subject_key(occupancy_id)
            self._keys[occupancy_id] = (key, subject_handle(key))
        return self._keys[occupancy_id]

    def _look_up_last(self) -> None:
        """Read the newest statement of every subject of this turn, in one query however many they are."""
        statements = [record.statement for record in self._records]
        subjects = {subject.occupancy_id for statement in statements for subject in statement.subjects}
        handles = {self._keys_of(occupancy_id)[1] for occupancy_id in subjects}
        handles |= {member.handle for one in statements for alike in one.alike for member in alike.members}
        if handles:
            self._last_of_subject |= crowd.newest(driver(self.connection), handles)

    def _ensure_month(self) -> str:
        month = self.now.date().replace(day=1).isoformat()
        if month not in self._months:
            self.connection.execute(text("SELECT ledger.ensure_month(:month)"), {"month": month})
            self._new_month = month  # remembered only after the commit: a rollback takes the partition back
        return month


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else canonical(value).decode()


def _at_operators(statement: Statement, known: Mapping[UUID, int]) -> Statement:
    concerned = {known.get(one.occupancy_id, NO_OPERATOR) for one in statement.subjects}
    if len(concerned) < 2:
        return replace(statement, operator=min(concerned, default=NO_OPERATOR))
    subjects = [
        replace(one, operator=known.get(one.occupancy_id, NO_OPERATOR)) if one.operator is None else one
        for one in statement.subjects
    ]
    return replace(statement, operator=NO_OPERATOR, subjects=subjects)


_OPERATORS = text("SELECT occupancy_id, operator FROM registry.occupancy WHERE occupancy_id = ANY(:ids)")
_INSERT_BODY = (
    "INSERT INTO ledger.body (index, month, operator, day, party_id, ground, event, points, house_half, key_sealed,"
    " shared_sealed) VALUES (%(index)s, %(month)s, %(operator)s, %(day)s, %(party_id)s, %(ground)s, %(event)s,"
    " %(points)s, CAST(%(house_half)s AS jsonb), %(key_sealed)s, %(shared_sealed)s)"
)
_INSERT_STATEMENT = (
    "INSERT INTO ledger.statement (handle, counter, index, leaf, month, operator, day, party_id, ground, event,"
    " half, key_sealed, subject_sealed) VALUES (%(handle)s, %(counter)s, %(index)s, %(leaf)s, %(month)s, %(operator)s,"
    " %(day)s, %(party_id)s, %(ground)s, %(event)s, %(half)s, %(key_sealed)s, %(subject_sealed)s)"
)
# The newest statement under each handle: its counter, its index, its entry's leaf.
NEWEST = (
    "SELECT wanted.handle, s.counter, s.index, e.leaf FROM unnest(CAST(%(handles)s AS bytea[])) AS wanted (handle)"
    " CROSS JOIN LATERAL (SELECT one.counter, one.index FROM ledger.statement one"
    "  WHERE one.handle = wanted.handle ORDER BY one.counter DESC LIMIT 1) s"
    " JOIN ledger.entry e ON e.index = s.index"
)
