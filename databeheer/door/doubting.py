"""Cases of doubt at the door: what opens, moves and closes one, with its entries, the block and the ends it brings.

The block is in force with the row of the case: the next decision reads it, in whatever turn that is. The states of
permissions follow it, so that everybody sees why nothing is given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer import clocks
from databeheer.access.facts import Invalidation
from databeheer.door.doubt_post import tell_case
from databeheer.door.ends import Ending
from databeheer.door.house import House
from databeheer.door.permission_record import catch_up, record_step, subjects_of
from databeheer.door.turn import Record, Statement, Turn
from databeheer.doubt import cases, evidence
from databeheer.doubt.cases import Signal
from databeheer.doubt.course import allocation_in
from databeheer.doubt.states import Event, Origin, State
from databeheer.permissions import finding, life
from databeheer.permissions.states import LIVE
from databeheer.permissions.states import Event as PermissionEvent
from databeheer.permissions.timing import state_at

DOUBTED = "doubt"
NOT_ANSWERED = Invalidation.DOUBT_NOT_ANSWERED.value
CLOCKS = ("doubt_contact", "doubt_evidence", "doubt_unblock")
_BY = {Origin.CUSTOMER: "customer", Origin.PARTY: "party"}


def doubt(house: House, turn: Turn, permission: Any, signal: Signal) -> tuple[Any, Record]:
    """Take a signal about a granted permission; block its party on that access point in this turn (R100).

    Where a case about them stands already, the signal joins it, and no clock starts anew.

    Raises:
        ConflictError: whoever it is reported it already.
    """
    row = _standing(house, turn, permission.party_id, permission.occupancy_id)
    event, until = Event.SIGNALLED, None
    if row is None:
        event = Event.OPENED
        row = cases.open_case(turn.connection, permission, signal.concern, turn.now)
        until = cases.start(turn.connection, "doubt_contact", row, turn.now)
        _note_block(turn, row)
    is_late = cases.add_signal(turn.connection, row, signal, turn.now)
    by = _BY.get(signal.origin, "authority")
    said = {
        "origin": signal.origin.value,
        "concern": signal.concern.value,
        "received_at": life.instant(signal.received_at),
    }
    record = note(house, turn, row, event, by=by, said=said, until=until)
    if event is Event.OPENED:
        _block(house, turn, row)
    if signal.origin is Origin.PARTY:
        own = {"signal": str(signal.signal_id), "customer": signal.customer or "", "late": int(is_late)}
        note(house, turn, row, "party_reported", by="party", said=own)
    return row, record


def contacted(house: House, turn: Turn, row: Any, *, by: str, how: str) -> tuple[Any, Record]:
    """The party was asked to show its mandate: its 72 hours begin (R101, R102)."""
    due = cases.start(turn.connection, "doubt_evidence", row, turn.now)
    row = cases.step(
        turn.connection,
        row,
        Event.CONTACTED,
        turn.now,
        evidence_due_at=due,
        contacted_by=by,
        contact_how=how,
    )
    clocks.meet(turn.connection, "doubt_contact", row.case_id, turn.now)
    said = {"by": by, "how": how}
    return row, note(house, turn, row, Event.CONTACTED, by="data_manager", said=said, until=due)


def shown(house: House, turn: Turn, row: Any, digest: bytes) -> tuple[Any, Record]:
    """The party showed something in time: whoever judges it has one working day to lift the block (R103).

    Raises:
        ConflictError: it is too late, or something is being judged already.
    """
    due = row.evidence_due_at or cases.start(turn.connection, "doubt_evidence", row, turn.now)
    row = cases.step(turn.connection, row, Event.EVIDENCE_SHOWN, turn.now, evidence_due_at=due)
    clocks.drop(turn.connection, "doubt_contact", row.case_id, turn.now)
    clocks.meet(turn.connection, "doubt_evidence", row.case_id, turn.now)
    until = cases.start(turn.connection, "doubt_unblock", row, turn.now)
    said = {"document": digest.hex()}
    return row, note(house, turn, row, Event.EVIDENCE_SHOWN, by="party", said=said, until=until)


def refused(house: House, turn: Turn, row: Any, *, by: str) -> tuple[Any, Record]:
    """What the party showed is not enough; it is destroyed. Too late to show anything better, the case closes."""
    row = cases.step(turn.connection, row, Event.EVIDENCE_REFUSED, turn.now)
    clocks.drop(turn.connection, "doubt_unblock", row.case_id, turn.now)
    until = row.evidence_due_at if row.closed_at is None else None
    record = note(house, turn, row, Event.EVIDENCE_REFUSED, by="data_manager", said={"by": by}, until=until)
    destroy(house, turn, row)
    if row.state == State.UNPROVEN:
        _close_unproven(house, turn, row)
    return row, record


def lifted(house: House, turn: Turn, row: Any, *, by: str) -> tuple[Any, Record]:
    """A second person agrees: the block ends, and the party may fetch the blocked period after all (R103, R105)."""
    row = cases.step(turn.connection, row, Event.LIFTED, turn.now, lifted_by=by)
    clocks.meet(turn.connection, "doubt_unblock", row.case_id, turn.now)
    record = note(house, turn, row, Event.LIFTED, by="data_manager", said={"by": by})
    _close(house, turn, row)
    return row, record


def retracted(house: House, turn: Turn, row: Any) -> tuple[Any, Record]:
    """Who doubted says that it was a mistake: the block ends at once (R105)."""
    row = cases.step(turn.connection, row, Event.RETRACTED, turn.now)
    record = note(house, turn, row, Event.RETRACTED, by="customer")
    _close(house, turn, row)
    return row, record


def settle(house: House, turn: Turn, row: Any) -> Any:
    """Close a case, locked before, of which the 72 hours passed without a proof; returns its row as it is now."""
    settled = cases.settle(turn.connection, row, turn.now)
    if settled is None:
        return row
    _close_unproven(house, turn, settled)
    return settled


def hold(house: House, turn: Turn, permission: Any) -> None:
    """A permission was granted while its party is blocked there: it waits for the case to close, like the others."""
    if _standing(house, turn, permission.party_id, permission.occupancy_id) is not None:
        _block_one(house, turn, permission.permission_id)


def destroy(house: House, turn: Turn, row: Any) -> None:
    """Destroy what a case has of shown documents, on record; hash and verdict stay (R106)."""
    for one in evidence.destroy(turn.connection, row.case_id, turn.now):
        said = {"document": bytes(one.document_sha256).hex()}
        note(house, turn, row, "evidence_destroyed", by="data_manager", said=said)


def note(
    house: House,
    turn: Turn,
    row: Any,
    event: Event | str,
    *,
    by: str,
    said: dict[str, Any] | None = None,
    for_party: bool = True,
    until: datetime | None = None,
) -> Record:
    """Record a step of a case, in the turn that takes it, and tell of it; `row` as it is after it.

    `for_party` False: the entry is not among those that the party has a receipt of. `until`: by when somebody has to
    do something now.
    """
    name = f"doubt.{event}"
    cases.add_event(turn.connection, row, name, by=by, now=turn.now, index=turn.next_index)
    state = State(row.state)
    told = {
        "case": str(row.case_id),
        "permission": str(row.permission_id or ""),
        "state": state.value,
        "allocation": allocation_in(state, allocates=row.allocates),
    }
    record = turn.record(
        Statement(
            name,
            told | ({"until": life.instant(until)} if until else {}) | (said or {}),
            party_id=row.party_id if for_party else None,
            operator=row.operator,
            subjects=subjects_of(house, row.occupancy_id),
        )
    )
    tell_case(house, turn, row, name, until=until)
    return record


def block_again(house: House, turn: Turn, case_id: UUID, party_id: UUID, home: UUID, at: datetime) -> bool:
    """Open a case that a restored database forgot; False where there is nothing to block."""
    row = cases.open_again(turn.connection, case_id, party_id, home, at)
    if row is None:
        return False
    until = cases.start(turn.connection, "doubt_contact", row, turn.now)
    _note_block(turn, row)
    said = {"origin": Origin.JOURNAL.value}
    note(house, turn, row, Event.OPENED, by="data_manager", said=said, until=until)
    _block(house, turn, row)
    return True


def close_again(house: House, turn: Turn, case_id: UUID, at: datetime) -> bool:
    """Close a case as unproven once more that closed so `at` a lost time; False where it is closed, or unknown."""
    row = cases.close_again(turn.connection, case_id, at)
    if row is None:
        return False
    _close_unproven(house, turn, row)
    return True


def _standing(house: House, turn: Turn, party_id: UUID, occupancy_id: UUID) -> Any | None:
    """The case that stands; one that time closed is closed on record first."""
    row = cases.standing(turn.connection, party_id, occupancy_id)
    if row is None:
        return None
    row = settle(house, turn, row)
    return None if row.closed_at is not None else row


def _close_unproven(house: House, turn: Turn, row: Any) -> None:
    turn.end(Ending.DOUBT_UNPROVEN, row.case_id, at=row.closed_at)
    note(house, turn, row, Event.UNPROVEN, by="time", said={"since": life.instant(row.closed_at)})
    _close(house, turn, row)


def _close(house: House, turn: Turn, row: Any) -> None:
    """What the end of a case brings: clocks, documents, permissions."""
    for kind in CLOCKS:
        clocks.drop(turn.connection, kind, row.case_id, turn.now)
    destroy(house, turn, row)
    if row.state != State.UNPROVEN:
        turn.end(Ending.DOUBT_LIFTED, row.case_id)
    for permission_id in _permissions(turn, row):
        if row.state == State.UNPROVEN:
            _end_one(house, turn, permission_id, row)
        else:
            _unblock_one(house, turn, permission_id)


def _note_block(turn: Turn, row: Any) -> None:
    """Into the journal of ends: a backup that is put back does not lift the block."""
    turn.end(Ending.DOUBT_OPENED, row.case_id, at=row.opened_at)
    turn.end(Ending.DOUBT_PARTY, row.party_id, at=row.opened_at)
    turn.end(Ending.DOUBT_HOME, row.occupancy_id, at=row.opened_at)


def _block(house: House, turn: Turn, row: Any) -> None:
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
    life.block(turn.connection, row, DOUBTED, turn.now)
    record_step(house, turn, row, PermissionEvent.BLOCKED, state="blocked", by="operator", reason=DOUBTED)


def _unblock_one(house: House, turn: Turn, permission_id: UUID) -> None:
    row = finding.by_id_locked(turn.connection, permission_id)
    if row.state == "blocked" and row.reason == DOUBTED and state_at(row, turn.now)[0] == "blocked":
        life.unblock(turn.connection, row, turn.now)
        after = finding.by_id(turn.connection, permission_id)
        state = state_at(after, turn.now)[0]
        record_step(house, turn, after, PermissionEvent.UNBLOCKED, state=state, by="operator")
        catch_up(house, turn, after)  # a mandate that was due meanwhile blocks it from then on


def _end_one(house: House, turn: Turn, permission_id: UUID, case: Any) -> None:
    """End a permission that stood when it was doubted; one that was granted since only waited."""
    row = finding.by_id_locked(turn.connection, permission_id)
    if row.decided_at > case.opened_at:
        _unblock_one(house, turn, permission_id)
        return
    if state_at(row, case.closed_at)[0] not in LIVE:
        return  # it ended by the clock before the case closed
    event = PermissionEvent.INVALIDATED
    state = life.end_as(turn.connection, row, event, NOT_ANSWERED, case.closed_at)
    record_step(house, turn, row, event, state=state, by="time", reason=NOT_ANSWERED, at=case.closed_at)


_LIVE_ONES = text(
    "SELECT permission_id FROM permissions.permission WHERE party_id = :party AND occupancy_id = :occupancy"
    " AND state = ANY(:live) ORDER BY permission_id"
)
