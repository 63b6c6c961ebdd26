"""The totals of a day, sealed apart: exact, one size, one spelling."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.exports import read_export
from databeheer.metering.profile import DayProfile, ProfileError
from databeheer.metering.states import Conversion, Register, State
from databeheer.metering.totals import DayTotal, pack_total, total_of, unpack_total
from tests.counts import few
from tests.databeheer.metering.builders import Row, english
from tests.databeheer.metering.strategies import profiles

N, D = Register.NIGHT, Register.DAY
MIXED = DayProfile(
    15,
    (100,) * 28 + (None,) + (200,) * 59 + (300,) * 8,
    (State.READ,) * 28 + (State.NONE,) + (State.EST,) * 59 + (State.READ,) * 8,
    (N,) * 28 + (D,) * 60 + (N,) * 8,
)


def test_totals_are_kept_per_register_with_what_they_were_made_of():
    total = total_of(MIXED)
    assert total.registers == ((D, 11_800), (N, 5_200))
    assert total.total == 17_000
    assert (total.slots, total.values, total.missing) == (96, 95, 1)
    assert total.states == ((State.READ, 36), (State.EST, 59), (State.NONE, 1))
    assert total.worst is State.EST


def test_a_day_without_any_value_has_no_total_and_not_zero():
    day = DayProfile(60, (None,) * 24, (State.NONE,) * 24, (Register.TOTAL,) * 24)
    total = total_of(day)
    assert (total.total, total.registers, total.worst) == (None, (), State.NONE)
    assert unpack_total(pack_total(total)) == total


def test_a_day_of_zeros_is_zero():
    day = DayProfile(60, (0,) * 24, (State.READ,) * 24, (Register.TOTAL,) * 24)
    assert total_of(day).total == 0


def test_a_day_total_from_a_file_is_a_total():
    row = Row(begin_time="00:00:00", end="17/10/2023", end_time="00:00:00", volume="7,163")
    [day] = read_export(english(row, row.but(register="Offtake Night", volume="2,500")), "days.csv").days
    total = unpack_total(pack_total(total_of(day)))
    assert (total.slot_minutes, total.registers) == (1440, ((D, 7163), (N, 2500)))


@few
@given(profiles(largest=10**15))
def test_totals_come_back_from_their_bytes_and_add_up(day):
    total = total_of(day)
    data = pack_total(total)
    is_short = len(total.registers) <= 3 and all(amount < 2**40 for _, amount in total.registers)
    assert len(data) == (32 if is_short else 96)
    assert unpack_total(data) == total
    assert (total.total or 0) == sum(value or 0 for value in day.values)
    assert sum(count for _, count in total.states) == len(day.values)


@few
@given(profiles(largest=10**15) | profiles(largest=9_999), st.integers(0, 96 * 8 - 1))
def test_a_flipped_bit_is_refused_or_is_another_total_spelled_as_it_should_be(day, bit):
    data = bytearray(pack_total(total_of(day)))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    try:
        other = unpack_total(bytes(data))
    except ProfileError:
        return
    assert pack_total(other) == bytes(data)


@few
@given(
    st.sampled_from([32, 96]).flatmap(lambda n: st.binary(min_size=n, max_size=n)) | st.binary(max_size=95)
)
def test_other_bytes_are_refused(data):
    with pytest.raises(ProfileError):
        unpack_total(data)


@pytest.mark.parametrize(
    "total",
    [
        replace(total_of(MIXED), slots=97),
        replace(total_of(MIXED), slots=92),
        replace(total_of(MIXED), values=96),
        replace(total_of(MIXED), slot_minutes=30),
        replace(total_of(MIXED), slot_minutes=1440),
        replace(total_of(MIXED), registers=()),
        replace(total_of(MIXED), registers=((D, -1),)),
        replace(total_of(MIXED), registers=((D, 2**63),)),
        replace(total_of(MIXED), states=((State.READ, 96),)),
        replace(total_of(MIXED), conversions=((Conversion.DEFINITIVE, 97),)),
        DayTotal(60, 24, 0, ((D, 0),), ((State.NONE, 24),)),
    ],
)
def test_what_does_not_add_up_is_not_packed(total):
    with pytest.raises(ProfileError):
        pack_total(total)


@pytest.mark.parametrize(
    "day",
    [
        replace(MIXED, values=(1,) * 96),
        replace(MIXED, values=(None,) * 96),
        replace(MIXED, values=(1,) * 95),
        replace(MIXED, values=(1,) * 97),
    ],
)
def test_values_that_do_not_fit_their_states_are_not_added_up(day):
    with pytest.raises(ProfileError):
        total_of(day)


def test_registers_out_of_order_are_refused():
    data = pack_total(total_of(MIXED))
    head = len(data.rstrip(b"\0")) - 12
    swapped = data[:head] + data[head + 6 : head + 12] + data[head : head + 6] + data[head + 12 :]
    assert swapped != data
    with pytest.raises(ProfileError, match="registers"):
        unpack_total(swapped)
