"""What lies in the folder of a key store under which name; none of it needs a key to be found."""

from __future__ import annotations

import re
from pathlib import Path

from databeheer.door.keys.epochs import KeyStoreError
from databeheer.door.keys.files import numbered

_WRAPPED = re.compile(r"epoch-([0-9]{4,})\.wrapped")
_CUSTODY = re.compile(r"epoch-([0-9]{4,})\.custody")


def wrapped_file(folder: Path, number: int) -> Path:
    """Where the wrapped keys of an epoch lie."""
    return folder / f"epoch-{number:04}.wrapped"


def custody_file(folder: Path, number: int) -> Path:
    """Where it stands which shares of the key of an epoch were given out (`custody`)."""
    return folder / f"epoch-{number:04}.custody"


def part_file(folder: Path, number: int) -> Path:
    """Where an epoch is being prepared."""
    return folder / f".epoch-{number:04}.part"


def epochs(folder: Path) -> list[int]:
    """The epochs that have wrapped keys there, ascending; the last one is in force."""
    return numbered(folder, _WRAPPED)


def newest_epoch(folder: Path) -> int:
    """The epoch in force.

    Raises:
        KeyStoreError: there is no store there.
    """
    numbers = epochs(folder)
    if not numbers:
        raise gone()
    return numbers[-1]


def remove_before(folder: Path, number: int) -> None:
    """Remove what lies there of every epoch before this one, but for its key."""
    for name, file_of in ((_WRAPPED, wrapped_file), (_CUSTODY, custody_file)):
        for older in numbered(folder, name):
            if older < number:
                file_of(folder, older).unlink(missing_ok=True)


def gone() -> KeyStoreError:
    """What is said where there is no store."""
    return KeyStoreError("the key store is not there: nothing sealed can be opened")
