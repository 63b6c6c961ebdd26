"""What becomes of a value: READ, VAL, EST, NVAL, and the class that it is of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from databeheer.metering.states import STATE_CODES, State
from databeheer.metering.validation import (
    GRADE_CODES,
    Grade,
    InformativeSeriesError,
    Reason,
    require_rectifiable,
    validate,
)
from tests.databeheer.metering.validation.days import (
    AUTUMN,
    MONDAY,
    SPRING,
    USUAL,
    ordinary,
    put,
    said,
    states,
    stored,
    why,
    with_past,
    with_register,
)


@pytest.mark.requirement("R62")
def test_a_value_that_passes_is_what_it_was():
    block = put(ordinary(), {3: State.EST, 4: State.NONE, 5: State.VAL})
    outcome = validate(block)
    assert np.array_equal(outcome.values, block.values)
    assert np.array_equal(outcome.states, block.states)
    assert said(outcome) == set()
    assert not outcome.changed.any()


@pytest.mark.requirement("R62")
@pytest.mark.parametrize(("day", "slots"), [(SPRING, 92), (MONDAY, 96), (AUTUMN, 100)])
def test_a_billing_day_that_agrees_with_its_register_is_validated(day, slots):
    outcome = validate(with_register(ordinary(day=day), slots * USUAL))
    assert states(outcome) == [State.VAL] * slots
    assert outcome.changed.all()


@pytest.mark.requirement("R61", "R62")
@pytest.mark.parametrize("beside", [lambda block: block, with_past], ids=["at a glance", "slot by slot"])
def test_an_informative_day_is_never_validated(beside):
    informative, billing = (
        validate(beside(with_register(ordinary(grade=grade), 96 * USUAL)))
        for grade in (Grade.INFORMATIVE, Grade.BILLING)
    )
    assert set(states(informative)) == {State.READ}
    assert set(states(billing)) == {State.VAL}


@pytest.mark.requirement("R61")
def test_the_two_classes_of_the_same_day_are_judged_apart():
    block = with_register(ordinary(2), 96 * USUAL, 96 * USUAL)
    grades = np.array([GRADE_CODES[Grade.BILLING], GRADE_CODES[Grade.INFORMATIVE]], np.uint8)
    outcome = validate(replace(block, grades=grades))
    assert (set(states(outcome, 0)), set(states(outcome, 1))) == ({State.VAL}, {State.READ})


@pytest.mark.requirement("R61")
def test_who_wants_an_informative_value_rectified_is_sent_to_the_supplier():
    require_rectifiable(Grade.BILLING)
    with pytest.raises(InformativeSeriesError, match="ask your supplier") as refusal:
        require_rectifiable(Grade.INFORMATIVE)
    assert refusal.value.code == "informative-series"


@pytest.mark.parametrize(
    "changes",
    [{7: None}, {7: State.EST}, {7: State.NVAL}, {7: State.NONE}],
    ids=["a gap", "an estimate", "not valid", "no value"],
)
def test_a_day_with_anything_but_measured_values_is_not_validated(changes):
    block = with_register(put(ordinary(), changes), 96 * USUAL)
    assert State.VAL not in states(validate(block))


def test_a_day_without_both_readings_is_not_validated():
    assert set(states(validate(with_register(ordinary(), None)))) == {State.READ}


@pytest.mark.requirement("R62", "R67")
def test_an_invalid_value_gives_way_to_an_estimate_and_what_was_measured_is_kept_beside_it():
    block = with_past(put(ordinary(), dict.fromkeys(range(20, 40), 10**12)))
    outcome = validate(block)
    assert set(states(outcome)[20:40]) == {State.EST}
    assert (outcome.values[0, 20:40] == USUAL).all()
    assert why(outcome, 20) == {Reason.ABOVE_CEILING, Reason.LIKE_DAYS}
    assert set(outcome.as_read[0, 20:40].tolist()) == {STATE_CODES[State.NVAL]}
    assert outcome.replaced[0].nonzero()[0].tolist() == list(range(20, 40))
    assert (block.values[0, 20:40] == 10**12).all()


def test_an_invalid_value_without_anything_to_estimate_from_is_not_valid():
    outcome = validate(put(ordinary(), dict.fromkeys(range(20, 40), 10**12)))
    assert set(states(outcome)[20:40]) == {State.NVAL}
    assert why(outcome, 20) == {Reason.ABOVE_CEILING, Reason.NO_ESTIMATE}
    assert (outcome.values[0, 20:40] == 10**12).all()


def test_a_value_below_zero_that_cannot_be_estimated_is_left_out():
    outcome = validate(put(ordinary(), dict.fromkeys(range(20, 40), -1)))
    assert set(states(outcome)[20:40]) == {State.ABSENT}
    assert (outcome.values >= 0).all()
    assert outcome.main_reasons[0, 20] == Reason.NEGATIVE


def test_what_is_stored_is_changed_only_by_what_is_new():
    block = with_past(put(ordinary(), {5: None, **dict.fromkeys(range(30, 60), None)}))
    first = validate(block)
    again = stored(block, first)
    assert first.changed.all()
    assert not validate(again).changed.any()
    later = validate(with_register(again, 96 * USUAL + 31))
    assert later.changed.all()
    assert later.values.sum() == 96 * USUAL + 31
    assert not validate(with_register(stored(again, later), 96 * USUAL + 31)).changed.any()


def test_what_a_rule_found_stands_where_it_cannot_judge_any_more():
    block = replace(ordinary(), clock_offset=np.array([600]))
    first = validate(block)
    assert set(states(first)) == {State.NVAL}
    without = replace(stored(block, first), clock_offset=None)
    assert not validate(without).changed.any()
    right = replace(without, clock_offset=np.array([0]))
    assert set(states(validate(right))) == {State.READ}
