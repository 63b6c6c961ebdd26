"""Adding up: nothing lost, nothing invented, the loosest state told, days and months as Brussels has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import day_bounds, days_between, slots_in_day
from databeheer.metering.aggregate import Slot, aggregate
from databeheer.metering.profile import DayProfile, ProfileError
from databeheer.metering.states import Conversion, Register, State, worst_state
from databeheer.values import Granularity
from tests.counts import few
from tests.series import slots_of

AUTUMN = date(2023, 10, 29)


def whole_day(day: date, value: int | None = 10, state: State = State.READ) -> DayProfile:
    count = slots_in_day(day)
    return DayProfile(15, (value,) * count, (state,) * count, (Register.NIGHT,) * count)


@st.composite
def days_of_slots(draw):
    first = draw(st.dates(date(2023, 3, 20), date(2023, 11, 5)))
    pattern = draw(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(PATTERN)), min_size=1, max_size=20))
    slots = []
    for day in days_between(first, first + timedelta(days=draw(st.integers(0, 3)))):
        parts = [pattern[(len(slots) + i) % len(pattern)] for i in range(slots_in_day(day))]
        values = tuple(None if state is State.NONE else value for value, state in parts)
        states = tuple(state for _, state in parts)
        slots += slots_of(day, DayProfile(15, values, states, (Register.DAY,) * len(parts)))
    return slots


PATTERN = (State.READ, State.EST, State.VAL, State.NVAL, State.NONE)


@few
@given(days_of_slots(), st.sampled_from(Granularity))
def test_sums_gaps_and_states_are_kept_at_every_granularity(slots, granularity):
    sums = aggregate(slots, granularity)
    assert sum(s.value or 0 for s in sums) == sum(s.value or 0 for s in slots)
    assert sum(s.missing for s in sums) == sum(s.value is None for s in slots)
    assert (sums[0].start, sums[-1].end) == (slots[0].start, slots[-1].end)
    assert all(a.end == b.start for a, b in pairwise(sums))
    for part in sums:
        inside = [s for s in slots if part.start <= s.start < part.end]
        valued = [s.state for s in inside if s.value is not None]
        assert (part.value is None) is (not valued)
        assert part.state is worst_state(valued or [s.state for s in inside])


@few
@given(days_of_slots())
def test_adding_up_in_steps_gives_the_same_as_at_once(slots):
    hours = aggregate(slots, Granularity.HOUR)
    days = aggregate(hours, Granularity.DAY)
    assert days == aggregate(slots, Granularity.DAY)
    assert aggregate(days, Granularity.MONTH) == aggregate(slots, Granularity.MONTH)


def test_quarters_stay_quarters():
    slots = slots_of(AUTUMN, whole_day(AUTUMN))
    assert aggregate(slots, Granularity.QUARTER_HOUR) == slots


def test_the_repeated_hour_stays_two_hours():
    hours = aggregate(slots_of(AUTUMN, whole_day(AUTUMN)), Granularity.HOUR)
    assert len(hours) == 25
    assert {hour.value for hour in hours} == {40}
    assert hours[2].start == datetime(2023, 10, 29, 0, tzinfo=UTC)
    assert hours[3].start == datetime(2023, 10, 29, 1, tzinfo=UTC)


def test_the_long_day_is_one_day_from_local_midnight_to_local_midnight():
    [day] = aggregate(slots_of(AUTUMN, whole_day(AUTUMN)), Granularity.DAY)
    assert (day.start, day.end) == day_bounds(AUTUMN)
    assert (day.value, day.register) == (1000, Register.NIGHT)


def test_a_month_begins_at_local_midnight_of_the_first():
    days = days_between(date(2023, 10, 30), date(2023, 11, 2))
    slots = [slot for day in days for slot in slots_of(day, whole_day(day))]
    october, november = aggregate(slots, Granularity.MONTH)
    assert october.end == november.start == datetime(2023, 10, 31, 23, tzinfo=UTC)
    assert (october.value, november.value) == (1920, 1920)


def test_slots_apart_are_not_added_up_over_the_gap_between_them():
    slots = slots_of(AUTUMN, whole_day(AUTUMN))
    first, second = aggregate([*slots[:8], *slots[20:30]], Granularity.DAY)
    assert (first.value, second.value) == (80, 100)
    assert (first.end, second.start) == (slots[7].end, slots[20].start)


def test_a_sum_names_a_register_and_a_conversion_only_where_all_values_share_it():
    start = datetime(2023, 10, 16, 10, tzinfo=UTC)
    quarter = timedelta(minutes=15)
    slots = [
        Slot(
            start + i * quarter,
            start + (i + 1) * quarter,
            5,
            State.READ,
            Register.DAY if i < 4 else Register.NIGHT,
            Conversion.DEFINITIVE if i != 1 else Conversion.PROVISIONAL,
        )
        for i in range(8)
    ]
    first, second = aggregate(slots, Granularity.HOUR)
    assert (first.register, first.conversion) == (Register.DAY, None)
    assert (second.register, second.conversion) == (Register.NIGHT, Conversion.DEFINITIVE)
    [day] = aggregate(slots, Granularity.DAY)
    assert (day.register, day.conversion) == (None, None)


def test_a_day_without_value_has_none():
    [day] = aggregate(slots_of(AUTUMN, whole_day(AUTUMN, None, State.NONE)), Granularity.DAY)
    assert (day.value, day.state, day.missing, day.register) == (None, State.NONE, 100, None)


def test_a_profile_of_another_day_is_refused():
    with pytest.raises(ProfileError):
        slots_of(date(2023, 10, 16), whole_day(AUTUMN))


def test_from_firm_to_loose():
    order = [State.READ, State.VAL, State.EST, State.NVAL, State.NONE, State.ABSENT]
    for index, state in enumerate(order):
        assert worst_state(order[: index + 1]) is state
    assert worst_state([]) is State.ABSENT
