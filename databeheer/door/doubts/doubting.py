"""Cases of doubt at the door: what opens, moves and closes one, with its entries, the block and the ends it brings.

The block is in force with the row of the case: the next decision reads it, in whatever turn that is. The states of
permissions follow it, so that everybody sees why nothing is given.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer import clocks
from databeheer.access.facts import Invalidation
from databeheer.door.doubts.record import note
from databeheer.door.house import House
from databeheer.door.permission_record import catch_up, record_step
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.doubt import cases, duties, evidence
from databeheer.doubt.cases import Signal
from databeheer.doubt.states import Event, Origin, State, Step
from databeheer.oversight import gaps
from databeheer.permissions import closing, content, finding
from databeheer.permissions.states import LIVE
from databeheer.permissions.states import Event as PermissionEvent
from databeheer.permissions.timing import state_at

DOUBTED = "doubt"
NOT_ANSWERED = Invalidation.DOUBT_NOT_ANSWERED.value
_BY = {Origin.CUSTOMER: "customer", Origin.PARTY: "party"}


def doubt(house: House, turn: Turn, permission: Any, signal: Signal) -> tuple[Any, Record]:
    """Take a signal about a granted permission; block its party on that access point in this turn (R100).

    Where a case about that permission stands already, the signal joins it, and no clock starts anew. Another
    permission there has a case, hours and a verdict of its own.

    Raises:
        ConflictError: whoever it is reported it already.
    """
    row = _standing(house, turn, permission)
    event, until = Event.SIGNALLED, None
    if row is None:
        event = Event.OPENED
        row = cases.open_case(turn.connection, permission, signal.concern, turn.now)
        until = duties.start(turn.connection, duties.CONTACT, row, turn.now)
        note_block(turn, row)
    else:
        turn.end(Ending.DOUBT_SIGNALLED, row.case_id)
        turn.end(Ending.DOUBT_SIGNAL, signal.signal_id)
    is_late = cases.add_signal(turn.connection, row, signal, turn.now)
    by = _BY.get(signal.origin, "authority")
    said = {
        "origin": signal.origin.value,
        "concern": signal.concern.value,
        "received_at": content.instant(signal.received_at),
    }
    record = note(house, turn, row, event, by=by, said=said, until=until)
    if event is Event.OPENED:
        block(house, turn, row)
    if signal.origin is Origin.PARTY:
        own = {"signal": str(signal.signal_id), "customer": signal.customer or "", "late": int(is_late)}
        note(house, turn, row, Step.PARTY_REPORTED, by="party", said=own)
    return row, record


def contacted(house: House, turn: Turn, row: Any, *, by: str, how: str) -> tuple[Any, Record]:
    """The party was asked to show its mandate: its 72 hours begin (R101, R102)."""
    row = cases.step(turn.connection, row, Event.CONTACTED, turn.now, contacted_by=by, contact_how=how)
    due = duties.let_hours_run(turn.connection, row, turn.now)
    clocks.meet(turn.connection, duties.CONTACT, row.case_id, turn.now)
    said = {"by": by, "how": how}
    return row, note(house, turn, row, Event.CONTACTED, by="data_manager", said=said, until=due)


def shown(house: House, turn: Turn, row: Any, digest: bytes) -> tuple[Any, Record]:
    """The party showed something in time: whoever judges it has one working day to lift the block (R103).

    Raises:
        ConflictError: it is too late, or something is being judged already.
    """
    row = cases.step(turn.connection, row, Event.EVIDENCE_SHOWN, turn.now)
    duties.drop_all(turn.connection, row, turn.now)
    until = duties.start(turn.connection, duties.UNBLOCK, row, turn.now)
    turn.end(Ending.DOUBT_SHOWN, row.case_id)
    said = {"document": digest.hex()}
    return row, note(house, turn, row, Event.EVIDENCE_SHOWN, by="party", said=said, until=until)


def refused(house: House, turn: Turn, row: Any, *, by: str) -> tuple[Any, Record]:
    """What the party showed is not enough; it is destroyed. Too late to show anything better, the case closes."""
    row = cases.step(turn.connection, row, Event.EVIDENCE_REFUSED, turn.now)
    clocks.drop(turn.connection, duties.UNBLOCK, row.case_id, turn.now)
    duties.let_hours_run(turn.connection, row, turn.now)
    is_open = row.closed_at is None
    until = row.evidence_due_at if is_open else None
    record = note(
        house,
        turn,
        row,
        Event.EVIDENCE_REFUSED,
        by="data_manager",
        said={"by": by},
        until=until,
        tells=is_open,  # else there is no time left to show anything better: that it is over is told
    )
    destroy(house, turn, row)
    if row.state == State.UNPROVEN:
        close_unproven(house, turn, row)
    return row, record


def lifted(house: House, turn: Turn, row: Any, *, by: str) -> tuple[Any, Record]:
    """A second person agrees: the block ends, and the party may fetch the blocked period after all (R103, R105)."""
    row = cases.step(turn.connection, row, Event.LIFTED, turn.now, lifted_by=by)
    clocks.meet(turn.connection, duties.UNBLOCK, row.case_id, turn.now)
    duties.hours_were_kept(turn.connection, row, turn.now)
    record = note(house, turn, row, Event.LIFTED, by="data_manager", said={"by": by})
    _close(house, turn, row)
    return row, record


def retracted(house: House, turn: Turn, row: Any) -> tuple[Any, Record]:
    """Who doubted says that it was a mistake: the block ends at once (R105)."""
    row = cases.step(turn.connection, row, Event.RETRACTED, turn.now)
    record = note(house, turn, row, Event.RETRACTED, by="customer")
    _close(house, turn, row)
    return row, record


def due(turn: Turn, limit: int) -> list[UUID]:
    """Return cases that `settle` closes now, the oldest first."""
    return [] if gaps.standing(turn.connection) else cases.due(turn.connection, turn.now, limit)


def settle(house: House, turn: Turn, row: Any) -> Any:
    """Close a case, locked before, of which the 72 hours passed without a proof; returns its row as it is now.

    Not while a gap of a restore stands: it may have been answered, or lifted, in what is lost.
    """
    if gaps.standing(turn.connection):
        return row
    settled = cases.settle(turn.connection, row, turn.now)
    if settled is None:
        return row
    close_unproven(house, turn, settled)
    return settled


def hold(house: House, turn: Turn, permission: Any) -> None:
    """A permission was granted while its party is blocked there: it waits for the case to close, like the others."""
    if _blocking(house, turn, permission):
        _block_one(house, turn, permission.permission_id)


def destroy(house: House, turn: Turn, row: Any) -> None:
    """Destroy what a case has of shown documents, on record; hash and verdict stay (R106)."""
    for one in evidence.destroy(turn.connection, row.case_id, turn.now):
        said = {"document": bytes(one.document_sha256).hex()}
        note(house, turn, row, Step.EVIDENCE_DESTROYED, by="data_manager", said=said)


def _standing(house: House, turn: Turn, permission: Any) -> Any | None:
    """The case about this permission that stands."""
    found = _blocking(house, turn, permission)
    return next((row for row in found if row.permission_id == permission.permission_id), None)


def _blocking(house: House, turn: Turn, about: Any) -> list[Any]:
    """The cases that block a party at a stay; one that time closed is closed on record first."""
    rows = cases.standing(turn.connection, about.party_id, about.occupancy_id)
    return [row for row in rows if settle(house, turn, row).closed_at is None]


def close_unproven(house: House, turn: Turn, row: Any) -> None:
    """What it brings that a case closed without a proof, at the moment that its row says."""
    turn.end(Ending.DOUBT_UNPROVEN, row.case_id, at=row.closed_at)
    note(house, turn, row, Event.UNPROVEN, by="time", said={"since": content.instant(row.closed_at)})
    _close(house, turn, row)


def _close(house: House, turn: Turn, row: Any) -> None:
    """What the end of a case brings: clocks, documents, permissions.

    Without a proof, what stood there when the doubt was raised ends with the permission in doubt; not one that two
    people once found proven, and not one with a case of its own, which decides. While another case stands, its block
    holds what is left.
    """
    duties.drop_all(turn.connection, row, turn.now)
    destroy(house, turn, row)
    if row.state != State.UNPROVEN:
        turn.end(Ending.DOUBT_LIFTED, row.case_id)
    others = cases.standing(turn.connection, row.party_id, row.occupancy_id)
    spared = cases.proven(turn.connection, row.party_id, row.occupancy_id)
    spared |= {one.permission_id for one in others}
    for permission_id in _permissions(turn, row):
        is_spared = permission_id in spared and permission_id != row.permission_id
        if row.state == State.UNPROVEN and not is_spared and _end_one(house, turn, permission_id, row):
            continue
        if not others:
            _unblock_one(house, turn, permission_id)


def note_block(turn: Turn, row: Any) -> None:
    """Into the journal of ends: a backup that is put back does not lift the block."""
    turn.end(Ending.DOUBT_OPENED, row.case_id, at=row.opened_at)
    turn.end(Ending.DOUBT_PARTY, row.party_id, at=row.opened_at)
    turn.end(Ending.DOUBT_HOME, row.occupancy_id, at=row.opened_at)
    if row.permission_id is not None:
        turn.end(Ending.DOUBT_PERMISSION, row.permission_id, at=row.opened_at)


def block(house: House, turn: Turn, row: Any) -> None:
    """Let the states of the party's permissions there say that it is blocked."""
    for permission_id in _permissions(turn, row):
        _block_one(house, turn, permission_id)


