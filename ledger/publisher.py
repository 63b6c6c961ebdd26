"""The publisher: alone holds the log's key, and signs what has committed, tiles first and checkpoint last.

A log must never sign two histories. The database can be restored from a backup, so it cannot be asked what
was signed: the publisher keeps that in a *memory* file of its own, outside the database and its backups,
written before anyone sees the checkpoint. What does not continue the memory is refused, in plain words.

With a policy of witnesses a checkpoint is published once their quorum has cosigned it; until then it is in the
memory only, and the one before it stays published.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.encoding import HASH_LENGTH, decode_base64, decode_hash, encode_base64
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    NotPublishedError,
    RefusedError,
    SignatureError,
    SplitViewError,
    UnreachableError,
)
from ledger.evidence import write_evidence
from ledger.files import exclusive, make_directory, write_atomically
from ledger.growth import GrowthKeeper, State
from ledger.note import SigningKey, sign_note
from ledger.storage import EntrySource, Head
from ledger.tiles import (
    MAX_CHECKPOINT_LENGTH,
    TILE_WIDTH,
    Edge,
    TileDirectory,
    TilePath,
    encode_bundle,
    tile_width,
)
from ledger.tree import leaf_hash
from ledger.witness.client import Shown
from ledger.witness.gather import Gathering

_log = logging.getLogger(__name__)

_AFTER = "Nothing was signed."
_RESTORE = (
    "Stop the door too. Where an older backup was put back, refill it from what is published, and start the "
    "door only then: databeheer ledger restore (of a log of its own: ledger restore DIRECTORY --database URL "
    "--key VKEY). docs/how-to/restore.md says what follows."
)
_NEW_LOG = (
    "if it is lost, begin a new log: a new origin, a new key, an empty public directory. A memory that is only "
    "older would sign a second history."
)
_REMEDY = (
    "Stop the door too, put back the newest good backup of the database, and refill it from what is published: "
    "databeheer ledger restore (of a log of its own: ledger restore DIRECTORY --database URL --key VKEY). "
    "docs/how-to/restore.md says what follows."
)


@dataclass(frozen=True)
class Signed:
    """What was signed last: the note, the tree's right edge at its size, and the last leaf hash."""

    note: bytes
    edge: Edge
    last_leaf: bytes

    @property
    def head(self) -> Head:
        return Head(self.edge.size, self.last_leaf)

    def to_bytes(self) -> bytes:
        """Return the memory file."""
        members = {
            "v": 1,
            "note": self.note.decode("utf-8"),
            "edge": [encode_base64(hashes) for hashes in self.edge.levels],
            "last_leaf": encode_base64(self.last_leaf),
        }
        return json.dumps(members, sort_keys=True, indent=1).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Signed:
        """Parse a memory file; raises MalformedError unless it is whole and agrees with itself."""
        members: Any
        try:
            members = json.loads(data)
            note = members["note"].encode("utf-8")
            levels = [decode_base64(hashes) for hashes in members["edge"]]
            last_leaf = decode_hash(members["last_leaf"], "last leaf hash")
            known = members["v"] == 1
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise MalformedError("not a publisher's memory") from error
        checkpoint = parse_checkpoint(_text_of(note))
        edge = Edge(checkpoint.size, levels)
        newest = edge.levels[0][-HASH_LENGTH:] if edge.levels else b""
        if not known or edge.root() != checkpoint.root or (newest and newest != last_leaf):
            raise MalformedError("the publisher's memory contradicts itself")
        return cls(note, edge, last_leaf)


