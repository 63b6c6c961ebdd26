"""Promises: a signed word, given at once, that an entry will be in the published log before a deadline.

A promise is a C2SP note by the key of whoever appends. With it and a later checkpoint anyone can show that
the log broke its word: the entry at `index` is not `leaf`, or the log is still shorter after the deadline.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.encoding import decode_hash, encode_base64, parse_number, require_hash
from ledger.errors import MalformedError
from ledger.note import SigningKey, VerifierKey, check_name, open_note, sign_note
from ledger.tree import MAX_SIZE

PROMISE_HEADER = "ledger-promise/v1"


@dataclass(frozen=True, slots=True)
class Promise:
    """That the log `origin` shows `leaf` at `index` from `deadline_unix` on (seconds since 1970, UTC)."""

    origin: str
    index: int
    leaf: bytes
    deadline_unix: int

    def __post_init__(self) -> None:
        check_name(self.origin)
        require_hash(self.leaf, "leaf hash")
        if not 0 <= self.index < MAX_SIZE or not 0 <= self.deadline_unix <= MAX_SIZE:
            raise MalformedError("index or deadline is out of range")

    def text(self) -> str:
        """Return the five lines that are signed."""
        leaf = encode_base64(self.leaf)
        return f"{PROMISE_HEADER}\n{self.origin}\n{self.index}\n{leaf}\n{self.deadline_unix}\n"


def parse_promise(text: str) -> Promise:
    """Parse the text of a promise note; raises MalformedError for anything but its one spelling."""
    lines = text.split("\n")
    if len(lines) != 6 or lines[5] != "" or lines[0] != PROMISE_HEADER:
        raise MalformedError(f"a promise has five lines, the first of them {PROMISE_HEADER}")
    return Promise(
        origin=lines[1],
        index=parse_number(lines[2], "index"),
        leaf=decode_hash(lines[3], "leaf hash"),
        deadline_unix=parse_number(lines[4], "deadline"),
    )


def sign_promise(promise: Promise, key: SigningKey) -> bytes:
    """Return the promise as a signed note."""
    return sign_note(promise.text(), [key])


def open_promise(data: bytes, *keys: VerifierKey) -> Promise:
    """Return what one of these keys promised.

    Raises:
        MalformedError: not a promise.
        SignatureError: signed by none of them.
    """
    return parse_promise(open_note(data, keys).text)
