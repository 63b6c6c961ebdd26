"""Hours are added up as they were measured: whole ones only, each household once, in every month of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import midnight
from databeheer.metering.day_series import Piece
from databeheer.metering.unpacking import NO_VALUE
from databeheer.statistics.hours import HourTallies, added, by_hour, hours_of
from databeheer.statistics.tally import Tally, together
from databeheer.values import Direction, Period

OCTOBER = Period(midnight(date(2023, 10, 1)), midnight(date(2023, 11, 1)))
MARCH = Period(midnight(date(2024, 3, 1)), midnight(date(2024, 4, 1)))
EVENING = Period(datetime(2023, 10, 28, 18, tzinfo=UTC), datetime(2023, 10, 28, 22, tzinfo=UTC))
HOUR = 3600
CELL = ("44021", "household")


def piece(step: int, values: list[int], *, after: int = 0) -> Piece:
    """Values of a channel from so many seconds after the evening begins."""
    start = int(EVENING.start.timestamp()) + after
    return Piece(start, step, np.array(values, np.int64), np.ones(len(values), np.uint8))


def test_a_month_has_an_hour_more_in_october_and_one_less_in_march() -> None:
    assert len(hours_of(OCTOBER)) == 31 * 24 + 1
    assert len(hours_of(MARCH)) == 31 * 24 - 1
    assert hours_of(OCTOBER)[0] == datetime(2023, 9, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([piece(900, [1, 2, 3, 4, 5, 6, 7, 8])], [10, 26, NO_VALUE, NO_VALUE]),
        ([piece(HOUR, [10, 0, 30, 40])], [10, 0, 30, 40]),
        ([piece(900, [1, 2, 3, NO_VALUE, 5, 6, 7, 8])], [NO_VALUE, 26, NO_VALUE, NO_VALUE]),
        ([piece(900, [1, 2, 3])], [NO_VALUE] * 4),
        ([piece(900, [1, 2]), piece(900, [3, 4], after=1800)], [10, NO_VALUE, NO_VALUE, NO_VALUE]),
        ([piece(900, [9] * 4, after=-HOUR)], [NO_VALUE] * 4),
        ([piece(900, [9] * 4, after=4 * HOUR)], [NO_VALUE] * 4),
        ([piece(86_400, [5000])], [NO_VALUE] * 4),
        ([piece(900, [1] * 4), piece(HOUR, [7], after=HOUR)], [4, 7, NO_VALUE, NO_VALUE]),
        ([], [NO_VALUE] * 4),
    ],
)
def test_an_hour_is_known_where_all_of_it_was_measured(pieces: list[Piece], expected: list[int]) -> None:
    assert by_hour(pieces, EVENING).tolist() == expected


def test_two_meters_of_one_household_are_one_sum_where_either_is_known() -> None:
    one, other = np.array([1, NO_VALUE, 3, NO_VALUE]), np.array([10, 20, NO_VALUE, NO_VALUE])
    assert added(one, other).tolist() == [11, 20, 3, NO_VALUE]
    assert added(None, other).tolist() == other.tolist()


@given(st.lists(st.lists(st.integers(-1, 9000), min_size=4, max_size=4), max_size=12))
def test_tallies_of_hours_are_those_of_each_hour_by_itself(households: list[list[int]]) -> None:
    tallies = HourTallies(EVENING)
    for values in households:
        tallies.add(Direction.OFFTAKE, {CELL: np.array(values, np.int64)})
    for number in range(4):
        measured = [values[number] for values in households if values[number] != NO_VALUE]
        expected = {CELL: Tally.of(measured)} if measured else {}
        assert tallies.of_hour(Direction.OFFTAKE, number) == expected
        assert tallies.of_hour(Direction.INJECTION, number) == {}
    assert tallies.directions == ([Direction.OFFTAKE] if households else [])


OTHER = ("31005", "household")


def of_first_hour(*households: dict[tuple[str, str], list[int]]) -> Tally:
    """Both cells put together, in the first hour."""
    tallies = HourTallies(EVENING)
    for one in households:
        own = {cell: np.array([*values, 0, 0, 0], np.int64) for cell, values in one.items()}
        tallies.add(Direction.OFFTAKE, own)
    return together(tallies.of_hour(Direction.OFFTAKE, 0).values())


def test_who_is_in_two_cells_is_one_where_they_are_put_together() -> None:
    chain = {CELL: [60], OTHER: [40]}
    assert of_first_hour(chain, {CELL: [50]}, {OTHER: [70]}) == Tally(3, 220, 100, 70)


def test_who_was_not_measured_in_one_of_both_counts_by_the_other() -> None:
    assert of_first_hour({CELL: [NO_VALUE], OTHER: [40]}, {CELL: [50]}) == Tally(2, 90, 50, 40)


USES = st.dictionaries(st.sampled_from([CELL, OTHER, ("44021", "business")]), st.integers(0, 9), min_size=1)


@given(st.lists(USES, max_size=8))
def test_cells_put_together_are_those_of_the_customers_in_them(
    customers: list[dict[tuple[str, str], int]],
) -> None:
    found = of_first_hour(*({cell: [value] for cell, value in one.items()} for one in customers))
    assert found == Tally.of(sum(one.values()) for one in customers)
