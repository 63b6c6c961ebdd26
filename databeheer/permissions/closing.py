"""A permission ends, whole or in part, or is blocked for a while: by whom, by what, and once more after a restore.

Every function works in the caller's transaction, under the ledger's head. What may follow what stands in `states`,
what time does in `timing` (R24-R29).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError
from databeheer.permissions import terms
from databeheer.permissions.content import parts_of
from databeheer.permissions.finding import state_now
from databeheer.permissions.states import Event, after
from databeheer.permissions.timing import IS_LIVE, state_at


def end(connection: Connection, row: Any, *, by_party: bool, now: datetime) -> str:
    """End a permission that is not over, locked before; a party may give up a waiting request too.

    Returns the new state.

    Raises:
        ConflictError: it has ended already.
    """
    event = Event.TERMINATED if by_party else Event.REVOKED
    return end_as(connection, row, event, _REASON_OF_EVENT[event], now)


def end_part(connection: Connection, row: Any, part: str, now: datetime) -> str:
    """End one part, past or future, of a permission that has both, locked before; returns the state, as it was.

    Raises:
        ConflictError: it is not in force, or that part is not all that it has besides the other.
    """
    state = after(State(state_at(row, now)[0]), Event.NARROWED)
    parts = parts_of(row)
    if part not in parts:
        raise ConflictError("this part was not granted, or ended already")
    if len(parts) == 1:
        raise ConflictError("this is all that is left of the permission; end it whole")
    _cut_off(connection, row, part, now)
    return state.value


def end_part_again(connection: Connection, permission_id: UUID, part: str, at: datetime) -> Any | None:
    """End a part once more that ended `at` a time which the database lost; None where there is nothing to end."""
    row = connection.execute(_LIVE_BEFORE, {"id": permission_id, "at": at}).one_or_none()
    if row is None or part not in parts_of(row) or len(parts_of(row)) == 1:
        return None
    _cut_off(connection, row, part, at)
    return connection.execute(_LIVE_BEFORE, {"id": permission_id, "at": at}).one()


def _cut_off(connection: Connection, row: Any, part: str, at: datetime) -> None:
    """Take a part away; what is left without new data closes as a permission that was granted so does."""
    fulfils_at = None
    if part == "future":
        fulfils_at = terms.fulfilment(
            row.collection_days, since=at, valid_until=row.valid_until, data_until=row.split_at
        )
    connection.execute(_END_PART, {"id": row.permission_id, "part": part, "fulfils_at": fulfils_at})


def end_as(connection: Connection, row: Any, event: Event, reason: str, now: datetime) -> str:
    """End a permission, locked before, by an event and for a reason; returns the new state.

    Raises:
        ConflictError: it has ended already, by the clock too.
    """
    state = after(State(state_at(row, now)[0]), event)
    connection.execute(_END, {"id": row.permission_id, "state": state, "reason": reason, "now": now})
    return state.value


def block(connection: Connection, row: Any, reason: str, now: datetime) -> str:
    """Stop a permission's access while something about it is examined; `row` locked before. Returns its state.

    Raises:
        ConflictError: it gives no access now.
    """
    state = after(State(state_at(row, now)[0]), Event.BLOCKED)
    connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": reason})
    return state.value


def unblock(connection: Connection, row: Any, now: datetime) -> str:
    """Let a blocked permission go on as before; returns its state, which the clock may have moved on meanwhile.

    Raises:
        ConflictError: it is not blocked, or ended meanwhile.
    """
    state = after(State(state_at(row, now)[0]), Event.UNBLOCKED)
    connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": ""})
    return state_now(connection, row.permission_id, now)


def write_down(connection: Connection, row: Any, event: Event, reason: str, at: datetime) -> str:
    """Write down what time has done to a permission; returns its state."""
    state = after(State(row.state), event)
    if event in (Event.RENEWAL_DUE, Event.BLOCKED):
        connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": reason})
    elif event is Event.REMINDED:
        next_at = at + timedelta(days=row.reminder_days)
        connection.execute(_REMINDED, {"id": row.permission_id, "next": next_at})
    else:
        connection.execute(_END, {"id": row.permission_id, "state": state, "reason": reason, "now": at})
    return state.value


def end_again(
    connection: Connection, permission_id: UUID, state: str, reason: str, at: datetime
) -> Any | None:
    """End a permission once more that ended `at` a time which the database lost; returns its row, locked.

    None where there is nothing to end: it is not there, has ended, or was granted after that time. A request
    that waits does not end by a move: nobody can answer it any more, and it times out as any other.
    """
    ended = {"id": permission_id, "state": state, "reason": reason, "at": at}
    return connection.execute(_END_AGAIN, ended).one_or_none()


def lapse(connection: Connection, before: datetime, now: datetime) -> list[Any]:
    """End every permission that was granted before a time and is not over; returns the ended rows.

    For a restored database of which nobody knows which consents were withdrawn after the backup.
    """
    return list(connection.execute(_LAPSE, {"before": before, "now": now}))


def count_lapsing(connection: Connection, before: datetime, now: datetime) -> int:
    """Return how many permissions `lapse` would end."""
    count: int = connection.execute(_COUNT_LAPSING, {"before": before, "now": now}).scalar_one()
    return count


def end_by_move(connection: Connection, occupancy_id: UUID, now: datetime) -> list[Any]:
    """End all permissions of an occupancy whose person leaves (R29); returns the ended rows.

    Requests that wait for an answer from there stay as they are: who left can answer them no more, nobody else
    can, and they time out. To their party they look like any request that nobody answers: that somebody moved is
    not its to know (R98).
    """
    return list(connection.execute(_MOVE, {"occupancy": occupancy_id, "now": now}))


def close_all(connection: Connection, party_id: UUID, now: datetime) -> int:
    """End all permissions of a party that is suspended (R13); returns how many.

    One statement, however many they are: they end by the clock, now, and each is written down after (`timing`).
    """
    return connection.execute(_CLOSE_ALL, {"party": party_id, "now": now}).rowcount


def end_by_death(connection: Connection, person_id: UUID, now: datetime) -> list[Any]:
    """End all permissions of a grid user who died; returns the ended rows.

    Requests that wait for him stay, as after a move: a party is not told of a death by a request.
    """
    return list(connection.execute(_DEATH, {"person": person_id, "now": now}))


_END = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now WHERE permission_id = :id"
)
_REASON_OF_EVENT = {Event.TERMINATED: "terminated_by_party", Event.REVOKED: "withdrawn_by_customer"}
# Both have a day between them: the part that goes is cut off there.
_END_PART = text(
    "UPDATE permissions.permission SET withdrawn_part = :part,"
    " data_from = CASE WHEN :part = 'past' THEN split_at ELSE data_from END,"
    " data_until = CASE WHEN :part = 'future' THEN split_at ELSE data_until END,"
    " fulfils_at = least(fulfils_at, CAST(:fulfils_at AS timestamptz)) WHERE permission_id = :id"
)
_LIVE_BEFORE = text(
    "SELECT * FROM permissions.permission WHERE permission_id = :id"
    " AND state IN ('active', 'to_be_renewed', 'blocked')"
    " AND date_trunc('milliseconds', decided_at) <= :at FOR UPDATE"
)
# A ledger's body says when to the millisecond.
_END_AGAIN = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :at,"
    " decided_at = coalesce(decided_at, :at) WHERE permission_id = :id"
    " AND (state IN ('active', 'to_be_renewed', 'blocked') OR state = 'requested' AND :state <> 'invalidated')"
    " AND (decided_at IS NULL OR date_trunc('milliseconds', decided_at) <= :at) RETURNING *"
)
_CHANGE = text("UPDATE permissions.permission SET state = :state, reason = :reason WHERE permission_id = :id")
_REMINDED = text("UPDATE permissions.permission SET remind_at = :next WHERE permission_id = :id")
_LAPSE = text(
    "UPDATE permissions.permission p SET state = 'lapsed', reason = 'lost_in_restore', ended_at = :now"  # noqa: S608  parts of our own
    f" WHERE {IS_LIVE} AND p.decided_at <= :before RETURNING p.*"
)
_COUNT_LAPSING = text(
    f"SELECT count(*) FROM permissions.permission p WHERE {IS_LIVE} AND p.decided_at <= :before"  # noqa: S608  parts of our own
)
_MOVE = text(
    "UPDATE permissions.permission p SET state = 'invalidated', reason = 'moved_out', ended_at = :now"  # noqa: S608  parts of our own
    f" WHERE p.occupancy_id = :occupancy AND {IS_LIVE} RETURNING p.*"
)
_CLOSE_ALL = text(
    f"UPDATE permissions.permission p SET closes_at = :now WHERE p.party_id = :party AND {IS_LIVE}"  # noqa: S608  parts of our own
)
_DEATH = text(
    "UPDATE permissions.permission p SET state = 'invalidated', reason = 'holder_died', ended_at = :now"  # noqa: S608  parts of our own
    " FROM registry.occupancy o WHERE o.occupancy_id = p.occupancy_id AND o.person_id = :person"
    f" AND {IS_LIVE} RETURNING p.*"
)
