"""The algebra of terms: golden moments around holidays and changes of the clock, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.brussels import BRUSSELS, day_of, days_between, is_working_day, midnight
from databeheer.clocks.terms import Term, Unit
from databeheer.errors import MalformedRequestError

FIRST = datetime(2015, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 75 * 366 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
TERMS = st.builds(Term, st.integers(1, 60), st.sampled_from(Unit))
IN_DAYS = [Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.MONTH, Unit.YEAR]


def at(local: str) -> datetime:
    """A Brussels time as aware UTC; `fold` is the first of the two."""
    return datetime.fromisoformat(local).replace(tzinfo=BRUSSELS).astimezone(UTC)


@pytest.mark.parametrize(
    ("term", "start", "due"),
    [
        # One working day, around Easter 2026 (Good Friday is none of the legal holidays, Easter Monday is).
        ("1 working_day", "2026-04-02T10:00", "2026-04-04T00:00"),
        ("1 working_day", "2026-04-03T10:00", "2026-04-08T00:00"),
        ("1 working_day", "2026-04-04T10:00", "2026-04-08T00:00"),
        ("1 working_day", "2026-04-06T23:59", "2026-04-08T00:00"),
        ("1 working_day", "2026-04-07T00:00", "2026-04-09T00:00"),
        # Ascension Day and Whit Monday 2026.
        ("1 working_day", "2026-05-13T12:00", "2026-05-16T00:00"),
        ("1 working_day", "2026-05-22T12:00", "2026-05-27T00:00"),
        # Christmas on a Friday, New Year's Day on the next one; the 26th is a Saturday.
        ("1 working_day", "2026-12-24T18:00", "2026-12-29T00:00"),
        ("1 working_day", "2026-12-31T18:00", "2027-01-05T00:00"),
        ("15 working_day", "2026-12-15T09:00", "2027-01-08T00:00"),
        # 11 July is the holiday of the Flemish Community, and a working day all the same.
        ("1 working_day", "2029-07-10T09:00", "2029-07-12T00:00"),
        # The clock goes forward on 29 March 2026 and back on 25 October: hours are hours, days are days.
        ("72 hour", "2026-03-27T12:00", "2026-03-30T13:00"),
        ("72 hour", "2026-10-23T12:00", "2026-10-26T11:00"),
        ("24 hour", "2026-03-28T12:00", "2026-03-29T13:00"),
        ("24 hour", "2026-10-24T12:00", "2026-10-25T11:00"),
        ("15 minute", "2026-03-29T01:50", "2026-03-29T03:05"),
        ("1 calendar_day", "2026-03-28T23:59", "2026-03-30T00:00"),
        ("1 calendar_day", "2026-10-24T23:59", "2026-10-26T00:00"),
        ("14 calendar_day", "2026-03-20T08:00", "2026-04-04T00:00"),
        # A term is not moved because it ends on a Sunday or at Christmas.
        ("14 calendar_day", "2026-12-11T08:00", "2026-12-26T00:00"),
        # Months and years: the same number, or the last day of a shorter month.
        ("1 month", "2026-01-31T08:00", "2026-03-01T00:00"),
        ("1 month", "2028-01-31T08:00", "2028-03-01T00:00"),
        ("1 month", "2026-11-30T08:00", "2026-12-31T00:00"),
        ("6 month", "2026-08-31T08:00", "2027-03-01T00:00"),
        ("2 year", "2024-02-29T08:00", "2026-03-01T00:00"),
        ("4 year", "2024-02-29T08:00", "2028-03-01T00:00"),
        ("1 month", "2026-09-25T00:00", "2026-10-26T00:00"),
    ],
)
def test_golden_terms(term: str, start: str, due: str) -> None:
    amount, unit = term.split()
    assert Term(int(amount), Unit(unit)).due_at(at(start)) == at(due)


def test_in_the_night_that_the_clock_goes_back_the_same_hour_comes_twice() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BRUSSELS).astimezone(UTC)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BRUSSELS, fold=1).astimezone(UTC)
    day = Term(24, Unit.HOUR)
    assert day.due_at(second) - day.due_at(first) == timedelta(hours=1)
    assert Term(1, Unit.CALENDAR_DAY).due_at(first) == Term(1, Unit.CALENDAR_DAY).due_at(second)


@given(TERMS, MOMENTS)
def test_a_due_moment_never_precedes_its_start(term: Term, start: datetime) -> None:
    assert term.due_at(start) > start


@given(TERMS, MOMENTS, MOMENTS)
def test_what_starts_later_is_not_due_earlier(term: Term, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert term.due_at(first) <= term.due_at(second)


@given(TERMS, MOMENTS)
def test_a_longer_term_is_due_later(term: Term, start: datetime) -> None:
    assert term.due_at(start) < Term(term.amount + 1, term.unit).due_at(start)


@given(st.sampled_from(IN_DAYS), st.integers(1, 40), MOMENTS)
def test_a_term_in_days_ends_at_local_midnight_and_all_of_one_day_have_the_same(
    unit: Unit, amount: int, start: datetime
) -> None:
    due = Term(amount, unit).due_at(start)
    assert due == midnight(day_of(due))
    assert due == Term(amount, unit).due_at(midnight(day_of(start)))


@given(st.sampled_from([Unit.MINUTE, Unit.HOUR]), st.integers(1, 5000), MOMENTS)
def test_minutes_and_hours_never_stand_still(unit: Unit, amount: int, start: datetime) -> None:
    step = timedelta(minutes=1) if unit is Unit.MINUTE else timedelta(hours=1)
    assert Term(amount, unit).due_at(start) - start == amount * step


@given(st.integers(1, 30), MOMENTS)
def test_a_term_in_working_days_has_so_many_of_them_and_its_last_day_is_one(
    amount: int, start: datetime
) -> None:
    last = Term(amount, Unit.WORKING_DAY).last_day(day_of(start))
    assert is_working_day(last)
    assert sum(is_working_day(day) for day in days_between(day_of(start) + timedelta(days=1), last)) == amount


@settings(deadline=None)  # a year's calendar is made when it is first asked for
@given(st.integers(2015, 2090))
def test_a_working_day_is_never_a_holiday(year: int) -> None:
    """Easter by Gauss's rule, not by the library that the calendar is made with."""
    easter = _easter(year)
    off = [date(year, *one) for one in [(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)]]
    off += [easter + timedelta(days=days) for days in (1, 39, 50)]
    days = days_between(date(year, 1, 1), date(year, 12, 31))
    assert [day for day in days if is_working_day(day)] == [
        day for day in days if day.weekday() < 5 and day not in off
    ]


def _easter(year: int) -> date:
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * i) // 451
    month, day = divmod(h + i - 7 * m + 114, 31)
    return date(year, month, day + 1)


def test_a_moment_without_a_time_zone_is_no_moment() -> None:
    with pytest.raises(ValueError):
        Term(1, Unit.HOUR).due_at(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("unit", list(Unit))
def test_no_term_reaches_beyond_the_calendar(unit: Unit) -> None:
    with pytest.raises(MalformedRequestError):
        Term(1, unit).due_at(datetime(2201, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("unit", [Unit.YEAR, Unit.MONTH])
def test_nor_does_a_long_one(unit: Unit) -> None:
    with pytest.raises(MalformedRequestError):
        Term(10_000, unit).due_at(datetime(2026, 6, 1, tzinfo=UTC))


def test_minutes_have_no_last_day() -> None:
    with pytest.raises(ValueError):
        Term(1, Unit.MINUTE).last_day(date(2026, 1, 1))
