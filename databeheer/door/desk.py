"""A desk: how many commands of one kind the door carries out at once, how many wait, and how many are one asker's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from databeheer.door.proofs import Proof
from databeheer.errors import QueueFullError


class Desk:
    """For commands that hold much, or that anybody may give without end. `what` says of what too many wait.

    `whose` names who stands behind a proof: several tokens of one party share that one's places.
    """

    def __init__(
        self,
        what: str,
        *,
        at_once: int = 2,
        waiting: int = 16,
        most_of_one: int = 4,
        whose: Callable[[Proof], bytes] = lambda proof: proof.hash,
    ) -> None:
        self._what = what
        self._whose = whose
        self._free = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._most, self._most_of_one = at_once + waiting, most_of_one
        self._held: Counter[bytes] = Counter()

    @contextmanager
    def place(self, proof: Proof) -> Iterator[None]:
        """Wait for one's turn, and have it in the block.

        Raises:
            QueueFullError: too many wait already, of this asker or of all.
        """
        asker = self._whose(proof)
        with self._lock:
            if self._held[asker] >= self._most_of_one or self._held.total() >= self._most:
                raise QueueFullError(f"too many {self._what} wait already; ask again in a moment")
            self._held[asker] += 1
        try:
            with self._free:
                yield
        finally:
            with self._lock:
                self._held[asker] -= 1
                self._held += Counter()  # lets those go that hold none
