"""Group commit: what the threads of a process want appended shares a transaction, and one commit makes it durable.

    with Sequencer(connect) as log:
        [appended] = log.submit([commitment]).result()  # durable, and nowhere else in the log

While one transaction commits, the next submissions gather; they go as soon as it is done. There is no timer: a
lone submission does not wait for company. Several processes may each have a sequencer on one log: the head row
orders them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Self

import psycopg

from ledger import idempotency, postgres
from ledger.appender import Appender
from ledger.encoding import require_hash
from ledger.errors import KeyReusedError, QueueFullError
from ledger.idempotency import Kept, Key
from ledger.postgres import Appended
from ledger.ticket import Ticket
from ledger.tree import leaf_hash

Decide = Callable[[psycopg.Connection[Any], int], Sequence[bytes]]
"""Decides under the locked head: gets the connection and the index of its first entry, returns commitments.

Whatever it writes becomes durable with its entries; what it raises undoes it, and goes to its submitter alone.
"""


@dataclass(slots=True)
class _Waiting:
    work: Sequence[bytes] | Decide
    weight: int
    key: Key | None
    outcome: Ticket = field(default_factory=Ticket)
    commitments: Sequence[bytes] = ()  # what `work` came to, under the head


_Answers = list[tuple[_Waiting, list[Appended]]]
_Refusals = list[tuple[_Waiting, Exception]]


class Sequencer:
    """Appends for all threads of a process, over one connection of its own.

    `connect` makes a connection of a role that may append (and keep idempotency keys, where they are used).
    At most `longest_queue` entries wait; at most `largest_batch` share a transaction.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        *,
        longest_queue: int = 8192,
        largest_batch: int = 1024,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = Appender(connect)
        self._longest_queue = longest_queue
        self._largest_batch = largest_batch
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._weight = 0
        self._changed = threading.Condition(threading.Lock())
        self._is_closed = False
        self._worker = threading.Thread(target=self._run, name="ledger-sequencer", daemon=True)

    # ---- for the submitters ------------------------------------------------------------------------------

    def submit(self, work: Sequence[bytes] | Decide, key: Key | None = None) -> Ticket:
        """Have commitments appended, in order and without another's entry between them.

        The ticket gives the entries once they are durable. It may also raise what a `Decide` raised,
        UnreachableError (nothing was appended), UnknownOutcomeError (the commit was cut off: only asking again
        under the same key tells) or KeyReusedError.

        Raises:
            MalformedError: a commitment is not 32 bytes.
            QueueFullError: too much waits, or the sequencer is closed; nothing was appended.
        """
        waiting = _Waiting(work, 1, key)
        if not callable(work):
            for commitment in work:
                require_hash(commitment, "commitment")
            waiting.weight = max(1, len(work))
        with self._changed:
            if self._is_closed:
                raise QueueFullError("the log takes nothing more: it is being closed")
            if self._weight + waiting.weight > self._longest_queue:
                raise QueueFullError("more entries wait than the log holds")
            self._queue.append(waiting)
            self._weight += waiting.weight
            self._changed.notify()
        return waiting.outcome

    def __enter__(self) -> Self:
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Append what waits, then close."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._worker.join()
        self._database.close()

    # ---- the one thread that appends ---------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait():
            batch: list[_Waiting] = []
            try:
                answers, refused = self._append(batch)
            except BaseException as error:
                for waiting in batch or self._take(batch):
                    waiting.outcome.fail(error)
                continue
            for waiting, answer in answers:
                waiting.outcome.fulfil(answer)
            for waiting, refusal in refused:
                waiting.outcome.fail(refusal)

    def _wait(self) -> bool:
        """Wait until something is to be appended; False once the sequencer is closed and empty."""
        with self._changed:
            while not self._queue and not self._is_closed:
                self._changed.wait()
            return bool(self._queue)

    def _take(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Add whatever waits to `batch`, up to the largest batch.

        A key is in a batch once: its second submission waits to see what came of the first.
        """
        weight = sum(waiting.weight for waiting in batch)
        keys = {waiting.key.key_hash for waiting in batch if waiting.key}
        with self._changed:
            while self._queue and (not weight or weight + self._queue[0].weight <= self._largest_batch):
                key = self._queue[0].key
                if key is not None:
                    if key.key_hash in keys:
                        break
                    keys.add(key.key_hash)
                waiting = self._queue.popleft()
                weight += waiting.weight
                self._weight -= waiting.weight
                if waiting.outcome.claim():
                    batch.append(waiting)
        return batch

    def _append(self, batch: list[_Waiting]) -> tuple[_Answers, _Refusals]:
        """Append what waits in one transaction; returns the answers, and whom it refused, once it is durable.

        Nobody is answered before: a refusal too may rest on what this transaction wrote.
        It is put in `batch` only when the head is locked: whoever came while others held it shares this commit.
        """
        if self._database.is_alone:
            answered = self._append_alone(self._take(batch))
            if answered is not None:
                return answered, []
        refused: _Refusals = []
        with self._database.turn() as (connection, head):
            self._take(batch)
            new, answers = self._recognised(connection, batch, refused)
            new = self._decided(connection, new, head.size, refused)
            commitments = [commitment for waiting in new for commitment in waiting.commitments]
            appended = iter(postgres.append(connection, head, commitments))
            fresh = [(waiting, list(islice(appended, len(waiting.commitments)))) for waiting in new]
            self._keep(connection, fresh, head.size)
            self._database.appended(head, [entry for _, entries in fresh for entry in entries])
        return answers + fresh, refused

    def _append_alone(self, batch: Sequence[_Waiting]) -> _Answers | None:
        """Append in one round trip, where nobody else appends, nobody wants to decide and nobody gave a key."""
        commitments: list[bytes] = []
        for waiting in batch:
            if callable(waiting.work) or waiting.key is not None:
                return None
            waiting.commitments = waiting.work
            commitments += waiting.work
        appended = self._database.append_alone(commitments)
        if appended is None:
            return None
        entries = iter(appended)
        return [(waiting, list(islice(entries, len(waiting.commitments)))) for waiting in batch]

    def _decided(
        self,
        connection: psycopg.Connection[Any],
        batch: Sequence[_Waiting],
        index: int,
        refused: _Refusals,
    ) -> list[_Waiting]:
        """Let each decide in turn, in a savepoint of its own; who raises is refused and left out."""
        decided = []
        for waiting in batch:
            if callable(waiting.work):
                try:
                    with connection.transaction():
                        waiting.commitments = list(waiting.work(connection, index))
                        for commitment in waiting.commitments:
                            require_hash(commitment, "commitment")
                except Exception as error:
                    if connection.closed:
                        raise
                    refused.append((waiting, error))
                    continue
            else:
                waiting.commitments = waiting.work
            index += len(waiting.commitments)
            decided.append(waiting)
        return decided

    # ---- keys --------------------------------------------------------------------------------------------

    def _recognised(
        self, connection: psycopg.Connection[Any], batch: Sequence[_Waiting], refused: _Refusals
    ) -> tuple[list[_Waiting], _Answers]:
        """Return what is new, and the first answers of what repeats a key."""
        keys = [waiting.key for waiting in batch if waiting.key is not None]
        kept = idempotency.recall(connection, keys) if keys else {}
        new, answers = list[_Waiting](), _Answers()
        for waiting in batch:
            first = kept.get(waiting.key.key_hash) if waiting.key is not None else None
            if waiting.key is None or first is None:
                new.append(waiting)
                continue
            try:
                idempotency.same_request(first, waiting.key)
            except KeyReusedError as error:
                refused.append((waiting, error))
                continue
            entries = postgres.read_entries(connection, first.index, first.entries)
            answer = [
                Appended(first.index + place, leaf_hash(entry), entry) for place, entry in enumerate(entries)
            ]
            answers.append((waiting, answer))
        return new, answers

    def _keep(
        self,
        connection: psycopg.Connection[Any],
        fresh: _Answers,
        index: int,
    ) -> None:
        rows, now = [], self._clock()
        for waiting, answer in fresh:
            if waiting.key is not None:
                rows.append(Kept(waiting.key, index, len(answer), None, now))
            index += len(answer)
        if rows:
            idempotency.keep(connection, rows)
