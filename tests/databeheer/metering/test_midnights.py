"""A register at 00:00 local time: read on either side of the midnight, or estimated by a published method (R64)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import midnight
from databeheer.metering.midnights import REACH, AtMidnight, Method, registers_at
from databeheer.metering.register_readings import RegisterReading, RegisterReadings
from databeheer.metering.states import Register, State
from databeheer.metering.totals import DayTotal

DAY = date(2024, 6, 3)
SHORT, LONG = date(2024, 3, 31), date(2024, 10, 27)
"""Days of 92 and of 100 quarter-hours."""
STEP = timedelta(days=1)


def total(
    used: int, *readings: RegisterReading, digits: int | None = None, state: State = State.READ
) -> DayTotal:
    shown = RegisterReadings(readings, digits) if readings else None
    return DayTotal(1440, 1, 1, ((Register.TOTAL, used),), ((state, 1),), (), shown)


def reading(begin: int | None, end: int | None, register: Register = Register.TOTAL) -> RegisterReading:
    return RegisterReading(register, begin, end)


def at(day: date, days: Mapping[date, DayTotal]) -> AtMidnight:
    [found] = registers_at(day, days)
    return found


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (DAY, datetime(2024, 6, 2, 22, tzinfo=UTC)),
        (SHORT, datetime(2024, 3, 30, 23, tzinfo=UTC)),
        (SHORT + STEP, datetime(2024, 3, 31, 22, tzinfo=UTC)),
        (LONG, datetime(2024, 10, 26, 22, tzinfo=UTC)),
        (LONG + STEP, datetime(2024, 10, 27, 23, tzinfo=UTC)),
    ],
)
def test_it_is_the_reading_at_the_beginning_of_the_local_day(day: date, utc: datetime) -> None:
    assert midnight(day) == utc
    found = at(day, {day: total(5, reading(100, 105)), day - STEP: total(7, reading(93, 100))})
    assert found == AtMidnight(day, Register.TOTAL, 100, State.READ)


@pytest.mark.requirement("R64")
@pytest.mark.parametrize("day", [DAY, SHORT, LONG, SHORT + STEP, LONG + STEP])
def test_what_the_day_before_ended_with_serves_where_the_day_itself_is_missing(day: date) -> None:
    assert at(day, {day - STEP: total(7, reading(93, 100))}) == AtMidnight(
        day, Register.TOTAL, 100, State.READ
    )


@pytest.mark.requirement("R64")
def test_it_is_added_up_from_the_reading_before_where_no_midnight_beside_it_was_read() -> None:
    days = {
        DAY - 2 * STEP: total(7, reading(93, 100)),
        DAY - STEP: total(30, state=State.EST),
        DAY: total(11),
    }
    assert at(DAY, days) == AtMidnight(DAY, Register.TOTAL, 130, State.EST, Method.ADDED)


@pytest.mark.requirement("R64")
def test_it_is_taken_off_the_reading_after_where_none_before_helps() -> None:
    days = {DAY: total(11), DAY + STEP: total(5, reading(141, 146))}
    assert at(DAY, days) == AtMidnight(DAY, Register.TOTAL, 130, State.EST, Method.TAKEN_OFF)


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(("gap", "expected"), [(DAY, 48), (SHORT, 48), (LONG, 48)])
def test_a_gap_without_values_is_bridged_by_real_time_so_that_a_day_of_23_or_25_hours_counts_as_such(
    gap: date, expected: int
) -> None:
    # `gap` and the day after it are missing whole; an hour uses one.
    hours = round((midnight(gap + 2 * STEP) - midnight(gap)) / timedelta(hours=1))
    days = {gap - STEP: total(0, reading(0, 0)), gap + 2 * STEP: total(0, reading(hours, hours))}
    found = at(gap + STEP, days)
    assert (found.state, found.method) == (State.EST, Method.BETWEEN)
    assert found.value == round((midnight(gap + STEP) - midnight(gap)) / timedelta(hours=1))
    assert hours in (expected - 1, expected, expected + 1)


@pytest.mark.requirement("R64")
@pytest.mark.parametrize("spoilt", [None, total(30, state=State.NVAL)])
def test_a_day_that_is_missing_or_failed_validation_adds_nothing_up(spoilt: DayTotal | None) -> None:
    days = {DAY - 2 * STEP: total(7, reading(93, 100))} | ({} if spoilt is None else {DAY - STEP: spoilt})
    assert registers_at(DAY, days) == []


def test_a_day_with_holes_adds_nothing_up() -> None:
    holes = DayTotal(15, 96, 95, ((Register.TOTAL, 30),), ((State.READ, 95), (State.NONE, 1)))
    assert registers_at(DAY, {DAY - 2 * STEP: total(7, reading(93, 100)), DAY - STEP: holes}) == []


def test_it_goes_through_the_roll_over_of_a_register() -> None:
    near = 10**9 - 20
    days = {DAY - 2 * STEP: total(7, reading(near - 7, near), digits=6), DAY - STEP: total(30)}
    assert at(DAY, days).value == 10
    days = {DAY: total(30), DAY + STEP: total(5, reading(10, 15), digits=6)}
    assert at(DAY, days).value == near


def test_a_register_that_went_back_without_rolling_over_says_nothing() -> None:
    days = {DAY - 2 * STEP: total(0, reading(100, 100)), DAY + STEP: total(0, reading(50, 50))}
    assert registers_at(DAY, days) == []
    assert registers_at(DAY, {DAY: total(200), DAY + STEP: total(5, reading(10, 15))}) == []


@pytest.mark.requirement("R64")
def test_two_tariff_registers_are_told_apart_and_the_high_one_stands_still_in_the_weekend() -> None:
    sunday = date(2024, 6, 2)
    shown = RegisterReadings((reading(10, 15, Register.DAY), reading(20, 24, Register.NIGHT)))
    friday = DayTotal(1440, 2, 2, ((Register.DAY, 5), (Register.NIGHT, 4)), ((State.READ, 2),), (), shown)
    weekend = DayTotal(15, 96, 96, ((Register.NIGHT, 6),), ((State.VAL, 96),))
    found = registers_at(sunday, {date(2024, 5, 31): friday, date(2024, 6, 1): weekend})
    assert [(one.register, one.value, one.state) for one in found] == [
        (Register.DAY, 15, State.EST),
        (Register.NIGHT, 30, State.EST),
    ]


def test_a_sum_that_is_not_divided_adds_nothing_to_one_of_two_registers() -> None:
    shown = RegisterReadings((reading(10, 15, Register.DAY), reading(20, 24, Register.NIGHT)))
    before = DayTotal(1440, 2, 2, ((Register.DAY, 5), (Register.NIGHT, 4)), ((State.READ, 2),), (), shown)
    assert registers_at(DAY, {DAY - 2 * STEP: before, DAY - STEP: total(30)}) == []


def test_nothing_is_looked_for_farther_away_than_a_meter_is_read_again() -> None:
    far = {DAY - (REACH + 2 + n) * STEP: total(1, reading(0, 1)) for n in range(3)}
    assert registers_at(DAY, far) == []
    assert registers_at(DAY, {}) == []


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=9), st.data())
def test_whichever_day_is_missing_its_midnights_are_what_they_were(
    used: list[int], data: st.DataObject
) -> None:
    days, register = {}, 1_000_000
    for number, one in enumerate(used):
        days[SHORT + number * STEP] = total(one, reading(register, register + one))
        register += one
    whole = {day: at(day, days) for day in days}
    gone = data.draw(st.sampled_from(sorted(days)[1:-1]))
    left = {day: one for day, one in days.items() if day != gone}
    assert [at(day, left) for day in days] == [*whole.values()]
