"""Tiles that count: each rehashed up to the signed root before anybody gets to see it."""

from __future__ import annotations

from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.entry import GENESIS_PREVIOUS
from ledger.errors import InconsistentError, MalformedError, NotPublishedError
from ledger.sources import Source
from ledger.tiles import TILE_LENGTH, TILE_WIDTH, Edge, TilePath, TileReader, fold, tile_width


class TrustedTiles(TileReader):
    """Reads the tiles of the tree that `checkpoint` signs; bundles come as they are published.

    The partial tiles at the right edge must lead to the root; a full tile must lead to its hash in the one above.

    Raises:
        InconsistentError: a tile is missing, malformed, or not the signed one; also raised when this is made.
    """

    def __init__(self, source: Source, checkpoint: Checkpoint) -> None:
        super().__init__(source, checkpoint.size)
        levels: list[bytes] = []
        while rest := checkpoint.size >> 8 * len(levels):
            level = len(levels)
            levels.append(self._fetched(level, rest // TILE_WIDTH) if rest % TILE_WIDTH else b"")
        self._edge = Edge(checkpoint.size, levels)
        if self._edge.root() != checkpoint.root:
            raise InconsistentError("the published tiles do not lead to the signed root")

    def tile(self, level: int, index: int) -> bytes:
        """Return the concatenated hashes of a tile that leads to the signed root."""
        if tile_width(self.size, level, index) < TILE_WIDTH:
            return super().tile(level, index) if level >= len(self._edge.levels) else self._edge.levels[level]
        hashes = self._fetched(level, index)
        if not is_tile(hashes, self.expected(level, index)):
            first = index * TILE_WIDTH << 8 * level
            raise InconsistentError(f"{TilePath(level, index)} does not lead to the signed root", first)
        return hashes

    def expected(self, level: int, index: int) -> bytes:
        """Return what a tile must be: the root of a full one, the hashes of a partial one (see `is_tile`)."""
        if tile_width(self.size, level, index) < TILE_WIDTH:
            return self._edge.levels[level]
        at = index % TILE_WIDTH * HASH_LENGTH
        return self._cached(level + 1, index // TILE_WIDTH)[at : at + HASH_LENGTH]

    def last_before(self, number: int) -> bytes:
        """Return the last leaf hash before the bundle `number`."""
        return self._cached(0, number - 1)[-HASH_LENGTH:] if number else GENESIS_PREVIOUS

    def _fetched(self, level: int, index: int) -> bytes:
        try:
            return super().tile(level, index)
        except (MalformedError, NotPublishedError) as error:
            first = index * TILE_WIDTH << 8 * level
            raise InconsistentError(f"a published file is not as signed: {error}", first) from error


def is_tile(hashes: bytes, expected: bytes) -> bool:
    """Whether a tile is the one that `TrustedTiles.expected` told."""
    return (fold(hashes) if len(hashes) == TILE_LENGTH else hashes) == expected
