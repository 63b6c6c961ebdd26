"""Whose web hooks wait: a party has few under way at once, and one that lets us wait for an answer rests after it.

So that nobody's dead or slow address holds the others' back. It is each postman's own memory: another finds out
for itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Set
from datetime import datetime, timedelta
from uuid import UUID

PATIENCE = timedelta(seconds=5)
"""An answer within this costs nothing."""
REST = 10
"""How many times as long as it let us wait a party rests."""


class Lanes:
    """Which parties get nothing now; e-mail, which is no party's, always may. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[UUID] = Counter()
        self._rests_until: dict[UUID, datetime] = {}

    def closed(self, now: datetime) -> Set[UUID]:
        """Return the parties that have something under way, or rest."""
        with self._lock:
            self._rests_until = {party: until for party, until in self._rests_until.items() if until > now}
            return self._under_way.keys() | self._rests_until.keys()

    def enter(self, party_id: UUID | None) -> None:
        """Something of this party is under way now."""
        if party_id is not None:
            with self._lock:
                self._under_way[party_id] += 1

    def leave(self, party_id: UUID | None) -> None:
        """It is not any more."""
        if party_id is not None:
            with self._lock:
                self._under_way -= Counter([party_id])  # drops what comes to nothing

    def took(self, party_id: UUID | None, began: datetime, now: datetime) -> None:
        """A party's address let us wait so long, whatever came of it."""
        if party_id is not None and now - began > PATIENCE:
            with self._lock:
                self._rests_until[party_id] = now + REST * (now - began)
