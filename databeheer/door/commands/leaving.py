"""Who leaves, and what ends with the stay: permissions, participations, contracts, user ports; in one turn."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.door.commands.links import record_end_of_link
from databeheer.door.commands.market import record_end
from databeheer.door.credit import functions
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.moves.resealing import move_days
from databeheer.door.permission_record import record_step, subjects_of
from databeheer.door.port_record import close_all
from databeheer.door.post.telling import tell
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.identity import lives
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions import closing
from databeheer.permissions.states import Event
from databeheer.post import outbox
from databeheer.registry import concerned, links, occupancies, supply
from databeheer.registry.user_ports import Because


def move_out(house: House, turn: Turn, occupancy: Any, until: date) -> int:
    """End an occupancy in this turn, with its permissions; its user ports close; it is vacant from `until` on.

    Readings that were stored of later days go to the vacancy. Returns how many permissions ended.
    """
    occupancies.end_on(turn.connection, occupancy, until)
    note_change(house, turn, occupancy, until)
    turn.end(Ending.OCCUPANCY, occupancy.occupancy_id, until)
    vacancy_id = _vacant_from(house, turn, occupancy, until)
    ended = closing.end_by_move(turn.connection, occupancy.occupancy_id, turn.now)
    others = concerned.left_behind(turn.connection, occupancy.occupancy_id)
    lives.end_of_stay(turn.connection, [occupancy.person_id, *others], turn.now)
    _record_end(house, turn, occupancy, until)
    for row in ended:
        turn.end(Ending.INVALIDATED, row.permission_id)
        record_step(house, turn, row, Event.INVALIDATED, state=row.state, by="move", reason=row.reason)
    _end_participations(house, turn, occupancy, until)
    end_ties(house, turn, occupancy, until, begun_before=None)
    close_all(house, turn, occupancy, Because.MOVED_OUT)
    functions.forget_from(house, turn.connection, occupancy.occupancy_id, until)
    move_stored_days(house, turn, occupancy.occupancy_id, vacancy_id, until)
    return len(ended)


def move_out_earlier(house: House, turn: Turn, occupancy: Any, until: date) -> int:
    """Set the end of a stay, that was entered too late, to an earlier day; the vacancy behind it begins then.

    A vacancy does not change its first day: the one that stood there is cancelled, another takes its place and has what
    was stored under it. What was looked at meanwhile stays recorded, and is recorded again for that vacancy. What was
    made in that stay ends with it, also what was made for its last days; what was made in the vacancy stays.

    Returns how many permissions ended: none, they ended with the first move.

    Raises:
        ConflictError: the stay ends by then.
    """
    vacancy = occupancies.vacancy_from(turn.connection, occupancy.access_point_id, occupancy.until_day)
    if vacancy.until_day is None or vacancy.until_day > vacancy.from_day:
        occupancies.end_on(turn.connection, vacancy, vacancy.from_day)
        note_change(house, turn, vacancy, vacancy.from_day)
    occupancies.end_on(turn.connection, occupancy, until)
    note_change(house, turn, occupancy, until)
    turn.end(Ending.OCCUPANCY, occupancy.occupancy_id, until)
    vacancy_id = _new_vacancy(house, turn, occupancy, until, vacancy.until_day)
    _record_end(house, turn, occupancy, until)
    _end_participations(house, turn, occupancy, until)
    end_ties(house, turn, occupancy, until, begun_before=occupancy.until_day)
    functions.forget_from(house, turn.connection, occupancy.occupancy_id, until)
    move_stored_days(house, turn, occupancy.occupancy_id, vacancy_id, until)
    move_stored_days(house, turn, vacancy.occupancy_id, vacancy_id, vacancy.from_day)
    return 0


def _vacant_from(house: House, turn: Turn, occupancy: Any, until: date) -> UUID:
    """Return the vacancy behind a stay that ends; of one that was called off, the one before it goes on."""
    if until == occupancy.from_day:
        before = occupancies.vacancy_until(turn.connection, occupancy.access_point_id, until)
        gone = DataClass.READINGS
        if before is not None and not erasures.begun_of(turn.connection, gone, [before.occupancy_id]):
            occupancies.reopen(turn.connection, before)
            vacancy_id: UUID = before.occupancy_id
            return vacancy_id
    return _new_vacancy(house, turn, occupancy, until)


def _new_vacancy(house: House, turn: Turn, occupancy: Any, first: date, until: date | None = None) -> UUID:
    return new_occupancy(
        house,
        turn,
        point_id=occupancy.access_point_id,
        point_no=occupancy.access_point_no,
        operator=occupancy.operator,
        person_id=None,
        from_day=first,
        until_day=until,
        interval_reading=False,
    )


def _record_end(house: House, turn: Turn, occupancy: Any, until: date) -> None:
    said = {"until": until.isoformat()}
    leaving = subjects_of(house, occupancy.occupancy_id)
    turn.record(Statement("occupancy.ended", said, operator=occupancy.operator, subjects=leaving))
    tell(
        house,
        turn,
        "occupancy.ended",
        to=[outbox.customer(occupancy.person_id)],
        operator=occupancy.operator,
        said=said,
        occupancy_id=occupancy.occupancy_id,
    )


def _end_participations(house: House, turn: Turn, occupancy: Any, until: date) -> None:
    leaving = subjects_of(house, occupancy.occupancy_id)
    said = {"until": until.isoformat()}
    for row in links.end_with_occupancy(turn.connection, occupancy.occupancy_id, until):
        party_id, operator = row.party_id, row.operator
        turn.record(
            Statement("participation.ended", said, party_id=party_id, operator=operator, subjects=leaving)
        )


def end_ties(house: House, turn: Turn, occupancy: Any, day: date, *, begun_before: date | None) -> None:
    """End the contracts and registrations of a point with the stay in which they were made (requirements 0.5)."""
    stay = (turn.connection, occupancy.access_point_id, day)
    for contract in supply.end_at_point(*stay, begun_before=begun_before):
        record_end(house, turn, contract, occupancy.occupancy_id)
    for row in links.end_registrations(*stay, begun_before=begun_before):
        record_end_of_link(turn, "registration", row, stay=occupancy.occupancy_id)


def move_stored_days(house: House, turn: Turn, wrong: UUID, right: UUID, first: date) -> int:
    rows = {row.occupancy_id: row for row in turn.connection.execute(_BOTH, {"ids": [wrong, right]})}
    return move_days(house, turn, rows[wrong], rows[right], first)


def new_occupancy(house: House, turn: Turn, **members: Any) -> UUID:
    """Add an occupancy. Its keys first, durably: a row without its key would be lost data."""
    occupancy_id = uuid4()
    house.keys.make(Kind.READINGS, occupancy_id)
    house.keys.make(Kind.OCCUPANCY_LEDGER, occupancy_id)
    occupancies.add(turn.connection, occupancy_id, **members)
    return occupancy_id


_BOTH = text("SELECT * FROM registry.occupancy WHERE occupancy_id = ANY(:ids)")
