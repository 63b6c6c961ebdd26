"""After a restore: records of necessity, and the keys that signed them, that ended in the lost stretch."""

from __future__ import annotations

from databeheer.door.house import House
from databeheer.door.joins import signers
from databeheer.door.restore.ends import End, Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn

_EVENTS = {Ending.JOIN_NECESSITY: "join_necessity.ended", Ending.JOIN_SIGNER: "join_signer.ended"}


def end_again(_: House, turn: Turn, end: End) -> bool:
    """End it, also where the database forgot that it ever was: handed in once more, it is refused."""
    if not signers.end(turn, end.id, turn.next_index):
        return False
    turn.end(end.ending, end.id)
    turn.record(Statement(_EVENTS[end.ending], {"id": str(end.id), "after": "restore"}))
    return True
