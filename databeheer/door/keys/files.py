"""Epoch keys as files, and how a file is written so that a crash leaves it whole or not there."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from databeheer.door.keys.epochs import KEY_LENGTH, EpochKey, HeldKey, KeyStoreError


class FileEpochKeys:
    """Epoch keys as files `epoch-0001.key` of mode 0600.

    Destroying overwrites and unlinks. On a disk that moves blocks (SSD, copy-on-write, snapshots) the old bytes
    may outlive that below the file system: put the folder on an encrypted volume (docs/how-to/erase.md), or the
    epoch keys under a token.
    """

    _NAME = re.compile(r"epoch-([0-9]{4,})\.key")

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, number: int, key: bytes) -> EpochKey:
        self.destroy(number)
        write_new(self._path(number), key)
        return HeldKey(key)

    def open(self, number: int) -> EpochKey:
        try:
            return HeldKey(self._path(number).read_bytes())
        except OSError as error:
            raise KeyStoreError("the key store is not there: nothing sealed can be opened") from error

    def destroy(self, number: int) -> None:
        overwrite(self._path(number))

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


def overwrite(path: Path) -> None:
    """Overwrite a file that holds a key, and remove it, durably; nothing where there is none."""
    try:
        descriptor = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(max(KEY_LENGTH, os.fstat(descriptor).st_size)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a file that was unlinked stays so."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
