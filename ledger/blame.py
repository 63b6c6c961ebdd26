"""Naming the first bad entry: what is left to do once a bundle does not fit, entry by entry and slowly."""

from __future__ import annotations

from binascii import b2a_base64

from ledger.bundle import hash_bundle
from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.entry import ENTRY_LENGTH, PREVIOUS_AT, parse
from ledger.errors import InconsistentError, MalformedError, NotPublishedError
from ledger.state import Memory
from ledger.tiles import RECORD_LENGTH, TILE_WIDTH, Edge, TilePath, TileReader, tile_width
from ledger.tree import leaf_hash

_BLOCK = 32  # entries that are looked at together, as long as they are good


class Blame:
    """Names the first bad entry of a bundle, in the log that `checkpoint` signs."""

    def __init__(self, reader: TileReader, checkpoint: Checkpoint, memory: Memory | None) -> None:
        self._reader = reader
        self._checkpoint = checkpoint
        self._memory = memory

    def whatever_is_there(self, number: int) -> tuple[bytes, bytes]:
        """Return a bundle and its tile as far as they are published."""
        parts = []
        for read in (self._reader.bundle, lambda at: self._reader.tile(0, at)):
            try:
                parts.append(read(number))
            except (MalformedError, NotPublishedError):
                parts.append(b"")
        return parts[0], parts[1]

    def name(self, number: int, data: bytes, tile: bytes, previous: bytes, reason: str) -> InconsistentError:
        """Return the error that names the first bad entry of the bundle `number`, which does not fit."""
        remembered = self._memory.leaves(number * TILE_WIDTH, TILE_WIDTH) if self._memory else b""
        good, previous = good_entries(data, tile, remembered, previous)
        return self.name_after(good, number, data, tile, previous, reason)

    def name_after(
        self, good: int, number: int, data: bytes, tile: bytes, previous: bytes, reason: str
    ) -> InconsistentError:
        """As `name`, where `good_entries` was asked before: so many of the bundle are, the last with this hash."""
        start = number * TILE_WIDTH
        remembered = self._memory.leaves(start, TILE_WIDTH) if self._memory else b""
        entries = records(data[good * RECORD_LENGTH :])
        for place, entry in enumerate(entries):
            index, at = start + good + place, (good + place) * HASH_LENGTH
            try:
                named = parse(entry).previous
            except MalformedError as error:
                return InconsistentError(f"entry {index} is damaged: {error}", index)
            leaf = leaf_hash(entry)
            if self._forgotten(remembered[at : at + HASH_LENGTH], leaf):
                return InconsistentError(f"entry {index} is not the one that was verified before", index)
            if tile and leaf != tile[at : at + HASH_LENGTH]:
                return InconsistentError(
                    f"entry {index} is not the one in the tree: its hash differs from {TilePath(0, number)}",
                    index,
                )
            if named != previous:
                follower = entries[place + 1] if place + 1 < len(entries) else None
                return self._name_in_chain(index, named, leaf, follower)
            previous = leaf
        index = start + good + len(entries)
        if good + len(entries) < tile_width(self._checkpoint.size, 0, number):
            return InconsistentError(f"entry {index} is signed for, but not published: {reason}", index)
        return InconsistentError(f"the hashes of the entries from {start} on are damaged: {reason}", start)

    def _forgotten(self, remembered: bytes, leaf: bytes) -> bool:
        """Whether an entry is another than the remembered one; a damaged memory is no evidence."""
        if self._memory is None or not remembered or remembered == leaf:
            return False
        self._memory.check_leaves()
        return True

    def _name_in_chain(
        self, index: int, named: bytes, leaf: bytes, follower: bytes | None
    ) -> InconsistentError:
        """Entry `index` does not name the one before it, though the hashes at level 0 fit both.

        Either the one before was changed, or this one is in a place that is not its own.
        """
        if leads_to_root(self._reader, self._checkpoint):
            pass  # the log itself signed it so
        elif index > 0 and leads_to_root(self._reader, self._checkpoint, index - 1, named):
            index -= 1
        else:
            if follower is None and index + 1 < self._checkpoint.size:
                follower = next(iter(records(self.whatever_is_there((index + 1) // TILE_WIDTH)[0])), None)
            fits_follower = follower is not None and len(follower) == ENTRY_LENGTH
            if fits_follower and follower and follower[PREVIOUS_AT] == b2a_base64(leaf, newline=False):
                index -= 1 if index > 0 and not self._is_short() else 0
        return InconsistentError(f"the chain breaks: entry {index} was changed, removed or moved", index)

    def _is_short(self) -> bool:
        """Whether fewer entries are published than signed for: then one is missing in front."""
        last = (self._checkpoint.size - 1) // TILE_WIDTH
        width = tile_width(self._checkpoint.size, 0, last)
        return len(records(self.whatever_is_there(last)[0])) < width


def leads_to_root(
    reader: TileReader, checkpoint: Checkpoint, index: int | None = None, leaf: bytes = b""
) -> bool:
    """Whether the hashes at level 0 lead to the signed root, once `leaf` is put in the place `index`."""
    edge = Edge()
    try:
        for number in range(-(-checkpoint.size // TILE_WIDTH)):
            tile = reader.tile(0, number)
            if index is not None and number == index // TILE_WIDTH:
                at = index % TILE_WIDTH * HASH_LENGTH
                tile = tile[:at] + leaf + tile[at + HASH_LENGTH :]
            edge.extend(tile)
    except (MalformedError, NotPublishedError):
        return False
    return edge.root() == checkpoint.root


def good_entries(data: bytes, tile: bytes, remembered: bytes, previous: bytes) -> tuple[int, bytes]:
    """Return how many entries at the beginning of a bundle are surely good, and the leaf hash of the last of them.

    It looks at 32 together: what is wrong with the next ones is for `Blame` to say.
    """
    good = 0
    while block := data[good * RECORD_LENGTH : (good + _BLOCK) * RECORD_LENGTH]:
        leaves = hash_bundle(block, previous)
        hashes = slice(good * HASH_LENGTH, (good + _BLOCK) * HASH_LENGTH)
        if leaves is None or leaves != tile[hashes] or not leaves.startswith(remembered[hashes]):
            break
        good, previous = good + len(leaves) // HASH_LENGTH, leaves[-HASH_LENGTH:]
    return good, previous


def records(data: bytes) -> list[bytes]:
    """Return the entries of a bundle as far as it can be taken apart."""
    entries: list[bytes] = []
    at = 0
    whole = len(data)
    while at + 2 <= whole:
        end = at + 2 + (data[at] << 8 | data[at + 1])
        if end > whole:
            break
        entries.append(data[at + 2 : end])
        at = end
    return entries
