"""Entries as an inspector gets them: opened leaf by leaf, and checked against the signed root, not believed.

Their form is that of `ledger.opened`; `erased` is `{"reason", "index", "at"}` or null. Of a body that was put back
from a receipt, its subjects are lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from databeheer.errors import MalformedRequestError
from databeheer.oversight.erasures import Erased
from databeheer.values import parse_instant
from ledger.checkpoint import Checkpoint
from ledger.errors import MalformedError, ProofError
from ledger.opened import OpenedHalf, open_entry
from ledger.tiles import TileReader
from ledger.tree import inclusion_proof


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
    one = open_entry(item)
    index = one.index
    one.verify_in(checkpoint.size, checkpoint.root, inclusion_proof(reader, index, checkpoint.size))
    erased = _erased(item["erased"])
    if one.shared is None:
        return Audited(index, None, is_lost=True)
    shared = _said(one.shared)
    if one.is_put_back:
        return Audited(index, shared, is_lost=True)  # true, but of whom it speaks is lost
    leaves = [(_said(leaf), leaf.half) for leaf in one.leaves]
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
    halves = {-1: (shared, one.shared.half), **dict(enumerate(leaves))}
    unopened = {leaf: half for leaf, (said, half) in halves.items() if said is None}
    return Audited(index, shared, subjects, erased, unopened=unopened, house=house)


def _said(half: OpenedHalf) -> Mapping[str, Any] | None:
    if half.body is None:
        return None
    try:
        said = json.loads(half.body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("a body is not JSON") from error
    if not isinstance(said, dict):
        raise MalformedError("a body is not a JSON object")
    return said


def _erased(item: Any) -> Erased | None:
    if item is None:
        return None
    if not isinstance(item, dict) or set(item) != {"reason", "index", "at"}:
        raise MalformedError("an erasure is named by reason, index and time")
    try:
        return Erased(parse_instant(_text(item["at"])), int(item["index"]), _text(item["reason"]))
    except (MalformedRequestError, ValueError) as error:
        raise MalformedError("an erasure has no time") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MalformedError("a text is expected here")
    return value
