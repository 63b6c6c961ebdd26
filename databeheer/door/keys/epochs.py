"""Epoch keys: what wraps every other key, and what an erasure destroys.

`EpochKeys` is the contract; files are one form of it, hardware (PKCS#11) could be another. Whoever wraps never
needs to see the key itself.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Protocol

from nacl import bindings
from nacl._sodium import ffi, lib

from databeheer.errors import DatabeheerError

KEY_LENGTH = 32
WRAPPED_LENGTH = 24 + KEY_LENGTH + 16


class KeyStoreError(DatabeheerError):
    """The key store is missing, damaged, or does not hold the key."""

    code = "key-store"


class EpochKey(Protocol):
    """The key of one epoch."""

    def wrap(self, key: bytes, coordinates: bytes) -> bytes:
        """Return WRAPPED_LENGTH bytes that open to `key` at these coordinates only."""

    def unwrap(self, wrapped: bytes, coordinates: bytes) -> bytes:
        """Return what was wrapped; raises KeyStoreError under another key, at other coordinates, or changed."""


class EpochKeys(Protocol):
    """Where the epoch keys lie."""

    def make(self, number: int) -> EpochKey:
        """Make the key of an epoch, durable on return; what an attempt that broke off left is replaced."""

    def open(self, number: int) -> EpochKey:
        """Return the key of an epoch; raises KeyStoreError where it is not there."""

    def destroy(self, number: int) -> None:
        """Destroy the key of an epoch; gone on return. Safe to repeat."""

    def numbers(self) -> list[int]:
        """The epochs of which a key is there, ascending."""


class FileEpochKey:
    """A key of 32 bytes in memory: XChaCha20-Poly1305 under a fresh nonce."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LENGTH:
            raise KeyStoreError("the epoch key is damaged")
        self._key = key

    def wrap(self, key: bytes, coordinates: bytes) -> bytes:
        nonce = secrets.token_bytes(24)
        return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(key, coordinates, nonce, self._key)

    def unwrap(self, wrapped: bytes, coordinates: bytes) -> bytes:
        # libsodium itself: PyNaCl's wrapping takes four times as long, and a batch of readings opens thousands.
        opened = ffi.new("unsigned char[32]")
        if len(wrapped) != WRAPPED_LENGTH or lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
            opened,
            ffi.NULL,
            ffi.NULL,
            wrapped[24:],
            WRAPPED_LENGTH - 24,
            coordinates,
            len(coordinates),
            wrapped[:24],
            self._key,
        ):
            raise KeyStoreError("a wrapped key does not open under this epoch")
        return bytes(ffi.buffer(opened))


class FileEpochKeys:
    """Epoch keys as files `epoch-0001.key` of mode 0600.

    Destroying overwrites and unlinks. On a disk that moves blocks (SSD, copy-on-write, snapshots) the old bytes
    may outlive that below the file system: put the folder on an encrypted volume (docs/how-to/erase.md).
    """

    _NAME = re.compile(r"epoch-([0-9]{4,})\.key")

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, number: int) -> EpochKey:
        self.destroy(number)
        key = secrets.token_bytes(KEY_LENGTH)
        write_new(self._path(number), key)
        return FileEpochKey(key)

    def open(self, number: int) -> EpochKey:
        try:
            return FileEpochKey(self._path(number).read_bytes())
        except OSError as error:
            raise KeyStoreError("the key store is not there: nothing sealed can be opened") from error

    def destroy(self, number: int) -> None:
        path = self._path(number)
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        path.unlink(missing_ok=True)
        sync_folder(self._folder)

    def numbers(self) -> list[int]:
        return numbered(self._folder, self._NAME)

    def _path(self, number: int) -> Path:
        return self._folder / f"epoch-{number:04}.key"


def numbered(folder: Path, name: re.Pattern[str]) -> list[int]:
    """The numbers in the names of files in a folder, ascending; none where there is no folder."""
    try:
        found = [name.fullmatch(entry) for entry in os.listdir(folder)]
    except OSError:
        return []
    return sorted(int(match[1]) for match in found if match)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist, durably with its name, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file that was unlinked stays so."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