class Publisher:
    """Publishes the committed entries of one log into one directory, under one origin.

    `read_entries` gives committed entries; `memory` is a file that no restore of the database ever touches.
    All `keys` bear the origin as their name; a second one signs beside the first while keys change. `growth` is
    told of every look of `run`, for people to see. `witnesses` have to cosign before anything is published;
    without them a checkpoint is published as signed.
    """

    def __init__(
        self,
        read_entries: EntrySource,
        directory: Path,
        keys: Sequence[SigningKey],
        origin: str,
        memory: Path,
        growth: GrowthKeeper | None = None,
        witnesses: Gathering | None = None,
    ) -> None:
        if not keys or any(key.name != origin for key in keys):
            raise MalformedError("a log signs with keys that bear its origin as their name")
        if memory.resolve().is_relative_to(directory.resolve()):
            raise MalformedError("the publisher's memory does not belong in the public directory")
        self._entries = read_entries
        self._public = TileDirectory(directory)
        self._keys = list(keys)
        self._origin = origin
        self._memory = memory
        self._growth = growth
        self._witnesses = witnesses
        self._signed: Signed | None = None
        self._held: ExitStack | None = None

    def publish(self) -> Checkpoint | None:
        """Sign and publish everything that has committed; return the checkpoint.

        None if there is no news, or too few witnesses cosigned it: the next call asks them again. Durable when
        it returns. The first call on an empty memory publishes the checkpoint of the empty log.

        Raises:
            RefusedError: another publisher is at work, or the database, the memory and the published files do
                not agree: nothing was signed. Or a witness holds what this log's key signed elsewhere: nothing
                was published.
            UnreachableError: the database does not answer now.
        """
        with self._alone():
            if self._signed is None:
                self._signed = self._recall()
            head = self._entries.read_head()
            self._refuse_backward(head)
            if head.size == self._signed.edge.size and self._is_signed():
                return self._show_again()
            return self._advance(head)

    def run(self, stop: Event, beat: float = 1.0) -> None:
        """Publish every `beat` seconds until `stop` is set.

        A database that does not answer is asked again, a disk that fails is tried again.

        Raises:
            RefusedError: as `publish`; a person has to look.
        """
        with self._alone():
            while True:
                try:
                    self.publish()
                    self._note_growth()
                except RefusedError:
                    if self._growth:
                        self._growth.refused()
                    raise
                except (UnreachableError, OSError) as error:  # nothing half-signed is left: try again
                    _log.warning("the publisher waits: %s", error)
                if stop.wait(beat):
                    return

    def _note_growth(self) -> None:
        """Tell people how many entries are published, and whether witnesses have yet to cosign newer ones."""
        if self._growth is None:
            return
        try:
            note = self._published_note()
            size = parse_checkpoint(_text_of(note)).size if note else 0
        except MalformedError:  # somebody damaged it since: the next beat shows it again
            return
        waits = note is None or size < self._state().edge.size
        self._growth.looked(size, State.WAITING if waits else State.PUBLISHING)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks on memory and public directory: two publishers would sign two histories."""
        if self._held is not None:  # within run()
            yield
            return
        make_directory(self._public.root)
        make_directory(self._memory.parent)
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive(self._memory.with_name(f"{self._memory.name}.lock")))
                stack.enter_context(exclusive(self._public.root))
            except BlockingIOError as error:
                raise RefusedError(
                    f"Another publisher is already at work for {self._origin}: its lock is held. {_AFTER} "
                    "Stop the other one first; a log has exactly one publisher."
                ) from error
            self._held = stack
            self._signed = None  # another publisher may have worked since
            try:
                yield
            finally:
                self._held = None

    # ---- what was signed before --------------------------------------------------------------------------

    def _recall(self) -> Signed:
        """Return what was signed last, and see that the published checkpoint is not ahead of it."""
        published = self._published_note()
        try:
            signed = Signed.from_bytes(self._memory.read_bytes())
        except FileNotFoundError:
            if published is not None:
                raise RefusedError(
                    f"A checkpoint is published, but the publisher's memory is missing: {self._memory}. "
                    f"{_AFTER} Bring the newest memory back from where it was kept; {_NEW_LOG}"
                ) from None
            return Signed(b"", Edge(), GENESIS_PREVIOUS)
        except MalformedError as error:
            raise RefusedError(
                f"The publisher's memory is damaged ({error}): {self._memory}. {_AFTER} Bring the newest good "
                f"one back from where it was kept; {_NEW_LOG}"
            ) from error
        self._compare_with_published(signed, published)
        return signed

    def _compare_with_published(self, signed: Signed, published: bytes | None) -> None:
        mine = parse_checkpoint(_text_of(signed.note))
        if mine.origin != self._origin:
            raise RefusedError(
                f"The publisher's memory belongs to the log {mine.origin}, not to {self._origin}. {_AFTER} "
                "A new log has a memory and a public directory of its own."
            )
        if published is None:
            return  # it was lost, or its writing was cut off; the memory says it again
        try:
            seen = open_checkpoint(published, [key.verifier for key in self._keys])
        except (MalformedError, SignatureError) as error:
            raise RefusedError(
                f"The published checkpoint is not one of this log ({error}). {_AFTER} Put the log's own files "
                "back into the public directory, from a mirror for instance."
            ) from error
        if seen.size > mine.size or (seen.size == mine.size and seen.root != mine.root):
            raise RefusedError(
                f"The published checkpoint has {seen.size} entries, the publisher's memory {mine.size}: the "
                f"memory was set back, or a second publisher signed elsewhere. {_AFTER} Stop the other one, and "
                "go on with the newest memory. Never put an older one back: it would sign a second history."
            )

    def _published_note(self) -> bytes | None:
        try:
            return self._public.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
        except NotPublishedError:
            return None

    def _is_signed(self) -> bool:
        """Whether what is remembered is what would be signed now: not at first, nor after a new key."""
        signed = self._state()
        return bool(signed.note) and sign_note(_text_of(signed.note), self._keys) == signed.note

    def _show_again(self) -> Checkpoint | None:
        """Publish what was signed earlier where that was cut off; have what stays the same cosigned anew."""
        note, published = self._state().note, self._published_note()
        if self._witnesses is None:
            return None if published == note else self._show()
        is_published = (
            published is not None and published.startswith(note) and self._witnesses.is_met(published)
        )
        return None if is_published and not self._witnesses.is_due(published or b"") else self._show()

    # ---- what is new -------------------------------------------------------------------------------------

    def _refuse_backward(self, head: Head) -> None:
        signed = self._state().head
        if head.size < signed.size:
            raise RefusedError(
                f"The database's ledger has {head.size} entries, but {signed.size} were signed: entry "
                f"{head.size} and later ones are gone. Was an older backup of the database restored, or its head "
                f"row set back? {_AFTER} {_RESTORE}"
            )
        if head.size == signed.size and head.last_leaf != signed.last_leaf:
            raise RefusedError(
                f"The database's ledger has as many entries as were signed ({head.size}), but its head names "
                f"another last leaf: its end was rewritten. {_AFTER} {_REMEDY}"
            )

    def _advance(self, head: Head) -> Checkpoint | None:
        signed = self._state()
        edge, last_leaf, filled = signed.edge.copy(), signed.last_leaf, list[TilePath]()
        try:
            # From the start of the bundle that is not full: its first entries were signed already, and are
            # compared with what was signed.
            for start in range(edge.size - edge.size % TILE_WIDTH, head.size, TILE_WIDTH):
                entries = self._entries.read_entries(start, min(TILE_WIDTH, head.size - start))
                last_leaf, tiles = self._add_bundle(edge, start, entries, head, last_leaf)
                filled += tiles
            if last_leaf != head.last_leaf:
                raise InconsistentError(
                    "the head row names another last leaf than the last entry has", head.size - 1
                )
            for path, hashes in edge.partial_tiles():
                self._write_tile(path, hashes)
            self._public.sync()
        except (InconsistentError, MalformedError) as error:
            index = error.index if isinstance(error, InconsistentError) else None
            where = "" if index is None else f" (first at entry {index})"
            raise RefusedError(
                f"The database's ledger does not continue what was signed{where}: {error}. {_AFTER} {_REMEDY}"
            ) from error
        return self._sign(Checkpoint(self._origin, edge.size, edge.root()), edge, last_leaf, filled)

    def _add_bundle(
        self, edge: Edge, start: int, entries: list[bytes], head: Head, last_leaf: bytes
    ) -> tuple[bytes, list[TilePath]]:
        """Check one bundle's entries, add the new ones to `edge`, publish bundle and full tiles."""
        expected = min(TILE_WIDTH, head.size - start)
        if len(entries) != expected:
            raise InconsistentError("the database lacks an entry below its head", start + len(entries))
        known = edge.levels[0] if edge.levels else b""
        leaves = [leaf_hash(entry) for entry in entries]
        for place, leaf in enumerate(leaves):
            at = place * HASH_LENGTH
            if at < len(known):
                if leaf != known[at : at + HASH_LENGTH]:
                    raise InconsistentError("an entry was changed after it was signed", start + place)
                continue
            if parse(entries[place]).previous != last_leaf:
                raise InconsistentError("an entry does not name the one before it", start + place)
            last_leaf = leaf
        self._write_tile(TilePath(None, start // TILE_WIDTH, len(entries)), encode_bundle(entries))
        filled: list[TilePath] = []
        for path, hashes in edge.extend(b"".join(leaves)[len(known) :]):
            self._write_tile(path, hashes)
            filled += [path, TilePath(None, path.index)] if path.level == 0 else [path]
        return last_leaf, filled

    def _write_tile(self, path: TilePath, data: bytes) -> None:
        """Write a tile; also in the place of one that a publisher left that was killed before it signed.

        A file that is wider than what was signed of it binds nobody. What it repeats of signed entries was compared
        with the memory. Without a published checkpoint the memory alone does not show what was signed: then as always.

        Raises:
            InconsistentError: what is published there was signed.
        """
        try:
            self._public.write_tile(path, data)
        except InconsistentError as error:
            size = self._state().edge.size
            if path.width <= tile_width(size, path.level or 0, path.index) or self._published_note() is None:
                raise
            _log.warning(
                "%s was written and never signed; its entries, from %s on, are gone from the database: replaced",
                path,
                max(size, error.index or 0),  # a hash of a level above covers signed entries too
            )
            self._public.write_tile(path, data, replace=True)

    def _sign(
        self, checkpoint: Checkpoint, edge: Edge, last_leaf: bytes, filled: list[TilePath]
    ) -> Checkpoint | None:
        """Tiles are durable; remember, then publish. A crash between the two is mended at the next start."""
        signed = Signed(sign_note(checkpoint.text(), self._keys), edge, last_leaf)
        write_atomically(self._memory, signed.to_bytes(), mode=0o600)
        self._signed = signed
        shown = self._show()
        for path in filled:
            self._public.drop_partial(path)
        return shown

    # ---- what is shown -----------------------------------------------------------------------------------

    def _show(self) -> Checkpoint | None:
        """Publish what is remembered, cosigned; None where that has to wait, or changes nothing."""
        signed, published = self._state(), self._published_note()
        checkpoint, note = parse_checkpoint(_text_of(signed.note)), signed.note
        if self._witnesses is not None:
            note = self._cosigned(self._witnesses, checkpoint, published)
            if not self._witnesses.is_met(note):
                _log.warning("the checkpoint of %d entries waits for its witnesses", checkpoint.size)
                return None
        if note == published:
            return None
        self._public.write_checkpoint(note)
        return checkpoint

    def _cosigned(self, witnesses: Gathering, checkpoint: Checkpoint, published: bytes | None) -> bytes:
        size, keys = checkpoint.size, [key.verifier for key in self._keys]
        shown = Shown(self._state().note, checkpoint, keys, lambda: self._public.reader(size))
        try:
            return witnesses.collect(shown, published)
        except SplitViewError as error:
            evidence = write_evidence(error.evidence)
            place = self._memory.with_name(
                f"{self._memory.name}.split-view-{sha256(evidence).hexdigest()[:16]}.json"
            )
            write_atomically(place, evidence, mode=0o600)
            raise RefusedError(
                f"A witness holds a checkpoint that this log's key signed and that this publisher did not: {error}. "
                "Was the memory set back, does a second publisher work with this key, or was the key stolen? "
                f"Nothing was published. Both signed checkpoints are kept in {place}. Stop the door too, and find "
                "out which history is the true one."
            ) from error

    def _state(self) -> Signed:
        if self._signed is None:
            raise LedgerError("the publisher has not read its memory yet")
        return self._signed


def _text_of(note: bytes) -> str:
    """Return the text of a note that this publisher signed itself."""
    try:
        text, gap, _ = note.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise MalformedError("the remembered note is not UTF-8") from error
    if not gap:
        raise MalformedError("the remembered note has no signature")
    return text + "\n"
