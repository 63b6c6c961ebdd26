"""What the ledger says of a read in bulk: one entry over a tree of halves, one for each subject.

The shared half says what was asked of how many, and nothing of what came of it: every subject's receipt opens it,
and the party's. What came of it stands in each subject's own half; how often which came, in the house's, which only
an auditor opens. Between them stand decoys (docs/reference/ledger.md, 2.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from databeheer.byte_rows import KEY_LENGTH, rows_of
from databeheer.door.bodies.halves import subject_handles
from databeheer.door.portfolio.alike import Kind
from databeheer.door.portfolio.crowd import Alike, Member, template_of
from databeheer.door.proofs import Asker
from databeheer.door.reads.request import Decided
from databeheer.door.reads.statements import span_of, subjects_of, versions_said
from databeheer.door.statement import NO_OPERATOR, Statement, Subject

EVENT = "data.asked"


def bulk_statement(
    reads: Mapping[int, Decided],
    kinds: Sequence[Kind],
    asker: Asker,
    catalogue_version: str,
    keys: Mapping[bytes, bytes],
    can_tell: Callable[[UUID], bool],
) -> Statement:
    """Return the one statement of many reads of one party, all of one window and granularity.

    `reads` are those that were decided one by one, by their places in the request; the others are alike, and `keys`
    has the ledger key of each of their stays. `can_tell` says of an occupancy whether its ledger is kept: of one that
    was erased nothing can be written, and the house's half counts only what is.
    """
    first = next(iter(reads.values())).request if reads else kinds[0].read.request
    subjects = [one for one in _subjects(reads) if can_tell(one.occupancy_id)]
    untold = sum(
        1 for read in reads.values() if read.leaving and not can_tell(UUID(read.leaving[0].occupancy_id))
    )
    alike = [_alike(kind, keys) for kind in kinds]
    points = len(reads) + sum(len(kind.members) for kind in kinds)
    told = len(subjects) + sum(len(one.members) for one in alike)
    return Statement(
        event=EVENT,
        said={
            "asker": "party",
            "category": "readings",
            "granularity": first.granularity.value,
            "asked": span_of(first.period),
            "mode": "strict" if first.strict else "clip",
            "catalogue": catalogue_version,
        }
        | ({"registers": True} if first.registers else {})
        | versions_said(first),
        party_id=asker.party_id,
        operator=NO_OPERATOR,  # whose points they are stands in the halves: a party opens the shared one
        subjects=subjects,
        alike=alike,
        points=points,
        leaves=leaves_for(points, told),
        house_said={"subjects": told, "tally": _tally(reads.values(), kinds), "untold": untold},
    )


def _alike(kind: Kind, keys: Mapping[bytes, bytes]) -> Alike:
    """The subjects of one kind: each is told what the first one is told, of the own stay and permission."""
    first = kind.members[0]
    [subject] = _subjects_of(kind.read, first.place)
    if subject.ground is None or subject.operator is None or subject.event is None:
        raise ValueError("a subject of a read in bulk has its own event, ground and operator")
    held = [keys[one.occupancy] for one in kind.members]
    handles = subject_handles(rows_of(held, KEY_LENGTH))
    members = [
        Member(one.occupancy, key, handle, one.permission.encode(), one.place)
        for one, key, handle in zip(kind.members, held, handles, strict=True)
    ]
    return Alike(template_of(subject.own), subject.event, subject.ground, subject.operator, members)


def leaves_for(asked: int, subjects: int) -> int:
    """How many halves the entry has: the power of two above twice what was asked.

    So it tells a customer no more than how many were asked. It doubles where more stays than that are concerned.
    """
    return 1 << max(2 * asked, subjects).bit_length()


def _subjects(reads: Mapping[int, Decided]) -> Iterable[Subject]:
    """One subject an occupancy, whatever was asked of it: an entry is one link in its chain."""
    found: dict[UUID, list[Subject]] = {}
    for item, read in reads.items():
        for subject in _subjects_of(read, item):
            found.setdefault(subject.occupancy_id, []).append(subject)
    for occupancy_id, several in found.items():
        # What left comes first: by that the index row is found.
        several.sort(key=lambda one: one.event != "data.read")
        first, also = several[0], [one.own for one in several[1:]]
        said = first.said | ({"also": also} if also else {})
        yield Subject(occupancy_id, said, first.event, first.ground, first.operator)


def _subjects_of(read: Decided, item: int) -> Iterable[Subject]:
    """Whom one of the reads concerns, each told what a read of its own would have told it.

    `item` is its place in the request, from 0: by it a later correction tells the party what to drop.
    """
    for subject in subjects_of(read):
        said = subject.said | {
            "directions": sorted(read.directions),
            "permission": str(read.request.permission_id or ""),
            "item": item,
        }
        event = "data.read" if subject.said["granted"] else "data.refused"
        operator = read.point.operator if read.point else None
        yield replace(subject, said=said, event=event, operator=operator)


def stays_of(reads: Iterable[Decided]) -> set[bytes]:
    """The occupancies that reads tell something."""
    return {subject.occupancy_id.bytes for read in reads for subject in subjects_of(read)}


def _tally(reads: Iterable[Decided], kinds: Iterable[Kind]) -> list[list[Any]]:
    """How often which event, on which ground, at which grid operator's points."""
    counted = Counter(_counted(read) for read in reads)
    for kind in kinds:
        counted[_counted(kind.read)] += len(kind.members)
    return [[*what, times] for what, times in sorted(counted.items())]


def _counted(read: Decided) -> tuple[str, str, int]:
    return read.event, read.ground, read.point.operator if read.point and read.leaving else 1
