"""The queue before the loop of reads: whatever waits shares one look-up of facts, one append and one commit."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import psycopg
from sqlalchemy.exc import OperationalError

from databeheer.door.house import House
from databeheer.door.proofs import Proof
from databeheer.door.reads.admitting import admit
from databeheer.door.reads.request import Admitted, ReadRequest
from databeheer.door.whose import Whose
from databeheer.errors import QueueFullError
from databeheer.values import Role


class Lane:
    """Overload sheds from the bottom: customers first, then grid security, billing, the rest (design.md)."""

    CUSTOMER, GRID, BILLING, REST = range(4)


_LANES = {
    Role.DSO.value: Lane.GRID,
    Role.TRANSMISSION_OPERATOR.value: Lane.GRID,
    Role.OTHER_GRID_OPERATOR.value: Lane.GRID,
    Role.SUPPLIER.value: Lane.BILLING,
    Role.BALANCE_RESPONSIBLE.value: Lane.BILLING,
    Role.SHIPPER.value: Lane.BILLING,
}
"""By role; a purpose is only what a party says."""
_FULL = "more requests wait than the door holds; ask again in a moment"


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
        self._longest = longest_queue
        self._waiting: list[_Waiting] = []
        self._number = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._run, name="door-reads", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Stop after the batch at hand; what still waits is refused."""
        with self._lock:
            self._stopping.set()
            self._changed.notify()
        self._worker.join()

    def lane_of(self, proof: Proof) -> int:
        """In which lane a read waits: a person's own first, a party's by its role."""
        if proof.kind == "session":
            return Lane.CUSTOMER
        return _LANES.get(self._whose.role_of(proof) or "", Lane.REST)

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
            shed = self._make_room(waiting)
            heappush(self._waiting, waiting)
            self._number += 1
            self._held[asker] += 1
            self._changed.notify()
        waiting.answer.add_done_callback(lambda _: self._release(asker))
        if shed is not None:
            shed.answer.set_exception(QueueFullError(_FULL))
        return waiting.answer

    def _make_room(self, newcomer: _Waiting) -> _Waiting | None:
        """Shed from the bottom: the last of the lowest lane goes, where the newcomer's is higher."""
        if len(self._waiting) < self._longest:
            return None
        last = max(self._waiting, default=newcomer)
        if newcomer.lane >= last.lane:
            raise QueueFullError(_FULL)
        self._waiting.remove(last)
        heapify(self._waiting)
        return last

    def _take(self, most: int) -> list[_Waiting]:
        with self._lock:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            if self._stopping.is_set():
                return []
            return [heappop(self._waiting) for _ in range(min(most, len(self._waiting)))]

    def _release(self, asker: bytes) -> None:
        with self._lock:
            self._held[asker] -= 1
            if not self._held[asker]:
                del self._held[asker]

    def _run(self) -> None:
        while batch := self._take(self._largest_batch):
            self._answer(batch)
        with self._lock:
            left, self._waiting = self._waiting, []
        for waiting in left:
            waiting.answer.set_exception(QueueFullError("the door is closing; ask again in a moment"))

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
