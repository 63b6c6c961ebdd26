"""Checkpoints: what the log signs, its size and root (c2sp.org/tlog-checkpoint v1.0.0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.encoding import decode_hash, encode_base64, parse_number, require_hash
from ledger.errors import MalformedError, SignatureError
from ledger.note import VerifierKey, check_name, open_note, split_note
from ledger.tree import EMPTY_ROOT, MAX_SIZE


def parse_size(text: str) -> int:
    """Return the tree size that `text` spells: decimal ASCII digits, no sign, no leading zero.

    Raises:
        MalformedError: any other spelling.
    """
    return parse_number(text, "tree size")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its origin (the name of its key), how many entries it has, and their root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        require_hash(self.root, "root hash")
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError("tree size is out of range")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedError("the root of an empty tree is SHA-256 of nothing")

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Parse the text of a checkpoint note; extension lines are allowed and ignored.

    Raises:
        MalformedError: not a checkpoint in its one spelling.
    """
    if "\r" in text:
        raise MalformedError("the lines of a checkpoint end in a line feed alone, not in CR LF")
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or "" in lines[:-1]:
        raise MalformedError("a checkpoint has the lines origin, size and root, each ended by a line feed")
    return Checkpoint(lines[0], parse_size(lines[1]), decode_hash(lines[2], "root hash"))


def open_checkpoint(data: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint of a signed note, once the log's own key has signed it.

    A log signs under the name that is its origin: another trusted key's signature does not make up for it.

    Raises:
        MalformedError: not a note, or not a checkpoint.
        SignatureError: none of `keys` is the log's own, or the signature does not verify.
    """
    try:
        note = open_note(data, keys)
    except SignatureError as error:
        _say_if_another_log(data, keys, error)
        raise
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin not in note.verified:
        raise SignatureError("the checkpoint is not signed by a key of its own origin")
    return checkpoint


def _say_if_another_log(data: bytes, keys: Sequence[VerifierKey], error: SignatureError) -> None:
    # Nobody signed this name for us: it is told as what the checkpoint claims, and nothing more rests on it.
    try:
        claimed = parse_checkpoint(split_note(data)[0]).origin
    except MalformedError:
        return
    if claimed not in {key.name for key in keys}:
        raise SignatureError(
            f"this is another log, {claimed} by its own word; the key is of {', '.join(key.name for key in keys)}"
        ) from error
