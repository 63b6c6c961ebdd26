"""Checks a published log, as an outsider: nothing counts that was not rehashed against the signed root.

Needs the standard library and PyNaCl. Without a memory a verifier sees that a log agrees with itself and with
what it signs *now*; with one (`state`), also that it still is the log it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ledger.blame import leads_to_root
from ledger.bundle import hash_bundle
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.errors import InconsistentError, MalformedError, NotPublishedError, ProofError
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.sample import SAMPLE, check_sample
from ledger.scan import Progress, Scan
from ledger.sources import DirectorySource, HTTPSource, Source, open_source
from ledger.state import Memory
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TILE_WIDTH, TileReader
from ledger.tree import consistency_proof, verify_consistency
from ledger.trusted import TrustedTiles

__all__ = ["DirectorySource", "HTTPSource", "Progress", "Report", "Source", "open_source", "verify"]


def verify(
    source: Source,
    vkeys: Sequence[VerifierKey],
    *,
    full: bool = False,
    state: Path | None = None,
    sample: int = SAMPLE,
    progress: Progress | None = None,
    processes: int | None = None,
) -> Report:
    """Verify the log behind `source` and return the checks that were made.

    1. *signature*: the checkpoint is signed by one of `vkeys`, under the log's own origin.
    2. *memory* (with `state`): the log is not shorter than it was when verified before.
    3. *entries* (with `full`): every entry is canonical, names the one before it, is the one in the tree, and
       is the one that was there before; every tile of every level is the one that these entries make.
       Otherwise *edge*: the tiles at the right edge lead to the signed root, and the newest entries to them; and
       *sample*: as many entries as `sample` says, taken at random, have an inclusion proof.
    4. *continuity* (with `state`): the tree begins with every tree that was remembered.

    When all held, the memory in the directory `state` is brought up to date; with `full` it then holds every
    leaf hash, so that a later rewrite is named by its first entry, and a verification that was cut short goes on
    where it was. Memory use does not grow with the log. A large log is read by several `processes`, one per core
    where no number is given.

    Raises:
        SignatureError: not signed by these keys.
        InconsistentError: names the first bad entry where anything allows it.
        MalformedError: the checkpoint is not in its format.
        StateError: the memory in `state` is damaged, or another verification uses it.
        NotPublishedError: there is no checkpoint.
        UnreachableError: the log does not answer.
        Each has the checks so far as its `report`.
    """
    report = Report()
    with report.check("signature") as details:
        note = _newest_note(source)
        checkpoint = open_checkpoint(note, vkeys)
        report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root
        details.say(f"{checkpoint.origin} signs a log of {checkpoint.size} entries")
    with _memory(state, checkpoint.origin) as memory:
        look = _Look(source, checkpoint, note, memory, report)
        look.check_length()
        if full:
            look.check_entries(progress, processes)
        else:
            look.check_edge()
            look.check_sample(sample)
            look.check_continuity()
        if memory is not None:
            memory.commit(note, checkpoint, with_leaves=full)
    return report


def _newest_note(source: Source) -> bytes:
    return source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)


def _memory(state: Path | None, origin: str) -> AbstractContextManager[Memory | None]:
    return nullcontext() if state is None else Memory.open(state, origin)


class _Look:
    """One verification of one checkpoint."""

    def __init__(
        self, source: Source, checkpoint: Checkpoint, note: bytes, memory: Memory | None, report: Report
    ) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._note = note
        self._memory = memory
        self._known = memory.known if memory else []
        self._report = report
        self._reader = TileReader(source, checkpoint.size)

    def check_length(self) -> None:
        """See that the log is not shorter than remembered."""
        if self._memory is None:
            return
        with self._report.check("memory") as details:
            if not self._known:
                details.say("first look: from now on a rollback or a rewrite will be seen")
                return
            longest = self._known[-1].size
            if self._checkpoint.size < longest:
                raise self._contradiction(
                    f"the log was rolled back: it has {self._checkpoint.size} entries, and had {longest} when "
                    "verified before",
                    self._first_change(self._checkpoint.size),
                )
            details.say(f"not shorter than the {longest} entries verified before")

    def check_entries(self, progress: Progress | None, processes: int | None) -> None:
        """Read everything; what continues the memory is seen on the way."""
        with self._report.check("entries") as details:
            scan = Scan(self._source, self._checkpoint, self._note, self._memory, progress, processes)
            try:
                scan.run()
            except InconsistentError as error:
                if not self._known or (error.index is not None and self._first_change(None) is None):
                    raise
                raise self._contradiction(str(error), error.index) from error
            before = f" ({scan.resumed} of them read when this was begun)" if scan.resumed else ""
            details.say(
                f"all {self._checkpoint.size} entries{before}, their chain and their tiles lead to the signed root"
            )
        if self._known:
            with self._report.check("continuity") as details:
                details.say(self._what_continues())

    def check_sample(self, count: int) -> None:
        """See that entries taken at random are in the signed tree."""
        with self._report.check("sample") as details:
            shown = check_sample(self._source, self._checkpoint, count)
            details.say(
                f"{shown} of {self._checkpoint.size} entries, taken at random, are in the signed tree (--full reads "
                "every one)"
            )

    def check_edge(self) -> None:
        """See that the tiles at the right edge, and the newest entries, belong to the signed root."""
        with self._report.check("edge") as details:
            try:
                if self._checkpoint.size:
                    self._check_newest(TrustedTiles(self._source, self._checkpoint))
            except (InconsistentError, MalformedError, NotPublishedError) as error:
                raise InconsistentError(f"{error}: run with --full") from error
            details.say("the newest entries and tiles lead to the signed root (--full reads every entry)")

    def _check_newest(self, trusted: TrustedTiles) -> None:
        """See that the newest bundle follows the one before and fills its tile, both rehashed up to the root.

        At sizes that are multiples of 256 no tile of its own at the right edge holds the newest entries.
        """
        number = (self._checkpoint.size - 1) // TILE_WIDTH
        tile = trusted.tile(0, number)
        if hash_bundle(self._reader.bundle(number), trusted.last_before(number)) != tile:
            raise InconsistentError("the newest entries are not those in the tree")

    def check_continuity(self) -> None:
        """See that the remembered tree is the beginning of this one."""
        if not self._known:
            return
        with self._report.check("continuity") as details:
            new, continued = self._checkpoint, 0
            for old in self._known:
                try:
                    proof = consistency_proof(self._reader, old.size, new.size)
                    verify_consistency(old.size, new.size, old.root, new.root, proof)
                except (ProofError, MalformedError, NotPublishedError) as error:
                    raise self._contradiction(
                        f"the log does not continue the {old.size} entries verified before: {error}; it does "
                        f"continue the first {continued}",
                        self._first_change(None),
                    ) from error
                continued = old.size
            details.say(self._what_continues())

    def _what_continues(self) -> str:
        several = f", and with {len(self._known) - 1} checkpoints before that" if len(self._known) > 1 else ""
        return f"the log begins with the {self._known[-1].size} entries verified before{several}"

    def _contradiction(self, message: str, index: int | None) -> InconsistentError:
        """Return the error for a log that signed two histories, and keep both signed checkpoints.

        A damaged copy is no evidence against the log: first its own tiles must lead to what it signed.
        """
        if self._memory is not None and leads_to_root(self._reader, self._checkpoint):
            message += f"; both signed checkpoints are kept in {self._memory.keep_evidence(self._note)}"
        return InconsistentError(message, index)

    def _first_change(self, otherwise: int | None) -> int | None:
        """Return the first remembered leaf hash that the published tiles contradict, or `otherwise`."""
        if self._memory is None:
            return otherwise
        size = min(self._memory.leaf_count, self._checkpoint.size)
        for number in range(-(-size // TILE_WIDTH)):
            start = number * TILE_WIDTH
            remembered = self._memory.leaves(start, min(TILE_WIDTH, size - start))
            try:
                tile = self._reader.tile(0, number)
            except (MalformedError, NotPublishedError):
                return otherwise
            for at in range(0, len(remembered), HASH_LENGTH):
                if remembered[at : at + HASH_LENGTH] != tile[at : at + HASH_LENGTH]:
                    self._memory.check_leaves()
                    return start + at // HASH_LENGTH
        return otherwise
