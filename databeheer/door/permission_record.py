"""Each step in the life of a permission: its entry in the ledger, its row in the history, its messages, together.

With its end, the written mandate that lies here goes; with its end, or that of a part of it, its waiting renewals.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.post.permissions import tell_step
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.permissions import closing, content, duties, finding, history, mandates, renewal, timing
from databeheer.permissions.duties import ENDINGS
from databeheer.permissions.states import ENDED, Event
from databeheer.permissions.timing import Due
from databeheer.registry import occupancies


def record_step(
    house: House,
    turn: Turn,
    row: Any,
    event: Event | str,
    *,
    state: str,
    by: str,
    reason: str = "",
    at: datetime | None = None,
    said: dict[str, Any] | None = None,
    subject: UUID | None = None,
    for_party: bool = True,
    with_ground: bool = True,
    person_id: UUID | None = None,
    until: date | None = None,
) -> Record:
    """Record a step of a permission, in the turn that takes it and after it is written down; its clocks follow it.

    `event` with a dot is a name of its own, as `mandate.sampled`. `at` is when time did it, where that is earlier
    than now. `for_party` False: neither the entry nor the history tells the party (R98), as of a renewal that was not
    granted. `subject` is whose book it stands in, by default whose the permission is, or whom it is addressed to;
    `person_id` who of the people took it, or in whose name, for the history alone. `until` is the day that messages of
    it name, where that is not the permission's own end.
    """
    for_party = for_party and finding.is_the_partys(row)
    name = str(event) if "." in event else f"permission.{event}"
    history.add(
        turn.connection,
        row.permission_id,
        operator=row.operator,
        event=name,
        state=state,
        reason=reason,
        by=by,
        at=at or turn.now,
        index=turn.next_index,
        for_party=for_party,
        person_id=person_id,
        task=(said or {}).get("task"),
    )
    duties.follow(turn.connection, row.permission_id, name, turn.now)
    record = turn.record(
        Statement(
            name,
            content.said(row.permission_id, row._mapping)
            | ({"reason": reason} if reason else {})
            | ({"since": content.instant(at)} if at is not None else {})
            | (said or {}),
            ground=content.ground_of(turn.connection, house.catalogue, row) if with_ground else "",
            party_id=row.party_id if for_party else None,
            operator=row.operator,
            subjects=subjects_of(house, subject or row.occupancy_id or row.addressed_to),
        )
    )
    tell_step(house, turn, row.permission_id, name, reason=reason, for_party=for_party, until=until)
    if state in ENDED:
        destroy_mandate(house, turn, row)
    if name in _OVERTAKES:
        _close_renewals(house, turn, row)
    return record


def _close_renewals(house: House, turn: Turn, row: Any) -> None:
    for one in renewal.close(turn.connection, row.permission_id, turn.now):
        how = {"state": one.state, "reason": one.reason}
        record_step(house, turn, one, Event.TIMED_OUT, by="operator", with_ground=False, **how)


def destroy_mandate(house: House, turn: Turn, row: Any) -> None:
    """Destroy the written mandate that lies here, on record: it was judged, or its permission has ended.

    Of a request the party is not told: that its paper was looked at may tell of others who have yet to sign (R98).
    """
    digest = mandates.destroy(turn.connection, row.permission_id, turn.now)
    if digest is None:
        return
    now = finding.by_id(turn.connection, row.permission_id)
    record_step(
        house,
        turn,
        now,
        "mandate.destroyed",
        state=timing.state_at(now, turn.now)[0],
        by="operator",
        said={"document": digest.hex()},
        for_party=now.occupancy_id is not None,
    )


def write_down(house: House, turn: Turn, due: Due) -> str:
    """Record what time did to a permission, which held already; returns what that was."""
    row = finding.by_id_locked(turn.connection, due.permission_id)
    changed = timing.change_at(row, turn.now)
    reason = changed[1] if changed is not None else ""
    at = turn.now if due.event is Event.REMINDED else due.at
    state = closing.write_down(turn.connection, row, due.event, reason, at)
    if due.event is Event.BLOCKED:
        turn.end(Ending.BLOCKED, row.permission_id)
    after = finding.by_id(turn.connection, row.permission_id)
    record_step(house, turn, after, due.event, state=state, by="time", reason=reason, at=due.at)
    return due.event.value


def catch_up(house: House, turn: Turn, row: Any) -> Any:
    """Return a permission, locked before, as it is now: what time did to it is written down first."""
    while (changed := timing.change_at(row, turn.now)) is not None:
        write_down(house, turn, Due(row.permission_id, changed[0], changed[2]))
        row = finding.by_id_locked(turn.connection, row.permission_id)
    return row


def subjects_of(house: House, occupancy_id: UUID | None) -> list[Subject]:
    """Whom an entry about an occupancy concerns: nobody any more, where the keys of its bodies are erased."""
    if occupancy_id is None or not house.keys.holds(Kind.OCCUPANCY_LEDGER, occupancy_id):
        return []
    return [Subject(occupancy_id)]


def subjects_of_person(house: House, turn: Turn, person_id: UUID) -> list[Subject]:
    """The person's occupancies: where he reads of it, and whoever may open their entries later finds it."""
    ids = occupancies.of_person(turn.connection, person_id)
    return [subject for occupancy_id in ids for subject in subjects_of(house, occupancy_id)]


_OVERTAKES = ENDINGS | {f"permission.{Event.NARROWED}"}
