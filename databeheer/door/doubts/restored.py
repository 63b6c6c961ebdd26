"""Cases of doubt after a restore: what was blocked is blocked, and no hours run out that may have been answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from databeheer import clocks
from databeheer.door.doubts import doubting
from databeheer.door.doubts.record import note
from databeheer.door.house import House
from databeheer.door.restore.ends import End, Ending
from databeheer.door.turn import Turn
from databeheer.doubt import cases, duties
from databeheer.doubt.states import Event, Origin, State

_TICK = timedelta(microseconds=1)


def apply_doubts(house: House, turn: Turn, ends: Sequence[End]) -> int:
    """Apply what the journal knows of cases, in order; returns how many the database did not know.

    Who was blocked when the database was lost is blocked again, and what was closed for want of a proof is closed. A
    block that was lifted is not set again; one that the restored database still has is lifted by people only, and its
    hours run no more, as of one in which something was shown. Of a doubt that somebody joined, it is known again that
    it is not of one alone.
    """
    applied = 0
    for place, end in enumerate(ends):
        following = {one.ending for one in ends[place:] if one.id == end.id}
        if end.ending is Ending.DOUBT_OPENED and Ending.DOUBT_LIFTED not in following:
            party, home, *more = ends[place + 1 : place + 4]
            about = next((one.id for one in more if one.ending is Ending.DOUBT_PERMISSION), None)
            applied += block_again(house, turn, end.id, party.id, home.id, about, end.at)
        elif end.ending is Ending.DOUBT_SIGNALLED:
            applied += join_again(house, turn, end.id, ends[place + 1].id, end.at)
        elif end.ending is Ending.DOUBT_UNPROVEN:
            applied += close_again(house, turn, end.id, end.at)
        elif (
            end.ending in (Ending.DOUBT_SHOWN, Ending.DOUBT_LIFTED) and Ending.DOUBT_UNPROVEN not in following
        ):
            applied += stop_hours(house, turn, end.id, end.at)
    return applied


def stop_all_hours(house: House, turn: Turn) -> int:
    """Stop all hours that run, for the journal does not say whether they were answered; returns how many."""
    return sum(stop_hours(house, turn, case_id) for case_id in cases.running(turn.connection))


def block_again(
    house: House,
    turn: Turn,
    case_id: UUID,
    party_id: UUID,
    home: UUID,
    permission_id: UUID | None,
    at: datetime,
) -> bool:
    """Open a case that a restored database forgot; False where there is nothing to block.

    Where an older one about that permission stands again, which was closed in the lost time, it joins that one.
    """
    row = cases.open_again(turn.connection, case_id, party_id, home, permission_id, at)
    if row is None:
        standing = cases.standing(turn.connection, party_id, home)
        older = (one for one in standing if one.permission_id == permission_id and one.case_id != case_id)
        return any(join_again(house, turn, one.case_id, case_id, at) for one in older)
    until = duties.start(turn.connection, duties.CONTACT, row, turn.now)
    doubting.note_block(turn, row)
    said = {"origin": Origin.JOURNAL.value}
    note(house, turn, row, Event.OPENED, by="data_manager", said=said, until=until)
    doubting.block(house, turn, row)
    return True


def join_again(house: House, turn: Turn, case_id: UUID, signal_id: UUID, at: datetime) -> bool:
    """Somebody else doubts too, which a restored database forgot; False where it knows, or the case is closed.

    Who it was is lost: given once more, under its number too, it is a signal beside this one.
    """
    row = cases.join_again(turn.connection, case_id, signal_id, at)
    if row is None:
        return False
    note(house, turn, row, Event.SIGNALLED, by="data_manager", said={"origin": Origin.JOURNAL.value})
    return True


def close_again(house: House, turn: Turn, case_id: UUID, at: datetime) -> bool:
    """Close a case as unproven once more that closed so `at` a lost time; False where it is closed, or unknown."""
    row = cases.close_again(turn.connection, case_id, at)
    if row is None:
        return False
    doubting.close_unproven(house, turn, row)
    return True


def stop_hours(house: House, turn: Turn, case_id: UUID, at: datetime | None = None) -> bool:
    """Stop the 72 hours of a restored case that was answered, or lifted, `at` a lost time: people decide it anew.

    `at` None: nobody knows whether it was. False where no hours run, or could begin to.
    """
    row = cases.find(turn.connection, case_id)
    if row is None or row.state not in (State.OPEN, State.CONTACTED):
        return False
    due = row.evidence_due_at
    row = cases.step(turn.connection, row, Event.RESTORED, turn.now)
    if due is not None:  # answered or not, nobody waited for it at its due moment: it is not missed
        ran_until = min(at or turn.now, due - _TICK)
        clocks.drop(turn.connection, duties.EVIDENCE, case_id, ran_until, written_at=turn.now)
    until = duties.start(turn.connection, duties.CONTACT, row, turn.now)
    note(house, turn, row, Event.RESTORED, by="data_manager", until=until)
    return True
