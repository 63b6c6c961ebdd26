"""The states of a permission and what may follow what, as data.

Source: EU 2023/1162 annex III (C, K); R18-R29. `TRANSITIONS` is the whole machine: what is not in it cannot happen.
From an ended state no event leads anywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError


class Event(enum.StrEnum):
    """What happens to a permission; `permission.` before it is the name in the ledger, so none is ever renamed."""

    SIGNED = "signed"
    """One of several signers granted; the others are asked."""
    FORWARDED = "forwarded"
    """Somebody who is not the contract holder sent the request on to whoever is."""
    GRANTED = "granted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    RENEWAL_DUE = "renewal_due"
    REMINDED = "reminded"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    FULFILLED = "fulfilled"
    EXPIRED = "expired"
    REVOKED = "revoked"
    TERMINATED = "terminated"
    INVALIDATED = "invalidated"
    LAPSED = "lapsed"
    NARROWED = "narrowed"
    """Of past and future data, one part was withdrawn or given up; the other goes on (R31)."""


GIVES = frozenset({State.ACTIVE, State.TO_BE_RENEWED})
LIVE = GIVES | {State.BLOCKED}
"""Granted, and not ended; BLOCKED gives no access meanwhile."""
ENDED = frozenset(State) - LIVE - {State.REQUESTED}

ENDS: Mapping[Event, State] = MappingProxyType(
    {
        Event.FULFILLED: State.FULFILLED,
        Event.EXPIRED: State.EXPIRED,
        Event.REVOKED: State.REVOKED,
        Event.TERMINATED: State.TERMINATED,
        Event.INVALIDATED: State.INVALIDATED,
        Event.LAPSED: State.LAPSED,
    }
)
"""The events that end what was granted, each with its state."""
TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.REQUESTED, Event.SIGNED): State.REQUESTED,
        (State.REQUESTED, Event.FORWARDED): State.REQUESTED,
        (State.REQUESTED, Event.GRANTED): State.ACTIVE,
        (State.REQUESTED, Event.REJECTED): State.REJECTED,
        (State.REQUESTED, Event.TIMED_OUT): State.TIMED_OUT,
        (State.REQUESTED, Event.TERMINATED): State.TERMINATED,
        (State.ACTIVE, Event.RENEWAL_DUE): State.TO_BE_RENEWED,
        (State.ACTIVE, Event.BLOCKED): State.BLOCKED,
        (State.TO_BE_RENEWED, Event.BLOCKED): State.BLOCKED,
        (State.BLOCKED, Event.UNBLOCKED): State.ACTIVE,
        **{(state, Event.REMINDED): state for state in GIVES},
        **{(state, Event.NARROWED): state for state in LIVE},
        **{(state, event): end for state in LIVE for event, end in ENDS.items()},
    }
)


def after(state: State, event: Event) -> State:
    """Return the state after an event.

    Raises:
        ConflictError: this cannot happen in this state; nothing may change.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ConflictError(
            "this permission has ended already"
            if state in ENDED
            else "this permission is not in a state in which that is possible"
        )
    return following
