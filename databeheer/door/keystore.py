"""Keys outside the database: wrapped one by one under an epoch key, in files of their own.

The database, its backups and its WAL never hold a key. Erasing means: rewrap the survivors under a new epoch
and destroy the old one (design.md, Key store). This first form has one epoch.

Layout of the folder (mode 0700), its own backup and retention:

    epoch-0001.key       32 bytes; whoever has it and the next file opens everything
    epoch-0001.wrapped   records of 113 bytes: kind (1) | id (16) | nonce (24) | sealed key (48) | check (24)
"""

from __future__ import annotations

import enum
import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal
from uuid import UUID

from nacl import bindings, exceptions

from databeheer.errors import DatabeheerError

KEY_LENGTH = 32
_EPOCH = 1
_SEALED = slice(41, 89)
_RECORD = 113


class KeyStoreError(DatabeheerError):
    """The key store is missing, damaged, or does not hold the key."""

    code = "key-store"


class Kind(enum.IntEnum):
    """Four kinds, so that one erasure never takes another's data or the proof of a misuse."""

    PERSON = 1
    READINGS = 2
    OCCUPANCY_LEDGER = 3
    HOUSE = 4


class KeyStore:
    """The door's key store; safe for several threads, and for several doors on one folder."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`.

        Raises:
            KeyStoreError: there is no store there, or a record is damaged.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._sealed: dict[tuple[Kind, bytes], bytes] = {}
        self._read_to = 0
        try:
            self._epoch_key = (folder / f"epoch-{_EPOCH:04}.key").read_bytes()
        except OSError as error:
            raise _gone() from error
        if len(self._epoch_key) != KEY_LENGTH:
            raise KeyStoreError("the epoch key is damaged")
        self._wrapped = folder / f"epoch-{_EPOCH:04}.wrapped"
        self._refresh()

    @classmethod
    def create(cls, folder: Path) -> KeyStore:
        """Make a new store in `folder`, which must not hold one."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in (
            (f"epoch-{_EPOCH:04}.wrapped", b""),
            (f"epoch-{_EPOCH:04}.key", secrets.token_bytes(KEY_LENGTH)),
        ):
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)  # the names too
        os.close(directory)
        return cls(folder)

    def make(self, kind: Kind, identifier: UUID) -> bytes:
        """Make a key, durably, and return it.

        Called before the transaction that uses the key commits: a key without a row harms nobody, a row
        without its key is lost data.
        """
        key = secrets.token_bytes(KEY_LENGTH)
        nonce = secrets.token_bytes(24)
        head = bytes([kind]) + identifier.bytes
        sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(key, head, nonce, self._epoch_key)
        record = head + nonce + sealed
        record += hashlib.blake2b(record, digest_size=24).digest()
        with self._lock, self._open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._read_new(file)
            if (kind, identifier.bytes) in self._sealed:
                raise KeyStoreError("this key exists already")
            file.seek(self._read_to)  # over a record that a crash cut short
            file.write(record)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
            self._sealed[kind, identifier.bytes] = record
            self._read_to += _RECORD
        return key

    def get(self, kind: Kind, identifier: UUID) -> bytes:
        """Return a key.

        Raises:
            KeyStoreError: the store does not hold it (never made, or erased).
        """
        name = (kind, identifier.bytes)
        with self._lock:
            if name not in self._sealed:
                self._refresh()  # another door may have made it
            record = self._sealed.get(name)
        if record is None:
            raise KeyStoreError("the key is not there: erased, or never made")
        return self._unwrap(record)

    def get_or_make(self, kind: Kind, identifier: UUID) -> bytes:
        """Return a key, made now where it did not exist."""
        try:
            return self.get(kind, identifier)
        except KeyStoreError:
            try:
                return self.make(kind, identifier)
            except KeyStoreError:  # another door made it in between
                return self.get(kind, identifier)

    def _unwrap(self, record: bytes) -> bytes:
        try:
            return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                record[_SEALED], record[:17], record[17:41], self._epoch_key
            )
        except exceptions.CryptoError as error:
            raise KeyStoreError("a wrapped key does not open under this epoch") from error

    def _refresh(self) -> None:
        with self._open("rb") as file:
            self._read_new(file)

    @contextmanager
    def _open(self, mode: Literal["rb", "r+b"]) -> Iterator[BinaryIO]:
        try:
            file = self._wrapped.open(mode)
        except OSError as error:
            raise _gone() from error
        with file:
            yield file

    def _read_new(self, file: BinaryIO) -> None:
        if file.seek(0, os.SEEK_END) < self._read_to:
            # A backup was put back under a running door: writing on would leave a hole.
            raise KeyStoreError("the key store is shorter than it was; restart the door with the newest copy")
        file.seek(self._read_to)
        while len(record := file.read(_RECORD)) == _RECORD:
            body, check = record[:-24], record[-24:]
            if hashlib.blake2b(body, digest_size=24).digest() != check:
                raise KeyStoreError(f"the key store is damaged at byte {self._read_to}; restore its backup")
            self._sealed[Kind(record[0]), record[1:17]] = record
            self._read_to += _RECORD


def _gone() -> KeyStoreError:
    return KeyStoreError("the key store is not there: nothing sealed can be opened")
