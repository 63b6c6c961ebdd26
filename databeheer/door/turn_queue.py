"""Who waits for a turn under the ledger's head row, and how one transaction serves all of them.

Whoever comes first leads: it opens the transaction and locks the head. Once its own part is done it calls those
who waited meanwhile, one after the other, each in a savepoint, so that an error undoes one part only; then it
commits for all. There is no timer and no thread: who is alone pays for nothing.

Each part still reads the clock and the facts after the lock, and sees the parts before it. Nobody is answered,
not even with an error, before the commit has made what it saw durable.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine

from databeheer.errors import QueueFullError
from databeheer.storage.engine import driver
from ledger import postgres
from ledger.storage import Head

_SAVE, _UNDO = "SAVEPOINT part", "ROLLBACK TO SAVEPOINT part"


class TurnLane(enum.IntEnum):
    """In which order parts are called, and who is never turned away: the first two."""

    ENDS = 0
    """What narrows access: a withdrawal, a refusal, a move-out, a suspension, the emergency stop."""
    READS = 1
    """The loop of reads; it has a bounded queue of its own."""
    CUSTOMER = 2
    REST = 3
    BATCH = 4
    """Pieces of jobs: whoever else waits goes before them."""


class _Place:
    """One part that waits. `called` is set when it leads, or may act on `connection`, or is shed."""

    def __init__(self, lane: TurnLane, number: int) -> None:
        self.lane = lane
        self.number = number
        self.called = threading.Event()
        self.is_shed = False
        self.connection: Connection | None = None
        self.left = threading.Event()
        self.settled = threading.Event()
        self.error: BaseException | None = None

    def __lt__(self, other: _Place) -> bool:
        return (self.lane, self.number) < (other.lane, other.number)

    def settle(self, error: BaseException | None) -> None:
        self.error = error
        self.settled.set()


class Part(NamedTuple):
    """One part of a transaction: the connection, and the ledger's head, which is locked."""

    connection: Connection
    head: Head


class TurnQueue:
    """Gives parts of shared transactions under the head row to the threads of one door.

    At most `longest` wait (not counted: who is never turned away); at most `largest` share a transaction.
    """

    def __init__(self, engine: Engine, *, longest: int = 128, largest: int = 64) -> None:
        self._engine = engine
        self._longest = longest
        self._largest = largest
        self._lock = threading.Lock()
        self._is_led = False
        self._waiting: list[_Place] = []
        self._number = 0

    @property
    def waiting(self) -> int:
        """How many wait to be called; who leads is not among them."""
        with self._lock:
            return len(self._waiting)

    @contextmanager
    def part(self, lane: TurnLane = TurnLane.REST) -> Iterator[Part]:
        """Wait for a turn; within the block the head is locked. What the block did is durable after it.

        Raises:
            QueueFullError: too much waits; the block did not run.
        """
        place = self._queue_up(lane)
        place.called.wait()
        if place.is_shed:
            raise QueueFullError(
                "more commands wait than the door holds; nothing was done, ask again in a moment"
            )
        with self._lead(place) if place.connection is None else _follow(place, place.connection) as part:
            yield part

    # ---- who is next -------------------------------------------------------------------------------------

    def _queue_up(self, lane: TurnLane) -> _Place:
        with self._lock:
            place = _Place(lane, self._number)
            self._number += 1
            if not self._is_led:
                self._is_led = True
                place.called.set()
                return place
            if lane > TurnLane.READS:
                self._make_room(place)
            heappush(self._waiting, place)
        return place

    def _make_room(self, newcomer: _Place) -> None:
        """Shed from the bottom: the last of the lowest lane goes, where the newcomer's is higher."""
        counted = [place for place in self._waiting if place.lane > TurnLane.READS]
        if len(counted) < self._longest:
            return
        last = max(counted, default=newcomer)
        if newcomer.lane >= last.lane:
            raise QueueFullError("more commands wait than the door holds; ask again in a moment")
        self._waiting.remove(last)
        heapify(self._waiting)
        last.is_shed = True
        last.called.set()

    def _next(self) -> _Place | None:
        with self._lock:
            return heappop(self._waiting) if self._waiting else None

    def _pass_on(self) -> None:
        """Let the next one lead, if any waits."""
        with self._lock:
            if not self._waiting:
                self._is_led = False
                return
            heappop(self._waiting).called.set()

    # ---- one transaction ---------------------------------------------------------------------------------

    @contextmanager
    def _lead(self, own: _Place) -> Iterator[Part]:
        group, refusal = list[_Place](), list[BaseException]()
        try:
            with self._engine.begin() as connection:
                head = _lock_and_save(connection)
                try:
                    yield Part(connection, head)
                except BaseException as error:
                    _undo(connection)
                    if not _is_usable(connection):
                        raise
                    refusal.append(error)
                self._call_the_others(connection, group)
        except BaseException as error:
            for place in group:
                place.settle(error)
            raise
        finally:
            self._pass_on()
        for place in group:
            place.settle(None)
        if refusal:
            raise refusal[0]

    def _call_the_others(self, connection: Connection, group: list[_Place]) -> None:
        """Call whoever waits now; who comes later is for the next transaction, so that this one ends."""
        for _ in range(min(self.waiting, self._largest - 1)):
            place = self._next()
            if place is None:
                return
            group.append(place)
            place.connection = connection
            place.called.set()
            place.left.wait()
            if not _is_usable(connection):
                raise place.error or RuntimeError("a part of the turn broke its transaction")


@contextmanager
def _follow(place: _Place, connection: Connection) -> Iterator[Part]:
    """Do one's part on the leader's connection, then wait until the leader has committed it."""
    try:
        head = _lock_and_save(connection)
        try:
            yield Part(connection, head)
        except BaseException:
            _undo(connection)
            raise
    except BaseException as error:
        place.error = error
        _wait_for_commit(place)
        raise
    _wait_for_commit(place)


def _lock_and_save(connection: Connection) -> Head:
    """Lock the head and set the savepoint of one part, in one trip; what was read before the lock counts for nothing.

    The savepoint stays: the commit releases it, and the next part's stands within it.
    """
    below = driver(connection)
    with below.pipeline():
        # The lock comes first, so that undoing the part does not give it back.
        head = postgres.ask_head(below)
        below.execute(_SAVE)
    return head()


def _undo(connection: Connection) -> None:
    """Undo one part; where even that fails, the connection is not usable, and the transaction is given up."""
    if not connection.invalidated and not connection.closed:
        with suppress(psycopg.Error):
            driver(connection).execute(_UNDO)


def _wait_for_commit(place: _Place) -> None:
    place.left.set()
    place.settled.wait()
    if place.error is not None:
        raise place.error


def _is_usable(connection: Connection) -> bool:
    """Whether the transaction can go on: the connection lives, and an error was undone by its savepoint."""
    if connection.invalidated or connection.closed:
        return False
    return driver(connection).info.transaction_status is TransactionStatus.INTRANS
