"""What a permission will do by itself, fixed at the grant: ends, renewal, fulfilment, to the moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import day_of, midnight
from databeheer.clocks import shipped
from databeheer.clocks.terms import Term
from databeheer.permissions.states import Event
from databeheer.permissions.terms import Terms, clocks
from databeheer.permissions.timing import change_at, delete_by, state_at
from databeheer.values import HORIZON, format_instant, parse_instant

GRANTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TERMS = Terms(longest=100, renewal=10, reminder=30, collection=5, deletion=7)


def permission(state: str = "active", **changes: Any) -> Any:
    given: dict[str, Any] = {
        "valid_until": None,
        "data_until": None,
        "block_at": None,
        "closes_at": None,
    } | changes
    found = clocks(
        TERMS, granted_at=GRANTED, valid_until=given["valid_until"], data_until=given["data_until"]
    )
    row = {
        "state": state,
        "reason": "",
        "link_expires_at": GRANTED + timedelta(days=30),
        "ended_at": None,
        "deletion_days": TERMS.deletion,
        **vars(found),
        **given,
    }
    return SimpleNamespace(**row)


@pytest.mark.requirement("R23")
def test_until_withdrawn_is_never_without_end() -> None:
    row = permission()
    end = GRANTED + timedelta(days=100)
    assert state_at(row, end - TICK)[0] == "to_be_renewed"
    assert state_at(row, end) == ("expired", "longest_term")


def test_who_is_asked_to_renew_is_asked_ten_days_before() -> None:
    row, asked = permission(), GRANTED + timedelta(days=90)
    assert state_at(row, asked - TICK) == ("active", "")
    assert state_at(row, asked) == ("to_be_renewed", "")


@pytest.mark.requirement("R23", "R24")
def test_an_agreed_end_is_an_end_and_is_not_renewed() -> None:
    end = GRANTED + timedelta(days=20)
    row = permission(valid_until=end)
    assert state_at(row, end - TICK) == ("active", "")
    assert state_at(row, end) == ("expired", "expired")


def test_an_agreed_end_past_the_longest_term_is_cut() -> None:
    row = permission(valid_until=GRANTED + timedelta(days=1000))
    assert row.ends_at == GRANTED + timedelta(days=100)
    assert state_at(row, row.ends_at) == ("expired", "longest_term")


@pytest.mark.parametrize(
    ("data_until", "fulfilled"),
    [(GRANTED - timedelta(days=400), GRANTED + timedelta(days=5)), (GRANTED + timedelta(days=9), None)],
)
def test_a_closed_period_without_an_agreed_end_is_fulfilled_once_it_could_be_fetched(
    data_until: datetime, fulfilled: datetime | None
) -> None:
    row = permission(data_until=data_until)
    moment = fulfilled or data_until + timedelta(days=5)
    assert state_at(row, moment - TICK) == ("active", "")
    assert state_at(row, moment) == ("fulfilled", "data_period_over")


def test_what_the_customer_agreed_to_a_day_on_is_not_fulfilled_before_it() -> None:
    row = permission(data_until=GRANTED - timedelta(days=1), valid_until=GRANTED + timedelta(days=50))
    assert state_at(row, GRANTED + timedelta(days=49))[0] == "active"


@pytest.mark.requirement("R32")
def test_data_are_deleted_in_seven_whole_days_after_the_day_of_the_end_however_it_ended() -> None:
    row = permission()
    assert delete_by(row, GRANTED) == midnight(day_of(row.ends_at) + timedelta(days=8))
    row.state, row.ended_at = "revoked", GRANTED + timedelta(days=2)
    assert delete_by(row, GRANTED + timedelta(days=3)) == midnight(date(2026, 3, 11))


@pytest.mark.requirement("R32")
@pytest.mark.parametrize("day", [date(2026, 3, 24), date(2026, 10, 20), date(2026, 7, 1)])
def test_the_days_to_delete_in_are_those_of_the_clocks_catalogue_also_when_clocks_change(day: date) -> None:
    term = Term(TERMS.deletion, shipped().get("deletion_confirmation").term.unit)
    for end in (midnight(day), midnight(day + timedelta(days=1)) - TICK):
        row = permission("revoked")
        row.ended_at = end
        due = delete_by(row, end)
        assert due == midnight(day + timedelta(days=8)) == term.due_at(end)


def test_a_block_does_not_stop_the_clock() -> None:
    row = permission("blocked")
    assert state_at(row, row.ends_at - TICK)[0] == "blocked"
    assert state_at(row, row.ends_at)[0] == "expired"


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("state", ["active", "to_be_renewed"])
def test_a_drawn_mandate_blocks_by_the_clock_whoever_writes_it_down(state: str) -> None:
    due = GRANTED + timedelta(days=14)
    row = permission(state, block_at=due)
    assert state_at(row, due - TICK)[0] == state
    assert state_at(row, due) == ("blocked", "mandate_not_produced")
    assert state_at(row, row.ends_at)[0] == "expired"


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("state", ["active", "to_be_renewed", "blocked"])
def test_a_suspension_ends_what_was_granted_at_its_moment_and_before_every_other_end(state: str) -> None:
    row = permission(state, closes_at=GRANTED + timedelta(days=1))
    assert state_at(row, row.closes_at - TICK)[0] == state
    for later in (timedelta(), timedelta(days=1000)):
        assert state_at(row, row.closes_at + later) == ("invalidated", "party_suspended")
    assert delete_by(row, row.ends_at) == midnight(day_of(row.closes_at) + timedelta(days=8))


def test_what_waits_or_is_blocked_for_another_reason_is_not_blocked_for_want_of_a_mandate() -> None:
    row = permission("blocked", block_at=GRANTED)
    row.reason = "doubt"
    assert state_at(row, GRANTED) == ("blocked", "doubt")


@given(
    st.integers(-500, 500),
    st.one_of(st.none(), st.integers(1, 500)),
    st.one_of(st.none(), st.integers(-500, 500)),
)
def test_an_end_that_passed_never_comes_undone(look: int, valid: int | None, data: int | None) -> None:
    row = permission(
        valid_until=GRANTED + timedelta(days=valid) if valid is not None else None,
        data_until=GRANTED + timedelta(days=data) if data is not None else None,
    )
    first = change_at(row, GRANTED + timedelta(days=look))
    later = change_at(row, GRANTED + timedelta(days=look + 30))
    if first is not None and first[0] is not Event.RENEWAL_DUE:
        assert later == first


def test_no_permission_outlasts_the_times_that_can_be_read() -> None:
    century = replace(TERMS, longest=36_525)
    cut = clocks(century, granted_at=datetime(2026, 11, 21, tzinfo=UTC), valid_until=None, data_until=None)
    assert cut.ends_at == midnight(HORIZON[1])
    assert parse_instant(format_instant(cut.ends_at)) == cut.ends_at
