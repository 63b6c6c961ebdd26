"""What time does to a permission: the state at a moment, and what has become due but nobody wrote down yet.

An end that passed counts at once, whoever looks; `due` lists what a job then records (`permission.sweep`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.permissions.states import ENDED, LIVE, Event

MOST_DUE = 500


@dataclass(frozen=True)
class Due:
    """Something that time has done: to which permission, what, and when it became so (aware UTC)."""

    permission_id: UUID
    event: Event
    at: datetime


def change_at(row: Any, now: datetime) -> tuple[Event, str, datetime] | None:
    """Return what time has done to a permission since its row was written: event, reason, moment."""
    state = State(row.state)
    if state is State.REQUESTED and row.link_expires_at <= now:
        return Event.TIMED_OUT, "not_answered_in_time", row.link_expires_at
    if state in LIVE:
        if row.fulfils_at is not None and row.fulfils_at <= min(now, row.ends_at):
            return Event.FULFILLED, "data_period_over", row.fulfils_at
        if row.ends_at <= now:
            return Event.EXPIRED, _reason_of_expiry(row), row.ends_at
        if state is State.ACTIVE and row.renew_from is not None and row.renew_from <= now:
            return Event.RENEWAL_DUE, "", row.renew_from
    return None


_STATE_BY_TIME = {
    Event.TIMED_OUT: State.TIMED_OUT,
    Event.FULFILLED: State.FULFILLED,
    Event.EXPIRED: State.EXPIRED,
    Event.RENEWAL_DUE: State.TO_BE_RENEWED,
}


def state_at(row: Any, now: datetime) -> tuple[str, str]:
    """The state at this moment, and why: what time did shows at once, though nobody wrote it down."""
    changed = change_at(row, now)
    if changed is None:
        return row.state, row.reason
    return _STATE_BY_TIME[changed[0]].value, changed[1]


def ended_at(row: Any, now: datetime) -> datetime | None:
    """When it ended: written down, or by the clock."""
    changed = change_at(row, now)
    if changed is not None and _STATE_BY_TIME[changed[0]] in ENDED:
        return changed[2]
    moment: datetime | None = row.ended_at
    return moment


def delete_by(row: Any, now: datetime) -> datetime | None:
    """By when the party has deleted what it read (R32); None for what was never granted."""
    if row.ends_at is None:
        return None
    end = ended_at(row, now) or min(row.ends_at, row.fulfils_at or row.ends_at)
    return end + timedelta(days=row.deletion_days)


def due(connection: Connection, now: datetime, limit: int = MOST_DUE) -> list[Due]:
    """Return what time has done by `now` and nobody recorded yet, oldest first; at most `limit` of it.

    What follows from one moment is one item: an expired permission is not also one that is to be renewed.
    """
    found = [_due(row, now) for row in connection.execute(_DUE, {"now": now, "limit": limit})]
    return sorted(found, key=lambda one: one.at)


def next_at(connection: Connection, now: datetime) -> datetime | None:
    """Return the next moment after `now` at which something becomes due; None where nothing is foreseen."""
    moment: datetime | None = connection.execute(_NEXT, {"now": now}).scalar_one()
    return moment


def _due(row: Any, now: datetime) -> Due:
    changed = change_at(row, now)
    if changed is not None:
        return Due(row.permission_id, changed[0], changed[2])
    if row.mandate_due_at is not None and row.mandate_due_at <= now and row.state != State.BLOCKED:
        return Due(row.permission_id, Event.BLOCKED, row.mandate_due_at)
    return Due(row.permission_id, Event.REMINDED, row.remind_at)


def _reason_of_expiry(row: Any) -> str:
    return "expired" if row.valid_until is not None and row.valid_until <= row.ends_at else "longest_term"


_DUE = text(
    "SELECT p.*, m.due_at AS mandate_due_at FROM permissions.permission p"
    " LEFT JOIN permissions.mandate m ON m.permission_id = p.permission_id AND m.produced_at IS NULL WHERE"
    " p.state = 'requested' AND p.link_expires_at <= :now"
    " OR p.state IN ('active', 'to_be_renewed', 'blocked')"
    "  AND (p.ends_at <= :now OR p.fulfils_at <= :now OR p.remind_at <= :now)"
    " OR p.state = 'active' AND p.renew_from <= :now"
    " OR p.state IN ('active', 'to_be_renewed') AND m.due_at <= :now"
    " ORDER BY least(p.link_expires_at, p.ends_at, p.fulfils_at, p.remind_at), p.permission_id LIMIT :limit"
)
# `ends_at` stands before and after the end: only of what is not over it is a moment to come.
_NEXT = text(
    "SELECT min(moment) FROM (SELECT link_expires_at AS moment FROM permissions.permission"
    "  WHERE state = 'requested'"
    " UNION ALL SELECT least(ends_at, fulfils_at, remind_at) FROM permissions.permission"
    "  WHERE state IN ('active', 'to_be_renewed', 'blocked')"
    " UNION ALL SELECT renew_from FROM permissions.permission WHERE state = 'active'"
    " UNION ALL SELECT m.due_at FROM permissions.mandate m JOIN permissions.permission p USING (permission_id)"
    "  WHERE p.state IN ('active', 'to_be_renewed') AND m.produced_at IS NULL) foreseen WHERE moment > :now"
)
