"""Keys while one answer is made: each is fetched from the store and unwrapped once, and forgotten with the answer."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Keys(Protocol):
    """Where the keys of bodies and of names are to be had: the house, or what it gave already."""

    @property
    def ledger_key(self) -> bytes:
        """Key of the house's own ledger bodies."""
        ...

    def keys_of_subject(self, occupancy_id: UUID) -> bytes:
        """Key of the ledger bodies of one occupancy."""
        ...

    def registry_key(self, purpose: str) -> bytes:
        """Key for one use in the registry."""
        ...


class AtHand:
    """The keys of a page: some hundred bodies and names, and a handful of keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ledger_key = b""
        self._of_subjects: dict[UUID, bytes] = {}
        self._of_registry: dict[str, bytes] = {}

    @property
    def ledger_key(self) -> bytes:
        self._ledger_key = self._ledger_key or self._keys.ledger_key
        return self._ledger_key

    def keys_of_subject(self, occupancy_id: UUID) -> bytes:
        if occupancy_id not in self._of_subjects:
            self._of_subjects[occupancy_id] = self._keys.keys_of_subject(occupancy_id)
        return self._of_subjects[occupancy_id]

    def registry_key(self, purpose: str) -> bytes:
        if purpose not in self._of_registry:
            self._of_registry[purpose] = self._keys.registry_key(purpose)
        return self._of_registry[purpose]
