"""Read many access points at once: one look-up of facts, one entry, one promise.

1. In one turn under the ledger's head row: who asks, the facts of all, each decision, one entry over all of them.
2. After the commit: open exactly what each decision gave.

Under an idempotency key the same request finds its entry again, and is handed over only what is still granted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from databeheer.door.bodies.halves import canonical
from databeheer.door.house import House
from databeheer.door.portfolio.alike import Kind
from databeheer.door.portfolio.sorting import Sorted, sort_out
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.reads.bulk_statements import bulk_statement
from databeheer.door.reads.first_reads import tell_first_of, tell_first_reads
from databeheer.door.reads.request import Decided, Wanted, versions_of
from databeheer.door.reads.statements import homes_of, refused_of, span_of
from databeheer.door.reads.told_reads import First
from databeheer.door.repeats import Repeat, promise_again
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, UnauthenticatedError

COMMAND = "readings.bulk"


@dataclass(frozen=True)
class BulkRead:
    """Many reads, decided and recorded in one entry: where it stands, the promise, and which stored readings count.

    `reads` by their places in the request; the others are alike in `kinds`.
    """

    reads: Mapping[int, Decided]
    kinds: Sequence[Kind]
    index: int
    promise: bytes
    as_of: int


def admit_bulk(house: House, proof: Proof, requests: Wanted, arguments: dict[str, Any]) -> BulkRead:
    """Decide on all requests of one party and record them in one entry.

    `arguments` are those of the command, with the idempotency key where there is one.

    Raises:
        UnauthenticatedError: not a party's token of the own interface; nothing is recorded.
        IdempotencyKeyReusedError: the key came with another request.
        ConflictError: the key came with this request, and what was granted then is not what is granted now.
    """
    with house.turn() as turn:
        asker = _party(turn.connection, proof, turn.now, house)
        sorted_ = sort_out(house, turn, asker, requests)
        repeat = Repeat(house, turn, asker.party_id, COMMAND, arguments)
        first = repeat.answered()
        if first is not None:
            answer, kept = first
            if answer["outcome"] != _outcome(sorted_):
                raise ConflictError(
                    "what was granted at this key's first use is not what is granted now; ask again with a new key"
                )
            promise = promise_again(house, turn, kept)
            return BulkRead(
                sorted_.reads,
                sorted_.kinds,
                kept.index,
                promise,
                versions_of(requests.common, answer["as_of"]),
            )
        record, told = record_bulk(house, turn, asker, sorted_)
        if repeat.has_key:
            repeat.keep({"as_of": turn.size, "outcome": _outcome(sorted_)}, turn.next_index - 1)
    house.told_reads.keep(told)
    versions = versions_of(requests.common, turn.size)
    return BulkRead(sorted_.reads, sorted_.kinds, record.index, record.promise, versions)


def record_bulk(house: House, turn: Turn, asker: Asker, sorted_: Sorted) -> tuple[Record, set[First]]:
    """Record what was decided in one entry, and tell of first reads; `told_reads` keeps those after the commit."""
    version = house.catalogue.version
    record = turn.record(
        bulk_statement(sorted_.reads, sorted_.kinds, asker, version, sorted_.keys, turn.can_tell)
    )
    told = tell_first_reads(house, turn, sorted_.reads.values())
    told |= tell_first_of(house, turn, sorted_.kinds, told)
    return record, told


def _party(connection: Any, proof: Proof, now: Any, house: House) -> Asker:
    asker = check(connection, proof, now, house.operator_key_hash, or_suspended=True)
    if asker.kind is not AskerKind.PARTY or asker.profile != "own":
        raise UnauthenticatedError("this proof does not read in bulk")
    return asker


def _outcome(sorted_: Sorted) -> str:
    """A digest of all outcomes."""
    said = outcomes(sorted_)
    return sha256(canonical([said[place] for place in sorted(said)])).hexdigest()


def outcomes(sorted_: Sorted) -> dict[int, Any]:
    """What each read gives and refuses, and of whom, by places: the same facts decided later give the same.

    Whom it concerns counts by itself: who came to live there since has not been told of the first one's refusal.
    """
    said: dict[int, Any] = {
        place: [
            [[*span_of(one.interval), one.basis, one.fact_id, one.occupancy_id] for one in read.leaving],
            refused_of(read),
            sorted(read.directions),
            [home.id for home in homes_of(read)],
        ]
        for place, read in sorted_.reads.items()
    }
    for kind in sorted_.kinds:
        [granted] = kind.read.leaving
        directions, given = sorted(kind.read.directions), [*span_of(granted.interval), granted.basis]
        for one in kind.members:
            leaving = [[*given, one.permission, one.stay]]
            said[one.place] = [leaving, [], directions, [one.stay]]
    return said
