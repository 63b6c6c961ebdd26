"""Letters to a home: written, printed, posted and closed in the turn that records it (R80, R84).

Whoever lives there reads of each step in the own book; what a letter says is composed when it is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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
from databeheer.door.names import open_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.approval_letters import POSTING
from databeheer.door.post.letters import open_own, seal_own
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.home_letters import letters
from databeheer.home_letters.letters import What
from databeheer.post import contacts
from databeheer.registry import occupancies, points, residents, supply


def holder_of(house: House, turn: Turn, stay: Any | None) -> UUID | None:
    """Return the grid user who lives there now and whose name can be opened."""
    if stay is None:
        return None
    people = residents.at(turn.connection, stay.occupancy_id, day_of(turn.now))
    holder = next((one for one, capacity in people.items() if capacity == "grid_user"), None)
    return holder if holder is not None and house.keys.holds(Kind.PERSON, holder) else None


def waits(house: House, turn: Turn, what: What, occupancy_id: UUID) -> bool:
    """Say whether a letter of this kind to a stay waits already; one that is over is closed first."""
    before = letters.waiting(turn.connection, what, occupancy_id)
    if before is None:
        return False
    row = found(letters.by_id(turn.connection, before, turn.now), "letter")
    if row.over is None:
        return True
    close(house, turn, row)
    return False


def write(
    house: House, turn: Turn, what: What, stay: Any, holder: UUID, sealed: str, said: dict[str, Any]
) -> Record:
    """Let a letter wait for the printer; `sealed` is kept for it under the holder's key, `said` is recorded."""
    letter_id = uuid4()
    letters.add(
        turn.connection,
        letter_id,
        what,
        operator=stay.operator,
        occupancy_id=stay.occupancy_id,
        person_id=holder,
        said_sealed=seal_own(house, holder, "letter", sealed),
        now=turn.now,
    )
    clocks.start(turn.connection, POSTING, letter_id, turn.now, occupancy_id=stay.occupancy_id)
    subjects = subjects_of(house, stay.occupancy_id)
    said = {"letter": str(letter_id)} | said
    return turn.record(Statement(f"{what}_letter.written", said, operator=stay.operator, subjects=subjects))


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
    letters.opened(turn.connection, row.letter_id, turn.now)
    _record(house, turn, row, "opened", {})
    return {
        "kind": row.what,
        "letter_id": str(row.letter_id),
        "language": contacts.find(turn.connection, row.person_id).language,
        "name": open_name(house, row.person_id, bytes(person.name_sealed)),
        "address": open_text(house, "address", point.access_point_id, bytes(point.address_sealed)),
        "written": day_of(turn.now).isoformat(),
    } | _CONTENTS[What(row.what)](house, turn, row, point)


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
    _record(house, turn, row, "posted", {})


def close(house: House, turn: Turn, row: Any) -> str:
    """Close a letter that is over, on record; returns the name under which a sweep counts it."""
    letters.end(turn.connection, row.letter_id, is_posted=False, now=turn.now)
    clocks.drop(turn.connection, POSTING, row.letter_id, turn.now)
    _record(house, turn, row, "closed", {"reason": EndReason(row.over).value})
    return f"{row.what}_letter_closed"


def _supplier(house: House, turn: Turn, row: Any, point: Any) -> dict[str, Any]:
    return {
        "commodity": point.commodity,
        "supplier": supply.supplier_name(turn.connection, point.access_point_id, day_of(turn.now)),
        "case": open_own(house, row.person_id, "letter", bytes(row.letter_sealed)),
    }


def _ean(house: House, _turn: Turn, _row: Any, point: Any) -> dict[str, Any]:
    ean = open_text(house, "ean", point.access_point_id, bytes(point.ean_sealed))
    return {"commodity": point.commodity, "ean": ean}


def _history(house: House, _turn: Turn, row: Any, _point: Any) -> dict[str, Any]:
    said = json.loads(open_own(house, row.person_id, "letter", bytes(row.letter_sealed)))
    return {"first": said["from"], "until": said["until"], "rows": said["rows"]}


_CONTENTS: dict[What, Callable[[House, Turn, Any, Any], dict[str, Any]]] = {
    What.SUPPLIER: _supplier,
    What.EAN: _ean,
    What.HISTORY: _history,
}


def _record(house: House, turn: Turn, row: Any, step: str, said: dict[str, Any]) -> None:
    named = {"letter": str(row.letter_id)}
    subjects = subjects_of(house, row.occupancy_id)
    turn.record(
        Statement(f"{row.what}_letter.{step}", named | said, operator=row.operator, subjects=subjects)
    )


def _refuse_over(row: Any) -> None:
    if row.over is not None:
        raise ConflictError(f"this letter is over ({row.over}); destroy the paper, if it was printed")


_PERSON = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
