"""What the `c` of an entry commits to, and how one of those entitled to it opens it.

A body has two separately salted halves. The *shared* half is what a party's receipt opens; each *subject's*
half only that subject (or an auditor) may open. Without its 32 random salt bytes a half says nothing of its
body, so two receipts never tell a party about others.

    half(label, salt, body) = HMAC-SHA256(key = salt, label ‖ 0x00 ‖ body)
    c = SHA-256("ledger/entry/v1" ‖ 0x00 ‖ shared half ‖ MTH(subject halves as leaf data))
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from ledger.encoding import HASH_LENGTH, decode_base64, decode_hash, encode_base64, require_hash
from ledger.errors import MalformedError, ProofError
from ledger.tree import inclusion_proof, leaf_hash, root_from_inclusion, root_hash

SHARED_LABEL = b"ledger/shared/v1"
SUBJECT_LABEL = b"ledger/subject/v1"
ENTRY_LABEL = b"ledger/entry/v1"
MAX_OPENING_LENGTH = 256 * 1024
"""The longest opening, in characters of JSON, that is parsed."""


def new_salt() -> bytes:
    """Return 32 fresh random bytes; a salt is used for one half only, ever."""
    return token_bytes(HASH_LENGTH)


def half(label: bytes, salt: bytes, body: bytes) -> bytes:
    """Return HMAC-SHA256(key = salt, label ‖ 0x00 ‖ body).

    The salt has exactly 32 bytes: HMAC pads shorter keys with zeros, which would give one value two openings.
    """
    require_hash(salt, "salt")
    return hmac.digest(salt, label + b"\x00" + body, "sha256")


def shared_half(salt: bytes, body: bytes) -> bytes:
    """Return the half that a party's receipt opens."""
    return half(SHARED_LABEL, salt, body)


def subject_half(salt: bytes, body: bytes) -> bytes:
    """Return one subject's own half."""
    return half(SUBJECT_LABEL, salt, body)


def commit(shared: bytes, subjects: Sequence[bytes]) -> bytes:
    """Return the 32 bytes `c` over the shared half and the halves of all subjects (maybe none), in order."""
    return _bind(shared, root_hash([leaf_hash(require_hash(one, "subject half")) for one in subjects]))


def _bind(shared: bytes, subject_root: bytes) -> bytes:
    require_hash(shared, "shared half")
    return sha256(ENTRY_LABEL + b"\x00" + shared + subject_root).digest()


@dataclass(frozen=True, slots=True)
class SubjectOpening:
    """One subject's own half, and where it stands among the halves of the entry.

    Only the path to `c` is proven: `count` says how many halves the entry's author claims.
    """

    index: int
    count: int
    salt: bytes
    body: bytes
    path: tuple[bytes, ...]

    def root(self) -> bytes:
        """Return the root over all subjects' halves; raises ProofError if the path has the wrong length."""
        own = leaf_hash(subject_half(self.salt, self.body))
        return root_from_inclusion(self.index, self.count, own, self.path)


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens an entry's commitment: the shared half, and either one subject's half or all subjects' root."""

    shared_salt: bytes
    shared_body: bytes
    subject_root: bytes | None = None
    subject: SubjectOpening | None = None

    def __post_init__(self) -> None:
        if (self.subject_root is None) == (self.subject is None):
            raise MalformedError("an opening has either the root over the subjects or one subject's half")

    def commitment(self) -> bytes:
        """Return the `c` that this opens."""
        if self.subject is not None:
            root = self.subject.root()
        else:
            root = require_hash(self.subject_root or b"", "subject root")
        return _bind(shared_half(self.shared_salt, self.shared_body), root)

    def verify(self, commitment: bytes) -> None:
        """Raise ProofError unless this opens `commitment`."""
        if not hmac.compare_digest(self.commitment(), commitment):
            raise ProofError("the opening does not belong to this entry")

    def to_dict(self) -> dict[str, Any]:
        """Return the members of the JSON form; bytes as base64."""
        members: dict[str, Any] = {
            "v": 1,
            "shared": {"salt": encode_base64(self.shared_salt), "body": encode_base64(self.shared_body)},
        }
        if self.subject is None:
            members["subject_root"] = encode_base64(self.subject_root or b"")
        else:
            members["subject"] = {
                "index": self.subject.index,
                "count": self.subject.count,
                "salt": encode_base64(self.subject.salt),
                "body": encode_base64(self.subject.body),
                "path": [encode_base64(one) for one in self.subject.path],
            }
        return members

    def to_json(self) -> str:
        """Return the opening as canonical JSON text (sorted keys, ASCII, no white space)."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_dict(cls, members: Any) -> Opening:
        """Parse the members of the JSON form; raises MalformedError for unknown, missing or mistyped ones."""
        _members(members, "opening", {"v", "shared"}, {"subject_root", "subject"})
        if type(members["v"]) is not int or members["v"] != 1:
            raise MalformedError("this opening has another version than 1")
        shared = _members(members["shared"], "shared half", {"salt", "body"})
        root = members.get("subject_root")
        subject = members.get("subject")
        return cls(
            shared_salt=decode_hash(_text(shared["salt"]), "salt"),
            shared_body=decode_base64(_text(shared["body"]), "body"),
            subject_root=None if root is None else decode_hash(_text(root), "subject root"),
            subject=None if subject is None else _subject_from(subject),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Opening:
        """Parse JSON text; raises MalformedError for anything but an opening."""
        if len(text) > MAX_OPENING_LENGTH:
            raise MalformedError("the opening is too long")
        try:
            members = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MalformedError("the opening is not JSON") from error
        return cls.from_dict(members)


def open_for_party(salt: bytes, body: bytes, subjects: Sequence[bytes]) -> Opening:
    """Return what a party may see: the shared half, and of the subjects' halves only their root."""
    return Opening(salt, body, subject_root=root_hash([leaf_hash(one) for one in subjects]))


def open_for_subject(
    salt: bytes, body: bytes, subjects: Sequence[bytes], index: int, subject_salt: bytes, subject_body: bytes
) -> Opening:
    """Return what one subject may see: the shared half, the own half, and the path to the root.

    Raises:
        ProofError: `index` is no subject of this entry, or the half does not stand there.
    """
    if not 0 <= index < len(subjects) or subject_half(subject_salt, subject_body) != subjects[index]:
        raise ProofError("this half is not the one at that place")
    path = inclusion_proof(_Leaves([leaf_hash(one) for one in subjects]), index, len(subjects))
    own = SubjectOpening(index, len(subjects), subject_salt, subject_body, tuple(path))
    return Opening(salt, body, subject=own)


class _Leaves:
    """A hash reader over leaf hashes in memory."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves

    def subtree(self, level: int, index: int) -> bytes:
        return root_hash(self._leaves[index << level : (index + 1) << level])


def _subject_from(value: Any) -> SubjectOpening:
    subject = _members(value, "subject's half", {"index", "count", "salt", "body", "path"})
    path = subject["path"]
    if not isinstance(path, list):
        raise MalformedError("the path is not a list")
    return SubjectOpening(
        index=_count(subject["index"]),
        count=_count(subject["count"]),
        salt=decode_hash(_text(subject["salt"]), "salt"),
        body=decode_base64(_text(subject["body"]), "body"),
        path=tuple(decode_hash(_text(one), "path hash") for one in path),
    )


def _members(
    value: Any, what: str, required: set[str], optional: set[str] | None = None
) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not required <= set(value) <= required | (optional or set()):
        raise MalformedError(f"the {what} has other members than it should have")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError("a text is expected here")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 10**15:
        raise MalformedError("a non-negative integer is expected here")
    return value
