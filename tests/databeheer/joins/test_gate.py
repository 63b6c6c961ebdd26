"""The gate: a wish is a case of the list within its limits, or it is refused for one reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import midnight
from databeheer.joins.cases import JoinCase, JoinList
from databeheer.joins.gate import JoinRefusal, JoinWish, check, months_of
from databeheer.joins.lists import SHIPPED, parse
from databeheer.joins.reasons import SENTENCES, JoinReason
from databeheer.values import Period, Role

JOINS = parse(SHIPPED.read_bytes())
YEAR = Period(midnight(date(2023, 1, 1)), midnight(date(2024, 1, 1)))
FRAUD = JoinWish("fraud-month-totals", Role.DSO, "fraud_detection", 12, YEAR)
STATISTICS = JoinWish("area-month-statistics", Role.REGULATOR, "statistics", None, YEAR)


@pytest.mark.requirement("R130", "R131")
@pytest.mark.parametrize("wish", [FRAUD, STATISTICS, replace(STATISTICS, role=Role.DSO)])
def test_a_wish_that_is_on_the_list_is_its_case(wish: JoinWish) -> None:
    case = check(JOINS, wish)
    assert isinstance(case, JoinCase)
    assert case.id == wish.case_id


@pytest.mark.requirement("R130", "R132")
@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (replace(FRAUD, case_id="addresses-for-marketing"), JoinReason.NOT_ON_LIST),
        (replace(FRAUD, case_id=""), JoinReason.NOT_ON_LIST),
        (replace(FRAUD, role=Role.SUPPLIER), JoinReason.ROLE_NOT_ALLOWED),
        (replace(FRAUD, role=Role.ENERGY_SERVICE), JoinReason.ROLE_NOT_ALLOWED),
        (replace(FRAUD, role=Role.REGULATOR), JoinReason.ROLE_NOT_ALLOWED),
        (replace(STATISTICS, role=Role.SUPPLIER), JoinReason.ROLE_NOT_ALLOWED),
        (replace(FRAUD, purpose="marketing"), JoinReason.PURPOSE_NOT_ALLOWED),
        (replace(FRAUD, purpose="grid_management"), JoinReason.PURPOSE_NOT_ALLOWED),
        (replace(FRAUD, listed=None), JoinReason.SCOPE_NOT_ALLOWED),
        (replace(STATISTICS, listed=12), JoinReason.SCOPE_NOT_ALLOWED),
        (replace(FRAUD, listed=4), JoinReason.TOO_FEW_POINTS),
        (replace(FRAUD, listed=1), JoinReason.TOO_FEW_POINTS),
        (replace(FRAUD, listed=201), JoinReason.TOO_MANY_POINTS),
        (
            replace(FRAUD, period=Period(YEAR.start, YEAR.end - timedelta(days=1))),
            JoinReason.NOT_WHOLE_MONTHS,
        ),
        (
            replace(FRAUD, period=Period(YEAR.start + timedelta(hours=1), YEAR.end)),
            JoinReason.NOT_WHOLE_MONTHS,
        ),
        (
            replace(FRAUD, period=Period(midnight(date(2021, 12, 1)), YEAR.end)),
            JoinReason.PERIOD_TOO_LONG,
        ),
        (replace(FRAUD, approvals=0), JoinReason.APPROVAL_MISSING),
    ],
    ids=lambda value: value.value if isinstance(value, JoinReason) else "",
)
def test_anything_else_is_refused_for_one_reason(wish: JoinWish, reason: JoinReason) -> None:
    assert check(JOINS, wish) == JoinRefusal(reason)


def test_a_case_that_asks_for_a_second_person_waits_for_one() -> None:
    case = replace(JOINS.cases[0], approvals=2)
    strict = JoinList(2, JOINS.issued, JOINS.publisher, (case,), JOINS.sha256)
    assert check(strict, FRAUD) == JoinRefusal(JoinReason.APPROVAL_MISSING)
    assert check(strict, replace(FRAUD, approvals=2)) == case


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    assert SENTENCES.keys() == set(JoinReason)
    assert all(nl.endswith(".") and en.endswith(".") for nl, en in SENTENCES.values())


@given(st.dates(date(2001, 1, 1), date(2099, 1, 1)), st.integers(1, 40))
def test_whole_months_are_counted_over_both_changes_of_the_clock(first: date, number: int) -> None:
    begin = first.replace(day=1)
    end = begin
    for _ in range(number):
        end = (end + timedelta(days=32)).replace(day=1)
    months = months_of(Period(midnight(begin), midnight(end)))
    assert months is not None
    assert (len(months), months[0]) == (number, begin)
    assert months_of(Period(midnight(begin), midnight(end + timedelta(days=1)))) is None
