"""What holds for any block: of any day, with any gaps, any nonsense, any register."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from databeheer.brussels import slots_in_day
from databeheer.metering.states import STATE_CODES, State
from databeheer.metering.validation import UNKNOWN, Block, History, Registers, validate
from databeheer.metering.validation.apportioning import apportion
from tests.counts import examples, few
from tests.databeheer.metering.validation.days import AUTUMN, MONDAY, SPRING, ordinary, stored

MEASURED = [STATE_CODES[State.READ], STATE_CODES[State.VAL]]
VALUED = [*MEASURED, STATE_CODES[State.EST], STATE_CODES[State.NVAL]]
PAST = st.integers(0, 900)
DAYS = st.sampled_from([(SPRING, 15), (MONDAY, 15), (AUTUMN, 15), (SPRING, 60), (AUTUMN, 60)])


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Rows of anything that intake may meet, the register's readings now and then beside them."""
    day, minutes = draw(DAYS)
    shape = draw(st.integers(1, 3)), slots_in_day(day, minutes)
    amounts = st.one_of(st.integers(0, 900), st.sampled_from([0, -1, 40_000, 10**12]))
    values = draw(arrays.arrays(np.int64, shape, elements=amounts, fill=st.integers(0, 900)))
    states = draw(
        arrays.arrays(
            np.uint8, shape, elements=st.sampled_from(sorted(STATE_CODES.values())), fill=st.just(1)
        )
    )
    for row, begin, length in draw(
        st.lists(st.tuples(st.integers(0, shape[0] - 1), st.integers(0, 80), st.integers(1, 40)), max_size=3)
    ):
        states[row, begin : begin + length] = STATE_CODES[State.ABSENT]
    values[~np.isin(states, VALUED)] = 0
    past = draw(
        arrays.arrays(
            np.int64, (shape[0], 4, shape[1]), elements=st.integers(0, 900), fill=st.integers(0, 900)
        )
    )
    past_states = draw(
        arrays.arrays(
            np.uint8, past.shape, elements=st.sampled_from(sorted(STATE_CODES.values())), fill=st.just(1)
        )
    )
    begin = np.full(shape[0], 10**6, np.int64)
    fine = np.where(np.isin(states, VALUED[:3]) & (values > 0) & (values < 40_000), values, 0).sum(axis=1)
    more = draw(arrays.arrays(np.int64, shape[0], elements=st.integers(-2_000, 60_000)))
    known = draw(arrays.arrays(np.bool_, shape[0]))
    return replace(
        ordinary(shape[0], day=day, minutes=minutes),
        values=values,
        states=states,
        history=draw(st.sampled_from([History(past, past_states), None])),
        registers=Registers(begin=begin, end=np.where(known, begin + fine + more, UNKNOWN)),
        keys=np.arange(shape[0]),
    )


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_an_estimate_never_changes_a_valid_measured_value(block):
    outcome = validate(block)
    measured = np.isin(outcome.states, MEASURED)
    assert np.array_equal(outcome.values[measured], block.values[measured])
    assert np.isin(block.states[measured], [*MEASURED]).all()
    assert np.array_equal(outcome.replaced, (outcome.states == 2) & np.isin(block.states, [1, 3, 4]))


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_a_value_is_changed_only_where_it_is_an_estimate_or_gone(block):
    outcome = validate(block)
    differs = outcome.values != block.values
    assert np.isin(outcome.states[differs], [STATE_CODES[State.EST], STATE_CODES[State.ABSENT]]).all()
    assert (outcome.values[~np.isin(outcome.states, VALUED)] == 0).all()
    assert (outcome.values >= 0).all()
    assert np.array_equal(outcome.states == STATE_CODES[State.NONE], block.states == STATE_CODES[State.NONE])


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_a_day_that_is_whole_by_estimates_sums_to_its_register(block):
    outcome = validate(block)
    used = block.registers.end - block.registers.begin
    known = (block.registers.end != UNKNOWN) & (used >= 0)
    ours = (outcome.main_reasons >= 34) & (outcome.main_reasons <= 36)
    rows = np.flatnonzero(known & ours.any(axis=1))
    assert np.array_equal(outcome.values[rows].sum(axis=1), used[rows])
    plain = (outcome.main_reasons == 32) | (outcome.main_reasons == 33)
    left = (outcome.states == STATE_CODES[State.ABSENT]) | (outcome.states == STATE_CODES[State.NVAL])
    assert left[known & plain.any(axis=1)].any(axis=1).all()


