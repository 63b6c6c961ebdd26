"""Keys of the submitter's own, so that a repeated submission is one submission.

Whoever got no answer (a broken connection, a killed process) cannot know whether it was recorded. With a key it
asks again: the same key with the same request gets the first answer, with another request an error. The row is
written in the transaction that appends, so that there is an answer exactly if there are entries.

All functions want the head locked by this transaction (`postgres.lock_head`): two submissions under one key
then come one after the other, and the second sees the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ledger.encoding import require_hash
from ledger.errors import KeyReusedError

SCHEMA = (Path(__file__).parent / "idempotency.sql").read_text(encoding="utf-8")
"""The DDL, to be run after `postgres.SCHEMA`."""


@dataclass(frozen=True, slots=True)
class Key:
    """SHA-256 of a submitter's key, and of what is submitted under it."""

    key_hash: bytes
    request_hash: bytes

    def __post_init__(self) -> None:
        require_hash(self.key_hash, "hash of an idempotency key")
        require_hash(self.request_hash, "hash of a request")

    @classmethod
    def of(cls, submitter: bytes, key: bytes, request: bytes) -> Key:
        """Hash a key of one submitter: keys of different submitters never meet."""
        return cls(sha256(sha256(submitter).digest() + key).digest(), sha256(request).digest())


@dataclass(frozen=True, slots=True)
class Kept:
    """The first outcome under a key: where its entries stand, and what the application kept with it."""

    key: Key
    index: int
    entries: int
    answer: bytes | None
    at: datetime


def recall(connection: psycopg.Connection[Any], keys: Sequence[Key]) -> dict[bytes, Kept]:
    """Return what is kept under these keys, by the hash of the key; compare the request with `same_request`."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_RECALL, {"keys": [key.key_hash for key in keys]}, binary=True)
        return {
            bytes(key): Kept(
                Key(bytes(key), bytes(request)), index, entries, None if kept is None else bytes(kept), at
            )
            for key, request, index, entries, kept, at in cursor
        }


def same_request(kept: Kept, key: Key) -> Kept:
    """Return `kept`, if it is the answer to this request.

    Raises:
        KeyReusedError: the key was used for another request.
    """
    if kept.key != key:
        raise KeyReusedError("this idempotency key was used for another request; take a new key")
    return kept


def keep(connection: psycopg.Connection[Any], rows: Iterable[Kept]) -> None:
    """Keep these outcomes; they become durable together with their entries."""
    listed = list(rows)
    connection.execute(
        _KEEP,
        {
            "keys": [row.key.key_hash for row in listed],
            "requests": [row.key.request_hash for row in listed],
            "indices": [row.index for row in listed],
            "entries": [row.entries for row in listed],
            "answers": [row.answer for row in listed],
            "times": [row.at for row in listed],
        },
    )


def forget(connection: psycopg.Connection[Any], before: datetime, most: int = 1000) -> int:
    """Forget at most `most` outcomes that are older than `before`; returns how many went."""
    return connection.execute(_FORGET, {"before": before, "most": most}).rowcount


_RECALL = """
SELECT key_hash, request_hash, index, entries, answer, at FROM ledger.idempotency
WHERE key_hash = ANY(%(keys)b::bytea[])
"""
_KEEP = """
INSERT INTO ledger.idempotency (key_hash, request_hash, index, entries, answer, at)
SELECT * FROM unnest(%(keys)b::bytea[], %(requests)b::bytea[], %(indices)b::bigint[], %(entries)b::integer[],
    %(answers)b::bytea[], %(times)b::timestamptz[])
"""
_FORGET = """
DELETE FROM ledger.idempotency WHERE key_hash IN
    (SELECT key_hash FROM ledger.idempotency WHERE at < %(before)s ORDER BY at LIMIT %(most)s)
"""
