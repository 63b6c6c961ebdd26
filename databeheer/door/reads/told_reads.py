"""Which first reads this door knows to have been told, so that a read does not ask the database each time."""

from __future__ import annotations

import threading
from collections.abc import Set as AbstractSet
from uuid import UUID

First = tuple[UUID, str, str]
"""A party, an occupancy, and the permission or the ground."""
MOST_REMEMBERED = 200_000


class ToldReads:
    """A memory only: what counts is the message's key in the database. Lost, each is looked up once more."""

    def __init__(self) -> None:
        self._told: set[First] = set()
        self._lock = threading.Lock()

    def __contains__(self, first: First) -> bool:
        return first in self._told

    def keep(self, told: AbstractSet[First]) -> None:
        """Remember what was told; after the commit, for a turn that is undone told nobody."""
        if told:
            with self._lock:
                if len(self._told) + len(told) > MOST_REMEMBERED:
                    self._told = set()
                self._told |= told
