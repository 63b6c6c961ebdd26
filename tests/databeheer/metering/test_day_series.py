"""Days become series without an object a slot, and say what their slots, one by one, would have said."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import day_bounds, days_between, slots_in_day
from databeheer.metering.aggregate import Slot
from databeheer.metering.day_series import fits, pieces, series_of_pieces
from databeheer.metering.profile import DayProfile, pack
from databeheer.metering.states import MARKS, State
from databeheer.metering.unpacking import Day, unpack_rows
from databeheer.values import Period
from tests.counts import few
from tests.series import slots_of

AROUND_CHANGES = (date(2023, 3, 24), date(2023, 10, 27), date(2024, 2, 27))
ALL = frozenset({"READ", "VAL", "EST", "NONE"})


@st.composite
def stored_days(draw: st.DrawFn) -> list[tuple[date, DayProfile]]:
    """A few days around a clock change, of quarter-hours and of hours; some were never stored."""
    first = draw(st.sampled_from(AROUND_CHANGES))
    found = []
    for day in days_between(first, first + timedelta(days=4)):
        if draw(st.integers(0, 4)) == 0:
            continue
        minutes = draw(st.sampled_from([15, 15, 15, 60]))
        codes = draw(st.lists(st.sampled_from(sorted(MARKS)), min_size=1, max_size=5))
        count = slots_in_day(day, minutes)
        marks = [MARKS[codes[slot * len(codes) // count]] for slot in range(count)]
        base = draw(st.integers(0, 2**20))
        found.append(
            (
                day,
                DayProfile(
                    minutes,
                    tuple(base + n if mark.state.has_value else None for n, mark in enumerate(marks)),
                    tuple(mark.state for mark in marks),
                    tuple(mark.register for mark in marks),
                    tuple(mark.conversion for mark in marks),
                ),
            )
        )
    return found


def unpacked(stored: list[tuple[date, DayProfile]]) -> list[tuple[date, Day]]:
    days = unpack_rows([pack(profile) for _, profile in stored])
    return [(day, found) for (day, _), found in zip(stored, days, strict=True) if found is not None]


def one_by_one(stored: list[tuple[date, DayProfile]], interval: Period, states: frozenset[str]) -> list[Slot]:
    """The slots that may leave, as an oracle would say it."""
    return [
        slot
        if slot.value is None or slot.state.value in states
        else Slot(slot.start, slot.end, None, slot.state, slot.register, None, 1)
        for day, profile in stored
        for slot in slots_of(day, profile)
        if interval.start <= slot.start and slot.end <= interval.end and slot.state is not State.ABSENT
    ]


@st.composite
def intervals(draw: st.DrawFn, stored: list[tuple[date, DayProfile]]) -> Period:
    first, last = stored[0][0], stored[-1][0]
    begin, end = day_bounds(first)[0], day_bounds(last)[1]
    minutes = int((end - begin) / timedelta(minutes=1))
    cut = st.integers(-100, minutes + 100)
    spans = sorted((draw(cut), draw(cut)))
    odd = timedelta(milliseconds=draw(st.sampled_from([0, 0, 500])))
    start: datetime = begin + timedelta(minutes=spans[0]) + odd
    return Period(start, begin + timedelta(minutes=spans[1] + 1))


@few
@given(stored_days().filter(bool), st.data(), st.sampled_from([ALL, ALL - {"EST"}, frozenset({"VAL"})]))
def test_series_are_those_of_the_slots(
    stored: list[tuple[date, DayProfile]], data: st.DataObject, states: frozenset[str]
) -> None:
    interval = data.draw(intervals(stored))
    series = series_of_pieces(pieces(unpacked(stored), interval, states))
    assert [slot for one in series for slot in one.slots()] == one_by_one(stored, interval, states)


@few
@given(stored_days().filter(bool), st.data())
def test_two_stretches_of_one_day_are_joined_again(
    stored: list[tuple[date, DayProfile]], data: st.DataObject
) -> None:
    whole = Period(day_bounds(stored[0][0])[0], day_bounds(stored[-1][0])[1])
    hours = int((whole.end - whole.start) / timedelta(hours=1))
    cut = whole.start + timedelta(hours=data.draw(st.integers(1, hours - 1)))
    days = unpacked(stored)
    parts = [*pieces(days, Period(cut, whole.end), ALL), *pieces(days, Period(whole.start, cut), ALL)]
    assert series_of_pieces(parts) == series_of_pieces(pieces(days, whole, ALL))


def test_a_whole_month_is_one_series() -> None:
    days = days_between(date(2023, 10, 1), date(2023, 10, 31))
    stored = [
        (day, DayProfile(15, (7,) * count, (State.READ,) * count, (MARKS[9].register,) * count))
        for day in days
        for count in [slots_in_day(day)]
    ]
    period = Period.of_days(days[0], days[-1])
    [one] = series_of_pieces(pieces(unpacked(stored), period, ALL))
    assert (one.start, one.step, len(one), list(one.missing)) == (period.start, 900, 2980, [(2980, 0)])


def test_a_day_of_another_number_of_slots_does_not_fit() -> None:
    [(_, day)] = unpacked([(date(2023, 10, 28), _of(96))])
    assert fits(date(2023, 10, 28), day)
    assert not fits(date(2023, 10, 29), day)


def _of(count: int) -> DayProfile:
    return DayProfile(15, (7,) * count, (State.READ,) * count, (MARKS[9].register,) * count)
