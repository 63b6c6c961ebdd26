"""After a restore: what ended in the lost stretch ends again, each with an entry of its own.

Ends only. Nothing here widens access: a grant that got lost is the customer's to give again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.door import suspending
from databeheer.door.commands.leaving import move_out, move_out_earlier
from databeheer.door.doubts.restored import apply_doubts
from databeheer.door.house import House
from databeheer.door.permission_record import record_step
from databeheer.door.port_record import close_again
from databeheer.door.restore import reapplying_facts
from databeheer.door.restore.ends import NOBODY, PERMISSION_ENDINGS, End, Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import NotFoundError
from databeheer.oversight import stop
from databeheer.permissions import closing, finding, timing
from databeheer.permissions.states import Event
from databeheer.registry import occupancies

_PARTS = {Ending.PAST_PART: "past", Ending.FUTURE_PART: "future"}


def apply_ends(house: House, turn: Turn, ends: Iterable[End]) -> int:
    """Apply ends that the journal kept, in order; returns how many the database did not know."""
    ends = list(ends)
    blocks = {end.id: end for end in ends if end.ending in (Ending.BLOCKED, Ending.UNBLOCKED)}
    applied = sum(_apply(house, turn, end, ends[place + 1 :]) for place, end in enumerate(ends))
    applied += sum(_block_again(house, turn, end) for end in blocks.values() if end.ending is Ending.BLOCKED)
    applied += apply_doubts(house, turn, ends)
    stops = [end for end in ends if end.ending in (Ending.STOPPED, Ending.STOP_LIFTED)]
    if stops and stops[-1].ending is Ending.STOPPED and stop.current(turn.connection) is None:
        _stop_again(turn)
        applied += 1
    return applied


def end_permission(house: House, turn: Turn, permission_id: UUID, ending: Ending, at: datetime) -> bool:
    """End a permission that ended so `at` a lost time; False where there is nothing to end."""
    state, reason = PERMISSION_ENDINGS[ending]
    row = closing.end_again(turn.connection, permission_id, state, reason, at)
    if row is None:
        return False
    _record_end(house, turn, row, ending)
    return True


def end_part(house: House, turn: Turn, permission_id: UUID, ending: Ending, at: datetime) -> bool:
    """End one part of a permission that ended `at` a lost time; False where there is nothing to end."""
    row = closing.end_part_again(turn.connection, permission_id, _PARTS[ending], at)
    if row is None:
        return False
    turn.end(ending, permission_id)
    record_step(
        house,
        turn,
        row,
        Event.NARROWED,
        state=row.state,
        by="operator",
        reason=_PARTS[ending],
        said={"after": "restore"},
    )
    return True


def lapse(house: House, turn: Turn, before: datetime) -> int:
    """End every consent granted before the restore was found; returns how many."""
    rows = closing.lapse(turn.connection, before, turn.now)
    for row in rows:
        _record_end(house, turn, row, Ending.LAPSED)
    return len(rows)


def suspend_party(house: House, turn: Turn, party_id: UUID) -> bool:
    """Suspend a party whose suspension got lost; False where it is suspended, or unknown now."""
    try:
        suspending.suspend(house, turn, party_id, "lost in a restore")
    except NotFoundError:
        return False
    return True


def _apply(house: House, turn: Turn, end: End, following: Sequence[End]) -> bool:
    if end.ending in PERMISSION_ENDINGS:
        return end_permission(house, turn, end.id, end.ending, end.at)
    if end.ending in _PARTS:
        return end_part(house, turn, end.id, end.ending, end.at)
    if end.ending is Ending.OCCUPANCY:
        return _move_out_again(house, turn, end)
    if end.ending is Ending.PARTY_SUSPENDED:
        return suspend_party(house, turn, end.id)
    if end.ending in (Ending.PORT_CLOSED, Ending.PORT_OPENED):
        return close_again(house, turn, end.id)
    return reapplying_facts.apply(house, turn, end, following)


def _block_again(house: House, turn: Turn, end: End) -> bool:
    """A permission that was blocked when the database was lost; one that was unblocked since goes on."""
    row = finding.find(turn.connection, end.id)
    if row is None or timing.state_at(row, turn.now)[0] not in ("active", "to_be_renewed"):
        return False
    row, reason = finding.by_id_locked(turn.connection, end.id), timing.NOT_PRODUCED
    state = closing.block(turn.connection, row, reason, turn.now)
    turn.end(Ending.BLOCKED, end.id)
    said = {"after": "restore"}
    record_step(house, turn, row, Event.BLOCKED, state=state, by="operator", reason=reason, said=said)
    return True


def _move_out_again(house: House, turn: Turn, end: End) -> bool:
    occupancy = occupancies.find(turn.connection, end.id)
    if occupancy is None or occupancy.person_id is None or end.day is None:
        return False
    if occupancy.until_day is not None and occupancy.until_day <= max(end.day, occupancy.from_day):
        return False
    move = move_out if occupancy.until_day is None else move_out_earlier
    move(house, turn, occupancy, end.day)
    return True


def _record_end(house: House, turn: Turn, row: Any, ending: Ending) -> None:
    turn.end(ending, row.permission_id)
    state, _ = PERMISSION_ENDINGS[ending]
    record_step(
        house, turn, row, state, state=state, by="operator", reason=row.reason, said={"after": "restore"}
    )


def _stop_again(turn: Turn) -> None:
    reason = "lost in a restore"
    stop.change(turn.connection, stopped=True, reason=reason, now=turn.now)
    turn.end(Ending.STOPPED, NOBODY)
    turn.record(Statement("stop.set", {"reason": reason}))
