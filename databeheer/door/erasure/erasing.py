"""Carry out what was decided to be erased: rows first, then the keys with their epoch, each step on record.

The keys of documents that were destroyed since (`databeheer.documents`) go with it, and are reason enough for a batch.

1. A turn begins the batch: from its entry on, pages say "erased".
2. Rows go, one erasure a transaction: readings; statements and bodies, which leave the halves that their
   entries commit to; a person's name and log-in.
3. A new epoch is prepared without the keys. Then, with the ledger's head locked so that no door appends: what came
   in since step 2 goes, and is committed; the epoch takes force, and the keys are gone.
4. A turn records what went. Nothing about it can have come in since step 3: there is no key to say it under.

Killed anywhere, the same command goes on where it stopped. Rows are found by the keys, so no key goes before the
deletion of the last row that needs it is durable; a commit that fails afterwards loses only the entry, made next time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import documents
from databeheer.brussels import day_of
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.erasure.checking import digest
from databeheer.door.erasure.clearing import clear, clear_retired, clear_rows, key_of
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.moves.new_roots import open_root
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.oversight import erasures, gaps, retention
from databeheer.oversight.retention import DataClass, Reason, Verdict
from databeheer.post import outbox
from databeheer.storage.engine import driver
from ledger import postgres

Going = tuple[DataClass, UUID | None]


@dataclass
class Outcome:
    """What a batch did: how many of each class went, the keys of how many destroyed documents, and what waits yet.

    `waiting` are decisions, with the reason.
    """

    batch: int
    index: int
    epoch_ended: int
    epoch_begun: int
    erased: dict[str, int]
    documents: int
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
        ConflictError: nothing waits that may go today, or a restore is not reconciled.
    """
    batch, waiting = _begin(house)
    with house.engine.connect() as connection:
        rows = connection.execute(_OF_BATCH, {"batch": batch}).all()
        destroyed = documents.of_batch(connection, batch)
        sealed = connection.execute(_RETIRED, {"batch": batch}).scalars().all()
    retired = [open_root(house, bytes(one)) for one in sealed]
    for row in rows:
        with house.engine.begin() as connection:
            clear(house, connection, row.erasure_id)
    _destroy_keys(house, rows, retired, destroyed)
    with house.turn() as turn:
        _finish(house, turn, batch, rows, destroyed)
    with house.engine.connect() as connection:
        done = connection.execute(_BATCH, {"batch": batch}).one()
    counts = Counter(row.data_class for row in rows)
    return Outcome(
        batch,
        done.executed_index,
        done.epoch_ended,
        done.epoch_begun,
        dict(sorted(counts.items())),
        len(destroyed),
        waiting,
    )


def _begin(house: House) -> tuple[int, list[dict[str, Any]]]:
    """Begin a batch of what may go today, or find the one that broke off."""
    waiting: list[dict[str, Any]] = []
    with house.turn() as turn:
        open_batch = turn.connection.execute(_OPEN).scalar_one_or_none()
        if open_batch is not None:
            return open_batch, waiting
        if gaps.standing(turn.connection):
            raise ConflictError(
                "a request may have been taken back in what a restore lost; give reconcile.finish first"
            )
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
        destroyed = documents.waiting(turn.connection)
        if not going and not left and not destroyed:
            raise ConflictError("nothing that was decided may be erased today")
        batch: int = turn.connection.execute(
            _BEGIN, {"now": turn.now, "index": turn.next_index, "epoch": house.keys.epoch}
        ).scalar_one()
        turn.connection.execute(_JOIN, {"batch": batch, "ids": [row.erasure_id for row in going]})
        turn.connection.execute(_JOIN_ROOTS, {"batch": batch, "ids": left})
        documents.join(turn.connection, batch)
        decisions = [[str(row.erasure_id), row.data_class, row.reason] for row in going]
        said = {"batch": batch, "decisions": decisions, "roots": len(left), "documents": destroyed}
        turn.record(Statement("erasure.begun", said))
    return batch, waiting


