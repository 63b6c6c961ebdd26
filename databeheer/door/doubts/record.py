"""Each step of a case of doubt: its entry in the ledger, its row in the history, its messages, together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from databeheer.door.doubts.post import tell_case
from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.doubt import cases
from databeheer.doubt.course import allocation_in
from databeheer.doubt.states import Event, State, Step
from databeheer.permissions import content


def note(
    house: House,
    turn: Turn,
    row: Any,
    event: Event | Step,
    *,
    by: str,
    said: dict[str, Any] | None = None,
    for_party: bool = True,
    until: datetime | None = None,
    tells: bool = True,
) -> Record:
    """Record a step of a case, in the turn that takes it, and tell of it; `row` as it is after it.

    `for_party` False: the party has no receipt of the entry, and its list of what happened is without it. `until`: by
    when somebody has to do something now. `tells` False: nobody has to hear of it.
    """
    name = f"doubt.{event}"
    index = turn.next_index
    cases.add_event(turn.connection, row, name, by=by, now=turn.now, index=index, for_party=for_party)
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
            told | ({"until": content.instant(until)} if until else {}) | (said or {}),
            party_id=row.party_id if for_party else None,
            operator=row.operator,
            subjects=subjects_of(house, row.occupancy_id),
        )
    )
    if tells:
        tell_case(house, turn, row, name, until=until)
    return record
