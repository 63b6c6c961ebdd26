"""Tiles and entry bundles: the published form of the tree (c2sp.org/tlog-tiles), written and read."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.encoding import HASH_LENGTH
from ledger.entry import ENTRY_LENGTH
from ledger.errors import (
    InconsistentError,
    MalformedError,
    NotPublishedError,
    ProofError,
    UnreachableError,
)
from ledger.files import make_directory, read_regular, sync_directory, write_atomically
from ledger.paths import MAX_LEVEL, TILE_WIDTH, TilePath, bundle_path, parse_path, tile_path
from ledger.tree import Frontier

if TYPE_CHECKING:
    from ledger.sources import Source

__all__ = [
    "MAX_CHECKPOINT_LENGTH",
    "MAX_LEVEL",
    "RECORD_LENGTH",
    "TILE_LENGTH",
    "TILE_WIDTH",
    "Edge",
    "TileDirectory",
    "TilePath",
    "TileReader",
    "bundle_path",
    "encode_bundle",
    "fold",
    "fold_once",
    "parse_path",
    "split_bundle",
    "tile_path",
    "tile_width",
]

TILE_LENGTH = TILE_WIDTH * HASH_LENGTH
RECORD_LENGTH = 2 + ENTRY_LENGTH
MAX_CHECKPOINT_LENGTH = 1_000_000
_CACHED_TILES = 64


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the entries, each behind its length as uint16be."""
    if not 0 < len(entries) <= TILE_WIDTH:
        raise MalformedError("a bundle has 1 to 256 entries")
    if max(map(len, entries)) > 0xFFFF:
        raise MalformedError("an entry is longer than a bundle can say")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def split_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle, of any length; raises MalformedError if it is cut short or too long."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise MalformedError(f"the bundle is cut short in its entry {len(entries)}")
        entries.append(data[at + 2 : end])
        at = end
    if not 0 < len(entries) <= TILE_WIDTH:
        raise MalformedError("a bundle has 1 to 256 entries")
    return entries


def fold(hashes: bytes) -> bytes:
    """Return the root over 2^k concatenated hashes."""
    while len(hashes) > HASH_LENGTH:
        hashes = fold_once(hashes)
    return hashes


def fold_once(hashes: bytes) -> bytes:
    """Return the hashes over each two of the concatenated ones; one that is left over counts for nothing."""
    pairs = range(0, len(hashes) - HASH_LENGTH, 2 * HASH_LENGTH)
    return b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in pairs])


def tile_width(size: int, level: int, index: int) -> int:
    """Return how many hashes a tile has in a tree of `size`; 0 if it has no such tile."""
    return max(0, min(TILE_WIDTH, (size >> 8 * level) - TILE_WIDTH * index))


