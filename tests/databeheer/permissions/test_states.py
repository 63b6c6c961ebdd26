"""The machine of states, as data: nothing leads out of an end, and no two things follow from one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError
from databeheer.permissions.states import ENDED, LIVE, TRANSITIONS, Event, after


@pytest.mark.requirement("R24", "R26")
@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", sorted(ENDED))
def test_nothing_follows_on_an_end(state: State, event: Event) -> None:
    with pytest.raises(ConflictError, match="ended already"):
        after(state, event)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_whatever_happens_an_ended_permission_is_never_live_again(events: list[Event]) -> None:
    state, has_ended = State.REQUESTED, False
    for event in events:
        try:
            state = after(state, event)
        except ConflictError:
            continue
        assert not has_ended
        has_ended = state in ENDED


def test_every_state_is_waiting_live_or_ended_and_can_be_reached() -> None:
    assert ENDED | LIVE | {State.REQUESTED} == set(State)
    assert set(TRANSITIONS.values()) | {State.REQUESTED} == set(State)


def test_only_a_grant_or_the_end_of_a_block_makes_active() -> None:
    into = {event for (state, event), to in TRANSITIONS.items() if to in LIVE and state not in LIVE}
    assert into == {Event.GRANTED}
    assert {
        event
        for (state, event), to in TRANSITIONS.items()
        if to is State.ACTIVE and state is not State.ACTIVE
    } == {
        Event.GRANTED,
        Event.UNBLOCKED,
    }


@pytest.mark.requirement("R22", "R28", "R29")
@pytest.mark.parametrize("event", [Event.REVOKED, Event.TERMINATED, Event.INVALIDATED, Event.EXPIRED])
@pytest.mark.parametrize("state", sorted(LIVE))
def test_whatever_is_live_can_end(state: State, event: Event) -> None:
    assert after(state, event) in ENDED
