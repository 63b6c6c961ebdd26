"""What was measured where something else stands: kept behind the values, of one spelling, and read by nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.originals import Original
from databeheer.metering.profile import (
    LARGEST_VALUE,
    SIZES,
    DayProfile,
    ProfileError,
    originals_of,
    pack,
    unpack,
    with_originals,
)
from databeheer.metering.states import Register, State
from databeheer.metering.unpacking import NO_VALUE, unpack_rows
from tests.counts import few
from tests.databeheer.metering.strategies import profiles

DAY = DayProfile(15, (100,) * 96, (State.READ,) * 96, (Register.TOTAL,) * 96)
SPIKE = Original(slot=40, value=999_999, rule=4, method=32)


@st.composite
def days(draw: Any) -> tuple[DayProfile, tuple[Original, ...]]:
    """A day, and originals in some of its slots."""
    day = draw(profiles())
    slots = draw(st.sets(st.integers(0, len(day.values) - 1), min_size=1))
    byte = st.integers(0, 255)
    value = st.integers(-(2**63), 2**63 - 1) | st.integers(-30_000, 30_000)
    return day, tuple(Original(slot, draw(value), draw(byte), draw(byte)) for slot in sorted(slots))


@pytest.mark.requirement("R67")
@few
@given(days())
def test_they_come_back_and_the_day_is_read_as_if_they_were_not_there(
    given_day: tuple[DayProfile, tuple[Original, ...]],
) -> None:
    day, originals = given_day
    data = with_originals(pack(day), originals)
    assert len(data) in SIZES
    assert originals_of(data) == originals
    assert unpack(data) == day
    [unpacked] = unpack_rows([data])
    assert unpacked is not None
    expected = [NO_VALUE if value is None else value for value in day.values]
    assert unpacked.values.tolist() == expected


def test_the_largest_day_with_an_original_in_every_slot_has_a_size() -> None:
    states = tuple(State.READ if slot % 2 else State.EST for slot in range(100))
    day = DayProfile(15, (LARGEST_VALUE,) * 100, states, (Register.TOTAL,) * 100)
    originals = tuple(Original(slot, LARGEST_VALUE, 3, 32) for slot in range(100))
    assert len(with_originals(pack(day), originals)) == SIZES[-1]


def test_a_day_without_originals_is_as_it_was() -> None:
    assert with_originals(pack(DAY), ()) == pack(DAY)
    assert originals_of(pack(DAY)) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        (replace(SPIKE, slot=96),),
        (replace(SPIKE, slot=-1),),
        (SPIKE, SPIKE),
        (SPIKE, replace(SPIKE, slot=3)),
        (replace(SPIKE, value=2**63),),
    ],
    ids=["beyond the day", "before the day", "twice", "out of order", "too large"],
)
def test_originals_that_the_day_cannot_have_are_refused(wrong: tuple[Original, ...]) -> None:
    with pytest.raises(ProfileError):
        with_originals(pack(DAY), wrong)


def test_nothing_is_put_behind_originals() -> None:
    with pytest.raises(ProfileError):
        with_originals(with_originals(pack(DAY), (SPIKE,)), (SPIKE,))


@few
@given(days(), st.integers(0, 8 * SIZES[-1] - 1))
def test_a_flipped_bit_reads_as_something_else_or_not_at_all_however_it_is_read(
    given_day: tuple[DayProfile, tuple[Original, ...]], bit: int
) -> None:
    day, originals = given_day
    data = bytearray(with_originals(pack(day), originals))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    damaged = bytes(data)
    try:
        read = unpack(damaged), originals_of(damaged)
    except ProfileError:
        assert unpack_rows([damaged]) == [None]
    else:
        assert read != (day, originals)
        assert unpack_rows([damaged]) != [None]


def test_bytes_behind_the_originals_another_width_and_none_at_all_are_refused() -> None:
    data = with_originals(pack(DAY), (SPIKE,))
    end = len(data.rstrip(b"\0"))
    wider = replace(SPIKE, value=5)
    narrow = with_originals(pack(DAY), (wider,))
    at = narrow.index(bytes((2, 1, 40, 4, 32)))
    spelled_wide = narrow[:at] + bytes((4, 1, 40, 4, 32, 0, 0, 0, 5)) + narrow[at + 9 :]
    empty = bytes((3,)) + pack(DAY)[1:]
    for wrong in (data[:end] + b"\1" + data[end + 1 :], spelled_wide, empty):
        with pytest.raises(ProfileError):
            unpack(wrong)
        assert unpack_rows([wrong]) == [None]
