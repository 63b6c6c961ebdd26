"""From a set of one's receipts: that nothing between the first and the last shown is missing.

Each statement about a subject says, in the half that only the subject opens, its number among that subject's
statements and the leaf hash of the one before. So in a whole set the numbers follow each other, each link is the
leaf of the receipt before, every entry is under a signed root, and a signed head names the last one as the newest.

What this cannot show: entries after the newest head; entries that were never put into this subject's chain; that
nobody else was given another head. Two heads that contradict each other are evidence, if both are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ledger import receipt
from ledger.encoding import decode_hash, encode_base64
from ledger.entry import GENESIS_PREVIOUS
from ledger.errors import InconsistentError, MalformedError, MissingStatementError
from ledger.note import VerifierKey
from ledger.subject_head import SubjectHead, open_subject_head
from ledger.tree import MAX_SIZE


@dataclass(frozen=True, slots=True)
class Link:
    """One statement as its receipt shows it: whose, the how manieth, behind which, and where it stands."""

    subject: bytes
    counter: int
    previous: bytes
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """Statements `first` to `last` of one subject, without a gap; `newest` is what the newest head tells."""

    origin: str
    subject: bytes
    first: int
    last: int
    newest: int


def verify_chains(
    receipts: Iterable[bytes],
    log_keys: Sequence[VerifierKey],
    door_keys: Sequence[VerifierKey],
    *,
    heads: Iterable[bytes] = (),
    part: bool = False,
) -> list[Chain]:
    """Check receipts of one or more subjects of one log, with the heads in them and those given besides.

    With `part` the receipts are of one stretch: statements after the last one shown are not missed.

    Raises:
        MalformedError: not a receipt of a subject, or a statement that does not say its place.
        SignatureError: a checkpoint is not the log's, or a head not the door's.
        ProofError: an entry is not under its signed root, or is not opened by its opening.
        MissingStatementError: a statement is missing between two shown, or newer ones are.
        InconsistentError: two things that were signed contradict each other: keep them.
    """
    links: dict[bytes, list[Link]] = {}
    roots: dict[tuple[str, int], bytes] = {}
    notes = list(heads)
    for data in receipts:
        verified = receipt.verify(receipt.parse(data), log_keys)
        place = (verified.checkpoint.origin, verified.checkpoint.size)
        if roots.setdefault(place, verified.checkpoint.root) != verified.checkpoint.root:
            raise InconsistentError(f"two checkpoints of {place[1]} entries have different roots: keep both")
        link = _link(verified)
        links.setdefault(link.subject, []).append(link)
        if verified.head is not None:
            notes.append(verified.head)
    if not links:
        raise MalformedError("there is no receipt to check")
    origins = {origin for origin, _ in roots}
    if len(origins) > 1:
        raise MalformedError("the receipts are of more than one log")
    said = _heads(notes, door_keys, origins)
    if said.keys() - links.keys():
        raise MissingStatementError("a head is given of a subject of which no receipt is shown")
    [origin] = origins
    return [_chain(origin, found, said.get(subject, []), part) for subject, found in sorted(links.items())]


def _link(verified: receipt.Verified) -> Link:
    opening = verified.opening
    if opening is None or opening.subject is None:
        raise MalformedError(f"the receipt of entry {verified.index} does not open a subject's half")
    try:
        said: Any = json.loads(opening.subject.body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"what entry {verified.index} says to its subject is not JSON") from error
    if not isinstance(said, dict) or not {"subject", "counter", "previous"} <= said.keys():
        raise MalformedError(f"entry {verified.index} does not tell its place among its subject's")
    subject, counter, previous = said["subject"], said["counter"], said["previous"]
    if not isinstance(subject, str) or not isinstance(previous, str):
        raise MalformedError(f"entry {verified.index} does not tell its place among its subject's")
    if type(counter) is not int or not 1 <= counter <= MAX_SIZE:
        raise MalformedError(f"the counter in entry {verified.index} is not a number from 1 on")
    return Link(
        decode_hash(subject, "subject's name"),
        counter,
        decode_hash(previous, "link to the statement before"),
        verified.index,
        verified.leaf,
    )


def _heads(
    notes: list[bytes], keys: Sequence[VerifierKey], origins: set[str]
) -> dict[bytes, list[SubjectHead]]:
    found: dict[bytes, list[SubjectHead]] = {}
    for note in dict.fromkeys(notes):
        head = open_subject_head(note, *keys)
        if head.origin not in origins:
            raise MalformedError("a head is of another log than the receipts")
        found.setdefault(head.subject, []).append(head)
    return found


def _chain(origin: str, found: list[Link], heads: list[SubjectHead], part: bool) -> Chain:
    links = sorted(dict.fromkeys(found), key=lambda link: (link.counter, link.index))
    first, last = links[0], links[-1]
    if first.counter == 1 and first.previous != GENESIS_PREVIOUS:
        raise InconsistentError("the first statement names one before it", first.index)
    for before, after in pairwise(links):
        _follow(before, after)
    by_counter = {link.counter: link for link in links}
    _agree(heads, by_counter)
    newest = max((head.counter for head in heads), default=0)
    name = encode_base64(first.subject)
    if newest < last.counter:
        raise MissingStatementError(f"no head of subject {name} reaches its statement {last.counter}")
    if newest > last.counter and not part:
        raise MissingStatementError(
            f"the door says that subject {name} has {newest} statements: {_span(last.counter + 1, newest)}"
            " not shown"
        )
    return Chain(origin, first.subject, first.counter, last.counter, newest)


def _follow(before: Link, after: Link) -> None:
    if after.counter == before.counter:
        raise InconsistentError(
            f"entries {before.index} and {after.index} both say that they are statement {after.counter} of one"
            " subject: keep both receipts",
            after.index,
        )
    if after.counter > before.counter + 1:
        raise MissingStatementError(f"{_span(before.counter + 1, after.counter - 1)} missing")
    if after.previous != before.leaf or after.index <= before.index:
        raise InconsistentError(
            f"statement {after.counter} (entry {after.index}) does not follow statement {before.counter}"
            f" (entry {before.index}): keep both receipts",
            after.index,
        )


def _agree(heads: list[SubjectHead], shown: dict[int, Link]) -> None:
    places: dict[int, tuple[int, bytes]] = {
        counter: (link.index, link.leaf) for counter, link in shown.items()
    }
    for head in heads:
        if places.setdefault(head.counter, (head.index, head.leaf)) != (head.index, head.leaf):
            raise InconsistentError(
                f"what the door signed as statement {head.counter} of a subject is not what another head or the"
                " log says it is: keep both",
                head.index,
            )


def _span(first: int, last: int) -> str:
    return f"statement {first} is" if first == last else f"statements {first} to {last} are"
