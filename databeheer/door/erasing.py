"""Carry out what was decided to be erased: rows first, then the keys with their epoch, each step on record.

1. A turn begins the batch: from its entry on, pages say "erased".
2. Rows go, one erasure a transaction: readings; statements and bodies, which leave the halves that their
   entries commit to; a person's name and log-in.
3. A new epoch is prepared without the keys. Then one last turn: nothing can be appended meanwhile, what came in
   since step 2 goes too, the epoch takes force, and the entry says so.

Killed anywhere, the same command goes on where it stopped: rows need the keys to be found, so they go first.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door import seals
from databeheer.door.bodies import half_of, shared_body
from databeheer.door.house import House
from databeheer.door.keystore import KeyStoreError, Kind
from databeheer.door.resealing import open_root
from databeheer.door.turn import Statement, Subject, Turn, subject_handle
from databeheer.errors import ConflictError
from databeheer.metering.opening import SealError
from databeheer.oversight import erasures, retention
from databeheer.oversight.retention import DataClass, Reason, Verdict
from ledger.commitment import shared_half

KINDS = {
    DataClass.PERSON: Kind.PERSON,
    DataClass.READINGS: Kind.READINGS,
    DataClass.LEDGER: Kind.OCCUPANCY_LEDGER,
}


Going = tuple[DataClass, UUID | None]


@dataclass
class Outcome:
    """What a batch did: how many of each class went, and which decisions still wait, with the reason."""

    batch: int
    index: int
    epoch_ended: int
    epoch_begun: int
    erased: dict[str, int]
    waiting: list[dict[str, Any]] = field(default_factory=list)


def weigh(
    house: House,
    connection: Connection,
    target: erasures.Target,
    reason: Reason,
    now: datetime,
    going: Collection[Going] = (),
) -> Verdict:
    """Weigh whether a class of an occupancy or a person may go, from the facts as they are now.

    `going` is what goes with it: it counts as gone.
    """
    today = day_of(now)
    if target.data_class is DataClass.HOUSE:
        return retention.HOUSE_VERDICT
    if target.data_class is DataClass.PERSON:
        ids = connection.execute(_OCCUPANCIES, {"person": target.person_id}).scalars().all()
        rows = erasures.stays_of(connection, ids).values()
        return retention.weigh_person([_stay(house, connection, row, going) for row in rows], today)
    occupancy_id = target.occupancy_id or UUID(int=0)
    row = erasures.stays_of(connection, [occupancy_id])[occupancy_id]
    stay = _stay(house, connection, row, going)
    if target.data_class is DataClass.READINGS:
        return retention.weigh_readings(stay, reason, today)
    return retention.weigh_ledger(stay, reason, today)


def _stay(house: House, connection: Connection, row: Any, going: Collection[Going]) -> retention.Stay:
    last = None
    if not row.ledger_gone:
        last = erasures.last_entry_day(connection, subject_handle(house.keys_of_subject(row.occupancy_id)))
    return retention.Stay(
        row.until_day,
        last,
        readings_gone=row.readings_gone or (DataClass.READINGS, row.occupancy_id) in going,
        ledger_gone=row.ledger_gone or (DataClass.LEDGER, row.occupancy_id) in going,
        is_shared=row.is_shared,
    )


def execute(house: House) -> Outcome:
    """Erase what was decided and is due; go on with a batch that broke off.

    Raises:
        ConflictError: nothing waits that may go today.
    """
    batch, waiting = _begin(house)
    with house.engine.connect() as connection:
        rows = connection.execute(_OF_BATCH, {"batch": batch}).all()
        sealed = connection.execute(_RETIRED, {"batch": batch}).scalars().all()
    retired = [open_root(house, bytes(one)) for one in sealed]
    for row in rows:
        with house.engine.begin() as connection:
            _clear(house, connection, row.erasure_id)
    _clear_retired(house, retired)
    names = [_key_of(row) for row in rows] + [(Kind.READINGS, root_id) for root_id in retired]
    # Of a batch that broke off after its epoch began, only the entry is missing.
    without = [name for name in names if house.keys.holds(*name)]
    if without:
        with house.keys.new_epoch(without) as epoch, house.turn() as turn:
            for row in rows:
                _clear_rows(house, turn.connection, row)
            _finish(house, turn, batch, rows, house.keys.epoch + 1)
            epoch.begin()
    else:
        with house.turn() as turn:
            _finish(house, turn, batch, rows, house.keys.epoch)
    with house.engine.connect() as connection:
        done = connection.execute(_BATCH, {"batch": batch}).one()
    counts = Counter(row.data_class for row in rows)
    return Outcome(
        batch, done.executed_index, done.epoch_ended, done.epoch_begun, dict(sorted(counts.items())), waiting
    )


def _begin(house: House) -> tuple[int, list[dict[str, Any]]]:
    """Begin a batch of what may go today, or find the one that broke off."""
    waiting: list[dict[str, Any]] = []
    with house.turn() as turn:
        open_batch = turn.connection.execute(_OPEN).scalar_one_or_none()
        if open_batch is not None:
            return open_batch, waiting
        going: list[Any] = []
        # Readings before the ledger of the same stay: evidence goes when there is nothing left to read.
        for row in turn.connection.execute(_DECIDED, {"today": day_of(turn.now)}).all():
            gone = {(DataClass(one.data_class), one.occupancy_id) for one in going}
            target, reason = target_of(row), Reason(row.reason)
            verdict = weigh(house, turn.connection, target, reason, turn.now, gone)
            if verdict.obstacle is None:
                going.append(row)
            else:
                waiting.append({"erasure_id": str(row.erasure_id), "reason": verdict.obstacle.value})
        left = turn.connection.execute(_LEFT_ROOTS).scalars().all()
        if not going and not left:
            raise ConflictError("nothing that was decided may be erased today")
        batch: int = turn.connection.execute(
            _BEGIN, {"now": turn.now, "index": turn.next_index, "epoch": house.keys.epoch}
        ).scalar_one()
        turn.connection.execute(_JOIN, {"batch": batch, "ids": [row.erasure_id for row in going]})
        turn.connection.execute(_JOIN_ROOTS, {"batch": batch, "ids": left})
        decisions = [[str(row.erasure_id), row.data_class, row.reason] for row in going]
        turn.record(Statement("erasure.begun", {"batch": batch, "decisions": decisions, "roots": len(left)}))
    return batch, waiting


def target_of(row: Any) -> erasures.Target:
    """What an erasure's row is about."""
    return erasures.Target(DataClass(row.data_class), row.operator, row.person_id, row.occupancy_id)


