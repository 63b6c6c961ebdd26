"""Consumption is a difference: through roll-over and change of meter, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering.validation import UNKNOWN, Reason, Registers, consumption_of, difference, validate
from tests.databeheer.metering.validation.days import USUAL, each, ordinary, said, with_register

MOST = 1_000_000


def used(begin, end, *, digits=None, final=None, initial=None, most=MOST):
    """Return consumption, whether it rolled over, whether it is impossible; None where it is not known."""
    found = difference(
        each(begin), each(end), each(most), digits=each(digits), final=each(final), initial=each(initial)
    )
    number = int(found.used[0])
    return None if number == UNKNOWN else number, bool(found.rolled[0]), bool(found.impossible[0])


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(
    ("begin", "end", "digits", "expected"),
    [
        (5, 5, None, (0, False, False)),
        (5, 905, None, (900, False, False)),
        (0, MOST, None, (MOST, False, False)),
        (0, MOST + 1, None, (None, False, True)),
        (905, 5, None, (None, False, True)),
        (None, 5, None, (None, False, False)),
        (5, None, 6, (None, False, False)),
        (-1, 5, None, (None, False, True)),
        (999_999_990, 20, 6, (30, True, False)),
        (999_999_999, 0, 6, (1, True, False)),
        (999_999_990, 20, 7, (None, False, True)),  # nowhere near the last digit
        (500_000_000, 20, 6, (None, False, True)),
        (999_999_990, 20, None, (None, False, True)),
        (10**9, 10**9 + 5, 6, (None, False, True)),  # more digits than it has
        (999_999_990, 10**9, 6, (None, False, True)),
        (5, 905, 0, (900, False, False)),
        (5, 905, 10**9, (900, False, False)),
    ],
)
def test_a_register_counts_on(begin, end, digits, expected):
    assert used(begin, end, digits=digits) == expected


@pytest.mark.requirement("R67")
@pytest.mark.parametrize(
    ("begin", "final", "initial", "end", "expected"),
    [
        (700, 900, 0, 50, (250, False, False)),
        (700, 900, 40, 50, (210, False, False)),
        (700, 600, 0, 50, (None, False, True)),
        (700, 900, 60, 50, (None, False, True)),
        (700, 900, None, 950, (None, False, False)),
        (700, None, 0, 950, (None, False, False)),
        (0, MOST, 0, 1, (None, False, True)),
    ],
)
def test_two_meters_count_together(begin, final, initial, end, expected):
    assert used(begin, end, final=final, initial=initial) == expected


@given(st.integers(0, 10**9 - 1), st.integers(0, MOST))
def test_the_difference_is_what_was_counted_wherever_the_register_stood(begin, count):
    end = (begin + count) % 10**9
    assert used(begin, end, digits=6) == (count, begin + count >= 10**9, False)


def test_a_day_over_the_roll_over_is_validated_and_the_report_says_so():
    block = with_register(ordinary(), 96 * USUAL)
    registers = {"begin": 10**9 - 5_000, "digits": each(6)}
    rolled = with_register(ordinary(), 96 * USUAL - 10**9, **registers)
    assert said(validate(rolled)) == {Reason.REGISTER_ROLLED_OVER}
    assert np.array_equal(validate(rolled).states, validate(block).states)


@pytest.mark.requirement("R67")
def test_a_meter_that_gives_readings_only_has_the_consumption_between_them():
    days = ordinary(3, minutes=1440, value=0, capacity=each(9_200, 9_200, None))
    assert consumption_of(days) is None
    most = 11_500 * 24
    registers = Registers(begin=each(0, 0, 10**9 - 5), end=each(most, most + 1, 7), digits=each(6, 6, 6))
    found = consumption_of(replace(days, registers=registers))
    assert found.used.tolist() == [most, UNKNOWN, 12]
    assert found.impossible.tolist() == [False, True, False]


def test_an_impossible_register_is_not_used():
    outcome = validate(with_register(ordinary(), -1))
    assert said(outcome) == {Reason.REGISTER_IMPOSSIBLE}
    assert (outcome.states == 1).all()
