"""What is no block is refused before anything is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from databeheer.metering.states import STATE_CODES, State
from databeheer.metering.validation import (
    LARGEST,
    UNKNOWN,
    Block,
    BlockError,
    Gas,
    Grade,
    History,
    InformativeSeriesError,
    Reason,
    Registers,
    Weather,
    aligned,
    like_days_of,
    reasons_in,
    rectify,
    totals_of,
    validate,
)
from databeheer.values import Commodity
from tests.databeheer.metering.validation.days import (
    AUTUMN,
    MONDAY,
    SPRING,
    USUAL,
    each,
    ordinary,
    put,
    states,
    stored,
    with_past,
)

ONES = np.ones((1, 96), np.int64)


@pytest.mark.parametrize(
    "change",
    [
        {"values": ONES.astype(np.float64)},
        {"values": np.full((1, 96), np.nan)},
        {"values": ONES.astype(np.int32)},
        {"values": ONES.tolist()},
        {"values": ONES[0]},
        {"values": np.ones((1, 97), np.int64)},
        {"values": np.ones((1, 92), np.int64)},
        {"values": ONES * (LARGEST + 1)},
        {"values": ONES * -(LARGEST + 1)},
        {"values": ONES * UNKNOWN},
        {"states": np.zeros((1, 96), np.uint8)},
        {"states": np.full((1, 96), 6, np.uint8)},
        {"states": np.ones((1, 95), np.uint8)},
        {"states": np.ones((1, 96), np.int64)},
        {"day": SPRING},
        {"day": AUTUMN},
        {"slot_minutes": 60},
        {"slot_minutes": 5},
        {"commodities": np.array([2], np.uint8)},
        {"directions": np.array([2], np.uint8)},
        {"units": np.array([5], np.uint8)},
        {"grades": np.array([2], np.uint8)},
        {"grades": np.zeros(2, np.uint8)},
        {"reasons": np.zeros((1, 95), np.uint8)},
        {"keys": np.zeros(2, np.int64)},
        {"capacity": np.array([9.2])},
        {"capacity": each(LARGEST + 1)},
        {"clock_offset": np.array([np.inf])},
        {"registers": Registers(begin=each(1), end=np.array([1.5]))},
        {"registers": Registers(begin=each(1), end=each(LARGEST + 1))},
        {"registers": Registers(begin=each(1, 2), end=each(1, 2))},
        {"history": History(np.ones((1, 4, 92), np.int64), np.ones((1, 4, 92), np.uint8))},
        {"history": History(np.ones((2, 4, 96), np.int64), np.ones((2, 4, 96), np.uint8))},
        {"history": History(np.full((1, 4, 96), UNKNOWN), np.ones((1, 4, 96), np.uint8))},
        {"history": History(np.ones((1, 4, 96)), np.ones((1, 4, 96), np.uint8))},
        {"history": History(np.ones((1, 96), np.int64), np.ones((1, 96), np.uint8))},
        {"gas": Gas(volume=np.ones((1, 95), np.int64))},
        {"gas": Gas(factor=np.full((1, 96), 11.4))},
        {"gas": Gas(provisional=np.ones((1, 96), np.int64))},
        {"weather": Weather(day=50, previous=np.zeros(4, np.int64))},
    ],
)
def test_what_is_no_block_is_refused(change):
    with pytest.raises(BlockError):
        replace(ordinary(), **change)


def test_weather_of_other_days_than_the_totals_is_refused():
    block = with_past(ordinary())
    with pytest.raises(BlockError):
        replace(block, weather=Weather(day=50, previous=np.zeros(15, np.int64)))


def test_what_is_present_is_said_with_booleans():
    with pytest.raises(BlockError):
        Block.of_measured(
            day=MONDAY,
            slot_minutes=15,
            values=ONES,
            present=ONES,
            commodities=np.zeros(1, np.uint8),
            directions=np.zeros(1, np.uint8),
            units=np.zeros(1, np.uint8),
            grades=np.zeros(1, np.uint8),
        )


def test_the_largest_numbers_are_judged_without_overflow():
    largest = ONES * LARGEST
    past = History(np.repeat(largest[:, None], 4, axis=1), np.ones((1, 4, 96), np.uint8), largest)
    block = ordinary(value=LARGEST, commodity=Commodity.GAS)
    outcome = validate(
        replace(
            block,
            history=past,
            gas=Gas(volume=largest, factor=largest),
            weather=Weather(day=LARGEST, previous=-largest[0]),
            registers=Registers(begin=each(0), end=each(LARGEST), digits=each(12)),
            highest_of_kind=each(LARGEST),
            clock_offset=each(LARGEST),
        )
    )
    assert set(states(outcome)) <= {State.NVAL, State.EST}
    assert (outcome.values >= 0).all()


def test_no_rows_give_no_outcome():
    outcome = validate(ordinary(0))
    assert outcome.values.shape == (0, 96)
    assert outcome.summary.members()["reasons"] == {}


def test_a_summary_counts_and_names_nobody():
    block = put(ordinary(2), {**dict.fromkeys(range(30, 50), None), 7: -1})
    summary = validate(block).summary
    assert summary.rows == 2
    assert summary.states == {State.READ: 171, State.EST: 1, State.ABSENT: 20}
    assert summary.members()["reasons"]["missing"] == {"code": 1, "values": 20, "profiles": 1}
    assert set(summary.members()["reasons"]) == {"missing", "negative", "interpolated", "no_estimate"}
    assert (summary + summary).values[Reason.MISSING] == 40


def test_summaries_of_two_catalogues_do_not_add_up():
    summary = validate(ordinary()).summary
    with pytest.raises(ValueError):
        summary + replace(summary, catalogue="another")


def test_a_set_of_reasons_is_a_number():
    assert reasons_in(0) == ()
    assert reasons_in(int(Reason.SPIKE.bit | Reason.RECTIFIED.bit)) == (Reason.SPIKE, Reason.RECTIFIED)


# ---- like days -------------------------------------------------------------------------------------------------------


def test_like_days_are_the_same_weekday_of_the_weeks_before():
    assert like_days_of(SPRING, 2) == [date(2026, 3, 22), date(2026, 3, 15)]


def numbered(day: date, minutes: int = 15):
    count = {SPRING: 92, AUTUMN: 100}.get(day, 96) * 15 // minutes
    return np.arange(count, dtype=np.int64), np.ones(count, np.uint8)


def test_the_slots_of_a_like_day_are_laid_by_local_time():
    sunday = date(2026, 3, 22)
    values, states_ = aligned(SPRING, sunday, 15, *numbered(sunday))
    assert values.tolist() == [*range(8), *range(12, 96)]
    values, states_ = aligned(AUTUMN, sunday, 15, *numbered(sunday))
    assert values.tolist() == [*range(12), *range(8, 12), *range(12, 96)]
    values, states_ = aligned(sunday, SPRING, 15, *numbered(SPRING))
    assert values.tolist() == [*range(8), 0, 0, 0, 0, *range(8, 92)]
    assert states_[8:12].tolist() == [STATE_CODES[State.ABSENT]] * 4
    values, states_ = aligned(AUTUMN, AUTUMN, 60, *numbered(AUTUMN, 60))
    assert values.tolist() == list(range(25))


def test_a_total_is_known_only_of_a_day_that_is_whole_and_measured():
    values = np.array([[1, 2], [1, 2], [1, 2]])
    codes = np.array([[1, 3], [1, 2], [1, 5]], np.uint8)
    assert totals_of(values, codes).tolist() == [3, UNKNOWN, UNKNOWN]


# ---- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R61", "R67")
def test_a_billing_value_can_be_rectified_and_the_version_before_it_stays():
    block = ordinary()
    slots = np.zeros((1, 96), np.bool_)
    slots[0, 7] = True
    rectified = rectify(block, slots, ONES * 55)
    assert block.values[0, 7] == USUAL
    outcome = validate(rectified)
    assert (outcome.values[0, 7], states(outcome)[7]) == (55, State.VAL)
    assert outcome.main_reasons[0, 7] == Reason.RECTIFIED
    assert (outcome.values[0, :7] == USUAL).all()
    assert not validate(stored(rectified, outcome)).changed.any()


@pytest.mark.requirement("R61")
def test_one_informative_row_among_those_to_be_rectified_changes_none():
    block = replace(ordinary(2), grades=np.array([1, 0], np.uint8))
    slots = np.zeros((2, 96), np.bool_)
    slots[:, 7] = True
    with pytest.raises(InformativeSeriesError, match="supplier"):
        rectify(block, slots, np.full((2, 96), 5))
    with pytest.raises(InformativeSeriesError):
        rectify(ordinary(grade=Grade.INFORMATIVE), slots[:1], ONES)


@pytest.mark.requirement("R67")
def test_a_correction_is_judged_like_any_value():
    slots = np.zeros((1, 96), np.bool_)
    slots[0, 7] = True
    outcome = validate(rectify(ordinary(), slots, ONES * 10**12))
    assert Reason.ABOVE_CEILING in reasons_in(int(outcome.reasons[0, 7]))
    with pytest.raises(BlockError):
        rectify(ordinary(), slots, -ONES)
    with pytest.raises(BlockError):
        rectify(replace(ordinary(), first_slot=each(8)), slots, ONES)
    with pytest.raises(BlockError):
        rectify(ordinary(), slots[:, :95], ONES)
