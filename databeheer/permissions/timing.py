"""What time does to a permission: the state at a moment, and what has become due but nobody wrote down yet.

What passed counts at once, whoever looks; `due` lists what a job then records (`permission.sweep`).

The rule stands here twice, and nowhere else: `change_at` for a row in hand, and `STATE_AT`, `IS_LIVE`, `OVER_AT` for
whoever asks in SQL, over `permissions.permission p` and the parameter `now`. A test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import Invalidation
from databeheer.access.facts import PermissionState as State
from databeheer.brussels import day_of, midnight
from databeheer.permissions.states import ENDED, GIVES, LIVE, Event

MOST_DUE = 500
NOT_PRODUCED = "mandate_not_produced"
"""Why a permission is blocked of which the written mandate was drawn, and not handed over in time (R35)."""
RENEWED = "renewed"
"""Why a permission ended that a new one took the place of; of no other is it said."""
PARTY_SUSPENDED = Invalidation.PARTY_SUSPENDED.value


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
        if row.closes_at is not None and row.closes_at <= min(now, row.ends_at, row.fulfils_at or now):
            return Event.INVALIDATED, PARTY_SUSPENDED, row.closes_at
        if row.fulfils_at is not None and row.fulfils_at <= min(now, row.ends_at):
            return Event.FULFILLED, "data_period_over", row.fulfils_at
        if row.ends_at <= now:
            return Event.EXPIRED, _reason_of_expiry(row), row.ends_at
        if state in GIVES and row.block_at is not None and row.block_at <= now:
            return Event.BLOCKED, NOT_PRODUCED, row.block_at
        if state is State.ACTIVE and row.renew_from is not None and row.renew_from <= now:
            return Event.RENEWAL_DUE, "", row.renew_from
    return None


_STATE_BY_TIME = {
    Event.TIMED_OUT: State.TIMED_OUT,
    Event.FULFILLED: State.FULFILLED,
    Event.EXPIRED: State.EXPIRED,
    Event.INVALIDATED: State.INVALIDATED,
    Event.BLOCKED: State.BLOCKED,
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


def over_at(row: Any) -> datetime:
    """When the clock ends a permission that was granted, if nothing else does before."""
    moment: datetime = min(row.ends_at, row.fulfils_at or row.ends_at)
    return moment


def delete_by(row: Any, now: datetime) -> datetime | None:
    """By when the party has deleted what it read (R32): the first moment that is too late.

    Whole Brussels days: that of the end does not count, and the last one counts whole, as of every clock in days.
    None for what was never granted, and for what a renewal took the place of: its data go with the renewal's.
    """
    if row.ends_at is None or row.reason == RENEWED:
        return None
    end = ended_at(row, now) or over_at(row)
    return midnight(day_of(end) + timedelta(days=row.deletion_days + 1))


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
    return Due(row.permission_id, Event.REMINDED, row.remind_at)


def _reason_of_expiry(row: Any) -> str:
    return "expired" if row.valid_until is not None and row.valid_until <= row.ends_at else "longest_term"


def _listed(states: Collection[State]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


IS_LIVE = (
    f"(p.state IN ({_listed(LIVE)}) AND p.ends_at > :now AND (p.fulfils_at IS NULL OR p.fulfils_at > :now)"
    " AND (p.closes_at IS NULL OR p.closes_at > :now))"
)
"""SQL: granted, and not ended by now, by the clock either."""
STATE_AT = f"""(CASE
    WHEN p.state = 'requested' AND p.link_expires_at <= :now THEN 'timed_out'
    WHEN p.state NOT IN ({_listed(LIVE)}) THEN p.state
    WHEN p.closes_at <= least(:now, p.ends_at, p.fulfils_at) THEN 'invalidated'
    WHEN p.fulfils_at <= least(:now, p.ends_at) THEN 'fulfilled'
    WHEN p.ends_at <= :now THEN 'expired'
    WHEN p.state IN ({_listed(GIVES)}) AND p.block_at <= :now THEN 'blocked'
    WHEN p.state = 'active' AND p.renew_from <= :now THEN 'to_be_renewed'
    ELSE p.state END)"""
"""SQL: the state now, as `state_at` tells it."""
OVER_AT = "coalesce(p.ended_at, least(p.closes_at, p.ends_at, p.fulfils_at))"
"""SQL: when what was granted ended, or will by itself."""
TO_DELETE = "(p.ends_at IS NOT NULL AND p.deletion_confirmed_at IS NULL AND p.reason <> 'renewed')"
"""SQL: its party confirms the deletion of what it read once it has ended (R32)."""
_MOMENTS = (
    ("link_expires_at", frozenset({State.REQUESTED})),
    ("closes_at", LIVE),
    ("ends_at", LIVE),
    ("fulfils_at", LIVE),
    ("remind_at", GIVES),
    ("block_at", GIVES),
    ("renew_from", frozenset({State.ACTIVE})),
)
"""Which moment of a row does something, in which states; each has its index."""
_DUE = text(
    "SELECT p.* FROM permissions.permission p WHERE "  # noqa: S608  parts of our own
    + " OR ".join(f"p.state IN ({_listed(states)}) AND p.{moment} <= :now" for moment, states in _MOMENTS)
    + " ORDER BY least(CASE WHEN p.state = 'requested' THEN p.link_expires_at END, p.closes_at, p.ends_at,"
    " p.fulfils_at, p.remind_at, p.block_at, p.renew_from), p.permission_id LIMIT :limit"
)
_NEXT = text(
    "SELECT min(moment) FROM ("  # noqa: S608  parts of our own
    + " UNION ALL ".join(
        f"SELECT min(p.{moment}) AS moment FROM permissions.permission p"  # noqa: S608  parts of our own
        f" WHERE p.state IN ({_listed(states)}) AND p.{moment} > :now"
        for moment, states in _MOMENTS
    )
    + ") foreseen"
)
