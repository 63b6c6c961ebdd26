"""Rows told by a glance are stored as they would be after a look at every slot; and nothing else is told by it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.metering.states import State
from databeheer.metering.validation import (
    GRADE_CODES,
    Block,
    BlockError,
    Gas,
    Grade,
    Outcome,
    Registers,
    Weather,
    shipped,
    validate,
)
from databeheer.metering.validation.at_a_glance import quiet_rows
from databeheer.metering.validation.rules import RULES
from databeheer.metering.validation.validating import look_at_all
from tests.counts import examples, few
from tests.databeheer.metering.validation.days import (
    AUTUMN,
    MONDAY,
    SPRING,
    USUAL,
    each,
    ordinary,
    put,
    with_past,
    with_register,
)

SLOTS = st.dictionaries(
    st.integers(0, 91),
    st.one_of(st.none(), st.sampled_from([*State]), st.sampled_from([-1, 0, 1, 10**6, 10**12])),
)


def same(one: Outcome, other: Outcome) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Outcome)
    )


@st.composite
def days(draw: st.DrawFn) -> Block:
    """Ordinary rows, in some of which one thing or another is off by little or by much."""
    rows = draw(st.integers(1, 6))
    block = ordinary(rows, day=draw(st.sampled_from([MONDAY, SPRING, AUTUMN])))
    for row in range(rows):
        if draw(st.booleans()):
            block = put(block, draw(SLOTS), row)

    def of_each(numbers: st.SearchStrategy[int | None]) -> np.ndarray:
        return each(*draw(st.lists(numbers, min_size=rows, max_size=rows)))

    if draw(st.booleans()):
        sums, begin = block.values.sum(axis=1), of_each(st.sampled_from([0, 5_000, 10**9 - 1, None]))
        apart = of_each(st.sampled_from([0, 0, 1, -1, 96, 97, -96, -97, 190, 191, 192, 193, 10**7, -(10**9)]))
        end = np.where(begin == each(None)[0], begin, begin + sums + apart)
        more: dict[str, Any] = {}
        if draw(st.booleans()):
            more["digits"] = of_each(st.sampled_from([3, 6, 6, 12, 0, None]))
            end = np.where(
                more["digits"] == 6, end % 10**9, end
            )  # it shows six digits before the thousandths
        if draw(st.booleans()):
            more |= {name: of_each(st.sampled_from([None, None, 10**6])) for name in ("final", "initial")}
        block = replace(block, registers=Registers(begin=begin, end=end, **more))
    beside: dict[str, Any] = {
        "clock_offset": st.sampled_from([0, 59, 60, -60, 449, 450, -450, None]),
        "capacity": st.sampled_from([10**6, 900, 639, 640, 641, None]),
        "before": st.sampled_from([USUAL, None]),
    }
    rarely: dict[str, Any] = {
        "first_slot": st.sampled_from([0, 4]),
        "until_slot": st.sampled_from([92, 50]),
        "keys": st.integers(0, 3),
        "read_at": st.sampled_from([0, 2**40, None]),
        "highest_of_kind": st.sampled_from([1, 10**9, None]),
    }
    chosen = {name: of_each(numbers) for name, numbers in beside.items() if draw(st.booleans())}
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(rarely)))
        chosen[name] = of_each(rarely[name])
    grades = draw(st.lists(st.sampled_from(sorted(GRADE_CODES.values())), min_size=rows, max_size=rows))
    return replace(block, grades=np.array(grades, np.uint8), **chosen)


@settings(max_examples=examples(50, of=300))
@given(days())
def test_what_is_told_by_a_glance_is_what_a_look_at_every_slot_gives(block: Block) -> None:
    assert same(validate(block), look_at_all(block, shipped()))


@few
@given(days())
def test_where_a_rule_finds_anything_no_glance_suffices(block: Block) -> None:
    quiet, validated = quiet_rows(block, shipped())
    looked = look_at_all(block, shipped())
    assert not looked.profile_reasons[quiet].any()
    assert (looked.states[validated] == 3).all()
    assert not (validated & ~quiet).any()


def test_an_ordinary_day_is_told_by_a_glance() -> None:
    block = with_register(ordinary(3), 96 * USUAL, 96 * USUAL + 90, None)
    quiet, validated = quiet_rows(block, shipped())
    assert quiet.tolist() == [True, True, True]
    assert validated.tolist() == [True, True, False]


def test_of_a_block_of_ordinary_days_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is as dear as the slots that are looked at: of a million ordinary ones, none."""
    seen = []
    for rule in RULES:
        look = rule.look
        monkeypatch.setitem(
            rule.__dict__,
            "look",
            lambda case, terms, look=look: (seen.append(case.block.rows), look(case, terms))[1],
        )
    block = put(with_register(ordinary(5), *[96 * USUAL] * 5), {7: None}, row=3)
    outcome = validate(block)
    assert set(seen) == {1}
    assert len(seen) == len(RULES)
    assert (outcome.states[[0, 1, 2, 4]] == 3).all()


@pytest.mark.parametrize(
    "beside",
    [
        {"keys": each(1, 2)},
        {"read_at": each(2**40, 2**40)},
        {"stored_read_at": each(0, 0), "read_at": each(2**40, 2**40)},
        {"highest_of_kind": each(10**9, 10**9)},
        {"gas": Gas()},
        {"first_slot": each(0, 0)},
        {"until_slot": each(96, 96)},
        {"reasons": np.zeros((2, 96), np.uint8)},
    ],
    ids=lambda beside: "-".join(beside),
)
def test_where_more_is_known_every_slot_is_looked_at(beside: dict[str, Any]) -> None:
    assert not quiet_rows(replace(ordinary(2), **beside), shipped())[0].any()
    assert not quiet_rows(with_past(ordinary(2)), shipped())[0].any()


def test_a_register_that_rolled_over_is_looked_at() -> None:
    """It is told: the report counts them."""
    day = with_register(ordinary(2), 96 * USUAL, 96 * USUAL, begin=10**9 - 1, digits=each(9, 9))
    rolled = replace(
        day, registers=replace(day.registers, end=each(96 * USUAL - 1, 10**9), digits=each(6, 9))
    )
    assert quiet_rows(rolled, shipped())[0].tolist() == [False, False]
    assert quiet_rows(day, shipped())[0].tolist() == [True, True]


def test_rows_are_not_taken_out_of_their_surroundings() -> None:
    past = with_past(ordinary(2))
    weather = replace(past, weather=Weather(day=100, previous=np.full(16, 90, np.int64)))
    for block in (past, weather, replace(ordinary(2), gas=Gas())):
        with pytest.raises(BlockError):
            block.of_rows(np.array([0]))


def test_an_informative_day_stays_as_it_was_read() -> None:
    block = with_register(ordinary(2, grade=Grade.INFORMATIVE), 96 * USUAL, 96 * USUAL)
    outcome = validate(block)
    assert (outcome.states == 1).all()
    assert not outcome.changed.any()
