"""The course of a case, without a database: what may follow what, and what time makes of it to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.access.intervals import Interval
from databeheer.clocks import shipped
from databeheer.doubt.course import Course, allocation_in
from databeheer.doubt.states import CLOSED, TRANSITIONS, Event, State, after
from databeheer.errors import ConflictError

OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
ASKED = OPENED + timedelta(hours=5)
DUE = ASKED + timedelta(hours=72)
TICK = timedelta(microseconds=1)
NEW = Course(State.OPEN, OPENED)
RUNNING = NEW.step(Event.CONTACTED, ASKED, evidence_due_at=DUE)


@pytest.mark.requirement("R102")
@pytest.mark.requirement("R104")
@pytest.mark.parametrize(
    ("at", "expected"),
    [(DUE - TICK, State.SHOWN), (DUE, None), (DUE + TICK, None)],
)
def test_a_proof_is_in_time_up_to_the_last_instant_before_72_hours(
    at: datetime, expected: State | None
) -> None:
    if expected is None:
        with pytest.raises(ConflictError, match="closed"):
            RUNNING.step(Event.EVIDENCE_SHOWN, at)
    else:
        assert RUNNING.step(Event.EVIDENCE_SHOWN, at).state is expected


@pytest.mark.requirement("R104")
def test_time_alone_closes_a_case_at_its_due_moment_whoever_looks_and_whenever() -> None:
    assert RUNNING.at(DUE - TICK) is RUNNING
    for looked in (DUE, DUE + TICK, DUE + timedelta(days=400)):
        assert RUNNING.at(looked) == Course(State.UNPROVEN, OPENED, DUE, DUE)
        assert RUNNING.at(looked).gap == Interval(OPENED, DUE)


@pytest.mark.requirement("R103")
def test_a_proof_in_time_leaves_no_gap_however_long_it_is_judged() -> None:
    shown = RUNNING.step(Event.EVIDENCE_SHOWN, DUE - TICK)
    late = DUE + timedelta(days=30)
    assert shown.at(late) is shown
    assert shown.gap is None
    lifted = shown.step(Event.EVIDENCE_ACCEPTED, late).step(Event.LIFTED, late + TICK)
    assert (lifted.gap, lifted.block) == (None, Interval(OPENED, late + TICK))


@pytest.mark.requirement("R104")
def test_a_proof_that_is_refused_after_the_72_hours_closes_the_case_and_the_gap_goes_up_to_then() -> None:
    shown = RUNNING.step(Event.EVIDENCE_SHOWN, DUE - TICK)
    in_time = shown.step(Event.EVIDENCE_REFUSED, DUE - TICK)
    assert (in_time.state, in_time.evidence_due_at) == (State.CONTACTED, DUE)
    refused = shown.step(Event.EVIDENCE_REFUSED, DUE)
    assert (refused.state, refused.closed_at) == (State.UNPROVEN, DUE)
    later = shown.step(Event.EVIDENCE_REFUSED, DUE + timedelta(days=2))
    assert later.gap == Interval(OPENED, DUE + timedelta(days=2))


def test_who_shows_before_it_is_asked_has_its_72_hours_from_then() -> None:
    shown = NEW.step(Event.EVIDENCE_SHOWN, ASKED, evidence_due_at=DUE)
    assert shown.step(Event.EVIDENCE_REFUSED, ASKED).evidence_due_at == DUE


def test_nobody_but_time_makes_a_case_unproven() -> None:
    with pytest.raises(ConflictError, match="time"):
        RUNNING.step(Event.UNPROVEN, ASKED)


@pytest.mark.parametrize("state", sorted(CLOSED))
@pytest.mark.parametrize("event", sorted(Event))
def test_from_a_closed_case_no_event_leads_anywhere(state: State, event: Event) -> None:
    with pytest.raises(ConflictError, match="closed"):
        after(state, event)


def test_a_block_is_lifted_after_two_judgements_and_no_other_way() -> None:
    before = {state for (state, event), to in TRANSITIONS.items() if to is State.LIFTED}
    assert before == {State.ACCEPTED}
    assert {state for (state, _), to in TRANSITIONS.items() if to is State.ACCEPTED} == {
        State.SHOWN,
        State.ACCEPTED,  # a second signal changes nothing
    }


@pytest.mark.requirement("R107")
def test_allocation_stays_with_zero_and_ends_on_the_profile_or_where_it_was() -> None:
    told = {state: allocation_in(state, allocates=True) for state in State}
    assert told.pop(State.UNPROVEN) == "profile"
    assert {told.pop(state) for state in (State.LIFTED, State.RETRACTED)} == {"smart_meter"}
    assert set(told.values()) == {"zero"}
    assert {allocation_in(state, allocates=False) for state in State} == {"untouched"}


MOMENTS = st.integers(0, 120).map(lambda hours: timedelta(hours=hours))


@given(st.lists(st.tuples(st.sampled_from(Event), MOMENTS), max_size=12))
def test_whatever_happens_a_case_is_blocked_from_its_beginning_to_its_end_and_the_gap_is_that_or_nothing(
    acts: list[tuple[Event, timedelta]],
) -> None:
    course, now = NEW, OPENED
    for event, pause in acts:
        now += pause
        due = shipped().get("doubt_evidence").term.due_at(now)
        try:
            course = course.step(event, now, evidence_due_at=due)
        except ConflictError:
            course = course.at(now)
        assert course.block.start == OPENED
        assert (course.closed_at is not None) is course.is_closed
        if not course.is_closed:
            assert now in course.block or now == course.block.stop
        assert course.at(now).gap in (None, course.at(now).block)
        if course.state in (State.LIFTED, State.RETRACTED):
            assert course.gap is None
    assert course.at(now + timedelta(days=9)).state not in (State.CONTACTED,)
