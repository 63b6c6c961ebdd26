"""Reading a whole log once: every entry rehashed, the chain followed, every tile compared, memory bounded.

Stretches of bundles are examined on their own, by several processes if there are; here they are joined, in order,
to one chain and one tree. Only where one does not fit is it taken apart entry by entry, to name the first bad one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.blame import Blame, good_entries
from ledger.bundle import Stretch
from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.entry import GENESIS_PREVIOUS
from ledger.errors import InconsistentError, MalformedError, NotPublishedError
from ledger.sources import Source
from ledger.state import Memory
from ledger.tiles import RECORD_LENGTH, TILE_WIDTH, Edge, TilePath, TileReader, tile_width
from ledger.workers import Work, examine_all

SAVE_EVERY = 65_536
"""After how many entries a verification notes how far it is, so that one that is cut short can go on."""

Progress = Callable[[int, int], None]
"""Called with (entries done, entries in all)."""


@dataclass
class Scan:
    """One pass over the published entries and tiles of the log that `checkpoint` signs.

    With a `memory`, entries are compared with the leaf hashes verified before, new ones are added to it, and a pass
    that was cut short goes on where it last noted how far it was (every `save_every` entries).
    """

    source: Source
    checkpoint: Checkpoint
    note: bytes = b""
    memory: Memory | None = None
    progress: Progress | None = None
    processes: int | None = None
    save_every: int = SAVE_EVERY
    resumed: int = field(init=False, default=0)
    """How many entries an earlier pass had done already."""

    def __post_init__(self) -> None:
        self._begin()
        self._known = self.memory.known if self.memory else []
        self._continued = self.memory.leaf_count if self.memory else 0
        self._reader = TileReader(self.source, self.checkpoint.size)
        self._blame = Blame(self._reader, self.checkpoint, self.memory)

    def run(self) -> None:
        """Read everything.

        Raises:
            InconsistentError: names the first bad entry where anything allows it.
            NotPublishedError: a file of the signed tree is missing and no entry could be blamed.
            UnreachableError: the log stopped answering.
        """
        try:
            self._resume()
            self._pass()
        except InconsistentError:
            if not self.resumed:
                raise
            # What was noted before may not be of this log: look at everything again, and let that count.
            self._begin()
            self._pass()

    def _begin(self) -> None:
        self.resumed, self._edge, self._previous = 0, Edge(), GENESIS_PREVIOUS

    def _pass(self) -> None:
        size = self.checkpoint.size
        saved = self._edge.size
        first = self._edge.size // TILE_WIDTH
        stretches = examine_all(
            self.source, size, first, processes=self.processes, with_leaves=self.memory is not None
        )
        for work, stretch in stretches:
            joined = stretch.count if stretch is not None and self._join(work, stretch) else 0
            self._slowly(range(work[0] + joined, sum(work)))
            if self.progress:
                self.progress(self._edge.size, size)
            if self.memory and self._edge.size - saved >= self.save_every and self._edge.size < size:
                saved = self._edge.size
                self.memory.save_progress(self.note, saved, self._edge.root())
        for path, hashes in self._edge.partial_tiles():
            self._compare_upper(path, hashes)
        if self._edge.root() != self.checkpoint.root:
            raise InconsistentError(
                "entries and tiles agree with each other, but not with the signed root; which entry was "
                "changed cannot be told without a memory (--state) of an earlier verification"
            )

    def _join(self, work: Work, stretch: Stretch) -> bool:
        """Add a stretch that fits to chain and tree; False where it does not continue them."""
        start = work[0] * TILE_WIDTH
        if stretch.previous != self._previous:
            return False
        if self.memory:
            remembered = self.memory.leaves(start, len(stretch.leaves) // HASH_LENGTH)
            if not stretch.leaves.startswith(remembered):
                return False
            self.memory.add_leaves(start, stretch.leaves)
            self._continues(stretch.leaves)
        self._extend(stretch.roots, stretch.tail)
        self._previous = stretch.last
        return True

    def _slowly(self, numbers: range) -> None:
        """Look at bundles one by one, of which one did not fit; the first that does not is blamed."""
        for number in numbers:
            leaves = self._bundle(number, self._previous)
            self._continues(leaves)
            for path, hashes in self._edge.extend(leaves):
                self._compare_upper(path, hashes)
            self._previous = leaves[-HASH_LENGTH:]

    def _bundle(self, number: int, previous: bytes) -> bytes:
        """Return a bundle's leaf hashes, once they follow `previous`, fill the tile and are as remembered."""
        start = number * TILE_WIDTH
        width = tile_width(self.checkpoint.size, 0, number)
        try:
            data = self._reader.bundle(number)
            tile = self._reader.tile(0, number)
        except (MalformedError, NotPublishedError) as error:
            data, tile = self._blame.whatever_is_there(number)
            raise self._blame.name(number, data, tile, previous, str(error)) from error
        remembered = self.memory.leaves(start, width) if self.memory else b""
        good, last = good_entries(data, tile, remembered, previous)
        if good * RECORD_LENGTH != len(data) or good != width:
            raise self._blame.name_after(good, number, data, tile, last, "the bundle does not fit its tile")
        if self.memory:
            self.memory.add_leaves(start, tile)
        return tile

    def _continues(self, leaves: bytes) -> None:
        """See that the tree had each remembered root when it had the remembered size."""
        start, end = self._edge.size, self._edge.size + len(leaves) // HASH_LENGTH
        for known in self._known:
            if not start < known.size <= end:
                continue
            then = self._edge.copy()
            then.extend(leaves[: (known.size - start) * HASH_LENGTH])
            if then.root() != known.root:
                raise InconsistentError(
                    f"the log does not continue the {known.size} entries it signed when verified before; the "
                    f"first change is at or after entry {self._continued}"
                )
            self._continued = max(self._continued, known.size)

    def _extend(self, roots: bytes, tail: bytes) -> None:
        for path, hashes in (*self._edge.extend_tiles(roots), *self._edge.extend(tail)):
            self._compare_upper(path, hashes)

    def _compare_upper(self, path: TilePath, hashes: bytes) -> None:
        """Compare what was computed for a tile above the leaves with what is published."""
        level = path.level or 0
        if level == 0:
            return  # compared with its bundle already
        span = TILE_WIDTH**level
        first = path.index * TILE_WIDTH * span
        try:
            published = self._reader.tile(level, path.index)
        except (MalformedError, NotPublishedError) as error:
            raise InconsistentError(f"{path} is not as signed: {error}", first) from error
        for at in range(0, len(hashes), HASH_LENGTH):
            if hashes[at : at + HASH_LENGTH] != published[at : at + HASH_LENGTH]:
                bad = first + at // HASH_LENGTH * span
                raise InconsistentError(
                    f"{path} holds another hash over the entries {bad} to {bad + span - 1} than these have",
                    bad,
                )

    # ---- going on where an earlier pass was cut short ----------------------------------------------------

    def _resume(self) -> None:
        """Take up what an earlier pass had done, if its leaf hashes are still those that it noted."""
        memory = self.memory
        noted = memory.progress if memory else None
        if memory is None or noted is None or not 0 < noted.count < self.checkpoint.size:
            return
        self.resumed = noted.count
        for start in range(0, noted.count, TILE_WIDTH):
            leaves = memory.scanned_leaves(start)
            self._continues(leaves)
            for path, hashes in self._edge.extend(leaves):
                self._compare_upper(path, hashes)
            self._previous = leaves[-HASH_LENGTH:]
        if self._edge.size != noted.count or self._edge.root() != noted.root:
            self._begin()
