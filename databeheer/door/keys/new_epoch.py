"""A change of epoch: survivors are wrapped anew beside the old ones, then the new ones take their place at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from databeheer.door.keys.epochs import EpochKey
from databeheer.door.keys.wrapped import StoredName, require_survivors, unwrap, wrap


@dataclass(frozen=True)
class Epochs:
    """What a change of epoch did: which one ended, which one began, how many keys came along and how many not."""

    ended: int
    begun: int
    survivors: int
    erased: int


class NewEpoch:
    """An epoch that is being prepared; made by `KeyStore.new_epoch`.

    `put_in_force` is the store's: with every maker of keys waiting it gives all records there are to `bring`, and
    renames `part`.
    """

    def __init__(
        self,
        part: Path,
        old: EpochKey,
        new: EpochKey,
        leaving: set[StoredName],
        put_in_force: Callable[[NewEpoch], tuple[int, int]],
    ) -> None:
        self.part = part
        self.is_begun = False
        self._old, self._new, self._leaving = old, new, leaving
        self._put_in_force = put_in_force
        self._brought: set[StoredName] = set()
        self._erased: set[StoredName] = set()

    def bring(self, records: Mapping[StoredName, bytes]) -> None:
        """Rewrap what did not come along yet, and see that what lies on the disk gives it back."""
        fresh = {name: record for name, record in records.items() if name not in self._brought}
        self._erased |= self._leaving & fresh.keys()
        keys = {
            name: unwrap(record, self._old) for name, record in fresh.items() if name not in self._leaving
        }
        before = self.part.stat().st_size
        with self.part.open("ab") as file:
            for name, key in keys.items():
                file.write(wrap(name, key, self._new))
            file.flush()
            os.fsync(file.fileno())
        require_survivors(self.part.read_bytes()[before:], keys, self._new)
        self._brought |= keys.keys()

    def begin(self) -> Epochs:
        """Bring what was made meanwhile, put the epoch in force, destroy the one before."""
        ended, begun = self._put_in_force(self)
        return Epochs(ended, begun, len(self._brought), len(self._erased))
