"""A mirror: a copy of a published log that is checked while it is made, and can be verified in the log's place.

Nothing is written that was not rehashed up to the signed root first, so a copy that was cut short holds nothing
false and goes on where it was. A log may sign any size: nothing here grows with what it says, entries are fetched
from the first one on, and the copy ends at the first file that is missing. The checkpoint comes last. A log that
went back, or signed another history than the one that was copied, is refused, and both signed checkpoints are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ledger.blame import Blame
from ledger.bundle import first_previous, hash_bundle
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    NotPublishedError,
    ProofError,
    SignatureError,
    StateError,
)
from ledger.files import exclusive, make_directory, write_atomically
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.sources import Source
from ledger.tiles import (
    MAX_CHECKPOINT_LENGTH,
    RECORD_LENGTH,
    TILE_WIDTH,
    TileDirectory,
    TilePath,
    TileReader,
    tile_width,
)
from ledger.tree import consistency_proof, verify_consistency
from ledger.trusted import TrustedTiles, is_tile

LANES = 8
"""How many bundles are fetched, checked and written at a time."""

_WINDOW = 4 * LANES


def mirror(
    source: Source,
    vkeys: Sequence[VerifierKey],
    directory: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Bring the copy in `directory` up to the newest checkpoint of the log behind `source`.

    Returns the checks: *signature*; *edge*; *memory* and *continuity* (the log goes on from the copy that there was);
    *copy* (every entry, its chain and every tile lead to the signed root, and are written). Durable when it returns.

    Raises:
        SignatureError: the checkpoint is not signed by these keys.
        InconsistentError: the log went back, signed another history, or a file of it is not as signed.
        StateError: the copy is not of this log, or somebody else is writing it.
        NotPublishedError: there is no checkpoint.
        UnreachableError: the log does not answer; what was copied stays.
        Each has the checks so far as its `report`.
    """
    report = Report()
    with report.check("signature") as details:
        note = source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
        checkpoint = open_checkpoint(note, vkeys)
        report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root
        details.say(f"{checkpoint.origin} signs a log of {checkpoint.size} entries")
    make_directory(directory)
    try:
        with exclusive(directory):
            _Copy(source, checkpoint, note, TileDirectory(directory), report).run(vkeys, progress)
    except BlockingIOError as error:
        raise StateError(f"somebody else is writing in {directory}") from error
    return report


