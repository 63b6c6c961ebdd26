"""One piece of a job: decided and recorded in one turn, of the lowest lane; and fetched, as far as it still holds.

Whether a piece was recorded stands in the transaction that recorded it: killed anywhere, each piece is recorded once.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from databeheer.door.bodies.halves import canonical
from databeheer.door.house import House
from databeheer.door.jobs import rows
from databeheer.door.jobs.asking import open_asked
from databeheer.door.jobs.rows import End
from databeheer.door.portfolio.alike import Kind
from databeheer.door.portfolio.sorting import Sorted, sort_out
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.reads.bulk import BulkRead, outcomes, record_bulk
from databeheer.door.reads.request import versions_of
from databeheer.door.reads.told_reads import First
from databeheer.door.repeats import promise_of
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, NotFoundError, StoppedError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.oversight import gaps, stop

_DIGEST = 16


def is_halted(turn: Turn) -> bool:
    """Whether no piece is worked now: hand-over is stopped, or a restored database is not reconciled yet."""
    return stop.current(turn.connection) is not None or bool(gaps.standing(turn.connection))


def work(house: House, job_id: UUID) -> bool:
    """Decide on the next piece of a job and record it; False where no piece may be worked now.

    As of now the party must not be suspended, nor the client ended that handed the job in: else the job ends.
    """
    told: set[First] = set()
    with house.turn(TurnLane.BATCH) as turn:
        row = rows.locked(turn.connection, job_id, turn.now)
        if row is None:  # cancelled, expired, or worked by another door
            return True
        if is_halted(turn):
            return False
        if row.is_suspended or row.is_client_ended:
            why = End.SUSPENDED if row.is_suspended else End.CLIENT_ENDED
            rows.end(turn.connection, job_id, why, turn.now)
            return True
        what = open_asked(house, job_id, bytes(row.asked_sealed))
        asker = Asker(AskerKind.PARTY, party_id=row.party_id, profile="own")
        sorted_ = sort_out(house, turn, asker, what.wanted.part(what.places(row.done)))
        _, told = record_bulk(house, turn, asker, sorted_)
        outcome = seal(house.ledger_key, canonical(_digests(sorted_)), _coordinates(job_id, row.done))
        rows.add_piece(turn.connection, job_id, row.done, turn.next_index - 1, turn.size, outcome, turn.now)
    house.told_reads.keep(told)
    return True


@dataclass(frozen=True)
class Fetched:
    """A piece as it may be handed over now: what is opened of it, and the places whose decision is another now."""

    bulk: BulkRead
    changed: Sequence[int]


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
    recorded = json.loads(unseal(house.ledger_key, bytes(piece.outcome_sealed), _coordinates(job_id, number)))
    now = _digests(sorted_)
    same = {place for place, digest in enumerate(recorded) if digest == now[place]}
    refused = {place for place, read in sorted_.reads.items() if not read.leaving}
    kept = same | refused  # what is refused now gives nothing, whatever was recorded
    reads = {place: read for place, read in sorted_.reads.items() if place in kept}
    kinds = [_those(kind, same) for kind in sorted_.kinds]
    promise = promise_of(house, turn, piece.index, piece.recorded_at)
    rows.fetched(turn.connection, job_id, number, turn.now)
    versions = versions_of(what.wanted.common, piece.as_of)
    bulk = BulkRead(reads, [kind for kind in kinds if kind.members], piece.index, promise, versions)
    return Fetched(bulk, sorted(set(range(len(recorded))) - kept))


def _those(kind: Kind, places: set[int]) -> Kind:
    return replace(kind, members=[one for one in kind.members if one.place in places])


def _digests(sorted_: Sorted) -> list[str]:
    """Of each place what was decided: what leaves of whom on which ground, and what is refused and why."""
    said: Mapping[int, Any] = outcomes(sorted_)
    return [
        b64encode(sha256(canonical(said[place])).digest()[:_DIGEST]).decode() for place in range(len(said))
    ]


def _coordinates(job_id: UUID, number: int) -> bytes:
    return f"job/v1|outcome|{job_id}|{number}".encode()
