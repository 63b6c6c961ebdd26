"""What a verifier remembers of a log between two looks: the newest checkpoint, and the verified leaf hashes.

Without a memory nobody can tell a log that was set back, or rewritten and signed anew, from an honest one. In
the state directory each log has two files named by a hash of its origin: `….json` says how much is remembered
and is replaced as a whole; `….leaves` holds 32 bytes per verified entry. Bytes in it beyond what the first
file says count for nothing, so a verification that was cut short leaves no trace.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.encoding import HASH_LENGTH, decode_hash, encode_base64
from ledger.errors import MalformedError, StateError
from ledger.files import exclusive, make_directory, sync_directory, write_atomically
from ledger.tiles import Edge

_CHUNK = 4096


class Memory:
    """The memory of one log: its newest checkpoint (None at the first look) and `leaf_count` leaf hashes."""

    def __init__(self, directory: Path, origin: str, leaves: BinaryIO) -> None:
        self._origin = origin
        self._stem = directory / sha256(origin.encode()).hexdigest()[:32]
        self._file = leaves
        self.checkpoint: Checkpoint | None = None
        self.leaf_count = 0
        self._leaf_root = Edge().root()
        self._note = ""
        self._load()

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
        path = self._stem.with_suffix(".json")
        try:
            members: Any = json.loads(path.read_bytes())
        except FileNotFoundError:
            return
        except ValueError as error:
            raise self.damaged() from error
        try:
            self._note = str(members["note"])
            self.checkpoint = parse_checkpoint(self._note.rpartition("\n\n")[0] + "\n")
            self.leaf_count = int(members["leaves"]["count"])
            self._leaf_root = decode_hash(members["leaves"]["root"])
        except (LookupError, TypeError, ValueError, MalformedError) as error:
            raise self.damaged() from error
        length = os.fstat(self._file.fileno()).st_size
        if self.checkpoint.origin != self._origin or not 0 <= self.leaf_count * HASH_LENGTH <= length:
            raise self.damaged()

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

    def check_leaves(self) -> None:
        """Raise StateError unless the remembered leaf hashes are those that were verified."""
        edge = Edge()
        for start in range(0, self.leaf_count, _CHUNK):
            edge.extend(self.leaves(start, _CHUNK))
        if edge.root() != self._leaf_root:
            raise self.damaged()

    def add_leaves(self, start: int, leaves: bytes) -> None:
        """Write verified leaf hashes from index `start` on; they count only after `commit`."""
        known = max(0, self.leaf_count - start) * HASH_LENGTH
        if known < len(leaves):
            os.pwrite(self._file.fileno(), leaves[known:], start * HASH_LENGTH + known)

    def commit(self, note: bytes, checkpoint: Checkpoint, *, with_leaves: bool) -> None:
        """Remember `checkpoint`, and that all its leaf hashes were added, durably and at once."""
        if with_leaves:
            os.fsync(self._file.fileno())
            sync_directory(self._stem.parent)
            self.leaf_count, self._leaf_root = checkpoint.size, checkpoint.root
        self._note, self.checkpoint = note.decode("utf-8"), checkpoint
        members = {
            "v": 1,
            "note": self._note,
            "leaves": {"count": self.leaf_count, "root": encode_base64(self._leaf_root)},
        }
        data = json.dumps(members, sort_keys=True, indent=1).encode("ascii") + b"\n"
        write_atomically(self._stem.with_suffix(".json"), data)

    def keep_evidence(self, note: bytes) -> Path:
        """Keep a signed checkpoint that contradicts the remembered one; return where both can be found."""
        place = self._stem.with_name(f"{self._stem.name}.evidence-{sha256(note).hexdigest()[:16]}")
        make_directory(place)
        write_atomically(place / "remembered", self._note.encode())
        write_atomically(place / "contradicting", note)
        return place


def _open_leaves(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    return open(descriptor, "r+b", buffering=0)
