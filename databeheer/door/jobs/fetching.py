"""A piece is fetched: decided again, opened as far as it still holds, and what is withheld now put on record.

A piece's entry says what may leave. What of it is refused when it is fetched, because a permission was withdrawn since,
say, is a refusal that the ledger tells whom it concerns, once: in the place of which entry, and whether it had left
before. So the ledger says of each what left, and what did not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.jobs import rows
from databeheer.door.jobs.asking import open_asked
from databeheer.door.jobs.outcomes import GONE, digests, open_outcomes, seal_outcomes
from databeheer.door.portfolio.alike import Kind
from databeheer.door.portfolio.sorting import sort_out
from databeheer.door.proofs import Asker
from databeheer.door.reads.bulk import BulkRead
from databeheer.door.reads.bulk_statements import bulk_statement
from databeheer.door.reads.request import Decided, versions_of
from databeheer.door.repeats import promise_of
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, NotFoundError, StoppedError
from databeheer.oversight import stop


@dataclass(frozen=True)
class Fetched:
    """A piece as it may be handed over now: what is opened of it, and the places whose decision is another now.

    `withheld`: the entry of what is refused now and was not, where this is the first time that it is.
    """

    bulk: BulkRead
    changed: Sequence[int]
    withheld: Record | None


def fetch(house: House, turn: Turn, asker: Asker, job_id: UUID, number: int) -> Fetched:
    """Decide again on all of a recorded piece; only where it comes out as it was recorded, it is opened as of then.

    Raises:
        NotFoundError: the party has no such job, or it has no such piece.
        ConflictError: this piece is not recorded yet.
        StoppedError: hand-over is stopped; it can be fetched once it is not.
    """
    row = None if asker.party_id is None else rows.of_party(turn.connection, asker.party_id, job_id, turn.now)
    if row is None or number >= row.pieces:
        raise NotFoundError("there is no such job, or piece of it")
    piece = rows.piece(turn.connection, job_id, number)
    if piece is None:
        raise ConflictError("this piece is not recorded yet; ask for the job's progress")
    if stop.current(turn.connection) is not None:
        raise StoppedError("hand-over of data is stopped; fetch this piece once it goes on")
    what = open_asked(house, job_id, bytes(row.asked_sealed))
    sorted_ = sort_out(house, turn, asker, what.wanted.part(what.places(number)))
    recorded = open_outcomes(house, job_id, number, bytes(piece.outcome_sealed))
    now = digests(sorted_)
    same = {place for place, outcome in enumerate(recorded) if outcome.digest == now[place].digest}
    refused = {place for place, read in sorted_.reads.items() if not read.leaving}
    changed = set(range(len(recorded))) - same - refused
    # What left before is known of what was granted, and of a piece that was fetched before.
    lost = {
        place: piece.fetched_at is not None and recorded[place] != GONE
        for place in refused - same
        if recorded[place].leaves
    }
    withheld = _withheld(
        house, turn, asker, {place: sorted_.reads[place] for place in lost}, piece.index, lost
    )
    if lost or any(recorded[place] != GONE for place in changed):
        kept = [
            now[place] if place in lost else GONE if place in changed else outcome
            for place, outcome in enumerate(recorded)
        ]
        rows.set_outcome(turn.connection, job_id, number, seal_outcomes(house, job_id, number, kept))
    rows.fetched(turn.connection, job_id, number, turn.now)
    # What is refused now gives nothing, whatever was recorded.
    reads = {place: read for place, read in sorted_.reads.items() if place in same | refused}
    kinds = [_those(kind, same) for kind in sorted_.kinds]
    promise = promise_of(house, turn, piece.index, piece.recorded_at)
    versions = versions_of(what.wanted.common, piece.as_of)
    bulk = BulkRead(reads, [kind for kind in kinds if kind.members], piece.index, promise, versions)
    return Fetched(bulk, sorted(changed), withheld)


def _withheld(
    house: House,
    turn: Turn,
    asker: Asker,
    reads: Mapping[int, Decided],
    index: int,
    left: Mapping[int, bool],
) -> Record | None:
    """Record what was granted at entry `index` and is refused now, each with whether it had left before."""
    if not reads:
        return None
    made = bulk_statement(reads, [], asker, house.catalogue.version, {}, turn.can_tell)
    said = {**made.said, "instead_of": index}
    subjects = [replace(one, said=_with_left(one.said, left)) for one in made.subjects]
    return turn.record(replace(made, said=said, subjects=subjects))


def _with_left(said: Mapping[str, Any], left: Mapping[int, bool]) -> dict[str, Any]:
    also = {"also": [_with_left(one, left) for one in said["also"]]} if "also" in said else {}
    return {**said, **also, "left": left[said["item"]]}


def _those(kind: Kind, places: set[int]) -> Kind:
    return replace(kind, members=[one for one in kind.members if one.place in places])
