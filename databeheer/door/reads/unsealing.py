"""Unseal the values of many rows at once: what `opening.unseal_profile` does of one, without a Python object a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import structlog

from databeheer.byte_rows import beside, hash_rows, rows_of, whole
from databeheer.door.keys import seals
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.opening_rows import open_rows
from databeheer.metering.profile import SIZES
from databeheer.metering.sealing import COORDINATES_LABEL, KEY_LENGTH, PART_CODES, TAG_LENGTH, Coordinates

_log = structlog.get_logger("door")
_PART = "values"
_FEWEST = 16
"""Of fewer rows of one length, one after the other is sooner done."""
_LENGTHS = frozenset(size + TAG_LENGTH for size in SIZES)
_PSEUDONYM, _HANDLE, _MARK = 16, 8, 16


class SealedRow(NamedTuple):
    """The sealed values of one channel and day, with the root and the names under which they are stored."""

    root: bytes
    pseudonym: bytes
    channel: bytes
    day: date
    version: int
    fingerprint: bytes
    sealed: bytes


def unseal_values(rows: Sequence[SealedRow]) -> list[bytes | None]:
    """Return what each row holds; None, and a line in the log, of one that does not open."""
    found: list[bytes | None] = [None] * len(rows)
    alike: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        alike[len(row.sealed)].append(number)
    for length, numbers in alike.items():
        some = [rows[number] for number in numbers]
        is_many = length in _LENGTHS and len(some) >= _FEWEST
        opened = _all_of(some, length) if is_many else [_one(row) for row in some]
        for number, plain in zip(numbers, opened, strict=True):
            found[number] = plain
            if plain is None:
                does_not_open(_PART, SealError)
    return found


def does_not_open(part: str, error: type[Exception]) -> None:
    """Tell that a stored row is not what was stored; whose it is stands in no log."""
    _log.error("a stored value does not open", part=part, error=error.__name__)


def _one(row: SealedRow) -> bytes | None:
    key = seals.profile_key(row.root, _PART, row.channel, row.day, row.version)
    where = Coordinates(row.pseudonym, row.channel, row.day, row.version)
    try:
        return unseal_profile(key, row.sealed, row.fingerprint, where, _PART)
    except SealError:
        return None


def _all_of(rows: Sequence[SealedRow], length: int) -> list[bytes | None]:
    """Open rows of one length: their keys as `seals.profile_key`, where they are as `sealing.profile_coordinates`."""
    count = len(rows)
    channels = rows_of([row.channel for row in rows], _HANDLE)
    versions = np.array([row.version for row in rows], ">u2").view(np.uint8).reshape(count, 2)
    spelled = rows_of([row.day.isoformat().encode() for row in rows], 10)
    ordinals = np.array([row.day.toordinal() for row in rows], ">u4").view(np.uint8).reshape(count, 4)
    message = beside(count, _EIGHT, channels, _TEN, spelled, _TWO, versions)
    keys = hash_rows(rows_of([row.root for row in rows], KEY_LENGTH), message, KEY_LENGTH, _PART.encode())
    head = COORDINATES_LABEL + bytes((PART_CODES[_PART],))
    pseudonyms = rows_of([row.pseudonym for row in rows], _PSEUDONYM)
    where = beside(count, head, pseudonyms, channels, ordinals, versions)
    marks = rows_of([row.fingerprint for row in rows], _MARK)
    plain, opens = open_rows(keys, rows_of([row.sealed for row in rows], length), marks, where)
    held = whole(plain).tolist()
    return [one if is_open else None for one, is_open in zip(held, opens.tolist(), strict=True)]


_TWO, _EIGHT, _TEN = (size.to_bytes(4, "big") for size in (2, 8, 10))
"""How `seals.derive` spells the length of a part."""