def _permissions(turn: Turn, row: Any) -> list[UUID]:
    """What the party has been granted there and has not ended."""
    asked = {"party": row.party_id, "occupancy": row.occupancy_id, "live": sorted(LIVE)}
    return list(turn.connection.execute(_LIVE_ONES, asked).scalars())


def _block_one(house: House, turn: Turn, permission_id: UUID) -> None:
    row = finding.by_id_locked(turn.connection, permission_id)
    if state_at(row, turn.now)[0] not in ("active", "to_be_renewed"):
        return  # it ended by the clock, or is blocked for another reason: the block itself holds all the same
    state = closing.block(turn.connection, row, DOUBTED, turn.now)
    record_step(house, turn, row, PermissionEvent.BLOCKED, state=state, by="operator", reason=DOUBTED)


def _unblock_one(house: House, turn: Turn, permission_id: UUID) -> None:
    row = finding.by_id_locked(turn.connection, permission_id)
    if row.state == "blocked" and row.reason == DOUBTED and state_at(row, turn.now)[0] == "blocked":
        state = closing.unblock(turn.connection, row, turn.now)
        after = finding.by_id(turn.connection, permission_id)
        record_step(house, turn, after, PermissionEvent.UNBLOCKED, state=state, by="operator")
        catch_up(house, turn, after)  # a mandate that was due meanwhile blocks it from then on


def _end_one(house: House, turn: Turn, permission_id: UUID, case: Any) -> bool:
    """End a permission that stood when the doubt was raised; False for one that was granted since, and only waited."""
    row = finding.by_id_locked(turn.connection, permission_id)
    if row.decided_at > case.opened_at:
        return False
    if state_at(row, case.closed_at)[0] not in LIVE:
        return True  # it ended by the clock before the case closed
    event = PermissionEvent.INVALIDATED
    state = closing.end_as(turn.connection, row, event, NOT_ANSWERED, case.closed_at)
    record_step(house, turn, row, event, state=state, by="time", reason=NOT_ANSWERED, at=case.closed_at)
    return True


_LIVE_ONES = text(
    "SELECT permission_id FROM permissions.permission WHERE party_id = :party AND occupancy_id = :occupancy"
    " AND state = ANY(:live) ORDER BY permission_id"
)
