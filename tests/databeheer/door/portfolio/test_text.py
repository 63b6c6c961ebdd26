"""The text of a day's series is that of the series, whatever the day holds."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.brussels import day_bounds
from databeheer.door.portfolio import text
from databeheer.metering.day_series import pieces, series_of_pieces
from databeheer.metering.states import MARKS
from databeheer.metering.unpacking import NO_VALUE, VALUELESS, Day
from databeheer.values import Period

DAY = date(2023, 10, 28)
STATES = frozenset({"READ", "VAL", "EST", "NONE"})
WHOLE = sorted(code for code, mark in MARKS.items() if mark.state.value in STATES)


@settings(deadline=None)  # the first number that is spelled waits for the table of all
@given(
    st.lists(st.sampled_from(WHOLE), min_size=1, max_size=7),
    st.lists(st.integers(0, 65_535), min_size=96, max_size=96),
)
def test_the_text_is_the_json_of_the_series(codes: list[int], amounts: list[int]) -> None:
    marks = np.array([codes[slot * len(codes) // 96] for slot in range(96)], np.uint8)
    values = np.where(VALUELESS[marks], NO_VALUE, np.array(amounts, np.int64))
    [series] = series_of_pieces(pieces([(DAY, Day(15, values, marks))], Period(*day_bounds(DAY)), STATES))
    assert text.leave_whole(marks[None, :], STATES).tolist() == [True]
    [spelled] = text.values_text(values[None, :])
    assert spelled is not None
    members = b'{"values":[' + spelled + b"]" + text.marks_text(marks.tobytes()) + b"}"
    view = json.loads(json.dumps(series.view()))
    assert json.loads(members) == {name: view[name] for name in ("values", "marks", "missing")}


def test_numbers_come_out_row_by_row_and_a_large_one_is_left_to_others() -> None:
    values = np.array([[0, 65_535, NO_VALUE], [1, 2, 65_536], [7, 8, 9]], np.int64)
    assert text.values_text(values) == [b"0,65535,null", None, b"7,8,9"]


@pytest.mark.parametrize("state", ["NVAL", "ABSENT", "EST"])
def test_a_day_with_a_slot_that_is_absent_or_withheld_does_not_leave_as_it_is(state: str) -> None:
    [code, *_] = [code for code, mark in MARKS.items() if mark.state.value == state]
    [read, *_] = [code for code, mark in MARKS.items() if mark.state.value == "READ"]
    marks = np.full((2, 96), read, np.uint8)
    marks[1, 5] = code
    assert text.leave_whole(marks, frozenset({"READ"})).tolist() == [True, False]
