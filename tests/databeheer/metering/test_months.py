"""Day totals added up to months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from databeheer.brussels import day_bounds, midnight
from databeheer.metering.aggregate import Slot, Span, months_by_register, spans_by_register
from databeheer.metering.states import Register, State


def totals(first: date, days: int) -> list[Slot]:
    """A night total every day and a day total from Monday to Friday, 1 Wh and 10 Wh."""
    slots: list[Slot] = []
    for day in (first + timedelta(days=n) for n in range(days)):
        start, end = day_bounds(day)
        slots.append(Slot(start, end, 1, State.READ, Register.NIGHT))
        if day.weekday() < 5:
            slots.append(Slot(start, end, 10, State.READ, Register.DAY))
    return slots


def test_a_register_that_pauses_in_the_weekend_gives_one_total_a_month() -> None:
    october, november = date(2023, 10, 1), date(2023, 11, 1)
    months = months_by_register(totals(october, 61))
    assert [(slot.start, slot.end, slot.register, slot.value) for slot in months] == [
        (day_bounds(october)[0], day_bounds(november)[0], Register.DAY, 22 * 10),
        (day_bounds(october)[0], day_bounds(november)[0], Register.NIGHT, 31),
        (day_bounds(november)[0], day_bounds(date(2023, 12, 1))[0], Register.DAY, 22 * 10),
        (day_bounds(november)[0], day_bounds(date(2023, 12, 1))[0], Register.NIGHT, 30),
    ]


def test_a_month_counts_the_missing_values_of_a_day_once_and_keeps_its_loosest_state() -> None:
    start, end = day_bounds(date(2024, 2, 5))
    months = months_by_register(
        [
            Slot(start, end, 5, State.READ, Register.DAY, missing=3),
            Slot(start, end, 2, State.READ, Register.NIGHT, missing=3),
            Slot(end, end + timedelta(days=1), 4, State.EST, Register.NIGHT),
        ]
    )
    assert [(slot.value, slot.state, slot.missing) for slot in months] == [
        (5, State.READ, 3),
        (6, State.EST, 3),
    ]


def test_a_month_without_any_value_has_none_and_is_not_zero() -> None:
    start, end = day_bounds(date(2024, 2, 5))
    (month,) = months_by_register([Slot(start, end, None, State.NONE, missing=96)])
    assert (month.value, month.missing) == (None, 96)


def test_no_day_gives_no_month() -> None:
    assert months_by_register([]) == []


@pytest.mark.requirement("R70")
def test_weeks_begin_on_monday_and_cross_the_months_the_year_and_the_change_of_the_clock() -> None:
    weeks = spans_by_register(totals(date(2023, 10, 28), 80), Span.WEEK)
    mondays = sorted({slot.start for slot in weeks})
    assert mondays == [
        midnight(date(2023, 10, 28)),
        *(midnight(date(2023, 10, 30) + timedelta(weeks=n)) for n in range(12)),
    ]
    whole = [slot for slot in weeks if slot.start == midnight(date(2023, 12, 25))]
    assert [(slot.register, slot.value, slot.end) for slot in whole] == [
        (Register.DAY, 50, midnight(date(2024, 1, 1))),
        (Register.NIGHT, 7, midnight(date(2024, 1, 1))),
    ]


@pytest.mark.requirement("R70")
def test_years_of_each_tariff_period_are_the_sum_of_their_months() -> None:
    days = totals(date(2022, 1, 1), 1096)
    years, months = spans_by_register(days, Span.YEAR), months_by_register(days)
    assert [(slot.start, slot.end) for slot in years[::2]] == [
        (midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1))) for year in (2022, 2023, 2024)
    ]
    for year in years:
        of_year = [
            one for one in months if one.register is year.register and year.start <= one.start < year.end
        ]
        assert len(of_year) == 12
        assert sum(one.value or 0 for one in of_year) == year.value