def _key_of(row: Any) -> tuple[Kind, UUID]:
    """The key that goes with an erasure: for readings the root that the occupancy has now."""
    data_class = DataClass(row.data_class)
    if data_class is DataClass.READINGS:
        return Kind.READINGS, row.root_id
    return KINDS[data_class], row.occupancy_id or row.person_id


def _clear_retired(house: House, roots: Sequence[UUID]) -> None:
    """Rows that an intake, begun before a late move was reported, still wrote under the root that was left."""
    for root_id in roots:
        if house.keys.holds(Kind.READINGS, root_id):
            pseudonym = seals.pseudonym(house.readings_root(root_id))
            with house.engine.begin() as connection:
                connection.execute(_DELETE_PROFILES, {"pseudonym": pseudonym})


def _clear(house: House, connection: Connection, erasure_id: UUID) -> None:
    row = connection.execute(_LOCKED, {"id": erasure_id}).one()
    if not row.is_cleared:
        _clear_rows(house, connection, row)
        connection.execute(_CLEARED, {"id": erasure_id})


def _clear_rows(house: House, connection: Connection, row: Any) -> None:
    try:
        if row.data_class == DataClass.READINGS:
            pseudonym = seals.pseudonym(house.readings_root(row.root_id))
            connection.execute(_DELETE_PROFILES, {"pseudonym": pseudonym})
        elif row.data_class == DataClass.LEDGER:
            _clear_ledger(house, connection, row)
        else:
            unknown = {"person": row.person_id, "unknown": secrets.token_bytes(32)}
            connection.execute(_FORGET_PERSON, unknown)
            connection.execute(_END_SESSIONS, {"person": row.person_id, "now": house.clock.now()})
    except KeyStoreError:
        if house.keys.holds(*_key_of(row)):
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
    connection.execute(_DELETE_PERMISSIONS, {"occupancy": row.occupancy_id})


class _BodyOf:
    """The body's columns of a joined row, under the names that `shared_body` reads."""

    def __init__(self, row: Any) -> None:
        self.index, self.key_sealed, self.shared_sealed = row.index, row.body_key_sealed, row.shared_sealed


def _finish(house: House, turn: Turn, batch: int, rows: Sequence[Any], epoch: int) -> None:
    """Record what went, to those whose ledger stays; nothing where another door did so meanwhile."""
    known = turn.connection.execute(_BATCH_LOCKED, {"batch": batch}).one()
    if known.executed_at is not None:
        return
    halves, digest = _digest(turn.connection, batch)
    subjects = [
        Subject(row.occupancy_id, {"class": row.data_class, "reason": row.reason})
        for row in rows
        if row.data_class == DataClass.READINGS
        and house.keys.holds(Kind.OCCUPANCY_LEDGER, row.occupancy_id)
        and not any(o.data_class == DataClass.LEDGER and o.occupancy_id == row.occupancy_id for o in rows)
    ]
    said = {"batch": batch, "epochs": [known.epoch_ended, epoch], "halves": halves, "digest": digest}
    turn.connection.execute(
        _EXECUTED, {"batch": batch, "now": turn.now, "index": turn.next_index, "epoch": epoch}
    )
    turn.connection.execute(_DONE, {"batch": batch})
    # With its leaves given the body is the house's: it must outlive every ledger that is erased later.
    turn.record(Statement("erasure.executed", said, subjects=subjects, leaves=max(len(subjects), 1)))


