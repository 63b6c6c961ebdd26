"""The packed day: every value comes back, one spelling only, and a length that tells nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.profile import LARGEST_VALUE, SIZES, DayProfile, ProfileError, pack, unpack
from databeheer.metering.states import (
    CONVERSION_CODES,
    REGISTER_CODES,
    STATE_CODES,
    Conversion,
    Mark,
    Register,
    State,
)
from tests.counts import few
from tests.databeheer.metering.strategies import profiles

ORDINARY = {15: 2**14 - 1, 60: 2**16 - 1}
"""65 kW, in Wh a slot."""


def profile(values, *, minutes=15, mark=Mark(State.READ, Register.DAY, None)):  # noqa: B008 - a constant
    count = len(values)
    return DayProfile(minutes, tuple(values), (mark.state,) * count, (mark.register,) * count)


@few
@given(profiles())
def test_what_is_packed_comes_back(day):
    assert unpack(pack(day)) == day


@few
@given(profiles(), st.sampled_from(SIZES))
def test_packing_gives_a_published_size_and_always_the_same_bytes(day, minimum):
    data = pack(day, minimum=minimum)
    assert len(data) in SIZES
    assert len(data) >= minimum
    assert data == pack(replace(day), minimum=minimum)
    assert unpack(data) == day


@few
@given(profiles(), st.integers(0, 8 * 896 - 1))
def test_a_flipped_bit_is_refused_or_is_another_day_spelled_as_it_should_be(day, bit):
    data = bytearray(pack(day))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    try:
        other = unpack(bytes(data))
    except ProfileError:
        return
    assert other != day
    assert pack(other, minimum=len(data)) == bytes(data)


@few
@given(st.binary(min_size=96, max_size=96) | st.binary(max_size=300))
def test_other_bytes_are_refused(data):
    with pytest.raises(ProfileError):
        unpack(data)


@few
@given(profiles(), st.integers(1, 200))
def test_bytes_cut_or_added_are_refused(day, count):
    data = pack(day)
    for damaged in (data[:-count], data + b"\0" * count, data[count:]):
        if len(damaged) not in SIZES or damaged == data:
            with pytest.raises(ProfileError):
                unpack(damaged)


@few
@given(profiles())
def test_anything_in_the_padding_is_refused(day):
    data = pack(day, minimum=896)
    for place in (-1, -8):
        damaged = bytearray(data)
        if damaged[place] == 0 and any(damaged[place:]) is False:
            damaged[place] = 1
            with pytest.raises(ProfileError):
                unpack(bytes(damaged))


@pytest.mark.parametrize(
    ("minutes", "count", "size"),
    [(15, 92, 188), (15, 96, 188), (60, 23, 96), (60, 24, 96), (60, 25, 96)],
)
@few
@given(data=st.data())
def test_the_length_does_not_tell_a_day_away_from_a_busy_day(minutes, count, size, data):
    marks = [Mark(State.READ, r, None) for r in (Register.NIGHT, Register.DAY, Register.NIGHT)]
    cut = data.draw(st.integers(1, count - 2))
    gap = data.draw(st.integers(0, count - 1))
    parts = [marks[0]] * cut + [marks[1]] * (count - 1 - cut) + [marks[2]]
    parts[gap] = data.draw(
        st.sampled_from([parts[gap], Mark(State.NONE, Register.DAY, None), Mark(State.ABSENT, None, None)])
    )
    amounts = data.draw(st.lists(st.integers(0, ORDINARY[minutes]), min_size=count, max_size=count))
    day = DayProfile(
        minutes,
        tuple(a if p.state.has_value else None for a, p in zip(amounts, parts, strict=True)),
        tuple(p.state for p in parts),
        tuple(p.register for p in parts),
    )
    assert len(pack(day)) == size


def test_a_large_site_keeps_the_size_of_its_busy_days():
    busy = pack(profile([ORDINARY[15] + 1] * 96))
    quiet = pack(profile([0] * 96), minimum=len(busy))
    assert len(busy) == len(quiet) == 224
    assert unpack(quiet).values == (0,) * 96


@pytest.mark.parametrize(
    ("largest", "size"),
    [
        (0, 188),
        (2**14 - 1, 188),
        (2**14, 224),
        (2**16 - 1, 224),
        (2**16, 448),
        (2**32 - 1, 448),
        (2**32, 896),
    ],
)
def test_the_size_follows_the_largest_value(largest, size):
    assert len(pack(profile([0] * 95 + [largest]))) == size


def test_on_the_day_with_25_hours_three_runs_of_one_state_fit_and_five_do_not():
    read, estimated = (State.READ, State.EST)
    for changes, size in ((3, 188), (4, 224)):
        states = tuple(estimated if slot % 2 and slot < changes else read for slot in range(100))
        day = replace(profile([9_999] * 100), states=states)
        assert len(pack(day)) == size


def test_the_first_bytes_are_as_documented():
    day = DayProfile(
        60,
        (None,) * 6 + (300,) * 18,
        (State.ABSENT,) * 6 + (State.EST,) * 18,
        (None,) * 6 + (Register.TOTAL,) * 18,
        (None,) * 6 + (Conversion.PROVISIONAL,) * 18,
    )
    expected = bytes([2, 60, 16, 24, 2, 6, 0, 18, 0b01_001_010]) + b"\0\0" * 6 + b"\x01\x2c" * 18
    assert pack(day) == expected.ljust(96, b"\0")


def test_quarter_hours_are_written_as_documented():
    values = [slot * 170 for slot in range(96)]
    head = bytes([2, 15, 14, 96, 1, 96, 0b00_010_001])
    low = bytes(value & 255 for value in values)
    bits = "".join(f"{value >> 8:06b}" for value in values)
    high = int(bits, 2).to_bytes(72, "big")
    assert pack(profile(values)) == (head + low + high).ljust(188, b"\0")


def test_a_profile_written_before_is_read_but_another_spelling_of_it_is_not():
    values = [300] * 95 + [40_000]
    head = bytes([1, 15, 2, 96, 1, 96, 0b00_010_001])
    body = head + b"".join(value.to_bytes(2, "big") for value in values)
    assert unpack(body.ljust(224, b"\0")) == profile(values)
    assert unpack(body.ljust(448, b"\0")) == profile(values)
    wide = bytes([1, 15, 4]) + head[3:] + b"".join(value.to_bytes(4, "big") for value in values)
    with pytest.raises(ProfileError, match="wider"):
        unpack(wide.ljust(448, b"\0"))
    hours = bytes([1, 60, 2, 24, 1, 24, 0b00_010_001]) + b"\0\1" * 24
    assert unpack(hours.ljust(96, b"\0")) == profile([1] * 24, minutes=60)
    with pytest.raises(ProfileError, match="version"):
        unpack(hours.ljust(188, b"\0"))


def test_the_codes_in_stored_bytes_never_change():
    assert {str(k): v for k, v in STATE_CODES.items()} == {
        "ABSENT": 0,
        "READ": 1,
        "EST": 2,
        "VAL": 3,
        "NVAL": 4,
        "NONE": 5,
    }
    assert list(REGISTER_CODES.values()) == [1, 2, 3, 4, 5, 6]
    assert [str(r) for r in REGISTER_CODES] == [
        "total",
        "day",
        "night",
        "reactive",
        "inductive",
        "capacitive",
    ]
    assert [(str(c), v) for c, v in CONVERSION_CODES.items()] == [("P", 1), ("D", 2), ("C", 3)]


@pytest.mark.parametrize("count", [0, 1, 91, 93, 95, 97, 99, 101, 24])
def test_a_wrong_number_of_quarter_hours_is_refused(count):
    with pytest.raises(ProfileError):
        pack(profile([1] * count))


@pytest.mark.parametrize(
    "day",
    [
        profile([1] * 24, minutes=1440),
        profile([1] * 96, minutes=60),
        profile([-1] + [1] * 95),
        profile([LARGEST_VALUE + 1] * 96),
        profile([None] + [1] * 95),
        profile([1] * 96, mark=Mark(State.NONE, Register.DAY, None)),
        profile([None] * 96, mark=Mark(State.READ, Register.DAY, None)),
        profile([1] * 96, mark=Mark(State.READ, None, None)),
        profile([None] * 96, mark=Mark(State.ABSENT, Register.DAY, None)),
        replace(profile([1] * 96), states=(State.READ,) * 95),
        replace(profile([1] * 96), registers=(Register.DAY,) * 97),
        replace(profile([1] * 96), conversions=(Conversion.CONSTANT,)),
    ],
    ids=[
        "day total",
        "96 hours",
        "negative",
        "beyond 63 bits",
        "no value though read",
        "value though none",
        "nothing though read",
        "no register though read",
        "register though absent",
        "state too few",
        "register too many",
        "conversion too few",
    ],
)
def test_what_does_not_fit_together_is_not_packed(day):
    with pytest.raises(ProfileError):
        pack(day)


GOOD = pack(profile([1] * 96))


@pytest.mark.parametrize(
    ("place", "byte"),
    [
        (0, 0),
        (0, 1),
        (0, 3),
        (1, 30),
        (1, 60),
        (2, 1),
        (2, 4),
        (2, 16),
        (2, 32),
        (3, 92),
        (3, 97),
        (4, 0),
        (4, 2),
        (4, 255),
        (5, 95),
        (5, 97),
        (5, 0),
        (6, 0xFF),
        (6, 0),
        (6, 6),
    ],
)
def test_a_header_with_one_wrong_byte_is_refused(place, byte):
    damaged = bytearray(GOOD)
    damaged[place] = byte
    with pytest.raises(ProfileError):
        unpack(bytes(damaged))


def test_two_runs_where_one_would_do_are_refused():
    mark = GOOD[6]
    split = GOOD[:4] + bytes([2, 40, mark, 56, mark]) + GOOD[7:-2]
    with pytest.raises(ProfileError, match="runs"):
        unpack(split)


def test_an_error_of_a_profile_tells_no_value():
    with pytest.raises(ProfileError) as refusal:
        pack(profile([-777_777] + [1] * 95))
    assert "777" not in str(refusal.value)
