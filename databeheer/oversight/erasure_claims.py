"""Claims that something was erased, held against the log's own entries: who deletes a body has no such entry.

An erasure of an audit is JSON:

    {"begun": ENTRY | null, "executed": ENTRY | null, "halves": B64}

ENTRY as in `oversight.audited`, its subjects' halves unopened. `halves` are the records of everything that the batch
erased: index (8 bytes, big endian), leaf (2 bytes; -1 is the shared half), the 32 bytes that the half was committed
with. Their number and SHA-256 stand in the body of the entry `erasure.executed`.

Pure: entries come checked against the signed root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from databeheer.oversight.audited import Audited
from databeheer.values import format_instant
from ledger.encoding import HASH_LENGTH, decode_base64
from ledger.errors import MalformedError

RECORD_LENGTH = 8 + 2 + HASH_LENGTH
SHARED_LEAF = -1
_MEMBERS = {"begun", "executed", "halves"}

Code = tuple[int, str]
"""An index, and what is wrong there."""


@dataclass
class _Batch:
    """One erasure as the log tells it: by which entry it was done, for which reasons, which halves it took."""

    begun: Audited | None
    executed: Audited | None
    left: dict[int, dict[int, bytes]]
    """The halves that it took, by leaf, of each entry."""
    count: int
    digest: str

    @property
    def is_recorded(self) -> bool:
        """Whether both entries are there, and speak of one batch of erasures."""
        begun, executed = _said(self.begun, "erasure.begun"), _said(self.executed, "erasure.executed")
        return begun is not None and executed is not None and begun.get("batch") == executed.get("batch")

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun, by an entry that says so, and no entry says yet that it is through."""
        return self.executed is None and _said(self.begun, "erasure.begun") is not None

    @property
    def took_what_it_says(self) -> bool:
        said = _said(self.executed, "erasure.executed") or {}
        return (said.get("halves"), said.get("digest")) == (self.count, self.digest)

    @property
    def decided_ledger(self) -> bool:
        """Whether the ledger of anybody was decided to go: without that no half may have gone."""
        decisions = (_said(self.begun, "erasure.begun") or {}).get("decisions", [])
        return any(isinstance(one, list) and one[1:2] == ["ledger"] for one in decisions)

    @property
    def excuses(self) -> bool:
        """Whether a half that it took is missing rightly, as far as its entries tell."""
        return self.decided_ledger and (self.is_recorded or self.is_under_way)

    def tells_of(self, entry: Audited) -> bool:
        """Whether it took a half of this entry, at the time and for a reason that its entries tell too."""
        if entry.erased is None or entry.index not in self.left or not self.is_recorded:
            return False
        began, done = (_said(self.begun, "erasure.begun"), _said(self.executed, "erasure.executed"))
        decided = [one[1:3] for one in (began or {}).get("decisions", []) if isinstance(one, list)]
        is_decided = ["ledger", entry.erased.reason] in decided
        return is_decided and (done or {}).get("at") == format_instant(entry.erased.at)


@dataclass
class Claims:
    """The erasures that an audit brings along, by the entry that a page names for them."""

    size: int
    """Of the signed log: an entry from there on cannot be checked yet."""
    by_entry: dict[int, _Batch] = field(default_factory=dict)
    batches: list[_Batch] = field(default_factory=list)

    @classmethod
    def read(cls, items: Any, size: int, check: Callable[[Any], Audited | None]) -> Claims:
        """Read the erasures of an audit; `check` gives an entry that is the log's, else None.

        Raises:
            MalformedError: they are not in this form.
        """
        claims = cls(size)
        for item in _list(items):
            if not isinstance(item, dict) or set(item) != _MEMBERS or not isinstance(item["halves"], str):
                raise MalformedError("an erasure has other members than it should have")
            content = decode_base64(item["halves"], "halves")
            begun, executed = (
                check(item[name]) if item[name] is not None else None for name in ("begun", "executed")
            )
            count, digest = len(content) // RECORD_LENGTH, sha256(content).hexdigest()
            batch = _Batch(begun, executed, _records(content), count, digest)
            claims.batches.append(batch)
            for entry in (begun, executed):
                if entry is not None:
                    claims.by_entry[entry.index] = batch
        return claims

    def wrong(self, looked: Iterable[Audited]) -> Iterator[Code]:
        """Name what is wrong with these erasures, and with what entries say of being erased."""
        for batch in self.batches:
            if batch.executed is None:
                continue
            if not batch.is_recorded:
                yield batch.executed.index, "erased-without-entry"
            elif not batch.took_what_it_says:
                yield batch.executed.index, "erased-differs"
            elif batch.left and not batch.decided_ledger:
                yield batch.executed.index, "erased-undecided"
        for entry in looked:
            yield from ((entry.index, code) for code in self._wrong_with(entry))

    def taken(self, index: int) -> dict[int, bytes]:
        """What was taken of an entry: the halves that were left, by leaf."""
        return {leaf: half for batch in self.batches for leaf, half in batch.left.get(index, {}).items()}

    def excused(self, entry: Audited) -> int:
        """How many subjects' halves of an entry are missing by erasures that decided a ledger."""
        return len(
            {
                leaf
                for batch in self.batches
                if batch.excuses
                for leaf, half in batch.left.get(entry.index, {}).items()
                if leaf != SHARED_LEAF and entry.unopened.get(leaf) == half
            }
        )

    def _wrong_with(self, entry: Audited) -> Iterator[str]:
        if entry.event in ("erasure.begun", "erasure.executed") and entry.index not in self.by_entry:
            yield "erasure-left-out"
        taken = self.taken(entry.index)
        if not entry.is_lost and any(entry.unopened.get(leaf) != half for leaf, half in taken.items()):
            yield "not-erased"
        elif not entry.is_lost and (self._wrongly_took(entry.index) or (taken and entry.erased is None)):
            # Each half by a batch of its own: that another of this entry went rightly excuses nothing.
            yield "erased-without-entry"
            return
        if entry.erased is None:
            return
        named = self.by_entry.get(entry.erased.index)
        if entry.erased.index >= self.size or (named is not None and named.is_under_way):
            yield "erasure-unfinished"
        elif (
            named is None or not named.tells_of(entry) or (entry.shared is None and SHARED_LEAF not in taken)
        ):
            yield "erased-without-entry"

    def _wrongly_took(self, index: int) -> bool:
        return any(index in batch.left and not batch.excuses for batch in self.batches)


def record(index: int, leaf: int, half: bytes) -> bytes:
    """Spell one erased half as the digest in `erasure.executed` is over."""
    return index.to_bytes(8, "big") + leaf.to_bytes(2, "big", signed=True) + half


def _records(content: bytes) -> dict[int, dict[int, bytes]]:
    if len(content) % RECORD_LENGTH:
        raise MalformedError("erased halves are records of 42 bytes")
    found: dict[int, dict[int, bytes]] = {}
    before = (-1, -1)
    for at in range(0, len(content), RECORD_LENGTH):
        one = content[at : at + RECORD_LENGTH]
        index, leaf = int.from_bytes(one[:8], "big"), int.from_bytes(one[8:10], "big", signed=True)
        if (index, leaf) <= before:
            raise MalformedError("erased halves are named once, in the order of their entries")
        before = (index, leaf)
        found.setdefault(index, {})[leaf] = one[10:]
    return found


def _said(entry: Audited | None, event: str) -> Mapping[str, Any] | None:
    return entry.shared if entry is not None and entry.event == event else None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedError("an audit has a list of erasures")
    return value