def _digest(connection: Connection, batch: int) -> tuple[int, str]:
    """How many halves a batch left behind, and a digest of all of them: nobody can add one later unseen."""
    rows: Sequence[Any] = connection.execute(_LEFT, {"batch": batch}).all()
    content = b"".join(
        row.index.to_bytes(8, "big") + row.leaf.to_bytes(2, "big", signed=True) + bytes(row.half)
        for row in rows
    )
    return len(rows), sha256(content).hexdigest()


def unlike_erasures(house: House, connection: Connection) -> Iterator[tuple[int, str]]:
    """Name the batches whose erased halves are not those that their entries speak of.

    Without this, whoever may write the database could pass a statement that he removed off as an erased one.
    """
    for row in connection.execute(_BATCHES):
        for index, event in ((row.begun_index, "erasure.begun"), (row.executed_index, "erasure.executed")):
            if index is None:
                yield row.begun_index, "an erasure has begun and is not through; run it again"
                break
            body = connection.execute(_BODY, {"index": index}).one_or_none()
            try:
                said = shared_body(house, body).said if body is not None else {}
            except (KeyStoreError, SealError):
                said = {}
            if (said.get("event"), said.get("batch")) != (event, row.batch):
                yield index, "an erasure is claimed that no entry speaks of"
            elif event == "erasure.executed" and _digest(connection, row.batch) != (
                said.get("halves"),
                said.get("digest"),
            ):
                yield index, "other halves are given as erased than this erasure took"


# Also of others, where this person signed, sent a request on, or lived too: the ledger of that stay says who
# consented and who looked, as long as it is kept.
_OCCUPANCIES = text(
    "SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person"
    " UNION SELECT occupancy_id FROM registry.person_concerned WHERE person_id = :person"
    " UNION SELECT coalesce(p.occupancy_id, p.addressed_to) FROM permissions.permission p"
    "  WHERE coalesce(p.occupancy_id, p.addressed_to) IS NOT NULL AND (:person IN (p.person_id, p.applicant_id)"
    "  OR EXISTS (SELECT FROM permissions.signature s"
    "   WHERE s.permission_id = p.permission_id AND s.person_id = :person))"
)
_OPEN = text(
    "SELECT batch FROM oversight.erasure_batch WHERE executed_at IS NULL ORDER BY batch LIMIT 1 FOR UPDATE"
)
_DECIDED = text(
    "SELECT * FROM oversight.erasure WHERE state = 'decided' AND batch IS NULL AND not_before <= :today"
    " ORDER BY CASE data_class WHEN 'readings' THEN 1 WHEN 'ledger' THEN 2 ELSE 3 END, decided_at FOR UPDATE"
)
_BEGIN = text(
    "INSERT INTO oversight.erasure_batch (begun_at, begun_index, epoch_ended) VALUES (:now, :index, :epoch)"
    " RETURNING batch"
)
_JOIN = text("UPDATE oversight.erasure SET batch = :batch WHERE erasure_id = ANY(:ids)")
_OF_BATCH = text(
    "SELECT e.*, o.root_id FROM oversight.erasure e LEFT JOIN registry.occupancy o USING (occupancy_id)"
    " WHERE e.batch = :batch ORDER BY e.erasure_id"
)
_LOCKED = text(
    "SELECT e.*, o.root_id FROM oversight.erasure e LEFT JOIN registry.occupancy o USING (occupancy_id)"
    " WHERE e.erasure_id = :id FOR UPDATE OF e"
)
_LEFT_ROOTS = text("SELECT root_no FROM oversight.retired_root WHERE batch IS NULL")
_JOIN_ROOTS = text("UPDATE oversight.retired_root SET batch = :batch WHERE root_no = ANY(:ids)")
_RETIRED = text("SELECT root_sealed FROM oversight.retired_root WHERE batch = :batch")
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
_BATCH = text("SELECT * FROM oversight.erasure_batch WHERE batch = :batch")
_BATCH_LOCKED = text("SELECT * FROM oversight.erasure_batch WHERE batch = :batch FOR UPDATE")
_EXECUTED = text(
    "UPDATE oversight.erasure_batch SET executed_at = :now, executed_index = :index, epoch_begun = :epoch"
    " WHERE batch = :batch"
)
_DONE = text("UPDATE oversight.erasure SET state = 'executed' WHERE batch = :batch")
_LEFT = text("SELECT index, leaf, half FROM ledger.erased WHERE batch = :batch ORDER BY index, leaf")
_BATCHES = text("SELECT * FROM oversight.erasure_batch ORDER BY batch")
_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
