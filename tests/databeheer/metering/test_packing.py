"""Packing many at once gives the same bytes as packing each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.packing import each, pack_rows, pack_totals
from databeheer.metering.profile import ProfileError, pack
from databeheer.metering.states import MARK_CODES, Register, State
from databeheer.metering.totals import pack_total, total_of
from tests.counts import few
from tests.databeheer.metering.strategies import profiles

READ = MARK_CODES[State.READ, Register.TOTAL, None]


def arrays(days):
    """Values and marks of days of one number of slots."""
    values = [[0 if value is None else value for value in day.values] for day in days]
    marks = [
        [
            MARK_CODES[mark]
            for mark in zip(
                day.states, day.registers, day.conversions or (None,) * len(day.states), strict=True
            )
        ]
        for day in days
    ]
    return np.array(values, np.int64), np.array(marks, np.uint8)


@few
@given(
    st.sampled_from([9_999, 2**14, 2**16, 2**32, 10**15]).flatmap(
        lambda largest: st.lists(profiles(largest=largest), min_size=1, max_size=12)
    )
)
def test_many_days_at_once_are_packed_to_the_same_bytes_as_one_by_one(days):
    by_kind = {}
    for day in days:
        by_kind.setdefault((day.slot_minutes, len(day.values)), []).append(day)
    for (minutes, _), alike in by_kind.items():
        values, marks = arrays(alike)
        assert dict(each(pack_rows(minutes, values, marks))) == dict(enumerate(map(pack, alike)))
        totals = {row: pack_total(total_of(day)) for row, day in enumerate(alike)}
        assert dict(each(pack_totals(minutes, values, marks))) == totals


@few
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=9))
def test_day_totals_are_added_up_to_the_same_bytes(amounts):
    values, marks = np.array([[a] for a in amounts], np.int64), np.full((len(amounts), 1), READ, np.uint8)
    for row, data in each(pack_totals(1440, values, marks)):
        assert len(data) == (32 if amounts[row] < 2**40 else 96)
        assert int.from_bytes(data[15:20] if len(data) == 32 else data[15:23], "big") == amounts[row]


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([[-1] * 96], [[READ] * 96]),
        ([[1] * 97], [[READ] * 97]),
        ([[1] * 96], [[0] * 96]),
        ([[1] * 96], [[255] * 96]),
    ],
    ids=["negative", "97 quarter-hours", "a value though absent", "no mark"],
)
def test_what_does_not_fit_together_is_not_packed(values, marks):
    with pytest.raises(ProfileError):
        pack_rows(15, np.array(values, np.int64), np.array(marks, np.uint8))


def test_no_rows_are_no_bytes():
    nothing = np.zeros((0, 96), np.int64), np.zeros((0, 96), np.uint8)
    assert pack_rows(15, *nothing) == pack_totals(15, *nothing) == []
