"""Subject heads: a signed word on how many statements there are about one subject, and which is the newest.

Each statement about a subject has a counter and a link to the one before (`ledger.chain`), so nothing between two of
them can be left out unseen. What comes after the last one shown, only a head can tell: a C2SP note by the key of
whoever appends. Two heads of one subject with the same counter and another leaf convict that key.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.encoding import decode_hash, encode_base64, parse_number, require_hash
from ledger.errors import MalformedError
from ledger.note import SigningKey, VerifierKey, check_name, open_note, sign_note
from ledger.tree import MAX_SIZE

SUBJECT_HEAD_HEADER = "ledger-subject-head/v1"
MAX_HEAD_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class SubjectHead:
    """That statement `counter` (the first is 1) is the newest about `subject`: entry `index`, leaf hash `leaf`.

    `subject` is a random-looking name of 32 bytes that says nothing of who or what it is. No statement: there
    is no head.
    """

    origin: str
    subject: bytes
    counter: int
    index: int
    leaf: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        require_hash(self.subject, "subject's name")
        require_hash(self.leaf, "leaf hash")
        if not 1 <= self.counter <= MAX_SIZE or not 0 <= self.index < MAX_SIZE:
            raise MalformedError("counter or index is out of range")
        if self.counter > self.index + 1:
            raise MalformedError("a subject has no more statements than the log has entries")

    def text(self) -> str:
        """Return the six lines that are signed."""
        subject, leaf = encode_base64(self.subject), encode_base64(self.leaf)
        return f"{SUBJECT_HEAD_HEADER}\n{self.origin}\n{subject}\n{self.counter}\n{self.index}\n{leaf}\n"


def parse_subject_head(text: str) -> SubjectHead:
    """Parse the text of a subject head; raises MalformedError for anything but its one spelling."""
    lines = text.split("\n")
    if len(lines) != 7 or lines[6] != "" or lines[0] != SUBJECT_HEAD_HEADER:
        raise MalformedError(f"a subject head has six lines, the first of them {SUBJECT_HEAD_HEADER}")
    return SubjectHead(
        origin=lines[1],
        subject=decode_hash(lines[2], "subject's name"),
        counter=parse_number(lines[3], "counter"),
        index=parse_number(lines[4], "index"),
        leaf=decode_hash(lines[5], "leaf hash"),
    )


def sign_subject_head(head: SubjectHead, key: SigningKey) -> bytes:
    """Return the head as a signed note."""
    return sign_note(head.text(), [key])


def open_subject_head(data: bytes, *keys: VerifierKey) -> SubjectHead:
    """Return what one of these keys said.

    Raises:
        MalformedError: not a subject head.
        SignatureError: signed by none of them.
    """
    return parse_subject_head(open_note(data, keys).text)
