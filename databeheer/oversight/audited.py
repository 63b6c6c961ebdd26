"""Entries as an inspector gets them: opened leaf by leaf, and checked against the signed root, not believed.

One entry is JSON:

    {"index": N, "entry": B64, "shared": {"salt": B64, "body": B64} | {"half": B64} | null,
     "leaves": [{"salt": B64, "body": B64} | {"half": B64}, …], "erased": {"reason", "index", "at"} | null}

A half that is a decoy or that was erased stands as its 32 bytes. Whatever is opened or not, the halves must give
the entry's commitment, and the entry stand in the tree. A body that is lost has `shared` null and no leaves; one
that was put back from a receipt has `{"root": B64}` in the place of its leaves, and its subjects are lost.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from databeheer.errors import MalformedRequestError
from databeheer.oversight.erasures import Erased
from databeheer.values import parse_instant
from ledger.checkpoint import Checkpoint
from ledger.commitment import Opening, commit, shared_half, subject_half
from ledger.encoding import decode_base64, decode_hash
from ledger.entry import parse as parse_entry
from ledger.errors import MalformedError, ProofError
from ledger.tiles import TileReader
from ledger.tree import inclusion_proof, leaf_hash, verify_inclusion

_MEMBERS = {"index", "entry", "shared", "leaves", "erased"}


@dataclass(frozen=True)
class Audited:
    """One entry, checked: what its shared half says, and what it says to each subject.

    `shared` is None where it was erased or is lost; `subjects` holds the opened ones only, by name. `unopened` are
    the halves that stand as their 32 bytes, by leaf; -1 is the shared one. `house` is what the house's own
    half says, of an entry that has one: a read in bulk; a person's look at what is not that person's (`person`).
    """

    index: int
    shared: Mapping[str, Any] | None
    subjects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    erased: Erased | None = None
    is_lost: bool = False
    unopened: Mapping[int, bytes] = field(default_factory=dict)
    house: Mapping[str, Any] | None = None

    @property
    def event(self) -> str:
        return str(self.shared["event"]) if self.shared else ""


def check(item: Any, reader: TileReader, checkpoint: Checkpoint) -> Audited:
    """Check one entry: the halves give its commitment, and it stands in the tree of the signed checkpoint.

    Raises:
        MalformedError: it is not in this form.
        ProofError: a half was changed, added or left out, or the log has another entry there.
    """
    if not isinstance(item, dict) or set(item) != _MEMBERS or type(item["index"]) is not int:
        raise MalformedError("an audited entry has other members than it should have")
    index, data = item["index"], decode_base64(_text(item["entry"]), "entry")
    proof = inclusion_proof(reader, index, checkpoint.size)
    verify_inclusion(index, checkpoint.size, leaf_hash(data), proof, checkpoint.root)
    erased = _erased(item["erased"])
    if item["shared"] is None:
        if item["leaves"] or erased is not None:
            raise MalformedError("a body that is lost has no leaves and was not erased")
        return Audited(index, None, is_lost=True)
    if isinstance(item["leaves"], dict):
        return _put_back(index, item, parse_entry(data).commitment)
    shared, common = _half(item["shared"], shared_half)
    leaves = [_half(leaf, subject_half) for leaf in _list(item["leaves"])]
    if not hmac.compare_digest(commit(common, [half for _, half in leaves]), parse_entry(data).commitment):
        raise ProofError(f"what is opened does not belong to entry {index}")
    if shared is None and erased is None:
        raise ProofError(f"the body of entry {index} is withheld, and no erasure is named")
    opened = [said for said, _ in leaves if said is not None]
    first = leaves[0][0] if leaves else None
    # A subject's half names its subject, and never says how many halves there are.
    house = first if first is not None and "leaves" in first and "subject" not in first else None
    # Statements from before subjects had a name do not say it; their place in the entry stands for it.
    subjects = {
        str(said.get("subject", f"{index}/{place}")): said
        for place, said in enumerate(opened)
        if said is not house
    }
    halves = {-1: (shared, common), **dict(enumerate(leaves))}
    unopened = {leaf: half for leaf, (said, half) in halves.items() if said is None}
    return Audited(index, shared, subjects, erased, unopened=unopened, house=house)


def _put_back(index: int, item: Mapping[str, Any], commitment: bytes) -> Audited:
    """An entry whose body somebody's receipt gave back: true, but of whom it speaks is lost."""
    if set(item["leaves"]) != {"root"} or item["erased"] is not None:
        raise MalformedError("leaves are a list, or the root over them")
    said, _ = _half(item["shared"], shared_half)
    if said is None:
        raise MalformedError("a body that was put back is open")
    salt, body = (decode_base64(_text(item["shared"][name]), name) for name in ("salt", "body"))
    Opening(salt, body, subject_root=decode_hash(_text(item["leaves"]["root"]), "root")).verify(commitment)
    return Audited(index, said, is_lost=True)


def _half(item: Any, half_of: Any) -> tuple[Mapping[str, Any] | None, bytes]:
    if not isinstance(item, dict) or set(item) not in ({"salt", "body"}, {"half"}):
        raise MalformedError("a half is opened by salt and body, or stands as its 32 bytes")
    if "half" in item:
        return None, decode_hash(_text(item["half"]), "half")
    body = decode_base64(_text(item["body"]), "body")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("a body is not JSON") from error
    if not isinstance(said, dict):
        raise MalformedError("a body is not a JSON object")
    return said, half_of(decode_hash(_text(item["salt"]), "salt"), body)


def _erased(item: Any) -> Erased | None:
    if item is None:
        return None
    if not isinstance(item, dict) or set(item) != {"reason", "index", "at"}:
        raise MalformedError("an erasure is named by reason, index and time")
    try:
        return Erased(parse_instant(_text(item["at"])), int(item["index"]), _text(item["reason"]))
    except (MalformedRequestError, ValueError) as error:
        raise MalformedError("an erasure has no time") from error


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError("leaves are a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError("a text is expected here")
    return value
