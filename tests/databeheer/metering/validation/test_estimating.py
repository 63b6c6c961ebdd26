"""What stands in for what is missing, and what it may never do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from databeheer.metering.states import State
from databeheer.metering.validation import History, Reason, validate
from tests.databeheer.metering.validation.days import (
    USUAL,
    each,
    ordinary,
    put,
    said,
    states,
    stored,
    why,
    with_past,
    with_register,
)


def gap(first: int, length: int) -> dict[int, int | State | None]:
    return dict.fromkeys(range(first, first + length), None)


@pytest.mark.parametrize(
    ("left", "right", "length", "line"),
    [
        (0, 40, 3, [10, 20, 30]),
        (40, 0, 3, [30, 20, 10]),
        (100, 100, 8, [100] * 8),
        (0, 1, 1, [1]),
        (0, 1, 3, [0, 1, 1]),
        (7, 8, 2, [7, 8]),
    ],
)
def test_a_short_gap_is_a_straight_line(left, right, length, line):
    outcome = validate(put(ordinary(), {**gap(20, length), 19: left, 20 + length: right}))
    assert outcome.values[0, 20 : 20 + length].tolist() == line
    assert set(states(outcome)[20 : 20 + length]) == {State.EST}
    assert why(outcome, 20) == {Reason.MISSING, Reason.INTERPOLATED}
    assert outcome.main_reasons[0, 20] == Reason.INTERPOLATED


@pytest.mark.parametrize(
    ("minutes", "length", "is_short"), [(15, 8, True), (15, 9, False), (60, 2, True), (60, 3, False)]
)
def test_short_is_two_hours_at_most(minutes, length, is_short):
    outcome = validate(put(ordinary(minutes=minutes), gap(5, length)))
    assert states(outcome)[5] is (State.EST if is_short else State.ABSENT)
    assert (Reason.NO_ESTIMATE in said(outcome)) is not is_short


@pytest.mark.parametrize("beside", [State.EST, State.NONE])
def test_a_line_is_drawn_between_measured_values_only(beside):
    outcome = validate(put(ordinary(), {**gap(20, 2), 19: beside}))
    assert states(outcome)[20] is State.ABSENT


def test_the_last_slot_of_yesterday_is_a_side_too():
    block = put(ordinary(), {**gap(0, 1), 1: 40})
    assert states(validate(block))[0] is State.ABSENT
    assert states(validate(replace(block, before=each(None))))[0] is State.ABSENT
    assert validate(replace(block, before=each(20))).values[0, 0] == 30
    assert states(validate(replace(put(ordinary(), gap(95, 1)), before=each(20))))[95] is State.ABSENT


def test_a_long_gap_is_the_average_of_measured_like_days():
    block = with_past(put(ordinary(), gap(20, 30)))
    values = np.repeat(np.array([[[100], [200], [301], [999]]]), 96, axis=2)
    measured = np.ones((1, 4, 96), np.uint8)
    measured[0, 3] = 2  # an estimate
    outcome = validate(replace(block, history=History(values, measured)))
    assert set(outcome.values[0, 20:50].tolist()) == {200}
    assert why(outcome, 30) == {Reason.MISSING, Reason.LIKE_DAYS}


@pytest.mark.parametrize("state", [State.EST, State.NVAL, State.NONE, State.ABSENT])
def test_estimates_are_no_history(state):
    outcome = validate(with_past(put(ordinary(), gap(20, 30)), state=state))
    assert set(states(outcome)[20:50]) == {State.ABSENT}
    assert why(outcome, 20) == {Reason.MISSING, Reason.NO_ESTIMATE}


def test_one_like_day_is_no_average():
    assert states(validate(with_past(put(ordinary(), gap(20, 30)), weeks=1)))[20] is State.ABSENT
    assert states(validate(with_past(put(ordinary(), gap(20, 30)), weeks=2)))[20] is State.EST


def test_what_came_estimated_stays_as_it_came():
    block = with_past(put(ordinary(), {4: State.EST, **gap(20, 30)}))
    outcome = validate(block)
    assert states(outcome)[4] is State.EST
    assert outcome.main_reasons[0, 4] == 0


def test_what_came_as_not_valid_is_estimated():
    outcome = validate(with_past(put(ordinary(), dict.fromkeys(range(20, 50), State.NVAL))))
    assert set(states(outcome)[20:50]) == {State.EST}


def test_no_value_is_never_estimated():
    outcome = validate(with_past(put(ordinary(), dict.fromkeys(range(20, 50), State.NONE))))
    assert set(states(outcome)[20:50]) == {State.NONE}


@pytest.mark.requirement("R67")
def test_the_day_agrees_with_its_register_to_the_last_watt_hour():
    block = with_past(put(ordinary(), {**gap(5, 3), **gap(40, 30)}))
    for used in (63 * USUAL, 63 * USUAL + 1, 96 * USUAL, 96 * USUAL + 12_345):
        outcome = validate(with_register(block, used))
        assert outcome.values.sum() == used
        assert set(outcome.main_reasons[0, 5:8].tolist()) == {Reason.INTERPOLATED_TO_REGISTER}
        assert set(outcome.main_reasons[0, 40:70].tolist()) == {Reason.LIKE_DAYS_TO_REGISTER}
        assert (outcome.values[0, 10:40] == USUAL).all()


@pytest.mark.requirement("R67")
def test_there_is_no_estimate_where_the_register_leaves_no_room():
    block = with_past(put(ordinary(), gap(40, 30)))
    outcome = validate(with_register(block, 66 * USUAL - 1))
    assert set(states(outcome)[40:70]) == {State.ABSENT}
    assert (outcome.values[0, :40] == USUAL).all()
    assert Reason.NO_ESTIMATE in said(outcome)


def test_there_is_no_estimate_beyond_what_the_connection_carries():
    block = replace(put(ordinary(), gap(40, 1)), capacity=each(9_200))
    assert states(validate(with_register(block, 95 * USUAL + 2_875)))[40] is State.EST
    assert states(validate(with_register(block, 95 * USUAL + 2_876)))[40] is State.ABSENT


def test_a_day_of_which_a_part_has_no_shape_is_not_made_to_agree():
    block = put(ordinary(), {**gap(5, 3), **gap(40, 30)})
    outcome = validate(with_register(block, 96 * USUAL))
    assert outcome.values[0, 5:8].tolist() == [USUAL] * 3
    assert states(outcome)[40] is State.ABSENT
    assert outcome.main_reasons[0, 5] == Reason.INTERPOLATED
    tight = validate(with_register(block, 63 * USUAL + 3 * USUAL - 1))
    assert states(tight)[5] is State.ABSENT


def test_gaps_whose_shape_is_all_zero_share_alike():
    block = with_past(put(ordinary(value=0), gap(0, 96)), 0)
    outcome = validate(with_register(block, 97))
    assert sorted(outcome.values[0].tolist()) == [1] * 95 + [2]


def test_an_estimate_that_came_yields_to_the_register():
    block = put(ordinary(), dict.fromkeys(range(40, 50), State.EST))
    fits = validate(with_register(block, 96 * USUAL + 50))
    assert fits.main_reasons[0, 40] == 0
    outcome = validate(with_register(block, 86 * USUAL + 5_000))
    assert outcome.values[0, 40:50].tolist() == [500] * 10
    assert set(outcome.main_reasons[0, 40:50].tolist()) == {Reason.GIVEN_TO_REGISTER}
    assert (outcome.values[0, :40] == USUAL).all()


@pytest.mark.parametrize("doubt", ["an impossible register", "a clock that drifts"])
def test_an_estimate_in_a_day_that_is_doubted_stays_ours(doubt):
    """Else a day that is judged anew had a new version, and its estimate was taken for one that was delivered."""
    block = put(with_past(ordinary()), gap(20, 12))
    block = (
        with_register(block, -1)
        if doubt == "an impossible register"
        else replace(block, clock_offset=each(60))
    )
    first = validate(block)
    assert set(first.main_reasons[0, 20:32].tolist()) == {Reason.LIKE_DAYS}
    again = validate(stored(block, first))
    assert not again.changed.any()
    assert set(again.main_reasons[0, 20:32].tolist()) == {Reason.LIKE_DAYS}


def test_a_profile_that_is_refused_is_not_estimated():
    block = with_past(put(ordinary(2), gap(20, 30)))
    outcome = validate(replace(block, keys=np.array([4, 4])))
    assert set(states(outcome)[20:50]) == {State.ABSENT}
    assert Reason.NO_ESTIMATE not in said(outcome)


def test_a_day_total_is_estimated_from_like_days_and_its_register():
    block = with_past(put(ordinary(minutes=1440), {0: None}), 9_000)
    assert validate(block).values[0, 0] == 9_000
    assert validate(with_register(block, 8_123)).values[0, 0] == 8_123