@settings(max_examples=examples(10, of=40))
@given(blocks(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(block, random):
    order = list(range(block.rows))
    random.shuffle(order)
    past = block.history
    shuffled = replace(
        block,
        values=block.values[order],
        states=block.states[order],
        history=None if past is None else History(past.values[order], past.states[order]),
        registers=Registers(begin=block.registers.begin[order], end=block.registers.end[order]),
        keys=block.keys[order],
    )
    here, there = validate(block), validate(shuffled)
    assert np.array_equal(here.values[order], there.values)
    assert np.array_equal(here.states[order], there.states)
    assert np.array_equal(here.main_reasons[order], there.main_reasons)
    assert here.summary == there.summary


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_rows_are_judged_each_by_itself(block):
    whole = validate(block)
    total = None
    for row in range(block.rows):
        part = slice(row, row + 1)
        past = block.history
        alone = validate(
            replace(
                block,
                **{
                    name: getattr(block, name)[part]
                    for name in ("values", "states", "commodities", "directions", "units", "grades", "keys")
                },
                history=None if past is None else History(past.values[part], past.states[part]),
                registers=Registers(begin=block.registers.begin[part], end=block.registers.end[part]),
            )
        )
        assert np.array_equal(alone.values, whole.values[part])
        assert np.array_equal(alone.reasons, whole.reasons[part])
        total = alone.summary if total is None else total + alone.summary
    assert total == whole.summary


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_an_outcome_that_is_judged_anew_is_unchanged(block):
    outcome = validate(block)
    again = validate(stored(block, outcome))
    assert not again.changed.any()
    assert np.array_equal(again.values, outcome.values)


@settings(max_examples=examples(10, of=40))
@given(blocks())
def test_every_slot_that_is_no_measured_value_says_why(block):
    outcome = validate(block)
    judged = np.isin(outcome.states, [STATE_CODES[State.NVAL], STATE_CODES[State.ABSENT]])
    of_ours = judged & ~((outcome.states == block.states) & (block.states == STATE_CODES[State.NVAL]))
    assert (outcome.main_reasons[of_ours] > 0).all()
    assert (outcome.reasons[outcome.main_reasons > 0] > 0).all()
    new = (outcome.states == STATE_CODES[State.EST]) & (block.states != STATE_CODES[State.EST])
    assert (outcome.main_reasons[new] >= 32).all()


@few
@given(
    st.integers(1, 12).flatmap(
        lambda slots: st.tuples(
            st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=slots, max_size=slots),
            st.integers(0, 10**18),
        )
    )
)
def test_shares_add_up_and_are_no_further_than_one_from_what_is_due(drawn):
    weighted, total = drawn
    weights = np.array([[weight for weight, _ in weighted]])
    chosen = np.array([[is_chosen for _, is_chosen in weighted]])
    shares = apportion(np.array([total]), weights, chosen)[0].tolist()
    due = [weight if is_chosen else 0 for weight, is_chosen in weighted]
    if sum(due) == 0:
        due = [int(is_chosen) for _, is_chosen in weighted]
    assert sum(shares) == (total if chosen.any() else 0)
    for share, weight in zip(shares, due, strict=True):
        assert share == 0 or weight > 0
        assert abs(share * max(sum(due), 1) - total * weight) < max(sum(due), 1)