class _Copy:
    """One run of copying up to one checkpoint."""

    def __init__(
        self, source: Source, checkpoint: Checkpoint, note: bytes, place: TileDirectory, report: Report
    ) -> None:
        self._checkpoint = checkpoint
        self._note = note
        self._place = place
        self._report = report
        self._far = TileReader(source, checkpoint.size)
        with report.check("edge") as details:
            self._trusted = TrustedTiles(source, checkpoint)
            details.say("the newest tiles lead to the signed root")
        self._near = TileReader(place, checkpoint.size)
        self._blame = Blame(self._far, checkpoint, None)
        self._outgrown: list[TilePath] = []

    def run(self, vkeys: Sequence[VerifierKey], progress: Callable[[int, int], None] | None) -> None:
        """1. Compare with the copy; 2. copy what is new; 3. then say so, the checkpoint last."""
        mine = self._own_checkpoint(vkeys)
        if mine is not None:
            self._compare(mine)
        with self._report.check("copy") as details:
            self._copy_bundles(0 if mine is None else mine.size // TILE_WIDTH, progress)
            self._copy_upper_tiles()
            self._place.sync()
            self._place.write_checkpoint(self._note)
            for path in self._outgrown:
                self._place.drop_partial(path)
            details.say(f"all {self._checkpoint.size} entries and their tiles are here, as signed")

    def _own_checkpoint(self, vkeys: Sequence[VerifierKey]) -> Checkpoint | None:
        try:
            mine = open_checkpoint(self._place.fetch("checkpoint", MAX_CHECKPOINT_LENGTH), vkeys)
        except NotPublishedError:
            return None
        except (MalformedError, SignatureError) as error:
            raise StateError(
                f"the copy in {self._place.root} is damaged, or of another log: {error}"
            ) from error
        if mine.origin != self._checkpoint.origin:
            raise StateError(f"the copy in {self._place.root} is of {mine.origin}")
        return mine

    def _compare(self, mine: Checkpoint) -> None:
        """See that the log goes on from what was copied."""
        new = self._checkpoint
        with self._report.check("memory") as details:
            if new.size < mine.size:
                self._agree(self._own_tiles(mine, new.size), new, mine)
                raise InconsistentError(
                    f"the log was set back: it has {new.size} entries, the copy {mine.size}, and so far both agree",
                    new.size,
                )
            details.say(f"not shorter than the copy of {mine.size} entries")
        with self._report.check("continuity") as details:
            self._agree(self._trusted, mine, new)
            details.say(f"the log begins with the {mine.size} entries of the copy")

    def _own_tiles(self, mine: Checkpoint, size: int) -> TileReader:
        """Return the copy's tiles, once what a proof from `size` takes leads to the copy's own root.

        A file that was damaged here is no evidence against the log.
        """
        try:
            own = TrustedTiles(self._place, mine)
            consistency_proof(own, size, mine.size)
        except InconsistentError as error:
            raise StateError(f"the copy in {self._place.root} is damaged: {error}") from error
        return own

    def _agree(self, reader: TileReader, old: Checkpoint, new: Checkpoint) -> None:
        """Raise InconsistentError, and keep both signed checkpoints, unless `new` continues `old`."""
        try:
            proof = consistency_proof(reader, old.size, new.size)
            verify_consistency(old.size, new.size, old.root, new.root, proof)
        except (MalformedError, NotPublishedError) as error:  # not the log's: trusted tiles say it otherwise
            raise StateError(f"the copy in {self._place.root} is damaged: {error}") from error
        except ProofError as error:
            evidence = self._place.root / f".evidence-{sha256(self._note).hexdigest()[:16]}"
            make_directory(evidence)
            mine = self._place.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
            write_atomically(evidence / "remembered", mine)
            write_atomically(evidence / "contradicting", self._note)
            raise InconsistentError(
                f"the log signed two histories: {error}; both signed checkpoints are kept in {evidence}"
            ) from error

    # ---- copying -----------------------------------------------------------------------------------------

    def _copy_upper_tiles(self) -> None:
        level = 1
        while count := self._checkpoint.size >> 8 * level:
            for index in range(-(-count // TILE_WIDTH)):
                path = TilePath(level, index, tile_width(self._checkpoint.size, level, index))
                if path.width < TILE_WIDTH or not self._has(path):
                    self._put(path, self._trusted.tile(level, index))
                self._note_outgrown(path)
            level += 1

    def _copy_bundles(self, finished: int, progress: Callable[[int, int], None] | None) -> None:
        """Copy the bundles that are not here yet, with their tiles.

        Those before the bundle `finished` were checked when the copy was last finished; later ones that are here
        come from a run that was cut short, and are read again.
        """
        size = self._checkpoint.size
        missing = self._missing(finished)
        with ThreadPoolExecutor(LANES) as lanes:
            while numbers := list(islice(missing, _WINDOW)):
                expected = [self._trusted.expected(0, number) for number in numbers]
                pairs = list(lanes.map(self._read, numbers, expected))
                for number, pair, tile in zip(numbers, pairs, expected, strict=True):
                    self._check(number, *pair, tile)
                list(lanes.map(self._write, numbers, pairs))
                if progress:
                    progress(min(size, (numbers[-1] + 1) * TILE_WIDTH), size)

    def _missing(self, finished: int) -> Iterator[int]:
        """Yield the numbers of the bundles to copy, one by one: the size that a log signs may be any."""
        for number in range(finished):
            if not (self._has(TilePath(0, number)) and self._has(TilePath(None, number))):
                yield number
        yield from range(finished, -(-self._checkpoint.size // TILE_WIDTH))

    def _read(self, number: int, expected: bytes) -> tuple[bytes, bytes]:
        """Return a bundle and its tile: what a run that was cut short left here, else what the log gives."""
        with suppress(LedgerError):
            data, tile = self._near.bundle(number), self._near.tile(0, number)
            if is_tile(tile, expected) and hash_bundle(data, first_previous(data)) == tile:
                return data, tile
        try:
            return self._far.bundle(number), self._far.tile(0, number)
        except (MalformedError, NotPublishedError):
            return self._blame.whatever_is_there(number)

    def _check(self, number: int, data: bytes, tile: bytes, expected: bytes) -> None:
        """See that a tile is the signed one, and that the entries of its bundle follow the one before and fill it."""
        if not is_tile(tile, expected):
            raise InconsistentError(
                f"{TilePath(0, number)} does not lead to the signed root", number * TILE_WIDTH
            )
        previous = self._trusted.last_before(number)
        if hash_bundle(data, previous) != tile:
            raise self._blame.name(number, data, tile, previous, "the bundle does not fit its tile")

    def _write(self, number: int, pair: tuple[bytes, bytes]) -> None:
        width = tile_width(self._checkpoint.size, 0, number)
        for path, data in zip((TilePath(None, number, width), TilePath(0, number, width)), pair, strict=True):
            self._put(path, data)
            self._note_outgrown(path)

    def _has(self, path: TilePath) -> bool:
        unit = RECORD_LENGTH if path.level is None else HASH_LENGTH
        try:
            return (self._place.root / str(path)).stat().st_size == path.width * unit
        except OSError:
            return False

    def _put(self, path: TilePath, data: bytes) -> None:
        """Write what was checked, also in the place of a file of ours that was damaged."""
        self._place.write_tile(path, data, replace=True)

    def _note_outgrown(self, path: TilePath) -> None:
        """Remember to drop what is not full of a tile, once the checkpoint says that the full one is there."""
        if path.width == TILE_WIDTH and self._place.has_partial(path):
            self._outgrown.append(path)
