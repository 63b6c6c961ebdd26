"""Whole slots, over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.access.intervals import NOTHING, IntervalSet
from databeheer.access.slots import cut_slots as cut_pairs
from databeheer.access.slots import slot_around
from databeheer.brussels import BRUSSELS
from databeheer.values import Granularity, Period
from tests.databeheer.access.people import QUARTER, span

NEW_YEAR = datetime(2023, 1, 1, tzinfo=UTC)
instants = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda since: NEW_YEAR + since)
AFTERWARDS = datetime(2030, 1, 1, tzinfo=UTC)


def cut_slots(finest: Granularity, reach: IntervalSet, asked: Period, now: datetime) -> IntervalSet:
    return IntervalSet(cut_pairs(finest, reach.pairs, asked, now))


@given(instants, st.sampled_from(Granularity))
def test_every_instant_lies_in_its_slot_and_slots_join_without_a_gap(
    instant: datetime, granularity: Granularity
) -> None:
    slot = slot_around(instant, granularity)
    assert slot.start <= instant < slot.end
    assert slot_around(slot.start, granularity) == slot
    assert slot_around(slot.end, granularity).start == slot.end
    assert slot_around(slot.end - timedelta(microseconds=1), granularity) == slot


@pytest.mark.parametrize(("day", "quarters"), [("2023-03-26", 92), ("2023-10-29", 100), ("2023-10-30", 96)])
def test_a_day_is_a_brussels_day(day: str, quarters: int) -> None:
    slot = slot_around(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC), Granularity.DAY)
    assert (slot.end - slot.start) / QUARTER == quarters


@pytest.mark.parametrize(
    ("month", "quarters"), [("2023-03-15", 31 * 96 - 4), ("2023-10-15", 31 * 96 + 4), ("2024-02-15", 29 * 96)]
)
def test_a_month_is_a_brussels_month(month: str, quarters: int) -> None:
    slot = slot_around(datetime.fromisoformat(month).replace(tzinfo=UTC), Granularity.MONTH)
    assert (slot.end - slot.start) / QUARTER == quarters
    assert slot.start.astimezone(BRUSSELS).date() == date.fromisoformat(month).replace(day=1)


def test_the_hour_that_october_has_twice_is_two_slots() -> None:
    first = datetime(2023, 10, 29, 0, 30, tzinfo=UTC)
    slots = {slot_around(first + hour * timedelta(hours=1), Granularity.HOUR) for hour in range(2)}
    assert len(slots) == 2


def test_only_the_slot_that_is_cut_is_lost() -> None:
    asked = Period(span("2023-10-28", "2023-10-31").start + QUARTER, span("2023-10-28", "2023-10-31").end)
    reach = IntervalSet.of(span("2023-01-01", "2024-01-01"))
    assert cut_slots(Granularity.DAY, reach, asked, AFTERWARDS) == IntervalSet.of(
        span("2023-10-28", "2023-10-29")
    )


def test_what_lies_outside_reach_is_not_missed() -> None:
    whole = span("2023-10-10", "2023-10-20")
    assert cut_slots(Granularity.MONTH, IntervalSet.of(whole), whole, AFTERWARDS) == NOTHING
    part = span("2023-10-10", "2023-10-19")
    assert cut_slots(Granularity.MONTH, IntervalSet.of(whole), part, AFTERWARDS) == IntervalSet.of(whole)


@pytest.mark.parametrize("finest", Granularity)
@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=1), QUARTER])
def test_no_slot_that_begins_from_now_on_is_whole(finest: Granularity, late: timedelta) -> None:
    asked = span("2023-09-01", "2024-02-01")
    now = span("2023-10-01", "2023-10-02").start + late
    running = slot_around(now, finest)
    given_ = IntervalSet.of(asked) - cut_slots(finest, IntervalSet.of(asked), asked, now)
    assert given_ == IntervalSet.of(Period(asked.start, running.start))
    assert cut_slots(finest, IntervalSet.of(asked), asked, asked.start - late) == IntervalSet.of(asked)
    assert cut_slots(finest, IntervalSet.of(asked), asked, asked.end) == NOTHING


@pytest.mark.requirement("R3")
@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 60)), min_size=1, max_size=6),
    st.sampled_from([Granularity.DAY, Granularity.MONTH]),
)
def test_no_two_answers_differ_by_less_than_a_slot(
    wishes: list[tuple[int, int]], finest: Granularity
) -> None:
    """Whatever is asked, what is given is a union of whole slots: subtraction finds nothing finer."""
    origin = span("2023-09-01", "2023-09-02").start
    reach = IntervalSet.of(span("2023-09-10", "2023-12-24"))
    for first, length in wishes:
        asked = Period(origin + first * 96 * QUARTER, origin + (first + length) * 96 * QUARTER)
        given_ = reach.clip(asked) - cut_slots(finest, reach, asked, AFTERWARDS)
        for start, stop in given_.pairs:
            for edge in (start, stop):
                on_slot = slot_around(edge, finest).start == edge
                assert on_slot or edge in (reach.pairs[0][0], reach.pairs[0][1])
