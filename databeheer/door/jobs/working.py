"""One piece of a job: decided and recorded in one turn, of the lowest lane.

Whether a piece was recorded stands in the transaction that recorded it: killed anywhere, each piece is recorded once.
"""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.jobs import rows
from databeheer.door.jobs.asking import open_asked
from databeheer.door.jobs.outcomes import digests, seal_outcomes
from databeheer.door.jobs.rows import End
from databeheer.door.portfolio.sorting import sort_out
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.reads.bulk import record_bulk
from databeheer.door.reads.told_reads import First
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
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
        outcome = seal_outcomes(house, job_id, row.done, digests(sorted_))
        rows.add_piece(turn.connection, job_id, row.done, turn.next_index - 1, turn.size, outcome, turn.now)
    house.told_reads.keep(told)
    return True
