"""Each rule at its boundaries: what it finds, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from databeheer.brussels import day_bounds, slots_in_day
from databeheer.metering.states import State, Unit
from databeheer.metering.validation import (
    UNKNOWN,
    Block,
    Gas,
    Reason,
    Weather,
    validate,
)
from databeheer.values import Commodity, Direction
from tests.databeheer.metering.validation.days import (
    AUTUMN,
    MONDAY,
    SPRING,
    USUAL,
    each,
    ordinary,
    put,
    said,
    states,
    why,
    with_past,
    with_register,
)

DAYS = pytest.mark.parametrize("day", [SPRING, MONDAY, AUTUMN], ids=["spring", "ordinary", "autumn"])


def found(block: Block, reason: Reason) -> list[int]:
    """Return the slots of the first row in which a rule found something."""
    return (validate(block).reasons[0] & reason.bit).nonzero()[0].tolist()


# ---- completeness ----------------------------------------------------------------------------------------------------


@DAYS
@pytest.mark.parametrize("minutes", [15, 60])
def test_every_slot_of_the_local_day_is_asked_for(day, minutes):
    last = slots_in_day(day, minutes) - 1
    assert said(validate(ordinary(day=day, minutes=minutes))) == set()
    block = put(ordinary(day=day, minutes=minutes), {0: None, last: None})
    assert found(block, Reason.MISSING) == [0, last]


def test_a_slot_that_is_said_to_have_no_value_is_not_missing():
    outcome = validate(put(ordinary(), {5: State.NONE}))
    assert said(outcome) == set()
    assert states(outcome)[5] is State.NONE


def test_a_meter_is_asked_only_for_its_own_part_of_the_day():
    block = put(ordinary(), dict.fromkeys(range(40), None))
    ours = replace(block, first_slot=each(40), until_slot=each(96))
    assert said(validate(ours)) == {Reason.METER_CHANGED}
    assert found(replace(ours, first_slot=each(39)), Reason.MISSING) == [39]
    old = replace(put(ordinary(), dict.fromkeys(range(40, 96), None)), until_slot=each(40))
    assert said(validate(old)) == {Reason.METER_CHANGED}
    assert set(states(validate(old))[40:]) == {State.ABSENT}


# ---- values by themselves --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(("value", "slots"), [(0, []), (1, []), (-1, [7]), (-(10**15), [7])])
def test_below_zero_is_not_valid(value, slots):
    assert found(put(ordinary(), {7: value}), Reason.NEGATIVE) == slots


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(
    ("minutes", "unit", "most"),
    [(15, Unit.KWH, 100_000_000), (60, Unit.KWH, 400_000_000), (60, Unit.M3, 40_000_000)],
)
def test_more_than_any_connection_carries_is_not_valid(minutes, unit, most):
    block = ordinary(minutes=minutes, unit=unit)
    assert found(put(block, {7: most}), Reason.ABOVE_CEILING) == []
    assert found(put(block, {7: most + 1}), Reason.ABOVE_CEILING) == [7]
    assert found(put(block, {7: 10**12}), Reason.ABOVE_CEILING) == [7]  # 10^9 kWh


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(("capacity", "most"), [(9_200, 2_875), (None, 100_000_000), (10**12, 100_000_000)])
def test_more_than_its_own_connection_carries_is_not_valid(capacity, most):
    block = replace(ordinary(), capacity=each(capacity))
    assert found(put(block, {7: most}), Reason.ABOVE_CEILING) == []
    assert found(put(block, {7: most + 1}), Reason.ABOVE_CEILING) == [7]


@DAYS
def test_the_ceiling_of_a_days_total_is_as_long_as_the_day(day):
    hours = slots_in_day(day, 60)
    block = ordinary(day=day, minutes=1440, capacity=each(10_000))
    assert found(put(block, {0: 12_500 * hours}), Reason.ABOVE_CEILING) == []
    assert found(put(block, {0: 12_500 * hours + 1}), Reason.ABOVE_CEILING) == [0]


@DAYS
def test_what_was_read_before_it_was_over_was_not_measured(day):
    begin, end = (int(bound.timestamp()) for bound in day_bounds(day))
    last = slots_in_day(day) - 1
    block = ordinary(day=day)
    assert found(replace(block, read_at=each(end)), Reason.NOT_YET_MEASURED) == []
    assert found(replace(block, read_at=each(None)), Reason.NOT_YET_MEASURED) == []
    assert found(replace(block, read_at=each(end - 1)), Reason.NOT_YET_MEASURED) == [last]
    assert len(found(replace(block, read_at=each(begin)), Reason.NOT_YET_MEASURED)) == last + 1
    early = replace(put(block, {last: None}), read_at=each(end - 1))
    assert found(early, Reason.NOT_YET_MEASURED) == []


# ---- whole profiles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read_at", "stored_at", "taken"),
    [(2_000_000_000, 1_999_999_999, True), (2_000_000_000, 2_000_000_000, True), (2_000_000_000, None, True),
     (None, 2_000_000_000, True), (1_999_999_999, 2_000_000_000, False)],
)  # fmt: skip
def test_an_older_reading_does_not_replace_a_newer_one(read_at, stored_at, taken):
    outcome = validate(replace(ordinary(), read_at=each(read_at), stored_read_at=each(stored_at)))
    assert bool(outcome.accepted[0]) is taken
    assert (Reason.STALE in said(outcome)) is not taken


def test_the_same_profile_twice_is_taken_once():
    block = replace(ordinary(3), keys=np.array([8, 9, 8]))
    outcome = validate(block)
    assert outcome.accepted.tolist() == [True, True, False]
    assert [said(outcome, row) for row in range(3)] == [set(), set(), {Reason.DUPLICATE}]


@pytest.mark.parametrize("change", [{95: USUAL + 1}, {0: None}, {4: State.EST}])
def test_of_two_profiles_that_differ_neither_is_taken(change):
    block = replace(put(ordinary(4), change, row=2), keys=np.array([8, 9, 8, 8]))
    outcome = validate(block)
    assert outcome.accepted.tolist() == [False, True, False, False]
    assert [said(outcome, row) >= {Reason.CONFLICT} for row in range(4)] == [True, False, True, True]
    assert not outcome.changed[[0, 2, 3]].any()


# ---- the device's clock ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "reasons"),
    [
        (0, set()), (59, set()), (-59, set()), (None, set()),
        (60, {Reason.CLOCK_DRIFT}), (-60, {Reason.CLOCK_DRIFT}), (449, {Reason.CLOCK_DRIFT}),
        (450, {Reason.CLOCK_DRIFT, Reason.CLOCK_WRONG}), (-450, {Reason.CLOCK_DRIFT, Reason.CLOCK_WRONG}),
    ],
)  # fmt: skip
def test_a_clock_that_is_off_is_told_and_one_that_is_far_off_makes_nothing_valid(offset, reasons):
    outcome = validate(with_register(replace(ordinary(), clock_offset=each(offset)), 96 * USUAL))
    assert said(outcome) - {Reason.NO_ESTIMATE} == reasons
    expected = State.NVAL if Reason.CLOCK_WRONG in reasons else State.READ if reasons else State.VAL
    assert set(states(outcome)) == {expected}


# ---- gas -------------------------------------------------------------------------------------------------------------


def gas(energy: int, litres: int | None, factor: int | None = None, *, provisional: bool = False) -> Block:
    block = ordinary(minutes=60, value=energy, commodity=Commodity.GAS)
    shape = block.values.shape
    known = Gas(
        volume=np.full(shape, UNKNOWN if litres is None else litres),
        factor=np.full((1, shape[1]), UNKNOWN if factor is None else factor),
        provisional=np.full(shape, provisional),
    )
    return replace(block, gas=known)


@pytest.mark.parametrize(
    ("energy", "litres", "factor", "wrong"),
    [
        (5_445, 495, None, False),  # 11.000, as on the provisional day of the real file
        (11_404, 1_000, None, False),
        (0, 0, None, False),
        (1, 0, None, False),  # rounding
        (0, 1, None, False),
        (8_000, 1_000, None, False),
        (7_991, 1_000, None, False),  # 999 litres and a half is a thousand too
        (7_990, 1_000, None, True),
        (13_514, 1_000, None, False),
        (13_515, 1_000, None, True),
        (30, 0, None, True),
        (5_445, None, None, False),
        (5_445, 495, 13_500, False),
        (5_445, 495, 13_501, True),
        (5_445, 495, 7_999, True),
        (5_445, None, 0, True),
        (5_445, None, -11_000, True),
    ],
)
def test_a_cubic_metre_of_gas_has_the_energy_of_gas(energy, litres, factor, wrong):
    outcome = validate(gas(energy, litres, factor))
    assert (why(outcome, 3) >= {Reason.GAS_FACTOR}) is wrong


def test_nothing_is_said_of_the_factor_of_anything_but_energy_of_gas():
    of_gas = gas(5_000, 1)
    assert Reason.GAS_FACTOR in said(validate(of_gas))
    for block in (
        replace(of_gas, commodities=ordinary(minutes=60).commodities),
        replace(of_gas, units=ordinary(minutes=60, unit=Unit.M3).units),
        replace(of_gas, gas=None),
    ):
        assert said(validate(block)) == set()


@pytest.mark.parametrize(
    ("energy", "factor", "provisional", "doubted"),
    [
        (11_400, 11_400, False, False),
        (11_526, 11_400, False, False),  # a watt-hour, a litre, and one per cent
        (11_527, 11_400, False, True),
        (11_274, 11_400, False, False),
        (11_273, 11_400, False, True),
        (11_000, 11_400, True, False),
        (11_000, None, False, False),
    ],
)
def test_energy_is_volume_times_that_hours_factor_unless_it_is_provisional(
    energy, factor, provisional, doubted
):
    outcome = validate(gas(energy, 1_000, factor, provisional=provisional))
    assert (Reason.GAS_MISMATCH in said(outcome)) is doubted
    assert set(states(outcome)) == {State.READ}


# ---- its own past ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("value", "usual", "slots"),
    [(1_250, 200, []), (1_251, 200, [7]), (4_000, 1_000, []), (4_001, 1_000, [7]), (0, 200, [])],
)
def test_a_spike_is_many_times_its_own_highest_and_large_in_itself(value, usual, slots):
    block = with_past(put(ordinary(), {7: value}), usual)
    assert found(block, Reason.SPIKE) == slots
    assert states(validate(block))[7] is State.READ


@pytest.mark.requirement("R68")
def test_without_enough_measured_days_nothing_is_a_spike():
    block = put(ordinary(), {7: 90_000})
    assert found(block, Reason.SPIKE) == []
    assert found(with_past(block, weeks=1), Reason.SPIKE) == []
    assert found(with_past(block, weeks=2), Reason.SPIKE) == [7]
    for state in (State.EST, State.NVAL):
        assert found(with_past(block, state=state), Reason.SPIKE) == []


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("length", "usual", "is_doubted"), [(48, 13, True), (47, 13, False), (48, 12, True), (48, 11, False)]
)
def test_half_a_day_of_zeros_where_there_used_to_be_use_is_doubted(length, usual, is_doubted):
    block = with_past(put(ordinary(value=20), dict.fromkeys(range(10, 10 + length), 0)), usual)
    assert found(block, Reason.ZERO_RUN) == (list(range(10, 10 + length)) if is_doubted else [])
    assert states(validate(block))[10] is State.READ


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    "block",
    [
        with_past(ordinary(value=0, direction=Direction.INJECTION)),
        with_past(put(ordinary(), dict.fromkeys(range(96), State.NONE))),
        with_past(put(ordinary(value=0), dict.fromkeys(range(40, 96, 40), 1))),
        with_past(ordinary(value=0), 0),
        with_past(ordinary(value=0), weeks=1),
        ordinary(value=0),
    ],
    ids=["injection", "no value", "now and then", "never any use", "no past", "nothing known"],
)
def test_zeros_that_are_nothing_strange_are_not_doubted(block):
    assert found(block, Reason.ZERO_RUN) == []


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("value", "usual", "strange"),
    [
        (800, 200, False),
        (801, 200, True),
        (10, 200, False),
        (9, 200, True),
        (2, 50, False),
        (53, 1, True),
        (52, 1, False),
    ],
)
def test_a_day_far_from_all_days_before_is_doubted(value, usual, strange):
    outcome = validate(with_past(ordinary(value=value), usual))
    assert (Reason.HISTORY in said(outcome)) is strange


@pytest.mark.requirement("R68")
def test_a_day_with_a_gap_or_of_a_roof_is_never_too_low():
    low = with_past(ordinary(value=1))
    assert Reason.HISTORY in said(validate(low))
    assert Reason.HISTORY not in said(validate(put(low, {4: None})))
    assert Reason.HISTORY not in said(validate(with_past(ordinary(value=1, direction=Direction.INJECTION))))
    few = replace(low, history=replace(low.history, totals=low.history.totals[:, :6]))
    assert Reason.HISTORY not in said(validate(few))


# ---- the weather, and others -----------------------------------------------------------------------------------------

COLD = np.array([0, 20, 40, 60, 80, 100, 120, 140, 160, 10, 30, 50, 70, 90, 110, 130], np.int64)


def heated(total: int, outside: int, *, days: int = 16, commodity: Commodity = Commodity.GAS) -> Block:
    """A house that used 10 kWh a day and 5 for each degree below 16.5, and a day of `total`."""
    block = ordinary(minutes=60, value=0, commodity=commodity)
    block = with_past(put(block, {0: total}), 100)
    totals = (10_000 + 500 * np.maximum(165 - COLD, 0))[None, :days]
    weather = Weather(day=outside, previous=COLD[:days])
    return replace(block, history=replace(block.history, totals=totals), weather=weather)


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("total", "outside", "is_strange"),
    [
        (10_000 + 500 * 165, 0, False),
        (10_000 + 500 * 265, -100, False),  # colder than ever, and so much more
        (10_000, 300, False),
        (10_000 + 500 * 165 + 19_999, 0, False),
        (10_000 + 500 * 165 + 20_001, 0, True),
        (10_000 + 500 * 165 - 20_001, 0, True),
        (10_000 + 500 * 65, 300, True),  # as on a cool day, in full summer
    ],
)
def test_gas_that_does_not_fit_the_cold_is_doubted(total, outside, is_strange):
    outcome = validate(heated(total, outside))
    assert (Reason.WEATHER in said(outcome)) is is_strange
    assert State.NVAL not in states(outcome)


@pytest.mark.requirement("R68")
def test_the_weather_is_asked_only_where_the_days_before_followed_it():
    assert Reason.WEATHER in said(validate(heated(200_000, 0)))
    assert Reason.WEATHER not in said(validate(heated(200_000, 0, commodity=Commodity.ELECTRICITY)))
    assert Reason.WEATHER not in said(validate(heated(200_000, 0, days=13)))
    block = heated(200_000, 0)
    whim = replace(block.history, totals=np.array([[90_000, 10_000] * 8]))
    assert Reason.WEATHER not in said(validate(replace(block, history=whim)))
    unknown = replace(block, weather=Weather(day=0, previous=np.full(16, UNKNOWN)))
    assert Reason.WEATHER not in said(validate(unknown))


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(("highest", "is_strange"), [(6_400, False), (6_399, True), (None, False)])
def test_a_day_far_above_others_of_its_kind_is_doubted(highest, is_strange):
    outcome = validate(replace(ordinary(), highest_of_kind=each(highest)))
    assert (Reason.STATISTICS in said(outcome)) is is_strange


# ---- the register ----------------------------------------------------------------------------------------------------


@DAYS
def test_slots_that_do_not_add_up_to_the_register_are_not_valid(day):
    total = slots_in_day(day) * USUAL
    allowed = slots_in_day(day) + total // 200 + 1  # a thousandth a slot, half a per cent, rounding
    for off in (0, 50, -50):
        assert State.NVAL not in states(validate(with_register(ordinary(day=day), total + off)))
    for off in (allowed + 1, -allowed):
        outcome = validate(with_register(ordinary(day=day), total + off))
        assert set(states(outcome)) == {State.NVAL}
        assert (outcome.values == USUAL).all()
        assert Reason.REGISTER_MISMATCH in said(outcome)


def test_a_gap_explains_less_than_the_register_says_and_never_more():
    block = put(ordinary(), dict.fromkeys(range(10, 40), None))
    assert Reason.REGISTER_MISMATCH not in said(validate(with_register(block, 10**6)))
    assert Reason.REGISTER_MISMATCH in said(validate(with_register(block, 66 * USUAL - 200)))


@pytest.mark.requirement("R67", "R68")
def test_a_spike_that_the_register_knows_is_real():
    block = with_past(put(ordinary(), {7: 9_000}))
    outcome = validate(with_register(block, 95 * USUAL + 9_000))
    assert set(states(outcome)) == {State.VAL}
    assert why(outcome, 7) == {Reason.SPIKE}


@pytest.mark.requirement("R67", "R68")
def test_a_spike_that_the_register_does_not_know_gives_way():
    block = with_past(put(ordinary(), {7: 9_000}))
    outcome = validate(with_register(block, 95 * USUAL + 190))
    assert outcome.values[0, 7] == 190
    assert states(outcome)[7] is State.EST
    assert {state for slot, state in enumerate(states(outcome)) if slot != 7} == {State.READ}
    assert why(outcome, 7) == {Reason.SPIKE, Reason.REGISTER_MISMATCH, Reason.INTERPOLATED_TO_REGISTER}


@pytest.mark.requirement("R68")
def test_a_holiday_that_the_register_knows_is_real_and_a_meter_that_stood_still_is_not():
    block = with_past(ordinary(value=0))
    assert set(states(validate(with_register(block, 0)))) == {State.VAL}
    outcome = validate(with_register(block, 96 * 150 + 7))
    assert set(states(outcome)) == {State.EST}
    assert outcome.values.sum() == 96 * 150 + 7


def test_a_spike_does_not_explain_that_too_little_was_counted():
    block = with_past(put(ordinary(), {7: 9_000}))
    assert set(states(validate(with_register(block, 95 * USUAL + 20_000)))) == {State.NVAL}


@pytest.mark.parametrize("doubt", [{"clock_offset": each(60)}, {"highest_of_kind": each(1)}])
def test_a_doubt_that_the_register_does_not_settle_keeps_a_day_from_being_validated(doubt):
    assert set(states(validate(with_register(replace(ordinary(), **doubt), 96 * USUAL)))) == {State.READ}
