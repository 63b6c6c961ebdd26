"""Read many access points at once: one look-up of facts, one entry, one promise.

1. In one turn under the ledger's head row: who asks, the facts of all, each decision, one entry over all of them.
2. After the commit: open exactly what each decision gave.

Under an idempotency key the same request finds its entry again, and is handed over only what is still granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from databeheer.door.bulk_statements import bulk_statement
from databeheer.door.first_reads import tell_first_reads
from databeheer.door.halves import canonical
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.read_request import Decided, ReadRequest
from databeheer.door.read_statements import refused_of, span_of
from databeheer.door.reads import Decider
from databeheer.door.repeats import Repeat, promise_again
from databeheer.door.turn import Record
from databeheer.errors import ConflictError, UnauthenticatedError

COMMAND = "readings.bulk"


@dataclass(frozen=True)
class BulkRead:
    """Many reads, decided and recorded in one entry: where it stands, the promise, and which stored readings count."""

    reads: tuple[Decided, ...]
    index: int
    promise: bytes
    as_of: int


def admit_bulk(
    house: House, proof: Proof, requests: Sequence[ReadRequest], arguments: dict[str, Any]
) -> BulkRead:
    """Decide on all requests of one party and record them in one entry.

    `arguments` are those of the command, with the idempotency key where there is one.

    Raises:
        UnauthenticatedError: not a party's token of the own interface; nothing is recorded.
        IdempotencyKeyReusedError: the key came with another request.
        ConflictError: the key came with this request, and what was granted then is not what is granted now.
    """
    with house.turn() as turn:
        asker = _party(turn.connection, proof, turn.now, house)
        decide_one = Decider(house, turn, requests, [asker])
        reads = tuple(decide_one(request, asker) for request in requests)
        repeat = Repeat(house, turn, asker.party_id, COMMAND, arguments)
        first = repeat.answered()
        if first is not None:
            answer, kept = first
            if answer["outcome"] != _outcome(reads):
                raise ConflictError(
                    "what was granted at this key's first use is not what is granted now; ask again with a new key"
                )
            return BulkRead(reads, kept.index, promise_again(house, turn, kept), answer["as_of"])
        record: Record = turn.record(bulk_statement(reads, asker, house.catalogue.version, turn.can_tell))
        told = tell_first_reads(house, turn, reads)
        repeat.keep({"as_of": turn.size, "outcome": _outcome(reads)}, turn.next_index - 1)
    house.told_reads.keep(told)
    return BulkRead(reads, record.index, record.promise, turn.size)


def _party(connection: Any, proof: Proof, now: Any, house: House) -> Asker:
    asker = check(connection, proof, now, house.operator_key_hash)
    if asker.kind is not AskerKind.PARTY or asker.profile != "own":
        raise UnauthenticatedError("this proof does not read in bulk")
    return asker


def _outcome(reads: Sequence[Decided]) -> str:
    """A digest of what each read gives and refuses; the same facts decided later give the same."""
    said = [
        [
            [[*span_of(one.interval), one.basis, one.fact_id, one.occupancy_id] for one in read.leaving],
            refused_of(read),
            sorted(read.directions),
        ]
        for read in reads
    ]
    return sha256(canonical(said)).hexdigest()
