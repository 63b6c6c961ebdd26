"""A party that no longer meets the conditions loses everything in one turn, whatever it was given (R13)."""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.post.telling import tell_party
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.permissions import closing
from databeheer.registry import conditions


def suspend(house: House, turn: Turn, party_id: UUID, reason: str) -> None:
    """Suspend a party, and end every permission that it has; its customers learn of theirs one by one after.

    Raises:
        NotFoundError: there is no such party, or it is suspended already.
    """
    conditions.suspend(turn.connection, party_id, turn.now)
    ended = closing.close_all(turn.connection, party_id, turn.now)
    turn.end(Ending.PARTY_SUSPENDED, party_id)
    turn.record(Statement("party.suspended", {"reason": reason, "permissions": ended}, party_id=party_id))
    tell_party(house, turn, "party.suspended", party_id)