class Edge:
    """The right edge of a growing tree as tiles: per level, the hashes of the tile that is not yet full."""

    def __init__(self, size: int = 0, levels: Sequence[bytes] = ()) -> None:
        """Start empty, or from the partial tiles of a tree of `size`; raises MalformedError for others."""
        self.size = size
        self.levels = list(levels)
        rest = size
        for hashes in self.levels:
            if len(hashes) != HASH_LENGTH * (rest % TILE_WIDTH):
                raise MalformedError("partial tiles do not fit the tree's size")
            rest //= TILE_WIDTH
        if rest:
            raise MalformedError("partial tiles do not fit the tree's size")

    def extend_tiles(self, roots: bytes) -> list[tuple[TilePath, bytes]]:
        """Add full tiles of level 0 by their roots, concatenated; return the tiles above that became full.

        Raises:
            MalformedError: the last tile of level 0 is not full yet.
        """
        if self.size % TILE_WIDTH:
            raise MalformedError("full tiles can only follow full tiles")
        full: list[tuple[TilePath, bytes]] = []
        if roots:
            self.levels = self.levels or [b""]
            self._add(1, roots, full)
            self.size += TILE_WIDTH * (len(roots) // HASH_LENGTH)
        return full

    def extend(self, leaves: bytes) -> list[tuple[TilePath, bytes]]:
        """Add concatenated leaf hashes at the end; return the tiles that became full, of every level."""
        full: list[tuple[TilePath, bytes]] = []
        self._add(0, leaves, full)
        self.size += len(leaves) // HASH_LENGTH
        return full

    def _add(self, level: int, hashes: bytes, full: list[tuple[TilePath, bytes]]) -> None:
        if level == len(self.levels):
            self.levels.append(b"")
        index = self.size >> 8 * (level + 1)
        hashes = self.levels[level] + hashes
        roots: list[bytes] = []
        for at in range(0, len(hashes) - TILE_LENGTH + 1, TILE_LENGTH):
            tile = hashes[at : at + TILE_LENGTH]
            full.append((TilePath(level, index + len(roots)), tile))
            roots.append(fold(tile))
        self.levels[level] = hashes[len(roots) * TILE_LENGTH :]
        if roots:
            self._add(level + 1, b"".join(roots), full)

    def partial_tiles(self) -> list[tuple[TilePath, bytes]]:
        """Return the tiles that are not full, of every level at which there is one."""
        return [
            (TilePath(level, self.size >> 8 * (level + 1), len(hashes) // HASH_LENGTH), hashes)
            for level, hashes in enumerate(self.levels)
            if hashes
        ]

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        frontier = Frontier()
        for level in range(len(self.levels) - 1, -1, -1):
            hashes = self.levels[level]
            for at in range(0, len(hashes), HASH_LENGTH):
                frontier.append_subtree(8 * level, hashes[at : at + HASH_LENGTH])
        return frontier.root()

    def copy(self) -> Edge:
        """Return an independent edge of the same tree."""
        return Edge(self.size, self.levels)


class TileReader:
    """Tiles, bundles and subtree hashes of a published tree of `size` entries, read from a source."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.size = size
        self._cache: dict[tuple[int, int], list[bytes]] = {}

    def tile(self, level: int, index: int) -> bytes:
        """Return the concatenated hashes of a tile.

        Raises:
            ProofError: this tree has no such tile.
            MalformedError: what the source gives has another length.
            NotPublishedError: the source has neither the partial tile nor the full one.
        """
        width = self._width(level, index)
        data = self._fetch(TilePath(level, index, width), HASH_LENGTH)
        if not data:
            raise MalformedError(f"{tile_path(level, index, width)} is empty, which no tile is")
        if len(data) != width * HASH_LENGTH:
            raise MalformedError(f"{tile_path(level, index, width)} has not {width} hashes")
        return data

    def bundle(self, index: int) -> bytes:
        """Return the bytes of an entry bundle as published: not checked, not even their number."""
        width = self._width(0, index)
        return self._fetch(TilePath(None, index, width), RECORD_LENGTH)

    def subtree(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree (see `ledger.tree.HashReader`)."""
        depth = level % 8
        first = index << depth
        pyramid = self._pyramid(level // 8, first // TILE_WIDTH)
        while len(pyramid) <= depth:
            pyramid.append(fold_once(pyramid[-1]))
        at = (first % TILE_WIDTH >> depth) * HASH_LENGTH
        if len(pyramid[depth]) < at + HASH_LENGTH:
            raise ProofError("the tree is not that large")
        return pyramid[depth][at : at + HASH_LENGTH]

    def _cached(self, level: int, index: int) -> bytes:
        return self._pyramid(level, index)[0]

    def _pyramid(self, level: int, index: int) -> list[bytes]:
        """Return a tile, and as many of the levels above it as were asked for, from the newest ones that were read."""
        if (level, index) not in self._cache:
            if len(self._cache) >= _CACHED_TILES:
                del self._cache[next(iter(self._cache))]
            self._cache[level, index] = [self.tile(level, index)]
        return self._cache[level, index]

    def _width(self, level: int, index: int) -> int:
        width = tile_width(self.size, level, index)
        if width == 0:
            raise ProofError(f"the tree of {self.size} entries has no tile {index} at level {level}")
        return width

    def _fetch(self, path: TilePath, unit: int) -> bytes:
        try:
            return self._source.fetch(str(path), path.width * unit)
        except NotPublishedError as error:
            if path.width == TILE_WIDTH:
                raise
            missing = error
        # A log may drop a partial tile once the full one is there.
        try:
            return self._source.fetch(str(TilePath(path.level, path.index)), TILE_WIDTH * unit)[
                : path.width * unit
            ]
        except NotPublishedError:
            raise missing from None


def _first_apart(path: TilePath, one: bytes, other: bytes) -> int:
    """Return the first entry that two contents of a tile or bundle say differently."""
    unit = RECORD_LENGTH if path.level is None else HASH_LENGTH
    pairs = zip(one, other, strict=False)
    at = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return (path.index * TILE_WIDTH + min(at // unit, path.width - 1)) << 8 * (path.level or 0)


class TileDirectory:
    """A published log in a directory: `checkpoint`, `vkey` and `tile/…`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unsynced: set[Path] = set()

    def fetch(self, path: str, limit: int) -> bytes:
        """Return one published file; see `ledger.sources.Source`."""
        if path not in ("checkpoint", "vkey", "policy"):
            parse_path(path)  # nothing outside the log can be asked for
        try:
            data = read_regular(self.root / path, limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            if path == "checkpoint":
                raise NotPublishedError(
                    f"there is no log in {self.root}: it has no file checkpoint"
                ) from error
            raise NotPublishedError(f"{path} is not published") from error
        except OSError as error:  # says nothing of the log: as a server that does not give the file
            raise UnreachableError(f"{self.root / path} cannot be read: {error.strerror}") from error
        if len(data) > limit:
            raise MalformedError(f"{path} is longer than the {limit} bytes it may have")
        return data

    def read_tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return the first `width` hashes of a tile, from the file of that width or from the full one."""
        return TileReader(self, (TILE_WIDTH * index + width) << 8 * level).tile(level, index)

    def read_bundle(self, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return the first `width` entries of a bundle, as encoded, from that file or from the full one."""
        return TileReader(self, TILE_WIDTH * index + width).bundle(index)

    def reader(self, size: int) -> TileReader:
        """Return a hash reader for proofs in the tree of `size` entries."""
        return TileReader(self, size)

    def write_tile(self, path: TilePath, data: bytes, *, replace: bool = False) -> None:
        """Publish a tile or bundle, durable after `sync`; once it is signed it never changes.

        With `replace` it takes the place of another content, at once: where that was signed by nobody.

        Raises:
            InconsistentError: another content is already published there; names the first entry that differs.
        """
        place = self.root / str(path)
        self._unsynced.add(place.parent)  # also for a tile of a publisher that crashed before it could sync
        try:
            published = read_regular(place, len(data) + 1)
        except FileNotFoundError:
            make_directory(place.parent)
            write_atomically(place, data, sync=False)
            return
        if published == data:
            return
        if not replace:
            raise InconsistentError(
                f"{path} is already published with another content", _first_apart(path, published, data)
            )
        write_atomically(place, data, sync=False)

    def sync(self) -> None:
        """Make the names of all written tiles durable."""
        for place in sorted(self._unsynced):
            sync_directory(place)
        self._unsynced.clear()

    def has_partial(self, path: TilePath) -> bool:
        """Say whether a tile or bundle has a form here that is not full."""
        full = self.root / str(TilePath(path.level, path.index))
        return full.with_name(f"{full.name}.p").is_dir()

    def drop_partial(self, path: TilePath) -> None:
        """Remove the partial forms of a tile or bundle, once its full form is published."""
        full = self.root / str(TilePath(path.level, path.index))
        partial = full.with_name(f"{full.name}.p")
        if not full.is_file() or not partial.is_dir():
            return
        for file in partial.iterdir():
            file.unlink()
        partial.rmdir()

    def write_checkpoint(self, note: bytes) -> None:
        """Replace the published checkpoint, durably and at once."""
        make_directory(self.root)
        write_atomically(self.root / "checkpoint", note)

    def write_vkeys(self, vkeys: Sequence[str]) -> None:
        """Publish verifier keys, one per line: the log's first, then the door's."""
        make_directory(self.root)
        write_atomically(self.root / "vkey", "".join(f"{vkey}\n" for vkey in vkeys).encode())

    def write_policy(self, policy: bytes) -> None:
        """Publish the policy that says which witnesses the log asks."""
        make_directory(self.root)
        write_atomically(self.root / "policy", policy)
