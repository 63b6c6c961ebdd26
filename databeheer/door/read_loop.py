"""The queue before the loop of reads: whatever waits shares one look-up of facts, one append and one commit."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.exc import OperationalError

from databeheer.door.house import House
from databeheer.door.read_request import Admitted, ReadRequest
from databeheer.door.reads import admit
from databeheer.door.whose import Whose
from databeheer.errors import QueueFullError


class Lane:
    """Overload sheds from the bottom: customers first, then grid security, billing, the rest (design.md)."""

    CUSTOMER, GRID, BILLING, REST = range(4)


@dataclass(order=True)
class _Waiting:
    lane: int
    number: int
    request: ReadRequest = field(compare=False)
    answer: Future[Admitted] = field(compare=False)
    since: float = field(compare=False, default_factory=time.monotonic)


class ReadLoop:
    """A bounded queue and one worker; batches are whatever waits, no timer is in the path."""

    def __init__(
        self, house: House, *, longest_queue: int = 1024, most_of_one: int = 128, largest_batch: int = 256
    ) -> None:
        self._house = house
        self._whose = Whose(house.engine)
        self._largest_batch = largest_batch
        self._most_of_one = most_of_one
        self._held: Counter[bytes] = Counter()
        self._waiting: queue.PriorityQueue[_Waiting] = queue.PriorityQueue(longest_queue)
        self._number = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._run, name="door-reads", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Stop after the batch at hand; what still waits is refused."""
        with self._lock:
            self._stopping.set()
        self._worker.join()

    def submit(self, request: ReadRequest, lane: int) -> Future[Admitted]:
        """Put a request in the queue.

        Raises:
            QueueFullError: too much waits already, of this asker or of all.
        """
        asker = self._whose(request.proof)
        with self._lock:  # `stop` takes it too: whatever is in the queue by then is answered
            if self._stopping.is_set():
                raise QueueFullError("the door is closing; ask again in a moment")
            if self._held[asker] >= self._most_of_one:
                raise QueueFullError("too many of your requests wait already; ask again in a moment")
            waiting = _Waiting(lane, self._number, request, Future())
            try:
                self._waiting.put_nowait(waiting)
            except queue.Full as error:
                raise QueueFullError(
                    "more requests wait than the door holds; ask again in a moment"
                ) from error
            self._number += 1
            self._held[asker] += 1
        waiting.answer.add_done_callback(lambda _: self._release(asker))
        return waiting.answer

    def _release(self, asker: bytes) -> None:
        with self._lock:
            self._held[asker] -= 1
            if not self._held[asker]:
                del self._held[asker]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                batch = [self._waiting.get(timeout=0.2)]
            except queue.Empty:
                continue
            while len(batch) < self._largest_batch:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._answer(batch)
        while not self._waiting.empty():
            self._waiting.get_nowait().answer.set_exception(
                QueueFullError("the door is closing; ask again in a moment")
            )

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = admit(self._house, [waiting.request for waiting in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, OperationalError | psycopg.OperationalError):
                for waiting in batch:
                    waiting.answer.set_exception(error)
                return
            for waiting in batch:  # what one of them met must not fail the others
                self._answer([waiting])
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Admitted):
                if outcome.decided.asker.party_id is not None:
                    self._house.waits.add(outcome.decided.asker.party_id, time.monotonic() - waiting.since)
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)
