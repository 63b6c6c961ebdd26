"""What a log shows to whom: the checkpoints that several places give, compared with each other.

A log can show one history here and another there. Whoever compares sees it: the log, its mirrors, its witnesses,
and what was seen before. Two checkpoints of one size that differ are evidence by themselves; of two sizes the
tiles behind the larger one are needed, from whichever place has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalformedError, NotPublishedError, ProofError, UnreachableError
from ledger.evidence import SplitView, compare
from ledger.note import VerifierKey, split_note
from ledger.sources import Source
from ledger.tiles import TileReader
from ledger.tree import EMPTY_ROOT, range_root

_UNREADABLE = (MalformedError, NotPublishedError, ProofError, UnreachableError)


@dataclass(frozen=True)
class Sighting:
    """A checkpoint that a place showed, its log's signature checked; `tiles` where the place has tiles too."""

    place: str
    note: bytes
    checkpoint: Checkpoint
    tiles: Source | None = None

    @property
    def text(self) -> str:
        return split_note(self.note)[0]

    @classmethod
    def open(
        cls, place: str, note: bytes, keys: Sequence[VerifierKey], tiles: Source | None = None
    ) -> Sighting:
        """Open what a place showed; raises MalformedError or SignatureError where no key of the log signed it."""
        return cls(place, note, open_checkpoint(note, keys), tiles)


@dataclass(frozen=True)
class Contradiction:
    """Two places that show two histories, with the evidence."""

    places: tuple[str, str]
    evidence: SplitView


def compare_all(
    sightings: Sequence[Sighting], keys: Sequence[VerifierKey]
) -> tuple[list[Contradiction], list[tuple[Sighting, Sighting]]]:
    """Return which of these checkpoints of one log exclude each other, and those that cannot be compared.

    They cannot where no place gives the tiles behind the larger checkpoint, the second of the two.
    """
    contradictions: list[Contradiction] = []
    unproven: list[tuple[Sighting, Sighting]] = []
    distinct = list({one.text: one for one in reversed(sightings)}.values())
    trees = {one.text: _tree_of(one, sightings) for one in distinct}
    for pair in combinations(distinct, 2):
        small, large = sorted(pair, key=lambda sighting: sighting.checkpoint.size)
        tree = trees[large.text]
        try:
            evidence = compare(small.note, large.note, keys, tree or _NoTree())
        except _UNREADABLE:
            unproven.append((small, large))
            continue
        if evidence is not None:
            contradictions.append(Contradiction((small.place, large.place), evidence))
    return contradictions, unproven


def _tree_of(sighting: Sighting, sightings: Sequence[Sighting]) -> TileReader | None:
    """Return the tiles that lead to this checkpoint's root, from any place that has them."""
    size = sighting.checkpoint.size
    for one in sightings:
        if one.tiles is None:
            continue
        reader = TileReader(one.tiles, size)
        try:
            root = range_root(reader, 0, size) if size else EMPTY_ROOT
        except _UNREADABLE:
            continue
        if root == sighting.checkpoint.root:
            return reader
    return None


class _NoTree:
    """The tree that no place has; to compare two checkpoints of one size takes no hashes."""

    def subtree(self, level: int, index: int) -> bytes:
        raise NotPublishedError("nobody has this tree")
