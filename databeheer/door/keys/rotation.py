"""A rotation: every key comes under a new epoch, in steps of bounded size, while the door goes on.

Keys are given out and made under the old epoch until the last step. What was brought along lies on the disk after each
step, so that a process that was killed, or another door, goes on where the last one stopped.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from databeheer.door.keys.epochs import KEY_LENGTH, EpochKey, KeyStoreError
from databeheer.door.keys.files import write_new
from databeheer.door.keys.layout import part_file
from databeheer.door.keys.new_epoch import Epochs, NewEpoch
from databeheer.door.keys.store import KeyStore
from databeheer.door.keys.wrapped import RECORD_LENGTH, StoredName

MOST_IN_A_STEP = 5_000


@dataclass(frozen=True)
class Progress:
    """How far a rotation is: `done` of `total` keys are under the epoch that follows `epoch`."""

    epoch: int
    done: int
    total: int

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total


class Rotation:
    """Steps of one door towards the next epoch of its key store; several threads wait for each other."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._new: NewEpoch | None = None
        self._number = 0
        self._left: list[StoredName] = []
        self._file: tuple[int, int] | None = None

    def step(self, most: int = MOST_IN_A_STEP) -> Progress:
        """Bring at most so many keys along, durably; does nothing where all are.

        Raises:
            KeyStoreError: a record does not open; nothing changed, and the old epoch holds.
            KeysAwayError: where the epoch keys lie does not answer; give the step again.
        """
        with self._keys.preparing() as (number, old, records):
            new = self._carried_on(number, old, records)
            if not self._left:
                self._left = [name for name in list(records) if name not in new.records]
            chunk, self._left = self._left[:most], self._left[most:]
            try:
                new.bring({name: records[name] for name in chunk})
            except BaseException:
                self._new = None  # what lies on the disk tells where to go on
                raise
            self._file = _identity(new)
            return Progress(number, len(new.records), len(records))

    def progress(self) -> Progress:
        """How far it is, as it lies on the disk; nothing is begun."""
        number, total = self._keys.epoch, len(self._keys)
        try:
            size = part_file(self._keys.folder, number + 1).stat().st_size
        except FileNotFoundError:
            size = 0
        return Progress(number, min(size // RECORD_LENGTH, total), total)

    def finish(self, number: int) -> Epochs | None:
        """Put the new epoch in force, and destroy the epoch `number`; None where it has ended already.

        Raises:
            KeyStoreError: steps are left; nothing changed.
        """
        with self._keys.preparing() as (current, old, records):
            if current != number:
                return None
            new = self._carried_on(current, old, records)
            if len(records) - len(new.records) > MOST_IN_A_STEP:
                raise KeyStoreError("the rotation is not that far; give its steps first")
            done = new.begin()
            self._new = None
            return done

    def _carried_on(self, number: int, old: EpochKey, records: Mapping[StoredName, bytes]) -> NewEpoch:
        """The epoch that is being prepared: ours, what lies on the disk, or a fresh one."""
        new = self._new
        if new is not None and self._number == number and self._file == _identity(new):
            return new
        self._left, self._number = [], number
        part, places = part_file(self._keys.folder, number + 1), self._keys.epoch_keys
        if part.exists() and number + 1 in places.numbers():
            try:
                new = self._keys.prepared(number, old, places.open(number + 1), set())
                new.resume(records)
            except KeyStoreError:  # of somebody who broke off and is not gone on with
                new = None
        else:
            new = None
        if new is None:
            part.unlink(missing_ok=True)
            fresh = places.put(number + 1, secrets.token_bytes(KEY_LENGTH))
            write_new(part, b"")
            new = self._keys.prepared(number, old, fresh, set())
        self._new, self._file = new, _identity(new)
        return new


def _identity(new: NewEpoch) -> tuple[int, int] | None:
    """Which file it is and how long: an erasure, or another door, may have put another in its place."""
    try:
        status = new.part.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size
