"""Letters that tell who supplies a home: asked for in the turn that records it (R80).

A question is one entry and gets one answer, whether or not a letter goes: whoever asks learns neither who supplies,
nor whether anybody does, nor whether the access point exists. Only an auditor reads why none went.
"""

from __future__ import annotations

from typing import Any

from databeheer.brussels import day_of
from databeheer.door.commands.base import found
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.permission_record import subjects_of
from databeheer.door.post import home_letters
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.home_letters.letters import What
from databeheer.oversight import gaps
from databeheer.registry import occupancies, points
from databeheer.values import EAN


def ask(house: House, turn: Turn, ean: EAN, case: str, entered_by: dict[str, Any] | None = None) -> Record:
    """Record that somebody asked who supplies an access point, and write to who lives there, if a letter can go.

    One that waits already answers both. `entered_by`: who of the house was asked, for the entry.
    """
    said = {"case": case} | (entered_by or {})
    stay = occupancies.lived_in(turn.connection, ean_hash(house, ean), day_of(turn.now))
    holder = home_letters.holder_of(house, turn, stay)
    if stay is None or holder is None:
        return _withheld(house, turn, said, "nobody_known", stay)
    if found(points.by_id(turn.connection, stay.access_point_id), "access point").address_sealed is None:
        return _withheld(house, turn, said, "no_address", stay)
    if gaps.standing(turn.connection):
        return _withheld(house, turn, said, "restored", stay)
    if home_letters.waits(house, turn, What.SUPPLIER, stay.occupancy_id):
        return _withheld(house, turn, said, "one_waits", stay)
    return home_letters.write(house, turn, What.SUPPLIER, stay, holder, case, said)


def _withheld(house: House, turn: Turn, said: dict[str, Any], reason: str, stay: Any | None = None) -> Record:
    """Record a question to which no letter goes: in the book of who lives there, if anybody does."""
    subjects = subjects_of(house, stay.occupancy_id if stay is not None else None)
    return turn.record(Statement("supplier_letter.withheld", said | {"reason": reason}, subjects=subjects))
