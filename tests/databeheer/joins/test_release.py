"""What leaves of a join: nobody can be seen in a sum, and rows carry the release's own pseudonyms."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.joins.lists import SHIPPED, parse
from databeheer.joins.release import Amount, Suppressed, aggregate_cells, point_rows
from databeheer.statistics.rules import at_least
from databeheer.statistics.windows import window_of
from databeheer.values import Commodity, Direction
from tests.counts import few

CASE = next(case for case in parse(SHIPPED.read_bytes()).cases if case.id == "area-month-statistics")
MAY = date(2023, 5, 1)


def amount(point: str, value: int | None, month: date = MAY, unit: str = "kWh") -> Amount:
    return Amount(point, Commodity.ELECTRICITY, Direction.OFFTAKE, unit, month, value)


AMOUNTS = st.lists(
    st.builds(
        amount,
        st.integers(0, 24).map(str),
        st.none() | st.integers(0, 5_000_000),
        st.sampled_from([MAY, date(2023, 6, 1)]),
        st.sampled_from(["kWh", "m³"]),
    ),
    max_size=120,
)


def test_ten_equal_neighbours_are_a_cell() -> None:
    (cell,) = aggregate_cells(CASE, [amount(str(n), 100_000) for n in range(10)])
    window = window_of(1_000_000)
    assert (cell.points, cell.suppressed) == (10, None)
    assert cell.value == (window.low + window.high) // 2


@pytest.mark.requirement("R11")
@pytest.mark.parametrize("others", [[], [0], [None], [0, None]])
def test_nine_neighbours_are_none_whatever_stands_beside_them(others: list[int | None]) -> None:
    nine = [amount(str(n), 100_000) for n in range(9)]
    empty = [amount(f"empty-{n}", value) for n, value in enumerate(others)]
    (cell,) = aggregate_cells(CASE, nine + empty)
    assert (cell.points, cell.value, cell.suppressed) == (None, None, Suppressed.TOO_FEW_POINTS)


def test_one_point_on_two_meters_is_still_one_point() -> None:
    twice = [amount(str(n), 100_000) for n in range(5) for _ in range(2)]
    assert aggregate_cells(CASE, twice)[0].suppressed is Suppressed.TOO_FEW_POINTS


def test_a_cell_that_one_point_dominates_is_suppressed() -> None:
    small = [amount(str(n), 1_000) for n in range(12)]
    assert aggregate_cells(CASE, [*small, amount("factory", 12_001)])[0].suppressed is Suppressed.DOMINATED
    assert aggregate_cells(CASE, [*small, amount("factory", 12_000)])[0].suppressed is None


@pytest.mark.requirement("R11")
def test_ten_points_of_one_customer_are_one_customer() -> None:
    shops = [replace(amount(str(n), 100_000), customer="chain") for n in range(10)]
    assert aggregate_cells(CASE, shops)[0].suppressed is Suppressed.TOO_FEW_POINTS
    others = [amount(f"other-{n}", 100_000) for n in range(9)]
    assert aggregate_cells(CASE, [*shops, *others])[0].suppressed is Suppressed.DOMINATED
    assert aggregate_cells(CASE, [*shops, *others, amount("one more", 100_000)])[0].suppressed is None


@pytest.mark.requirement("R11")
@few
@given(st.lists(st.integers(50_000, 150_000), min_size=40, max_size=60), st.integers(0, 150_000))
def test_a_second_run_after_one_neighbour_went_tells_nothing_that_others_do_not_use(
    neighbours: list[int], one: int
) -> None:
    """The difference of two sums is as wide as both stretches: no use of a neighbour, none included, is left out."""
    amounts = [amount(str(n), value) for n, value in enumerate(neighbours)]
    (before,), (after,) = (aggregate_cells(CASE, some) for some in ([*amounts, amount("one", one)], amounts))
    assert before.value is not None
    assert after.value is not None
    widths = sum(window.high - window.low for window in (window_of(before.value), window_of(after.value)))
    assert widths >= 75_000
    assert abs(before.value - after.value - one) <= widths / 2


@pytest.mark.requirement("R11")
@few
@given(AMOUNTS)
def test_a_shown_cell_has_enough_points_none_of_which_dominates(amounts: list[Amount]) -> None:
    by_cell: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in amounts:
        if one.value is not None:
            by_cell[one.month, one.unit][one.point] += one.value
    cells = aggregate_cells(CASE, amounts)
    assert {(cell.month, cell.unit) for cell in cells} == set(by_cell)
    for cell in cells:
        counted = [value for value in by_cell[cell.month, cell.unit].values() if value]
        if cell.suppressed is not None:
            assert (cell.points, cell.value) == (None, None)
            continue
        assert cell.points == at_least(len(counted)) >= 10
        assert max(counted) * 2 <= sum(counted)
        window = window_of(sum(counted))
        assert cell.value == (window.low + window.high) // 2


@few
@given(st.permutations([amount(f"{n:02}", n * 1_000) for n in range(8)]))
def test_rows_stand_in_the_order_of_their_pseudonyms_however_points_were_named(amounts: list[Amount]) -> None:
    assert [row.pseudonym for row in point_rows(amounts)] == [f"{n:02}" for n in range(8)]


def test_a_month_without_any_value_is_no_zero() -> None:
    (row,) = point_rows([amount("a", None), amount("a", None)])
    assert row.value is None
    (row,) = point_rows([amount("a", None), amount("a", 5)])
    assert row.value == 5
