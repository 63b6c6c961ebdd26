"""Take a head-end's batch in: whole or not at all, once, and with a report that its sender can act on.

1. read: manifest, checksum, columns, types; 2. check the rows as far as the file says; 3. the door opens the batch,
which is recorded; then chunk by chunk 4. identify: the door hands out pseudonyms and keys; 5. validate and estimate;
6. pack and seal; 7. write into one transaction; at last 8. the door makes all of it readable, by one entry. While a
chunk is judged and sealed here, the door derives the keys of the next two and the database writes the one before.

Killed anywhere before the end of 8, nothing of it can be read, and taking the batch in again does all of it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import numpy as np
from psycopg.errors import CheckViolation
from sqlalchemy import Engine

from databeheer.clock import Clock
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.metering.batches.checking import check_rows
from databeheer.metering.batches.chunks import Chunk, ChunkKeys, ask_keys, chunks_of, judge
from databeheer.metering.batches.copying import HEAD, TAIL
from databeheer.metering.batches.manifest import Manifest, find_manifest, read_data, read_manifest
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.batches.reading import Table, read_table
from databeheer.metering.batches.report import BatchReport, Outcome
from databeheer.metering.batches.sealing_chunks import Taken, sealed_rows
from databeheer.metering.batches.transport import Transport
from databeheer.metering.storing import COPY, ensure_months
from databeheer.storage.engine import driver

Progress = Callable[[int, int], None]
_ASKED_AHEAD = 2


def take_batch(
    place: Path,
    door: DoorClient,
    intake_key: str,
    engine: Engine,
    clock: Clock,
    *,
    progress: Progress | None = None,
    transport: Transport | None = None,
) -> BatchReport:
    """Take in the batch whose manifest is `place`, or is in that directory.

    Args:
        intake_key: intake's own key, which the door takes as proof.
        engine: a database login of the role `intake`.
        progress: called with rows done and in all.
        transport: opens what was sealed on its way, and refuses all else; None: the data are plain, for a demo.

    Returns:
        What came of it; a batch that is refused stored nothing.

    Raises:
        DoorUnreachableError: the door broke off; nothing can be read, or (at the very end) all of it: take it in again.
    """
    manifest_path = find_manifest(place)
    report = BatchReport(batch="", sender="", at=clock.now())
    try:
        manifest = read_manifest(manifest_path)
        report.batch, report.sender, report.rows = manifest.batch, manifest.sender, manifest.rows
        if transport is not None:
            data = transport.open(manifest)
            # Sealed anew the same batch has other bytes: it is known by what it holds.
            manifest = replace(manifest, sha256=hashlib.sha256(data).hexdigest())
        else:
            data = read_data(manifest)
        table = read_table(data, manifest)
        problems = check_rows(table, manifest)
        # What the file itself shows wrong is told alone: the door is not asked about a file that comes again anyhow.
        if report.note(problems, np.arange(table.rows)):
            raise _bad_rows()
        _Attempt(manifest, table, door, Proof.intake(intake_key), engine, report, progress).run()
    except BatchRefusedError as error:
        report.refuse(error)
    return report


def _bad_rows() -> BatchRefusedError:
    return BatchRefusedError(BatchProblem.BAD_ROWS, "some rows cannot be taken; nothing was stored")


class _Attempt:
    """One attempt at a batch that reads well."""

    def __init__(
        self,
        manifest: Manifest,
        table: Table,
        door: DoorClient,
        proof: Proof,
        engine: Engine,
        report: BatchReport,
        progress: Progress | None,
    ) -> None:
        self._manifest, self._table = manifest, table
        self._door, self._proof, self._engine = door, proof, engine
        self._report = report
        self._progress = progress or (lambda _done, _all: None)
        self._taken = Taken()
        self._batch = 0

    def run(self) -> None:
        """Do it.

        Raises:
            BatchRefusedError: nothing of it is stored.
        """
        try:
            opened = self._begin()
            self._batch = opened["batch"]
            if opened["stored_index"] is not None:
                self._report.outcome = Outcome.NO_CHANGE
                self._report.ledger_index = opened["stored_index"]
                return
            self._take()
        except DoorRefusedError as error:
            problem = (
                BatchProblem.OTHER_CONTENT
                if error.code == "other-content"
                else BatchProblem.REFUSED_BY_THE_DOOR
            )
            raise BatchRefusedError(problem, str(error)) from error

    def _begin(self) -> dict[str, Any]:
        manifest = self._manifest
        return self._door.call(
            "batch.begin",
            self._proof,
            sender=manifest.sender,
            sent_id=manifest.batch,
            operator=manifest.operator,
            grade=manifest.grade.value,
            sha256=manifest.sha256,
            rows=manifest.rows,
            first_day=manifest.first_day.isoformat(),
            last_day=manifest.last_day.isoformat(),
        )

    def _take(self) -> None:
        chunks = list(chunks_of(self._table, np.ones(self._table.rows, np.bool_)))
        ensure_months(self._engine, {chunk.day for chunk in chunks})
        try:
            self._write(self._sealed(chunks))
        except BatchRefusedError:
            self._door.call("batch.give_up", self._proof, batch=self._batch)
            raise
        except CheckViolation as error:  # refused by the database: another attempt ended it meanwhile
            message = "another attempt at this batch ended it while its rows were written; send it again"
            raise BatchRefusedError(BatchProblem.REFUSED_BY_THE_DOOR, message) from error
        for name in ("new", "corrected", "unchanged", "kept"):
            setattr(self._report, name, getattr(self._taken, name))
        if not self._taken.rows:
            self._report.outcome = Outcome.NO_CHANGE
        else:
            self._report.outcome = Outcome.STORED
        answer = self._door.call("batch.stored", self._proof, batch=self._batch, profiles=self._taken.rows)
        self._report.ledger_index = answer["index"]

    def _write(self, rows: Iterator[bytes]) -> None:
        """Write all rows in one transaction: some are being written while the next ones are made."""
        first = next(rows, None)
        if first is None:
            return
        with (
            self._engine.begin() as connection,
            driver(connection).cursor() as cursor,
            cursor.copy(COPY) as copy,
            ThreadPoolExecutor(1) as writer,
        ):
            written = writer.submit(copy.write, HEAD)
            for part in chain((first,), rows, (TAIL,)):
                written.result()
                written = writer.submit(copy.write, part)
            written.result()

    def _sealed(self, chunks: list[Chunk]) -> Iterator[bytes]:
        """Yield the rows of all chunks; at the first bad one it goes on looking, for the report, and ends refusing."""
        is_bad, done = False, 0
        for chunk, keys in self._with_keys(chunks):
            judged = judge(chunk, keys, self._manifest.grade)
            problems = np.where(keys.problems == 0, judged.problems, keys.problems)
            is_bad |= self._report.note(problems, chunk.rows)
            summary = judged.outcome.summary
            before = self._report.validation
            self._report.validation = summary if before is None else before + summary
            if not is_bad:
                good = np.flatnonzero(problems == 0)
                for part in judged.parts(good):
                    yield from sealed_rows(
                        chunk, keys, judged, part, self._batch, self._manifest.operator, self._taken
                    )
            done += len(chunk.rows)
            self._progress(done, self._table.rows)
        if is_bad:
            raise _bad_rows()

    def _with_keys(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, ChunkKeys]]:
        """Yield each chunk with its keys; those of the next two are asked meanwhile, over connections of their own.

        Of two, the door asks its database about one while it derives the keys of the other.
        """
        with ExitStack() as stack:
            askers = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(_ASKED_AHEAD)]
            waiting = deque[tuple[Chunk, Future[ChunkKeys]]]()
            try:
                for chunk, asker in zip(chunks, cycle(askers)):
                    waiting.append(
                        (chunk, asker.submit(ask_keys, self._door, self._proof, self._batch, chunk))
                    )
                    if len(waiting) > _ASKED_AHEAD:
                        chunk, keys = waiting.popleft()
                        yield chunk, keys.result()
                for chunk, keys in waiting:
                    yield chunk, keys.result()
            finally:
                for asker in askers:
                    asker.submit(self._door.close)
