"""How long each party waited for an answer of the door: to see that nobody is served sooner than others (R9).

Counted in the memory of one door, from its start on; only durations, nothing of what was asked.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True)
class Wait:
    """The reads of one party: how many were answered, granted or refused, and in how many seconds."""

    answered: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds an answer took on average; 0 where there was none."""
        return self.seconds / self.answered if self.answered else 0.0


class Waits:
    """The waits of all parties; safe for the threads of one door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[UUID, Wait] = {}

    def add(self, party_id: UUID, seconds: float) -> None:
        """Count one answer."""
        with self._lock:
            known = self._of.get(party_id, Wait())
            self._of[party_id] = replace(
                known,
                answered=known.answered + 1,
                seconds=known.seconds + seconds,
                longest=max(known.longest, seconds),
            )

    def all(self) -> Mapping[UUID, Wait]:
        """Return the waits of each party that was answered."""
        with self._lock:
            return dict(self._of)
