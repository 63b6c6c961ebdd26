"""What an erasure left, and whether that is what its own entry says: a removed statement is no erased one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.metering.opening import SealError
from databeheer.oversight.erasure_claims import RECORD_LENGTH, record
from databeheer.oversight.retention import DataClass


def digest(connection: Connection, batch: int) -> tuple[int, str]:
    """How many halves a batch left behind, and a digest of all of them: nobody can add one later unseen."""
    content = records(connection, batch)
    return len(content) // RECORD_LENGTH, sha256(content).hexdigest()


def records(connection: Connection, batch: int) -> bytes:
    """What a batch left of erased halves, as `oversight.erasure_claims` reads it: index, leaf and half of each."""
    rows: Sequence[Any] = connection.execute(_LEFT, {"batch": batch}).all()
    return b"".join(record(row.index, row.leaf, bytes(row.half)) for row in rows)


def unlike_erasures(house: House, connection: Connection) -> Iterator[tuple[int, str]]:
    """Name the batches whose erased halves are not those that their entries speak of.

    Without this, whoever may write the database could pass a statement that he removed off as an erased one.
    """
    for row in connection.execute(_BATCHES):
        decided = set[str]()
        for index, event in ((row.begun_index, "erasure.begun"), (row.executed_index, "erasure.executed")):
            if index is None:
                yield row.begun_index, "an erasure has begun and is not through; run it again"
                break
            body = connection.execute(_BODY, {"index": index}).one_or_none()
            try:
                said = shared_body(house, body).said if body is not None else {}
            except (KeyStoreError, SealError):
                said = {}
            if (said.get("event"), said.get("batch")) != (event, row.batch):
                yield index, "an erasure is claimed that no entry speaks of"
            elif event == "erasure.executed" and digest(connection, row.batch) != (
                said.get("halves"),
                said.get("digest"),
            ):
                yield index, "other halves are given as erased than this erasure took"
            elif event == "erasure.begun":
                decided = {one[2] for one in said["decisions"] if one[1] == DataClass.LEDGER}
            elif not decided.issuperset(connection.execute(_REASONS, {"batch": row.batch}).scalars()):
                yield index, "halves are given as erased whose erasure was not decided"


_LEFT = text("SELECT index, leaf, half FROM ledger.erased WHERE batch = :batch ORDER BY index, leaf")

_REASONS = text("SELECT DISTINCT reason FROM ledger.erased WHERE batch = :batch")
_BATCHES = text("SELECT * FROM oversight.erasure_batch ORDER BY batch")
_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
