"""The states of a case of doubt and what may follow what, as data.

`TRANSITIONS` is the whole machine: what is not in it cannot happen. From a closed state no event leads anywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from databeheer.errors import ConflictError


class State(enum.StrEnum):
    """Where a case is. In all but `CLOSED` the party is blocked."""

    OPEN = "open"
    """The party was not asked yet."""
    CONTACTED = "contacted"
    """The party was asked, and its 72 hours run."""
    SHOWN = "shown"
    """The party showed something in time; somebody has to judge it."""
    ACCEPTED = "accepted"
    """One person found the proof good; a second one has to lift the block (R156)."""
    RESTORED = "restored"
    """A backup brought it back as it was before something was shown, or the block was lifted: people decide anew."""
    LIFTED = "lifted"
    RETRACTED = "retracted"
    """Whoever doubted says that it was a mistake."""
    UNPROVEN = "unproven"
    """No sufficient proof came in time."""


class Event(enum.StrEnum):
    """What happens to a case; `doubt.` before it is the name in the ledger, so none is ever renamed."""

    OPENED = "opened"
    SIGNALLED = "signalled"
    """Somebody else doubts the same."""
    CONTACTED = "contacted"
    EVIDENCE_SHOWN = "evidence_shown"
    EVIDENCE_REFUSED = "evidence_refused"
    EVIDENCE_ACCEPTED = "evidence_accepted"
    NOT_AGREED = "not_agreed"
    """The second person does not agree that the proof is good: it is judged again."""
    LIFTED = "lifted"
    RETRACTED = "retracted"
    UNPROVEN = "unproven"
    RESTORED = "restored"
    """After a restore: its hours run no more, for the journal of ends knows that they were answered."""


class Step(enum.StrEnum):
    """What is told of a case beside what moves it; `doubt.` before it is the name in the ledger."""

    PARTY_REPORTED = "party_reported"
    WORDS_OPENED = "words_opened"
    """Somebody of the data manager read what people wrote of it."""
    EVIDENCE_OPENED = "evidence_opened"
    EVIDENCE_DESTROYED = "evidence_destroyed"
    BREACH_DECIDED = "breach_decided"


NAMES = tuple(f"doubt.{one}" for kind in (Event, Step) for one in kind)
"""Every name that an entry about one case can have."""


class Origin(enum.StrEnum):
    """From whom a signal comes (R99)."""

    CUSTOMER = "customer"
    PARTY = "party"
    """The party that has the permission, which had a signal of its customer (R110)."""
    MARKET_PARTY = "market_party"
    AUTHORITY = "authority"
    CONSUMER_BODY = "consumer_body"
    JOURNAL = "journal"
    """After a restore: the journal of ends knows of a block that the database forgot."""


class Concern(enum.StrEnum):
    """What is doubted, in the words of the form."""

    NOT_GIVEN = "not_given"
    TOO_MUCH = "too_much"
    OTHER = "other"


CLOSED = frozenset({State.LIFTED, State.RETRACTED, State.UNPROVEN})
REFUTED = frozenset({State.LIFTED, State.RETRACTED})
"""Closed because there was nothing wrong."""

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.OPEN, Event.CONTACTED): State.CONTACTED,
        (State.OPEN, Event.EVIDENCE_SHOWN): State.SHOWN,
        (State.CONTACTED, Event.EVIDENCE_SHOWN): State.SHOWN,
        (State.CONTACTED, Event.UNPROVEN): State.UNPROVEN,
        (State.SHOWN, Event.EVIDENCE_REFUSED): State.CONTACTED,
        (State.SHOWN, Event.EVIDENCE_ACCEPTED): State.ACCEPTED,
        (State.ACCEPTED, Event.NOT_AGREED): State.SHOWN,
        (State.ACCEPTED, Event.LIFTED): State.LIFTED,
        (State.OPEN, Event.RESTORED): State.RESTORED,
        (State.CONTACTED, Event.RESTORED): State.RESTORED,
        (State.RESTORED, Event.CONTACTED): State.CONTACTED,
        (State.RESTORED, Event.EVIDENCE_SHOWN): State.SHOWN,
        **{(state, Event.SIGNALLED): state for state in State if state not in CLOSED},
        **{(state, Event.RETRACTED): State.RETRACTED for state in State if state not in CLOSED},
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
            "this case is closed; a new doubt is a new case, a new permission is asked in the regular way"
            if state in CLOSED
            else "this case is not in a state in which that is possible"
        )
    return following
