"""A change of epoch: survivors are wrapped anew beside the old ones, then the new ones take their place at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from databeheer.door.keys.epochs import EpochKey, KeyStoreError
from databeheer.door.keys.wrapped import (
    RECORD_LENGTH,
    StoredName,
    read_records,
    require_survivors,
    unwrap,
    wrap,
)


@dataclass(frozen=True)
class Epochs:
    """What a change of epoch did: which one ended, which one began, how many keys came along and how many not."""

    ended: int
    begun: int
    survivors: int
    erased: int


class NewEpoch:
    """An epoch that is being prepared; made by `KeyStore.new_epoch`, or step by step by a `Rotation`.

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
        self.key = new
        self.is_begun = False
        self.records: dict[StoredName, bytes] = {}
        """What has come along, as it is wrapped now."""
        self._old, self._leaving = old, leaving
        self._put_in_force = put_in_force
        self._erased: set[StoredName] = set()

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return len(self.records) * RECORD_LENGTH

    def bring(self, records: Mapping[StoredName, bytes]) -> None:
        """Rewrap what did not come along yet, and see that what lies on the disk gives it back."""
        fresh = {name: record for name, record in records.items() if name not in self.records}
        self._erased |= self._leaving & fresh.keys()
        keys = {
            name: unwrap(record, self._old) for name, record in fresh.items() if name not in self._leaving
        }
        wrapped = {name: wrap(name, key, self.key) for name, key in keys.items()}
        with self.part.open("r+b") as file:
            file.seek(self.size)  # over a record that a crash cut short
            file.write(b"".join(wrapped.values()))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
            file.seek(self.size)
            require_survivors(file.read(), keys, self.key)
        self.records |= wrapped

    def resume(self, records: Mapping[StoredName, bytes]) -> None:
        """Take over what an earlier process brought along.

        Raises:
            KeyStoreError: it is not what the store holds, under this key; begin again.
        """
        with self.part.open("rb") as file:
            brought = dict(read_records(file))
        for name, record in brought.items():
            old = records.get(name)
            if old is None or unwrap(record, self.key) != unwrap(old, self._old):
                raise KeyStoreError("what was prepared is not of this store")
        self.records = brought

    def begin(self) -> Epochs:
        """Bring what was made meanwhile, put the epoch in force, destroy the one before."""
        ended, begun = self._put_in_force(self)
        return Epochs(ended, begun, len(self.records), len(self._erased))
