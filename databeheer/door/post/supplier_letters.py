"""Letters that tell who supplies a home: asked for, printed, posted and closed in the turn that records it (R80).

A question is one entry and gets one answer, whether or not a letter goes: whoever asks learns neither who supplies,
nor whether anybody does, nor whether the access point exists. Only an auditor reads why none went.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer import clocks
from databeheer.approval_letters.letters import EndReason
from databeheer.brussels import day_of
from databeheer.door.commands.base import found
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.names import ean_hash, open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.approval_letters import POSTING
from databeheer.door.post.letters import open_own, seal_own
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.oversight import gaps
from databeheer.post import contacts
from databeheer.registry import occupancies, points, residents, supply
from databeheer.supplier_letters import letters
from databeheer.values import EAN


def ask(house: House, turn: Turn, ean: EAN, case: str) -> Record:
    """Record that somebody asked who supplies an access point, and write to who lives there, if a letter can go.

    One that waits already answers both.
    """
    stay = occupancies.lived_in(turn.connection, ean_hash(house, ean), day_of(turn.now))
    holder = _holder(house, turn, stay)
    if stay is None or holder is None:
        return _withheld(house, turn, case, "nobody_known", stay)
    if found(points.by_id(turn.connection, stay.access_point_id), "access point").address_sealed is None:
        return _withheld(house, turn, case, "no_address", stay)
    if gaps.standing(turn.connection):
        return _withheld(house, turn, case, "restored", stay)
    before = letters.waiting(turn.connection, stay.occupancy_id)
    if before is not None:
        row = found(letters.by_id(turn.connection, before, turn.now), "letter")
        if row.over is None:
            return _withheld(house, turn, case, "one_waits", stay)
        close(house, turn, row)
    return _write(house, turn, stay, holder, case)


def open_to_print(house: House, turn: Turn, row: Any) -> dict[str, Any]:
    """Open what a letter says, for the printer; recorded, and who lives there sees it.

    Raises:
        ConflictError: it is over, or its address is gone.
    """
    _refuse_over(row)
    stay = occupancies.by_id(turn.connection, row.occupancy_id)
    point = found(points.by_id(turn.connection, stay.access_point_id), "access point")
    if point.address_sealed is None:
        raise ConflictError("no address is known for this access point; register it first")
    person = turn.connection.execute(_PERSON, {"id": row.person_id}).one()
    today = day_of(turn.now)
    letters.opened(turn.connection, row.letter_id, turn.now)
    _record(house, turn, row, "supplier_letter.opened", {})
    return {
        "kind": "supplier",
        "letter_id": str(row.letter_id),
        "language": contacts.find(turn.connection, row.person_id).language,
        "name": open_name(house, row.person_id, bytes(person.name_sealed)),
        "address": open_text(house, "address", point.access_point_id, bytes(point.address_sealed)),
        "commodity": point.commodity,
        "supplier": supply.supplier_name(turn.connection, point.access_point_id, today),
        "case": open_own(house, row.person_id, "letter", bytes(row.letter_sealed)),
        "written": today.isoformat(),
    }


def post(house: House, turn: Turn, row: Any) -> None:
    """Write down that a letter is in the post; what was kept of it is destroyed.

    Raises:
        ConflictError: nobody printed it, or it is over, and the paper is for the shredder.
    """
    _refuse_over(row)
    if row.opened_at is None:
        raise ConflictError("nobody has printed this letter yet")
    letters.end(turn.connection, row.letter_id, is_posted=True, now=turn.now)
    clocks.meet(turn.connection, POSTING, row.letter_id, turn.now)
    _record(house, turn, row, "supplier_letter.posted", {})


def close(house: House, turn: Turn, row: Any) -> str:
    """Close a letter that is over, on record; returns the name under which a sweep counts it."""
    letters.end(turn.connection, row.letter_id, is_posted=False, now=turn.now)
    clocks.drop(turn.connection, POSTING, row.letter_id, turn.now)
    _record(house, turn, row, "supplier_letter.closed", {"reason": EndReason(row.over).value})
    return "supplier_letter_closed"


def _write(house: House, turn: Turn, stay: Any, holder: UUID, case: str) -> Record:
    letter_id = uuid4()
    letters.add(
        turn.connection,
        letter_id,
        operator=stay.operator,
        occupancy_id=stay.occupancy_id,
        person_id=holder,
        case_sealed=seal_own(house, holder, "letter", case),
        now=turn.now,
    )
    clocks.start(turn.connection, POSTING, letter_id, turn.now, occupancy_id=stay.occupancy_id)
    said = {"letter": str(letter_id), "case": case}
    subjects = subjects_of(house, stay.occupancy_id)
    return turn.record(Statement("supplier_letter.written", said, operator=stay.operator, subjects=subjects))


def _withheld(house: House, turn: Turn, case: str, reason: str, stay: Any | None = None) -> Record:
    """Record a question to which no letter goes: in the book of who lives there, if anybody does."""
    subjects = subjects_of(house, stay.occupancy_id if stay is not None else None)
    said = {"case": case, "reason": reason}
    return turn.record(Statement("supplier_letter.withheld", said, subjects=subjects))


def _record(house: House, turn: Turn, row: Any, event: str, said: dict[str, Any]) -> None:
    named = {"letter": str(row.letter_id)}
    subjects = subjects_of(house, row.occupancy_id)
    turn.record(Statement(event, named | said, operator=row.operator, subjects=subjects))


def _holder(house: House, turn: Turn, stay: Any | None) -> UUID | None:
    """The grid user who lives there now and whose name can be opened."""
    if stay is None:
        return None
    people = residents.at(turn.connection, stay.occupancy_id, day_of(turn.now))
    holder = next((one for one, capacity in people.items() if capacity == "grid_user"), None)
    return holder if holder is not None and house.keys.holds(Kind.PERSON, holder) else None


def _refuse_over(row: Any) -> None:
    if row.over is not None:
        raise ConflictError(f"this letter is over ({row.over}); destroy the paper, if it was printed")


_PERSON = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
