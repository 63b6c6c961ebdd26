"""What a verifier remembers of a log between two looks: signed checkpoints, and the verified leaf hashes.

Without a memory nobody can tell a log that was set back, or rewritten and signed anew, from an honest one. In
the state directory each log has two files named by a hash of its origin: `….json` says how much is remembered
and is replaced as a whole; `….leaves` holds 32 bytes per verified entry. Bytes in it beyond what the first
file says count for nothing. While a full verification is under way `….progress` notes how far it is, so that one
that is cut short can go on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.encoding import HASH_LENGTH, decode_hash, encode_base64
from ledger.errors import MalformedError, StateError
from ledger.files import exclusive, make_directory, sync_directory, write_atomically
from ledger.tiles import TILE_LENGTH, Edge

KEPT_CHECKPOINTS = 16
"""How many checkpoints are remembered; each is held against the log at every look."""

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Noted:
    """How far a full verification of `checkpoint` was: the entries done, and the root over them."""

    note: str
    checkpoint: Checkpoint
    count: int
    root: bytes


class Memory:
    """The memory of one log: its newest checkpoint (None at the first look) and `leaf_count` leaf hashes.

    `progress` is how far a verification was that was cut short.
    """

    def __init__(self, directory: Path, origin: str, leaves: BinaryIO) -> None:
        self._origin = origin
        self._stem = directory / sha256(origin.encode()).hexdigest()[:32]
        self._file = leaves
        self.checkpoint: Checkpoint | None = None
        self.leaf_count = 0
        self._leaf_root = Edge().root()
        self._note = ""
        self._earlier: list[str] = []
        self.progress: Noted | None = None
        self._load()
        self._load_progress()

    @property
    def known(self) -> list[Checkpoint]:
        """Every checkpoint of the log that was seen signed before, from the smallest to the largest."""
        notes = [*self._earlier, self._note] if self.checkpoint else []
        found = [_checkpoint_of(note) for note in notes]
        if self.progress:
            found.append(self.progress.checkpoint)
        return sorted(found, key=lambda one: one.size)

    @property
    def newest_note(self) -> str:
        """The signed note of the largest of `known`; empty at the first look."""
        if self.progress and (
            self.checkpoint is None or self.checkpoint.size < self.progress.checkpoint.size
        ):
            return self.progress.note
        return self._note

    @classmethod
    @contextmanager
    def open(cls, directory: Path, origin: str) -> Iterator[Memory]:
        """Open the memory of the log `origin`, alone, making what is missing.

        Raises:
            StateError: the files are damaged, or another verification uses them now.
        """
        make_directory(directory)
        stem = directory / sha256(origin.encode()).hexdigest()[:32]
        try:
            with exclusive(stem.with_suffix(".lock")), _open_leaves(stem.with_suffix(".leaves")) as leaves:
                yield cls(directory, origin, leaves)
        except BlockingIOError as error:
            raise StateError(f"another verification is using the memory in {directory}") from error

    def _load(self) -> None:
        members = self._read(".json")
        if members is None:
            return
        try:
            self._note = str(members["note"])
            self._earlier = [str(note) for note in members.get("earlier", [])]
            self.checkpoint = _checkpoint_of(self._note)
            self.leaf_count = int(members["leaves"]["count"])
            self._leaf_root = decode_hash(members["leaves"]["root"])
            origins = {one.origin for one in self.known}
        except (LookupError, TypeError, ValueError, AttributeError, MalformedError) as error:
            raise self.damaged() from error
        length = os.fstat(self._file.fileno()).st_size
        if origins != {self._origin} or not 0 <= self.leaf_count * HASH_LENGTH <= length:
            raise self.damaged()

    def _load_progress(self) -> None:
        """Take up what a verification noted that was cut short; what is damaged only means to begin anew."""
        try:
            members = self._read(".progress")
            if members is None:
                return
            note = str(members["note"])
            noted = Noted(note, _checkpoint_of(note), int(members["count"]), decode_hash(members["root"]))
        except (LookupError, TypeError, ValueError, AttributeError, MalformedError, StateError):
            return
        length = os.fstat(self._file.fileno()).st_size
        if noted.checkpoint.origin == self._origin and 0 < noted.count * HASH_LENGTH <= length:
            self.progress = noted

    def _read(self, suffix: str) -> Any:
        try:
            return json.loads(self._stem.with_suffix(suffix).read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError) as error:
            raise self.damaged() from error

    def damaged(self) -> StateError:
        """Return the error for a memory that cannot be relied on."""
        return StateError(
            f"the memory of the earlier verification is damaged: {self._stem}.json or .leaves; bring back a "
            "copy, or remove both and know that a rewrite before today goes unseen"
        )

    def leaves(self, start: int, count: int) -> bytes:
        """Return the remembered leaf hashes from index `start` on, at most `count`, concatenated."""
        count = max(0, min(count, self.leaf_count - start))
        data = os.pread(self._file.fileno(), count * HASH_LENGTH, start * HASH_LENGTH)
        if len(data) != count * HASH_LENGTH:
            raise self.damaged()
        return data

    def scanned_leaves(self, start: int) -> bytes:
        """Return what a verification that was cut short had put down for 256 entries: not to be relied on."""
        return os.pread(self._file.fileno(), TILE_LENGTH, start * HASH_LENGTH)

    def check_leaves(self) -> None:
        """Raise StateError unless the remembered leaf hashes are those that were verified."""
        edge = Edge()
        for start in range(0, self.leaf_count, _CHUNK):
            edge.extend(self.leaves(start, _CHUNK))
        if edge.root() != self._leaf_root:
            raise self.damaged()

    def add_leaves(self, start: int, leaves: bytes) -> None:
        """Write leaf hashes from index `start` on; they count only after `commit`."""
        known = max(0, self.leaf_count - start) * HASH_LENGTH
        if known < len(leaves):
            os.pwrite(self._file.fileno(), leaves[known:], start * HASH_LENGTH + known)

    def save_progress(self, note: bytes, count: int, root: bytes) -> None:
        """Note durably that the leaf hashes of the first `count` entries were added, and the root over them.

        The signed checkpoint that is kept with it stays the one under which the work was begun.
        """
        os.fsync(self._file.fileno())
        text = self.progress.note if self.progress else note.decode("utf-8")
        self._write(".progress", {"v": 1, "note": text, "count": count, "root": encode_base64(root)})

    def commit(self, note: bytes, checkpoint: Checkpoint, *, with_leaves: bool) -> None:
        """Remember `checkpoint`, and that all its leaf hashes were added, durably and at once."""
        if with_leaves:
            os.fsync(self._file.fileno())
            sync_directory(self._stem.parent)
            self.leaf_count, self._leaf_root = checkpoint.size, checkpoint.root
        if self.checkpoint and self.checkpoint.size < checkpoint.size:
            self._earlier = [*self._earlier, self._note][1 - KEPT_CHECKPOINTS :]
        self._note, self.checkpoint = note.decode("utf-8"), checkpoint
        members = {
            "v": 1,
            "note": self._note,
            "earlier": self._earlier,
            "leaves": {"count": self.leaf_count, "root": encode_base64(self._leaf_root)},
        }
        self._write(".json", members)
        if with_leaves:
            self._stem.with_suffix(".progress").unlink(missing_ok=True)

    def _write(self, suffix: str, members: dict[str, Any]) -> None:
        data = json.dumps(members, sort_keys=True, indent=1).encode("ascii") + b"\n"
        write_atomically(self._stem.with_suffix(suffix), data)

    def keep_evidence(self, note: bytes) -> Path:
        """Keep a signed checkpoint that contradicts the remembered one; return where both can be found."""
        place = self._stem.with_name(f"{self._stem.name}.evidence-{sha256(note).hexdigest()[:16]}")
        make_directory(place)
        write_atomically(place / "remembered", self.newest_note.encode())
        write_atomically(place / "contradicting", note)
        return place


def _checkpoint_of(note: str) -> Checkpoint:
    return parse_checkpoint(note.rpartition("\n\n")[0] + "\n")


def _open_leaves(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    return open(descriptor, "r+b", buffering=0)