def _destroy_keys(
    house: House, rows: Sequence[Any], retired: Sequence[UUID], destroyed: Sequence[UUID]
) -> None:
    """Begin an epoch without the keys of a batch; the rows that came in since they were cleared go first."""
    names = [key_of(row) for row in rows] + [(Kind.READINGS, root_id) for root_id in retired]
    names += [(Kind.DOCUMENT, document_id) for document_id in destroyed]  # out of every backup too
    without = [name for name in names if house.keys.holds(*name)]
    if without:
        with house.keys.new_epoch(without) as epoch, house.engine.begin() as guard:
            postgres.lock_head(driver(guard))  # nothing is appended until the keys are gone, by no door
            # On a connection of its own: it must be durable before what it was found by is destroyed.
            with house.engine.begin() as connection:
                for row in rows:
                    clear_rows(house, connection, row)
                clear_retired(house, connection, retired)
            epoch.begin()
    # Also where the batch broke off in the middle of this: before the entry says so, they are gone.
    house.keys.destroy_older()


def target_of(row: Any) -> erasures.Target:
    """What an erasure's row is about."""
    return erasures.Target(DataClass(row.data_class), row.operator, row.person_id, row.occupancy_id)


def _finish(house: House, turn: Turn, batch: int, rows: Sequence[Any], destroyed: Sequence[UUID]) -> None:
    """Record what went, to those whose ledger stays; nothing where another door did so meanwhile."""
    known = turn.connection.execute(_BATCH_LOCKED, {"batch": batch}).one()
    if known.executed_at is not None:
        return
    halves, digested = digest(turn.connection, batch)
    epoch = house.keys.epoch
    subjects = [
        Subject(row.occupancy_id, {"class": row.data_class, "reason": row.reason})
        for row in rows
        if row.data_class == DataClass.READINGS
        and house.keys.holds(Kind.OCCUPANCY_LEDGER, row.occupancy_id)
        and not any(o.data_class == DataClass.LEDGER and o.occupancy_id == row.occupancy_id for o in rows)
    ]
    said = {
        "batch": batch,
        "epochs": [known.epoch_ended, epoch],
        "halves": halves,
        "digest": digested,
        "documents": [str(document_id) for document_id in destroyed],
    }
    turn.connection.execute(
        _EXECUTED, {"batch": batch, "now": turn.now, "index": turn.next_index, "epoch": epoch}
    )
    turn.connection.execute(_DONE, {"batch": batch})
    # With its leaves given the body is the house's: it must outlive every ledger that is erased later.
    turn.record(Statement("erasure.executed", said, subjects=subjects, leaves=max(len(subjects), 1)))
    gone = {row.person_id for row in rows if row.data_class == DataClass.PERSON}
    told = {row.person_id for row in rows if row.person_id is not None} - gone
    to = [*(outbox.customer(person_id) for person_id in sorted(told)), outbox.DATA_MANAGER]
    tell(house, turn, "erasure.executed", to=to, operator=FIRST_OPERATOR)


# Also of others, where this person signed, sent a request on, or lived too: the ledger of that stay says who
# consented and who looked, as long as it is kept.
_OCCUPANCIES = text(
    "SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person"
    " UNION SELECT occupancy_id FROM registry.person_concerned WHERE person_id = :person"
    " UNION SELECT coalesce(p.occupancy_id, p.addressed_to) FROM permissions.permission p"
    "  WHERE coalesce(p.occupancy_id, p.addressed_to) IS NOT NULL AND (:person IN (p.person_id, p.applicant_id)"
    "  OR EXISTS (SELECT FROM permissions.signature s"
    "   WHERE s.permission_id = p.permission_id AND :person IN (s.person_id, s.for_person_id)))"
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
_LEFT_ROOTS = text("SELECT root_no FROM oversight.retired_root WHERE batch IS NULL")
_JOIN_ROOTS = text("UPDATE oversight.retired_root SET batch = :batch WHERE root_no = ANY(:ids)")
_RETIRED = text("SELECT root_sealed FROM oversight.retired_root WHERE batch = :batch")
_BATCH = text("SELECT * FROM oversight.erasure_batch WHERE batch = :batch")
_BATCH_LOCKED = text("SELECT * FROM oversight.erasure_batch WHERE batch = :batch FOR UPDATE")
_EXECUTED = text(
    "UPDATE oversight.erasure_batch SET executed_at = :now, executed_index = :index, epoch_begun = :epoch"
    " WHERE batch = :batch"
)
_DONE = text("UPDATE oversight.erasure SET state = 'executed' WHERE batch = :batch")
