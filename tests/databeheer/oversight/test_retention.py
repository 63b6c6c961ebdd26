"""When a class of data may go: terms, and what is in the way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.oversight.retention import (
    DETAIL_MONTHS,
    HISTORY_YEARS,
    LEGAL_BASES,
    Obstacle,
    Reason,
    Stay,
    Verdict,
    month_goes_on,
    weigh_ledger,
    weigh_person,
    weigh_readings,
    years_later,
)

LEFT = date(2024, 2, 29)
THREE, TEN = date(2027, 3, 1), date(2034, 3, 1)
GONE = Stay(LEFT, readings_gone=True)
BY_LAW = (Reason.WRONG_PERSON, Reason.ORDER)


@pytest.mark.parametrize("reason", Reason)
def test_what_is_in_use_never_goes_whatever_the_reason(reason: Reason) -> None:
    for weigh in (weigh_readings, weigh_ledger):
        assert weigh(Stay(None), reason, date(2099, 1, 1)) == Verdict(Obstacle.IN_USE, None)


@pytest.mark.parametrize("reason", [Reason.SUBJECT_REQUEST, Reason.RETENTION_ENDED])
def test_readings_go_three_years_after_the_stay_to_the_day(reason: Reason) -> None:
    day_before = THREE - timedelta(days=1)
    assert weigh_readings(Stay(LEFT), reason, day_before) == Verdict(Obstacle.TERM, THREE)
    assert weigh_readings(Stay(LEFT), reason, THREE) == Verdict(None, THREE)


@pytest.mark.parametrize("reason", BY_LAW)
def test_readings_of_the_wrong_person_or_under_an_order_need_no_term(reason: Reason) -> None:
    assert weigh_readings(Stay(LEFT), reason, LEFT) == Verdict(None, LEFT)


@pytest.mark.parametrize("reason", Reason)
def test_no_reason_shortens_the_term_of_evidence(reason: Reason) -> None:
    assert weigh_ledger(GONE, reason, TEN - timedelta(days=1)) == Verdict(Obstacle.TERM, TEN)
    assert weigh_ledger(GONE, reason, TEN) == Verdict(None, TEN)


def test_a_late_entry_about_the_stay_prolongs_the_term_of_its_evidence() -> None:
    late = Stay(LEFT, last_entry=date(2030, 6, 1), readings_gone=True)
    assert weigh_ledger(late, Reason.RETENTION_ENDED, TEN) == Verdict(Obstacle.TERM, date(2040, 6, 1))


def test_the_record_of_reads_does_not_go_before_the_readings() -> None:
    assert weigh_ledger(Stay(LEFT), Reason.RETENTION_ENDED, TEN).obstacle is Obstacle.OTHER_EVIDENCE


def test_one_persons_request_does_not_take_what_another_signed_for_too() -> None:
    shared = Stay(LEFT, readings_gone=True, is_shared=True)
    for weigh in (weigh_readings, weigh_ledger):
        assert weigh(shared, Reason.SUBJECT_REQUEST, TEN).obstacle is Obstacle.CO_OCCUPANT
        assert weigh(shared, Reason.RETENTION_ENDED, TEN).obstacle is None


def test_a_person_goes_last() -> None:
    whole, ended = Stay(LEFT), Stay(LEFT, ledger_gone=True)
    assert weigh_person([], LEFT) == Verdict(None, LEFT)
    assert weigh_person([ended, Stay(None)], TEN).obstacle is Obstacle.IN_USE
    assert weigh_person([ended, whole], LEFT) == Verdict(Obstacle.OTHER_EVIDENCE, TEN)
    assert weigh_person([ended, ended], TEN).obstacle is None


def test_the_29th_of_february_becomes_the_first_of_march() -> None:
    assert years_later(LEFT, 1) == date(2025, 3, 1)
    assert years_later(LEFT, 4) == date(2028, 2, 29)
    assert years_later(date(2024, 12, 31), 3) == date(2027, 12, 31)


def test_every_reason_has_its_article() -> None:
    assert set(LEGAL_BASES) == set(Reason)


LONG_AGO, LATEST = date(1995, 1, 1), date(2090, 12, 31)


@pytest.mark.requirement("R70")
@given(st.dates(LONG_AGO, LATEST))
def test_no_month_of_who_stays_goes_before_the_history_that_is_due(day: date) -> None:
    gone_on = month_goes_on(day.replace(day=1))
    assert gone_on > years_later(day, HISTORY_YEARS)
    assert (gone_on.year - day.year) * 12 + gone_on.month - day.month > DETAIL_MONTHS


@pytest.mark.requirement("R70")
@given(st.dates(LONG_AGO, LATEST), st.integers(0, 4000), st.sampled_from(Reason))
def test_nothing_of_who_left_goes_before_it_but_what_was_never_his_or_an_authority_orders(
    left: date, days: int, reason: Reason
) -> None:
    today = left + timedelta(days=days)
    if reason not in BY_LAW and weigh_readings(Stay(left), reason, today).obstacle is None:
        assert today >= years_later(left, HISTORY_YEARS)
        assert (today.year - left.year) * 12 + today.month - left.month >= DETAIL_MONTHS


@pytest.mark.requirement("R70")
@pytest.mark.parametrize("reason", Reason)
def test_the_history_of_who_stays_is_nobodys_to_erase(reason: Reason) -> None:
    assert weigh_readings(Stay(None), reason, LATEST).obstacle is Obstacle.IN_USE


@pytest.mark.requirement("R70")
def test_the_floor_is_that_of_the_law() -> None:
    assert (HISTORY_YEARS, DETAIL_MONTHS) == (3, 24)
