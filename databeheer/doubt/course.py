"""What a case of doubt means at a moment: what time did to it, when its party is blocked, what it never gets.

Pure. A stretch of time is half-open: what is shown *at* the due moment is late (R102).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from databeheer.access.intervals import Interval
from databeheer.doubt.states import CLOSED, REFUTED, Event, State, after
from databeheer.errors import ConflictError

_STARTS_HOURS = (Event.CONTACTED, Event.EVIDENCE_SHOWN)


@dataclass(frozen=True)
class Course:
    """A case as it is written down; moments are aware UTC.

    `evidence_due_at` is the first moment that is too late for a proof; None while nobody asked for one. `closed_at`
    is when the block ended.
    """

    state: State
    opened_at: datetime
    evidence_due_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def block(self) -> Interval:
        """When the party is blocked, as far as is known: to the end of its 72 hours while they run.

        Whoever holds the permissions in doubt stays blocked for longer: those end then.
        """
        return Interval(self.opened_at, self._foreseen_end())

    @property
    def gap(self) -> Interval | None:
        """Data that the party never gets by consent; None where it proved, or may still prove, its mandate.

        Foreseen from the moment that its 72 hours run: in them it is blocked, and after them nobody has to act.
        """
        if self.state not in (State.UNPROVEN, State.CONTACTED):
            return None
        return Interval(self.opened_at, self._foreseen_end())

    def at(self, now: datetime) -> Course:
        """What time has made of it by `now`: without a proof in time it is unproven, whoever wrote that down."""
        due = self.evidence_due_at
        if self.state is not State.CONTACTED or due is None or now < due:
            return self
        return replace(self, state=after(self.state, Event.UNPROVEN), closed_at=due)

    def step(self, event: Event, now: datetime, *, evidence_due_at: datetime | None = None) -> Course:
        """Return the case after an event at `now`.

        `evidence_due_at` is when the 72 hours end, where this event starts them; those that run already go on.

        Raises:
            ConflictError: that cannot happen (any more).
        """
        if event is Event.UNPROVEN:
            raise ConflictError("only time makes a case unproven")
        # What was answered in a lost time did not pass unanswered, however late that is known.
        course = self if event is Event.RESTORED else self.at(now)
        due = None if event is Event.RESTORED else course.evidence_due_at
        if due is None and event in _STARTS_HOURS:
            due = evidence_due_at
        state = after(course.state, event)
        if event is Event.EVIDENCE_REFUSED and due is not None and due <= now:
            state = after(state, Event.UNPROVEN)  # there is no time left to show anything better
        closed_at = now if state in CLOSED else None
        return replace(course, state=state, evidence_due_at=due, closed_at=closed_at)

    def _foreseen_end(self) -> datetime | None:
        return self.evidence_due_at if self.state is State.CONTACTED else self.closed_at


class Allocation:
    """What happens to the allocation on smart-meter data meanwhile (R107)."""

    UNTOUCHED = "untouched"
    """The permission in doubt is not what the point is allocated on."""
    ZERO = "zero"
    """It stays on smart-meter data, allocated with zero."""
    SMART_METER = "smart_meter"
    PROFILE = "profile"


def allocation_in(state: State, *, allocates: bool) -> str:
    """Return the allocation of a point while a case about it is in this state (NEDU step 4)."""
    if not allocates:
        return Allocation.UNTOUCHED
    if state is State.UNPROVEN:
        return Allocation.PROFILE
    return Allocation.SMART_METER if state in REFUTED else Allocation.ZERO
