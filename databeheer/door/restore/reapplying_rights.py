"""After a restore: an objection that was accepted in the lost stretch stops its basis again."""

from __future__ import annotations

from collections.abc import Sequence

from databeheer import clocks
from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of
from databeheer.door.restore.ends import End, Ending
from databeheer.door.rights import steps
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.identity import lives
from databeheer.registry import occupancies
from databeheer.rights import grounds, requests
from databeheer.rights.requests import Asking, Channel, Kind

_BEHIND = [Ending.OBJECTION_HOME, Ending.OBJECTION_PERSON, Ending.OBJECTION_BASIS]


def objected_again(house: House, turn: Turn, end: End, following: Sequence[End]) -> bool:
    """Accept it again, also where the database forgot that it was asked; its words are lost then."""
    if [one.ending for one in following[:3]] != _BEHIND:
        return False
    home, person, number = (one.id for one in following[:3])
    occupancy = occupancies.find(turn.connection, home)
    basis = next((code for code in grounds.shipped() if steps.basis_number(code) == number), None)
    if occupancy is None or basis is None or not lives.exists(turn.connection, person):
        return False
    asked = Asking(
        request_id=end.id,
        operator=occupancy.operator,
        person_id=person,
        occupancy_id=home,
        kind=Kind.OBJECTION,
        fact=None,
        basis=basis,
        channel=Channel.PORTAL,
        document_sha256=None,
        words_sealed=None,
        received_at=end.at,
    )
    if not requests.accept_again(turn.connection, asked, turn.now, turn.next_index):
        return False
    for kind in (requests.CLOCK, requests.EXTENDED_CLOCK):
        clocks.meet(turn.connection, kind, end.id, turn.now)
    steps.stop(turn, end.id, home, person, basis)
    said = {"request": str(end.id), "kind": Kind.OBJECTION.value, "basis": basis, "after": "restore"}
    own = occupancy.person_id == person
    subjects = subjects_of(house, home) if own else []
    turn.record(Statement("right.accepted", said, operator=occupancy.operator, subjects=subjects))
    return True
