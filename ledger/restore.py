"""Put back what the database lost: entries that were published, after an older backup was restored.

The published files hold every entry up to the signed checkpoint, so a database that is set back can be brought
up to it again. It only appends: what the database still has must be the beginning of what was signed, and the
triggers of `schema.sql` stay in force. What stood beside the entries (bodies, state) is not in the log and does
not come back; the application has to reconcile it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ledger import postgres
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import InconsistentError, MalformedError, NotPublishedError, RefusedError
from ledger.note import VerifierKey
from ledger.publisher import Signed
from ledger.scan import Progress
from ledger.sources import Source
from ledger.storage import Head
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TILE_WIDTH, Edge, TileReader, split_bundle, tile_width
from ledger.tree import leaf_hash

PATIENCE = "10s"
"""How long to wait for a door that holds the head row."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: the entries from `first` up to and without `until`; none where the two are equal."""

    first: int
    until: int
    checkpoint: Checkpoint

    @property
    def count(self) -> int:
        return self.until - self.first


def restore(
    connection: psycopg.Connection[Any],
    source: Source,
    vkeys: Sequence[VerifierKey],
    *,
    memory: Path | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Append the published entries that the database lacks, in the caller's transaction; never commits.

    Every published entry is rehashed against the signed checkpoint, and every entry of the database compared
    with it. With the publisher's `memory`, the published log must also be the one that was signed last.
    Running it again changes nothing. Needs INSERT on `ledger.entry` and UPDATE on `ledger.head`.

    Raises:
        InconsistentError: database and published log differ, or the published files do not lead to their
            checkpoint; names the first such entry.
        RefusedError: somebody holds the ledger's head, or the published log is older than the memory says.
        SignatureError, MalformedError, NotPublishedError, UnreachableError: the published log cannot be read.
    """
    checkpoint = open_checkpoint(source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH), vkeys)
    signed = _remembered(memory, source, checkpoint, vkeys) if memory else None
    if signed and signed.size > checkpoint.size:
        checkpoint = signed
    head = _locked_head(connection)
    _refuse_rows_behind_head(connection, head)
    edge, last_leaf, newest = Edge(), GENESIS_PREVIOUS, GENESIS_PREVIOUS
    for start, entries, leaves in _published(source, checkpoint):
        _compare(connection, head, start, entries)
        _append(connection, head.size, start, entries, leaves)
        _meet(edge, leaves, signed)
        if start < head.size <= start + len(leaves):
            last_leaf = leaves[head.size - start - 1]
        edge.extend(b"".join(leaves))
        newest = leaves[-1]
        if progress:
            progress(edge.size, checkpoint.size)
    if edge.root() != checkpoint.root:
        raise InconsistentError("the published entries do not lead to the signed root; nothing was put back")
    if 0 < head.size <= checkpoint.size and head.last_leaf != last_leaf:
        raise InconsistentError("the head row names another last leaf than its entry has", head.size - 1)
    if head.size >= checkpoint.size:
        return Restored(head.size, head.size, checkpoint)
    connection.execute(
        "UPDATE ledger.head SET size = %s, last_leaf = %s WHERE id = 1", (checkpoint.size, newest)
    )
    return Restored(head.size, checkpoint.size, checkpoint)


def _remembered(
    memory: Path, source: Source, checkpoint: Checkpoint, vkeys: Sequence[VerifierKey]
) -> Checkpoint:
    """Return the checkpoint that the publisher signed last; refuse an older copy of the published files.

    One that still waits for its witnesses is larger than the published one; its tiles are there already.
    """
    try:
        remembered = open_checkpoint(Signed.from_bytes(memory.read_bytes()).note, vkeys)
    except OSError as error:
        raise RefusedError(
            f"The publisher's memory cannot be read: {memory} ({error.strerror}). Nothing was put back."
        ) from error
    if checkpoint.size < remembered.size:
        try:
            TileReader(source, remembered.size).bundle((remembered.size - 1) // TILE_WIDTH)
        except NotPublishedError as error:
            raise RefusedError(
                f"These published files are an older copy: they have {checkpoint.size} entries, and "
                f"{remembered.size} were signed. Nothing was put back. Name the newest copy, such as a mirror."
            ) from error
    return remembered


def _locked_head(connection: psycopg.Connection[Any]) -> Head:
    connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'".encode())
    try:
        head = postgres.lock_head(connection)
    except psycopg.errors.LockNotAvailable as error:
        raise RefusedError(
            "Somebody is appending to the ledger: its head row is held. Nothing was put back. Stop the door "
            "first."
        ) from error
    connection.execute("SET LOCAL lock_timeout = 0")
    return head


def _refuse_rows_behind_head(connection: psycopg.Connection[Any], head: Head) -> None:
    row = connection.execute("SELECT max(index) FROM ledger.entry").fetchone()
    newest = -1 if row is None or row[0] is None else int(row[0])
    if newest != head.size - 1:
        raise InconsistentError(
            f"the head row says {head.size} entries, but there are {newest + 1}: one was set back",
            min(head.size, newest + 1),
        )


def _published(source: Source, checkpoint: Checkpoint) -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """Yield (first index, entries, leaf hashes) of each published bundle, once its chain is whole."""
    reader = TileReader(source, checkpoint.size)
    previous = GENESIS_PREVIOUS
    for start in range(0, checkpoint.size, TILE_WIDTH):
        number = start // TILE_WIDTH
        width = tile_width(checkpoint.size, 0, number)
        try:
            entries = split_bundle(reader.bundle(number))
        except (MalformedError, NotPublishedError) as error:
            raise InconsistentError(f"the published entries from {start} on: {error}", start) from error
        leaves: list[bytes] = []
        for index, entry in enumerate(entries, start=start):
            try:
                named = parse(entry).previous
            except MalformedError as error:
                raise InconsistentError(f"the published entry {index} is damaged: {error}", index) from error
            if named != previous:
                raise InconsistentError(f"the published entry {index} does not name the one before it", index)
            previous = leaf_hash(entry)
            leaves.append(previous)
        if len(entries) != width:
            raise InconsistentError(
                f"entry {start + len(entries)} is signed for, but not published", start + len(entries)
            )
        yield start, entries, leaves


def _compare(connection: psycopg.Connection[Any], head: Head, start: int, published: list[bytes]) -> None:
    """See that what the database has of a bundle is what was published."""
    if start >= head.size:
        return
    wanted = min(len(published), head.size - start)
    kept = postgres.read_entries(connection, start, wanted)
    for place, entry in enumerate(published[:wanted]):
        index = start + place
        if place >= len(kept):
            raise InconsistentError(f"the database lacks entry {index}", index)
        if kept[place] != entry:
            raise InconsistentError(
                f"entry {index} in the database is not the published one: the database went another way after "
                "the backup was made. Nothing was put back",
                index,
            )


def _append(
    connection: psycopg.Connection[Any], size: int, start: int, entries: list[bytes], leaves: list[bytes]
) -> None:
    missing = max(0, size - start)
    if missing >= len(entries):
        return
    connection.execute(
        "INSERT INTO ledger.entry (index, entry, leaf) SELECT %s + place - 1, entry, leaf"
        " FROM unnest(%s::bytea[], %s::bytea[]) WITH ORDINALITY AS item (entry, leaf, place)",
        (start + missing, entries[missing:], leaves[missing:]),
    )


def _meet(edge: Edge, leaves: list[bytes], known: Checkpoint | None) -> None:
    """See that the tree has the remembered root where it passes the remembered size."""
    if known is None or not edge.size < known.size <= edge.size + len(leaves):
        return
    then = edge.copy()
    then.extend(b"".join(leaves[: known.size - edge.size]))
    if then.root() != known.root:
        raise InconsistentError(
            "the published log is not the one that the publisher remembers to have signed: it differs at or "
            f"before entry {known.size - 1}. Nothing was put back"
        )
