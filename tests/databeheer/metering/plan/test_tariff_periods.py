"""Two tariff periods: the whole weekend is low, and the clock that people look at decides, whichever way it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import BRUSSELS, slot_starts, slots_in_day
from databeheer.metering.exports import read_export
from databeheer.metering.plan.tariff_periods import HIGH, LOW, PERIODS, period_at, periods_of, periods_on
from databeheer.metering.street.calendar import Calendar
from databeheer.values import Direction
from tests.databeheer.metering.builders import real_files

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
CLOCK_CHANGES = (date(2023, 3, 26), date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27))


@pytest.mark.requirement("R65")
@given(
    DAYS.map(lambda day: day + timedelta(days=5 - day.weekday())), st.booleans(), st.sampled_from((15, 60))
)
def test_the_whole_weekend_is_low(saturday: date, is_sunday: bool, minutes: int) -> None:
    day = saturday + timedelta(days=is_sunday)
    assert set(periods_of(day, minutes)) == {LOW}
    assert periods_on(day) == (LOW,)


@pytest.mark.requirement("R65")
@given(DAYS.filter(lambda day: day.weekday() < 5), st.sampled_from((15, 60)))
def test_a_working_day_is_high_from_seven_to_ten_in_the_evening(day: date, minutes: int) -> None:
    periods = periods_of(day, minutes)
    assert periods.count(HIGH) == 15 * 60 // minutes
    local = [start.astimezone(BRUSSELS).hour for start in slot_starts(day, minutes)]
    assert [7 <= hour < 22 for hour in local] == [period is HIGH for period in periods]
    assert periods_on(day) == PERIODS


@pytest.mark.parametrize("day", CLOCK_CHANGES, ids=str)
def test_the_clock_changes_on_a_day_that_is_low_from_end_to_end(day: date) -> None:
    assert periods_of(day, 15) == (LOW,) * slots_in_day(day)
    monday = periods_of(day + timedelta(days=1), 15)
    assert (monday[27], monday[28], monday[87], monday[88]) == (LOW, HIGH, HIGH, LOW)


def test_the_last_moment_of_friday_evening_and_the_first_of_monday_morning() -> None:
    friday = datetime(2024, 6, 7, 19, 59, 59, tzinfo=UTC)
    assert (period_at(friday), period_at(friday + timedelta(seconds=1))) == (HIGH, LOW)
    monday = datetime(2024, 6, 10, 4, 59, 59, tzinfo=UTC)
    assert (period_at(monday), period_at(monday + timedelta(seconds=1))) == (LOW, HIGH)


@pytest.mark.parametrize("holiday", [date(2024, 5, 9), date(2024, 12, 25), date(2023, 11, 1)], ids=str)
def test_a_holiday_is_counted_as_the_real_files_have_it(holiday: date) -> None:
    assert periods_of(holiday, 15).count(HIGH) == 60


@pytest.mark.requirement("R65")
@pytest.mark.parametrize("meter", ["541448899990000015", "541448899990000039"])
def test_every_quarter_hour_of_the_real_files_stands_in_the_period_that_we_say(meter: str) -> None:
    [path] = real_files().glob(f"*_{meter}_*.csv")
    days = [one for one in read_export(path).days if one.direction is Direction.OFFTAKE]
    assert len(days) > 10
    for one in days:
        counted = [(slot, register) for slot, register in enumerate(one.registers) if register is not None]
        assert counted
        assert all(periods_of(one.day, one.slot_minutes)[slot] is register for slot, register in counted)


def test_the_invented_street_is_billed_by_the_same_periods() -> None:
    calendar = Calendar(date(2024, 3, 25), date(2024, 4, 7))
    ours = [period is HIGH for day in calendar.days for period in periods_of(day, 15)]
    assert ours == calendar.is_day_tariff.tolist()
