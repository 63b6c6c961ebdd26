"""Reading a whole log once: every entry rehashed, the chain followed, every tile compared, memory bounded.

The fast path takes a bundle of 256 entries at a time and reads it by fixed slices. Only when a bundle does
not fit is it taken apart entry by entry, to name the first one that is bad.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.entry import (
    COMMITMENT_AT,
    ENTRY_LENGTH,
    GENESIS_PREVIOUS,
    HASH_TEXT_LENGTH,
    HEAD,
    MIDDLE,
    PREVIOUS_AT,
    TAIL,
    parse,
)
from ledger.errors import InconsistentError, MalformedError, NotPublishedError
from ledger.state import Memory
from ledger.tiles import RECORD_LENGTH, TILE_WIDTH, Edge, TilePath, TileReader, tile_width
from ledger.tree import leaf_hash

Progress = Callable[[int, int], None]
"""Called with (entries done, entries in all)."""

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_OF_32_BYTES = b"AEIMQUYcgkosw048"  # the last character before the padding carries four bits
_TEMPLATE = ENTRY_LENGTH.to_bytes(2, "big") + HEAD + b"A" * 43 + b"=" + MIDDLE + b"A" * 43 + b"=" + TAIL
_HASH_COLUMNS = {2 + at for part in (COMMITMENT_AT, PREVIOUS_AT) for at in range(part.start, part.stop - 1)}
_FIXED_COLUMNS = [(at, _TEMPLATE[at : at + 1]) for at in range(RECORD_LENGTH) if at not in _HASH_COLUMNS]
_WITHOUT_BASE64 = _TEMPLATE.translate(None, _BASE64)
_LAST_COLUMN = 2 + COMMITMENT_AT.stop - 2
_PREVIOUS_COLUMN = 2 + PREVIOUS_AT.start


def hash_bundle(data: bytes, previous: bytes) -> bytes | None:
    """Return the concatenated leaf hashes of a bundle of entries of ours; None if anything in it is wrong.

    Each entry must name the leaf hash before it, the first one `previous`. Says nothing of what is wrong: that
    is for `Scan` to find out.
    """
    width, rest = divmod(len(data), RECORD_LENGTH)
    if rest or not width or data.translate(None, _BASE64) != _WITHOUT_BASE64 * width:
        return None
    # A slice per column checks 256 entries at once; what is left free is then base64, and canonical.
    if any(data[at::RECORD_LENGTH] != byte * width for at, byte in _FIXED_COLUMNS):
        return None
    if data[_LAST_COLUMN::RECORD_LENGTH].translate(None, _LAST_OF_32_BYTES):
        return None
    # The byte before each entry becomes the zero byte that a leaf hash begins with.
    prefixed = bytearray(data)
    prefixed[1::RECORD_LENGTH] = bytes(width)
    rows = bytes(prefixed)
    leaves = [sha256(rows[at : at + 1 + ENTRY_LENGTH]).digest() for at in range(1, len(rows), RECORD_LENGTH)]
    # With one more byte behind each, 32 bytes become 33 and their base64 stays apart: 44 characters, of which
    # the last stands where the padding is.
    expected = bytearray(b2a_base64(b"\0".join((previous, *leaves[:-1], b"")), newline=False))
    expected[HASH_TEXT_LENGTH - 1 :: HASH_TEXT_LENGTH] = b"=" * width
    starts = range(_PREVIOUS_COLUMN, len(data), RECORD_LENGTH)
    if b"".join([data[at : at + HASH_TEXT_LENGTH] for at in starts]) != expected:
        return None
    return b"".join(leaves)


@dataclass
class Scan:
    """One pass over the published entries and tiles of the log that `checkpoint` signs.

    With a `memory`, entries are compared with the leaf hashes verified before, and new ones are added to it.
    """

    reader: TileReader
    checkpoint: Checkpoint
    memory: Memory | None = None
    progress: Progress | None = None

    def run(self) -> None:
        """Read everything.

        Raises:
            InconsistentError: names the first bad entry where anything allows it.
            NotPublishedError: a file of the signed tree is missing and no entry could be blamed.
            UnreachableError: the log stopped answering.
        """
        edge, previous = Edge(), GENESIS_PREVIOUS
        size = self.checkpoint.size
        for number in range(-(-size // TILE_WIDTH)):
            leaves = self._bundle(number, previous)
            self._continues(edge, leaves)
            for path, hashes in edge.extend(leaves):
                self._compare_upper(path, hashes)
            previous = leaves[-HASH_LENGTH:]
            if self.progress:
                self.progress(edge.size, size)
        for path, hashes in edge.partial_tiles():
            self._compare_upper(path, hashes)
        if edge.root() != self.checkpoint.root:
            raise InconsistentError(
                "entries and tiles agree with each other, but not with the signed root; which entry was "
                "changed cannot be told without a memory (--state) of an earlier verification"
            )

    def _bundle(self, number: int, previous: bytes) -> bytes:
        """Return a bundle's leaf hashes, once they follow `previous`, fill the tile and are as remembered."""
        start = number * TILE_WIDTH
        width = tile_width(self.checkpoint.size, 0, number)
        try:
            data = self.reader.bundle(number)
            tile = self.reader.tile(0, number)
        except (MalformedError, NotPublishedError) as error:
            data, tile = self._whatever_is_there(number)
            raise self._blame(number, data, tile, previous, str(error)) from error
        leaves = hash_bundle(data, previous)
        remembered = self.memory.leaves(start, width) if self.memory else b""
        if leaves is None or leaves != tile or not leaves.startswith(remembered):
            raise self._blame(number, data, tile, previous, "the bundle does not fit its tile")
        if self.memory:
            self.memory.add_leaves(start, leaves)
        return leaves

    def _continues(self, edge: Edge, leaves: bytes) -> None:
        """See that the tree had the remembered root when it had the remembered size."""
        known = self.memory.checkpoint if self.memory else None
        if known is None or not edge.size < known.size <= edge.size + len(leaves) // HASH_LENGTH:
            return
        then = edge.copy()
        then.extend(leaves[: (known.size - edge.size) * HASH_LENGTH])
        if then.root() != known.root:
            count = self.memory.leaf_count if self.memory else 0
            raise InconsistentError(
                f"the log does not continue the {known.size} entries it signed when verified before; the "
                f"first change is at or after entry {count}"
            )

    def _compare_upper(self, path: TilePath, hashes: bytes) -> None:
        """Compare what was computed for a tile above the leaves with what is published."""
        level = path.level or 0
        if level == 0:
            return  # compared with its bundle already
        span = TILE_WIDTH**level
        first = path.index * TILE_WIDTH * span
        try:
            published = self.reader.tile(level, path.index)
        except (MalformedError, NotPublishedError) as error:
            raise InconsistentError(f"{path} is not as signed: {error}", first) from error
        for at in range(0, len(hashes), HASH_LENGTH):
            if hashes[at : at + HASH_LENGTH] != published[at : at + HASH_LENGTH]:
                bad = first + at // HASH_LENGTH * span
                raise InconsistentError(
                    f"{path} holds another hash over the entries {bad} to {bad + span - 1} than these have",
                    bad,
                )

    # ---- naming the first bad entry ----------------------------------------------------------------------

    def _whatever_is_there(self, number: int) -> tuple[bytes, bytes]:
        parts = []
        for read in (self.reader.bundle, lambda at: self.reader.tile(0, at)):
            try:
                parts.append(read(number))
            except (MalformedError, NotPublishedError):
                parts.append(b"")
        return parts[0], parts[1]

    def _blame(
        self, number: int, data: bytes, tile: bytes, previous: bytes, reason: str
    ) -> InconsistentError:
        """Return the error that names the first bad entry of a bundle that does not fit."""
        start = number * TILE_WIDTH
        entries = _records(data)
        remembered = self.memory.leaves(start, TILE_WIDTH) if self.memory else b""
        for place, entry in enumerate(entries):
            index, at = start + place, place * HASH_LENGTH
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
                return self._blame_chain(index, named, leaf, follower)
            previous = leaf
        index = start + len(entries)
        if len(entries) < tile_width(self.checkpoint.size, 0, number):
            return InconsistentError(f"entry {index} is signed for, but not published: {reason}", index)
        return InconsistentError(f"the hashes of the entries from {start} on are damaged: {reason}", start)

    def _forgotten(self, remembered: bytes, leaf: bytes) -> bool:
        """Whether an entry is another than the remembered one; a damaged memory is no evidence."""
        if self.memory is None or not remembered or remembered == leaf:
            return False
        self.memory.check_leaves()
        return True

    def _blame_chain(
        self, index: int, named: bytes, leaf: bytes, follower: bytes | None
    ) -> InconsistentError:
        """Entry `index` does not name the one before it, though the hashes at level 0 fit both.

        Either the one before was changed, or this one is in a place that is not its own.
        """
        if leads_to_root(self.reader, self.checkpoint):
            pass  # the log itself signed it so
        elif index > 0 and leads_to_root(self.reader, self.checkpoint, index - 1, named):
            index -= 1
        else:
            if follower is None and index + 1 < self.checkpoint.size:
                follower = next(iter(_records(self._whatever_is_there((index + 1) // TILE_WIDTH)[0])), None)
            fits_follower = follower is not None and len(follower) == ENTRY_LENGTH
            if fits_follower and follower and follower[PREVIOUS_AT] == b2a_base64(leaf, newline=False):
                index -= 1 if index > 0 and not self._is_short() else 0
        return InconsistentError(f"the chain breaks: entry {index} was changed, removed or moved", index)

    def _is_short(self) -> bool:
        """Whether fewer entries are published than signed for: then one is missing in front."""
        last = (self.checkpoint.size - 1) // TILE_WIDTH
        width = tile_width(self.checkpoint.size, 0, last)
        return len(_records(self._whatever_is_there(last)[0])) < width


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


def _records(data: bytes) -> list[bytes]:
    """Return the entries of a bundle as far as it can be taken apart."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    return entries
