"""The database against the published log: what a verifier outside cannot see, and the operator must.

A changed row does not change a tile that was published; whoever restores, edits or loses rows makes the two
differ, and the first entry for which they do is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import InconsistentError, MalformedError, NotPublishedError
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.scan import Progress
from ledger.sources import Source
from ledger.storage import EntrySource, Head
from ledger.tiles import (
    MAX_CHECKPOINT_LENGTH,
    TILE_WIDTH,
    Edge,
    TileReader,
    encode_bundle,
    split_bundle,
    tile_width,
)
from ledger.tree import leaf_hash


def audit(
    database: EntrySource,
    source: Source,
    vkeys: Sequence[VerifierKey],
    *,
    progress: Progress | None = None,
) -> Report:
    """Compare every committed entry with the published log, and the head row with both.

    The checkpoint is read first: entries that commit meanwhile are then newer, never missing.

    Raises:
        InconsistentError: names the first entry that is missing, changed or swapped, or out of the chain.
        SignatureError, MalformedError, NotPublishedError, UnreachableError: the log cannot be read.
        Each has the checks so far as its `report`.
    """
    report = Report()
    with report.check("signature") as details:
        checkpoint = open_checkpoint(source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH), vkeys)
        report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root
        details.say(f"{checkpoint.origin} signs a log of {checkpoint.size} entries")
    with report.check("database") as details:
        head = database.read_head()
        # Up to the signed size, whatever the head row says: a head that was set back hides rows.
        entries = _all_entries(database, max(head.size, checkpoint.size))
        compare(entries, source, checkpoint=checkpoint, head=head, progress=progress)
        details.say(f"its {head.size} entries continue the {checkpoint.size} published ones, unchanged")
    return report


def compare(
    entries: Iterable[bytes],
    source: Source,
    *,
    checkpoint: Checkpoint,
    head: Head | None = None,
    progress: Progress | None = None,
) -> None:
    """Compare the database's entries, from index 0 on, with the published ones that `checkpoint` signs.

    Entries beyond the checkpoint are not published yet; of them only the chain is checked. `head` is the
    database's head row: its size and last leaf must be those of the entries.

    Raises:
        InconsistentError: names the first entry for which database, chain, tiles or head differ.
    """
    reader = TileReader(source, checkpoint.size)
    edge, previous = Edge(), GENESIS_PREVIOUS
    for batch in _batches(entries):
        _compare_bundle(reader, edge.size // TILE_WIDTH, batch)
        leaves = [leaf_hash(entry) for entry in batch]
        for place, entry in enumerate(batch):
            _check_chain(edge.size + place, entry, previous)
            previous = leaves[place]
        _compare_root(edge, b"".join(leaves), checkpoint)
        if progress:
            progress(edge.size, max(edge.size, checkpoint.size))
    if edge.size < checkpoint.size:
        raise InconsistentError(
            f"the database has {edge.size} entries, the signed log {checkpoint.size}: entry {edge.size} and "
            "later ones are missing (an older backup, or removed rows)",
            edge.size,
        )
    if head is not None:
        _compare_head(head, edge.size, previous)


def _all_entries(database: EntrySource, size: int) -> Iterator[bytes]:
    step = 16 * TILE_WIDTH
    for start in range(0, size, step):
        try:
            yield from database.read_entries(start, min(step, size - start))
        except InconsistentError as gap:
            if gap.index is not None:
                yield from database.read_entries(start, gap.index - start)
            raise


def _batches(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield bundles of entries; where reading ends in a gap, first what stands before it: that may be worse."""
    batch: list[bytes] = []
    try:
        for entry in entries:
            batch.append(entry)
            if len(batch) == TILE_WIDTH:
                yield batch
                batch = []
    except InconsistentError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _compare_bundle(reader: TileReader, number: int, batch: Sequence[bytes]) -> None:
    """Name the first entry of the batch that is not the published one."""
    width = tile_width(reader.size, 0, number)
    if width == 0:
        return  # not published yet
    published: list[bytes] = []
    reason = "it is not in the bundle"
    try:
        data = reader.bundle(number)
        if data == encode_bundle(batch[:width]):
            return
        published = split_bundle(data)
    except (MalformedError, NotPublishedError) as error:
        reason = str(error)
    for place, entry in enumerate(batch[:width]):
        index = number * TILE_WIDTH + place
        if place >= len(published):
            raise InconsistentError(f"the published log lacks entry {index} of the database: {reason}", index)
        if published[place] != entry:
            raise InconsistentError(f"entry {index} in the database is not the published one", index)


def _check_chain(index: int, entry: bytes, previous: bytes) -> None:
    try:
        named = parse(entry).previous
    except MalformedError as error:
        raise InconsistentError(f"entry {index} in the database is damaged: {error}", index) from error
    if named != previous:
        raise InconsistentError(f"entry {index} in the database does not name the one before it", index)


def _compare_root(edge: Edge, leaves: bytes, checkpoint: Checkpoint) -> None:
    """Grow the tree by a batch; where it passes the signed size, its root must be the signed root."""
    missing = checkpoint.size - edge.size
    if 0 < missing <= len(leaves) // 32:
        then = edge.copy()
        then.extend(leaves[: missing * 32])
        if then.root() != checkpoint.root:
            raise InconsistentError("the database's entries do not lead to the signed root")
    edge.extend(leaves)


def _compare_head(head: Head, size: int, last_leaf: bytes) -> None:
    if head.size != size:
        first = min(head.size, size)
        raise InconsistentError(
            f"the head row says {head.size} entries, but there are {size}: one was set back",
            first,
        )
    if head.last_leaf != last_leaf:
        raise InconsistentError(
            "the head row names another last leaf than the last entry has", max(size - 1, 0)
        )
