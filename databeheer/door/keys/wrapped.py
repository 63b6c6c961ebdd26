"""The record of one wrapped key, as the key store's file holds it: 113 bytes.

    kind (1) | id (16) | nonce (24) | sealed key (48) | check (24)

Kind and id are what the seal is bound to, so a record that was moved does not open as another's; the check tells a
damaged file from a key of another epoch.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO
from uuid import UUID

from databeheer.byte_rows import Bytes, rows_of, whole
from databeheer.door.keys.epochs import EpochKey, KeyStoreError

RECORD_LENGTH = 113
_HEAD = slice(0, 17)
_SEALED = slice(17, 89)
_MANY = 16


class Kind(enum.IntEnum):
    """Kinds, so that one erasure never takes another's data or the proof of a misuse."""

    PERSON = 1
    READINGS = 2
    OCCUPANCY_LEDGER = 3
    HOUSE = 4
    DOCUMENT = 5
    """Of one document that a party showed; goes with the epoch after its destruction (R106)."""


Name = tuple[Kind, UUID]
StoredName = tuple[Kind, bytes]
"""A name as a record spells it."""


def wrap(name: StoredName, key: bytes, epoch_key: EpochKey) -> bytes:
    """Return the record of a key under an epoch."""
    head = bytes([name[0]]) + name[1]
    record = head + epoch_key.wrap(key, head)
    return record + hashlib.blake2b(record, digest_size=24).digest()


def unwrap(record: bytes, epoch_key: EpochKey) -> bytes:
    """Return the key of a record; raises KeyStoreError where it is not of this epoch."""
    return epoch_key.unwrap(record[_SEALED], record[_HEAD])


def unwrap_many(records: Sequence[bytes], epoch_key: EpochKey) -> list[bytes]:
    """Return the keys of many records, as `unwrap`."""
    if len(records) < _MANY:
        return [unwrap(record, epoch_key) for record in records]
    found: list[bytes] = whole(unwrap_rows(records, epoch_key)).tolist()
    return found


def unwrap_rows(records: Sequence[bytes], epoch_key: EpochKey) -> Bytes:
    """Return the keys of many records as rows, as `unwrap`."""
    rows = rows_of(records, RECORD_LENGTH)
    return epoch_key.unwrap_rows(rows[:, _SEALED], rows[:, _HEAD])


def read_records(file: BinaryIO) -> Iterator[tuple[StoredName, bytes]]:
    """Yield the whole records from where a file stands on; one that a crash cut short ends it.

    Raises:
        KeyStoreError: a record is damaged.
    """
    at = file.tell()
    while len(record := file.read(RECORD_LENGTH)) == RECORD_LENGTH:
        body, check = record[:-24], record[-24:]
        if hashlib.blake2b(body, digest_size=24).digest() != check:
            raise KeyStoreError(f"the key store is damaged at byte {at}; restore its backup")
        yield (Kind(record[0]), record[1:17]), record
        at += RECORD_LENGTH


def require_survivors(content: bytes, keys: Mapping[StoredName, bytes], epoch_key: EpochKey) -> None:
    """See that what lies on the disk gives every survivor back, before the old epoch goes."""
    found: dict[StoredName, bytes] = {}
    for start in range(0, len(content), RECORD_LENGTH):
        record = content[start : start + RECORD_LENGTH]
        found[Kind(record[0]), record[1:17]] = unwrap(record, epoch_key)
    if found != keys:
        raise KeyStoreError("the new epoch does not give every key back; the old one stays in force")
