"""Unpacking many days at once gives what unpacking one by one gives, and refuses the same bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.profile import SIZES, DayProfile, ProfileError, pack, unpack
from databeheer.metering.states import MARKS
from databeheer.metering.unpacking import NO_VALUE, Day, unpack_rows
from tests.counts import few
from tests.databeheer.metering.strategies import profiles


def one_by_one(data: bytes) -> DayProfile | None:
    try:
        return unpack(data)
    except ProfileError:
        return None


def as_profile(day: Day | None) -> DayProfile | None:
    if day is None:
        return None
    marks = [MARKS[code] for code in day.marks.tolist()]
    conversions = tuple(mark.conversion for mark in marks)
    return DayProfile(
        day.minutes,
        tuple(None if value == NO_VALUE else value for value in day.values.tolist()),
        tuple(mark.state for mark in marks),
        tuple(mark.register for mark in marks),
        conversions if any(conversions) else None,
    )


@few
@given(st.lists(profiles() | profiles(largest=2**14 - 1), max_size=6), st.sampled_from(SIZES))
def test_many_days_come_back_each_in_its_place(days: list[DayProfile], minimum: int) -> None:
    rows = [pack(day, minimum=minimum) for day in days]
    assert [as_profile(day) for day in unpack_rows(rows)] == days


@few
@given(
    st.lists(profiles() | profiles(largest=2**14 - 1), min_size=1, max_size=4),
    st.integers(0, 3),
    st.integers(0, 8 * 896 - 1),
)
def test_a_flipped_bit_is_judged_as_by_itself_and_harms_no_other_day(
    days: list[DayProfile], which: int, bit: int
) -> None:
    rows = [pack(day) for day in days]
    damaged = bytearray(rows[which % len(rows)])
    bit %= len(damaged) * 8
    damaged[bit // 8] ^= 1 << bit % 8
    rows[which % len(rows)] = bytes(damaged)
    assert [as_profile(day) for day in unpack_rows(rows)] == [one_by_one(row) for row in rows]


@few
@given(st.lists(st.binary(min_size=96, max_size=96) | st.binary(max_size=300), max_size=4))
def test_other_bytes_are_refused(rows: list[bytes]) -> None:
    assert unpack_rows(rows) == [None] * len(rows)


@few
@given(profiles(largest=2**16 - 1))
def test_days_of_before_are_read_too(day: DayProfile) -> None:
    data = bytearray(pack(day, minimum=224))
    data[0], data[2] = 1, data[2] // 8
    assert [as_profile(one) for one in unpack_rows([bytes(data)])] == [one_by_one(bytes(data))]
