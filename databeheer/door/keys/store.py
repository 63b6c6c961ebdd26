"""Keys outside the database: wrapped one by one under an epoch key, in files of their own.

The database, its backups and its WAL never hold a key. Erasing means: rewrap the survivors under a new epoch
and destroy the old one (design.md, Key store). With the old epoch key gone, no copy of its wrapped keys opens.

Layout of the folder (mode 0700), its own backup and retention:

    epoch-0001.key       32 bytes; whoever has it and the next file opens everything (`files.FileEpochKeys`)
    epoch-0001.wrapped   records of 113 bytes (`wrapped`)

With a token `epoch-0001.sealed` is there instead of `epoch-0001.key` (`token_keys.TokenEpochKeys`).

The epoch in force is the highest one that has wrapped keys. A rename puts it there, whole: before that the old
one holds, after it the new one, and no crash leaves a mix.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar
from uuid import UUID

from databeheer.byte_rows import Bytes
from databeheer.door.keys.epochs import KEY_LENGTH as KEY_LENGTH
from databeheer.door.keys.epochs import EpochKey, EpochKeys
from databeheer.door.keys.epochs import KeyStoreError as KeyStoreError
from databeheer.door.keys.files import FileEpochKeys, sync_folder, write_new
from databeheer.door.keys.layout import epochs, gone, part_file, remove_before, wrapped_file
from databeheer.door.keys.new_epoch import Epochs as Epochs
from databeheer.door.keys.new_epoch import NewEpoch as NewEpoch
from databeheer.door.keys.wrapped import (
    RECORD_LENGTH,
    StoredName,
    read_records,
    unwrap_many,
    unwrap_rows,
    wrap,
)
from databeheer.door.keys.wrapped import Kind as Kind
from databeheer.door.keys.wrapped import Name as Name

_FIRST_EPOCH = 1
_Opened = TypeVar("_Opened")


class KeyStore:
    """The door's key store; safe for several threads, and for several doors on one folder."""

    def __init__(self, folder: Path, epoch_keys: EpochKeys | None = None) -> None:
        """Open the store in `folder`; ends what a change of epoch that broke off had still to destroy.

        Raises:
            KeyStoreError: there is no store there, or a record is damaged.
        """
        self._folder = folder
        self._epoch_keys = epoch_keys or FileEpochKeys(folder)
        self._lock = threading.Lock()
        self._open_newest()
        self.destroy_older()

    @classmethod
    def create(cls, folder: Path, epoch_keys: EpochKeys | None = None) -> KeyStore:
        """Make a new store in `folder`, which must not hold one."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if epochs(folder):
            raise KeyStoreError("there is a key store already")
        (epoch_keys or FileEpochKeys(folder)).put(_FIRST_EPOCH, secrets.token_bytes(KEY_LENGTH))
        write_new(wrapped_file(folder, _FIRST_EPOCH), b"")
        return cls(folder, epoch_keys)

    @property
    def folder(self) -> Path:
        """Where the store is: outside the database and its backups."""
        return self._folder

    @property
    def epoch_keys(self) -> EpochKeys:
        """Where the epoch keys lie."""
        return self._epoch_keys

    @property
    def epoch(self) -> int:
        """The number of the epoch in force."""
        with self._lock:
            self._follow()
            return self._number

    def __len__(self) -> int:
        """How many keys it holds, as far as this door has looked."""
        return len(self._sealed)

    def make(self, kind: Kind, identifier: UUID) -> bytes:
        """Make a key, durably, and return it.

        Called before the transaction that uses the key commits: a key without a row harms nobody, a row
        without its key is lost data.
        """
        key = secrets.token_bytes(KEY_LENGTH)
        with self._locked() as file, self._lock:
            if (kind, identifier.bytes) in self._sealed:
                raise KeyStoreError("this key exists already")
            record = wrap((kind, identifier.bytes), key, self._epoch_key)
            file.seek(self._read_to)  # over a record that a crash cut short
            file.write(record)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
            self._sealed[kind, identifier.bytes] = record
            self._read_to += RECORD_LENGTH
        return key

    def get(self, kind: Kind, identifier: UUID) -> bytes:
        """Return a key.

        Raises:
            KeyStoreError: the store does not hold it (never made, or erased).
        """
        return self.get_many(kind, (identifier.bytes,))[identifier.bytes]

    def get_many(self, kind: Kind, identifiers: Collection[bytes]) -> dict[bytes, bytes]:
        """Return many keys by the bytes of their identifiers, with one look at the folder for all of them.

        Raises:
            KeyStoreError: the store does not hold one of them.
        """
        found = self.find_many(kind, identifiers)
        if not found.keys() >= set(identifiers):
            raise _no_such_key()
        return found

    def find_many(self, kind: Kind, identifiers: Collection[bytes]) -> dict[bytes, bytes]:
        """Return those of these keys that the store holds, as `get_many` does."""

        def opened(records: list[bytes | None], epoch_key: EpochKey) -> dict[bytes, bytes]:
            there = {
                one: record for one, record in zip(identifiers, records, strict=True) if record is not None
            }
            return dict(zip(there, unwrap_many(list(there.values()), epoch_key), strict=True))

        return self._opened([(kind, one) for one in identifiers], opened)

    def get_rows(self, kind: Kind, identifiers: Sequence[bytes]) -> Bytes:
        """Return keys as rows, (n, KEY_LENGTH), in the order of their identifiers; raises as `get_many`."""

        def opened(records: list[bytes | None], epoch_key: EpochKey) -> Bytes:
            there = [record for record in records if record is not None]
            if len(there) < len(records):
                raise _no_such_key()
            return unwrap_rows(there, epoch_key)

        return self._opened([(kind, one) for one in identifiers], opened)

    def holds(self, kind: Kind, identifier: UUID) -> bool:
        """Say whether the store has this key."""
        return self._find([(kind, identifier.bytes)])[0][0] is not None

    def get_or_make(self, kind: Kind, identifier: UUID) -> bytes:
        """Return a key, made now where it did not exist."""
        try:
            return self.get(kind, identifier)
        except KeyStoreError:
            try:
                return self.make(kind, identifier)
            except KeyStoreError:  # another door made it in between
                return self.get(kind, identifier)

    @contextmanager
    def new_epoch(self, without: Collection[Name]) -> Iterator[NewEpoch]:
        """Prepare a new epoch without these keys, which is the long part; `begin` puts it in force.

        It rewraps every other key under a new epoch key, and destroys the old one. Killed at any moment, the store
        opens under the old epoch with every key, or under the new one with every survivor; whoever opens it next ends
        the destruction. Other doors on the folder notice at their next look.

        Meanwhile keys are given out and made as ever. Where the block ends without `begin`, nothing has changed; what
        a rotation had prepared begins again.
        """
        with self.preparing() as (number, old, records):
            part = part_file(self._folder, number + 1)
            part.unlink(missing_ok=True)
            fresh = self._epoch_keys.put(number + 1, secrets.token_bytes(KEY_LENGTH))
            write_new(part, b"")
            new = self.prepared(number, old, fresh, {(kind, one.bytes) for kind, one in without})
            new.bring(dict(records))
            yield new
            if not new.is_begun:
                part.unlink(missing_ok=True)
                self._epoch_keys.destroy(number + 1)

    @contextmanager
    def preparing(self) -> Iterator[tuple[int, EpochKey, Mapping[StoredName, bytes]]]:
        """The epoch in force and its records, with no other preparation beside, of any door.

        The records are those that the store holds, not a copy of millions: more may come while one looks.
        """
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with self._lock:
                self._follow()
                self._refresh()
                found = self._number, self._epoch_key, self._sealed
            yield found
        finally:
            os.close(folder)

    def prepared(self, number: int, old: EpochKey, fresh: EpochKey, leaving: set[StoredName]) -> NewEpoch:
        """The epoch that is being prepared to follow the epoch `number`."""
        return NewEpoch(
            part_file(self._folder, number + 1),
            old,
            fresh,
            leaving,
            lambda one: self._put_in_force(one, number),
        )

    def _put_in_force(self, new: NewEpoch, number: int) -> tuple[int, int]:
        """Let a prepared epoch follow the epoch `number`: a rename, whole or not at all."""
        with self._locked():  # makers of keys, here and in other doors, wait
            if self._number != number:
                raise KeyStoreError("another epoch began meanwhile")
            with self._lock:
                records = dict(self._sealed)
            new.bring(records)
            new.part.rename(wrapped_file(self._folder, number + 1))  # from here on the new epoch is in force
            new.is_begun = True
            sync_folder(self._folder)
            with (
                self._lock
            ):  # what it holds is known: whoever reads does not wait until all of it is read again
                self._adopt(number + 1, new.key, new.records)
            self.destroy_older()
        return number, number + 1

    def _find(self, names: Sequence[StoredName]) -> tuple[list[bytes | None], EpochKey]:
        with self._lock:
            self._follow()
            found = [self._sealed.get(name) for name in names]
            if None in found:  # another door may have made it
                self._refresh()
                found = [self._sealed.get(name) for name in names]
            return found, self._epoch_key

    def _opened(
        self, names: Sequence[StoredName], opened: Callable[[list[bytes | None], EpochKey], _Opened]
    ) -> _Opened:
        """Open what is stored under these names; where the epoch ends meanwhile, once more under the next one."""
        while True:
            records, epoch_key = self._find(names)
            try:
                return opened(records, epoch_key)
            except KeyStoreError:
                if self._is_current(epoch_key):
                    raise

    def _is_current(self, epoch_key: EpochKey) -> bool:
        with self._lock:
            self._follow()
            return self._epoch_key is epoch_key

    def _open_newest(self) -> None:
        """Take the epoch in force; another door may begin the next one meanwhile."""
        while True:
            numbers = epochs(self._folder)
            if not numbers:
                raise gone()
            try:
                self._take(numbers[-1])
            except KeyStoreError:
                if epochs(self._folder)[-1:] == numbers[-1:]:
                    raise
                continue
            if epochs(self._folder)[-1:] == numbers[-1:]:
                return

    def _take(self, number: int) -> None:
        # Where the key is not there, what is held stays whole.
        self._adopt(number, self._epoch_keys.open(number), {})
        self._refresh()

    def _adopt(self, number: int, epoch_key: EpochKey, sealed: dict[StoredName, bytes]) -> None:
        self._number, self._epoch_key = number, epoch_key
        self._wrapped = wrapped_file(self._folder, number)
        self._paths = str(self._wrapped), str(wrapped_file(self._folder, number + 1))
        self._sealed = sealed
        self._read_to = len(sealed) * RECORD_LENGTH

    def _follow(self) -> None:
        """See whether another door began a new epoch: what it erased must not open here either."""
        if not self._is_in_force():
            self._open_newest()

    def _is_in_force(self) -> bool:
        """Two looks at the folder, for every key that is asked: some microseconds."""
        own, following = self._paths
        return os.access(own, os.F_OK) and not os.access(following, os.F_OK)

    def destroy_older(self) -> None:
        """Destroy every epoch before the one in force: its key first, then what it wrapped. Safe to repeat."""
        for number in self._epoch_keys.numbers():
            if number < self._number:
                self._epoch_keys.destroy(number)
        remove_before(self._folder, self._number)
        sync_folder(self._folder)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The wrapped keys of the epoch in force, read to the end, with every other writer waiting."""
        while True:
            with self._lock:
                self._follow()
            with self._open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # not under our own lock: who only looks does not wait
                with self._lock:
                    # Meanwhile another door may have begun a new epoch: a key made under the old one is lost.
                    if not self._is_in_force():
                        continue
                    self._read_new(file)
                yield file
                return

    def _refresh(self) -> None:
        with self._open("rb") as file:
            self._read_new(file)

    @contextmanager
    def _open(self, mode: Literal["rb", "r+b"]) -> Iterator[BinaryIO]:
        try:
            file = self._wrapped.open(mode)
        except OSError as error:
            raise gone() from error
        with file:
            yield file

    def _read_new(self, file: BinaryIO) -> None:
        if file.seek(0, os.SEEK_END) < self._read_to:
            # A backup was put back under a running door: writing on would leave a hole.
            raise KeyStoreError("the key store is shorter than it was; restart the door with the newest copy")
        file.seek(self._read_to)
        for name, record in read_records(file):
            self._sealed[name] = record
            self._read_to += RECORD_LENGTH


def _no_such_key() -> KeyStoreError:
    return KeyStoreError("the key is not there: erased, or never made")
