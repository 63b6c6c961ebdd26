"""Entries opened leaf by leaf, as somebody gets them who may see every half: an auditor.

One entry is JSON:

    {"index": N, "entry": B64, "shared": {"salt": B64, "body": B64} | {"half": B64} | null,
     "leaves": [{"salt": B64, "body": B64} | {"half": B64}, …], "erased": … | null}

A half that is a decoy or that was erased stands as its 32 bytes. Whatever is opened or not, the halves must give the
entry's commitment. A body that is lost has `shared` null and no leaves; one that was put back from a receipt has
`{"root": B64}` in the place of its leaves.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.commitment import Opening, commit, shared_half, subject_half
from ledger.encoding import decode_base64, decode_hash
from ledger.entry import parse as parse_entry
from ledger.errors import MalformedError, ProofError
from ledger.tree import leaf_hash, verify_inclusion

_MEMBERS = {"index", "entry", "shared", "leaves", "erased"}


@dataclass(frozen=True, slots=True)
class OpenedHalf:
    """One half: its 32 bytes, and its body where it is open."""

    half: bytes
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry whose halves give its commitment; that it stands in a log is for `verify_in` to say.

    `shared` is None where the body is lost. `is_put_back`: of its subjects the root alone is known.
    """

    index: int
    leaf: bytes
    shared: OpenedHalf | None
    leaves: tuple[OpenedHalf, ...] = ()
    is_put_back: bool = False

    def verify_in(self, size: int, root: bytes, proof: Sequence[bytes]) -> None:
        """Raise ProofError unless the entry stands at its index in the tree of this size and root."""
        verify_inclusion(self.index, size, self.leaf, proof, root)


def open_entry(item: Any) -> OpenedEntry:
    """Read one entry, and see that what is opened belongs to it.

    Raises:
        MalformedError: it is not in this form.
        ProofError: a half was changed, added or left out.
    """
    if not isinstance(item, dict) or set(item) != _MEMBERS or type(item["index"]) is not int:
        raise MalformedError("an opened entry has other members than it should have")
    index, data = item["index"], decode_base64(_text(item["entry"]), "entry")
    leaf, commitment = leaf_hash(data), parse_entry(data).commitment
    if item["shared"] is None:
        if item["leaves"] or item["erased"] is not None:
            raise MalformedError("a body that is lost has no leaves and was not erased")
        return OpenedEntry(index, leaf, None)
    shared = _half(item["shared"], shared_half)
    if isinstance(item["leaves"], dict):
        _verify_put_back(item, commitment)
        return OpenedEntry(index, leaf, shared, is_put_back=True)
    leaves = tuple(_half(one, subject_half) for one in _list(item["leaves"]))
    if not hmac.compare_digest(commit(shared.half, [one.half for one in leaves]), commitment):
        raise ProofError(f"what is opened does not belong to entry {index}")
    return OpenedEntry(index, leaf, shared, leaves)


def _verify_put_back(item: dict[str, Any], commitment: bytes) -> None:
    if set(item["leaves"]) != {"root"} or item["erased"] is not None:
        raise MalformedError("leaves are a list, or the root over them")
    if "half" in item["shared"]:
        raise MalformedError("a body that was put back is open")
    salt, body = (decode_base64(_text(item["shared"][name]), name) for name in ("salt", "body"))
    Opening(salt, body, subject_root=decode_hash(_text(item["leaves"]["root"]), "root")).verify(commitment)


def _half(item: Any, half_of: Callable[[bytes, bytes], bytes]) -> OpenedHalf:
    if not isinstance(item, dict) or set(item) not in ({"salt", "body"}, {"half"}):
        raise MalformedError("a half is opened by salt and body, or stands as its 32 bytes")
    if "half" in item:
        return OpenedHalf(decode_hash(_text(item["half"]), "half"))
    body = decode_base64(_text(item["body"]), "body")
    return OpenedHalf(half_of(decode_hash(_text(item["salt"]), "salt"), body), body)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError("leaves are a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError("a text is expected here")
    return value
