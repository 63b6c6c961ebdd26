"""Nobody can be seen in what is published: not alone, not in totals, not by who knows everybody else."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from databeheer.statistics.rules import Reason, Rules, at_least
from databeheer.statistics.suppression import ALL, REST, publish
from databeheer.statistics.tally import Tally
from databeheer.statistics.windows import Window, window_of
from tests.databeheer.statistics.attacker import (
    Households,
    cell_is_within,
    cells_of,
    household_is_within,
    published_of,
)

RULES = Rules()
GENT, BRUGGE, DIKSMUIDE = "44021", "31005", "32003"
HOME, SOLAR, SHOP = "household", "household_production", "business"
USED = st.one_of(st.just(0), st.integers(0, 900), st.integers(0, 12_000), st.just(400))
CROWD = st.lists(USED, min_size=1, max_size=26)
TABLES = st.dictionaries(
    st.tuples(st.sampled_from([GENT, BRUGGE, DIKSMUIDE]), st.sampled_from([HOME, SOLAR, SHOP])),
    st.one_of(CROWD, st.integers(8, 40).map(lambda number: [400] * number)),
    min_size=1,
    max_size=6,
)


def lines_of(households: Households, rules: Rules = RULES) -> dict[tuple[str, str], Window]:
    published = published_of(households, rules)
    return {(line.municipality, line.profile_type): line.window for line in published.lines}


def test_ten_alike_are_shown_and_nine_are_not() -> None:
    assert (GENT, HOME) in lines_of({(GENT, HOME): [400] * 10})
    assert lines_of({(GENT, HOME): [400] * 9}) == {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([400] * 9, Reason.FEW),
        ([], Reason.FEW),
        ([0] * 30, Reason.DOMINATED),
        ([400] * 20 + [2000], Reason.DOMINATED),
        ([5000] + [1000] * 28, Reason.DOMINATED),
    ],
)
def test_what_may_not_be_shown_has_a_reason(values: list[int], reason: Reason) -> None:
    assert RULES.objection(Tally.of(values)) is reason


def test_the_largest_share_itself_is_allowed_and_a_watt_hour_more_is_not() -> None:
    rules = Rules(leeway_percent=0)
    assert rules.objection(Tally(20, 10_000, 1500, 1400)) is None
    assert rules.objection(Tally(20, 10_000, 1501, 1400)) is Reason.DOMINATED


def test_a_household_that_the_rule_itself_gives_away_keeps_its_cell_closed() -> None:
    # The sum lies at the bottom of its window and the largest has all but the whole share: both bounds meet.
    assert window_of(10_500).low == 10_500
    tally = Tally(20, 10_500, 1574, 900)
    assert Rules(leeway_percent=0).objection(tally) is None
    assert RULES.objection(tally) is Reason.NARROW


def test_a_suppressed_cell_takes_the_smallest_other_with_it_so_that_no_total_gives_it_back() -> None:
    households = {
        (GENT, HOME): [400] * 60,
        (GENT, SOLAR): [400] * 25,
        (GENT, SHOP): [900] * 3,
    }
    published = published_of(households, RULES)
    assert published.withheld == Counter({Reason.FEW: 1, Reason.COMPLEMENTARY: 1})
    assert [(line.municipality, line.profile_type) for line in published.lines] == [
        (GENT, HOME),
        (GENT, REST),
        (GENT, ALL),
        (ALL, ALL),
    ]
    assert cell_is_within(list(households), (GENT, SHOP), published)[0] == 0


def test_a_factory_that_no_neighbour_hides_costs_its_town_the_total_and_the_others_nothing() -> None:
    households = {
        (GENT, HOME): [400] * 60,
        (BRUGGE, HOME): [400] * 40,
        (BRUGGE, SHOP): [900_000],
    }
    published = published_of(households, RULES)
    shown = [(line.municipality, line.profile_type) for line in published.lines]
    assert shown == [(BRUGGE, HOME), (GENT, HOME), (GENT, ALL)]


def test_what_is_left_of_several_towns_is_shown_together_where_it_may_be() -> None:
    households = {(GENT, HOME): [400] * 60, (BRUGGE, HOME): [400] * 7, (DIKSMUIDE, HOME): [400] * 8}
    published = published_of(households, RULES)
    assert (REST, REST) in {(line.municipality, line.profile_type) for line in published.lines}
    assert published.lines[-1].municipality == ALL
    assert published.lines[-1].households == at_least(60 + 10)


@given(st.integers(0, 10**13))
def test_every_sum_lies_in_a_stretch_of_three_percent_of_the_one_scale(total: int) -> None:
    window = window_of(total)
    assert window.low <= total < window.high
    assert (window.high - window.low) * 100 >= 3 * window.high
    assert {window_of(window.low), window_of(window.high - 1)} == {window}


@given(st.integers(0, 10**9))
def test_stretches_follow_one_another_without_hole_or_overlap(total: int) -> None:
    window = window_of(total)
    assert window_of(window.high).low == window.high


@given(CROWD, CROWD)
def test_the_tally_of_two_crowds_is_the_tally_of_all(one: list[int], other: list[int]) -> None:
    assert Tally.of(one) + Tally.of(other) == Tally.of(one + other)


@pytest.mark.requirement("R11")
@settings(max_examples=250, deadline=None)
@given(TABLES)
def test_who_knows_all_that_is_shown_and_all_but_one_household_does_not_learn_that_one(
    households: Households,
) -> None:
    published = published_of(households, RULES)
    for cell, values in households.items():
        for number, used in enumerate(values):
            least, most = household_is_within(households, cell, number, published)
            assert least <= used <= most
            assert (most - least) * 100 >= RULES.leeway_percent * most


@pytest.mark.requirement("R11")
@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_no_suppressed_cell_can_be_computed_from_what_is_shown(households: Households) -> None:
    """By exact elimination over all cells: of one that is not shown alone, nothing below its rest is known."""
    published, cells = published_of(households, RULES), list(households)
    shown = {(line.municipality, line.profile_type) for line in published.lines}
    for cell in cells:
        least, most = cell_is_within(cells, cell, published)
        assert least <= sum(households[cell])
        assert most is None or sum(households[cell]) <= most
        if cell not in shown:
            alone = [line for line in published.lines if cells_of(line, published, cells) == [cell]]
            assert not alone
            assert least == 0


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_all_that_is_shown_is_a_sum_of_cells_that_may_be_shown(households: Households) -> None:
    """So no reader, with whatever arithmetic over lines, gets a sum of fewer or less alike households."""
    published, cells = published_of(households, RULES), list(households)
    parts = [line for line in published.lines if line.profile_type != ALL]
    seen: list[tuple[str, str]] = []
    for line in parts:
        members = cells_of(line, published, cells)
        seen += members
        together = Tally.of(value for cell in members for value in households[cell])
        assert RULES.objection(together) is None
        assert line.window == window_of(together.total)
        assert line.households == at_least(together.households)
    assert len(seen) == len(set(seen))
    for line in published.lines:
        if line.profile_type == ALL:
            own = [one.window for one in parts if line.municipality in (one.municipality, ALL)]
            assert line.window == Window(sum(one.low for one in own), sum(one.high for one in own))
            members = cells_of(line, published, cells)
            assert set(members) == {
                cell
                for one in parts
                if line.municipality in (one.municipality, ALL)
                for cell in cells_of(one, published, cells)
            }


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_every_cell_is_shown_or_counted_as_withheld(households: Households) -> None:
    published = published_of(households, RULES)
    alone = [line for line in published.lines if ALL not in (line.municipality, line.profile_type)]
    alone = [line for line in alone if line.profile_type != REST]
    assert len(alone) + sum(published.withheld.values()) == published.cells == len(households)


@pytest.mark.requirement("R11")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=10, max_size=60), st.integers(0, 6000))
def test_of_who_came_between_two_releases_the_difference_tells_no_more_than_the_rule(
    others: list[int], newcomer: int
) -> None:
    """Even where everybody else used in the second hour exactly what they used in the first."""
    before, after = lines_of({(GENT, HOME): others}), lines_of({(GENT, HOME): [*others, newcomer]})
    if not before or not after:
        return
    first, second = before[GENT, HOME], after[GENT, HOME]
    least, most = max(0, second.low - (first.high - 1)), second.high - 1 - first.low
    assert least <= newcomer <= most
    assert (most - least) * 100 >= RULES.leeway_percent * most


@given(st.integers(0, 10**6))
def test_a_count_is_told_as_at_least_so_many_of_a_few_sizes(households: int) -> None:
    assert at_least(households) <= households
    assert at_least(households) in (0, *[n * 10**k for n in (1, 2, 5) for k in range(1, 6)])


MOST_OF_ONE = 24 * 500 * 15 // 85 + 1
"""More than any household can use beside 24 others of at most 500 each without being over 15 % of the sum."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=9, max_size=24))
@example([0, 0, 0, 0, 32, 81, *[500] * 12])
@example([0, 0, 0, 331, 375, 375, 375, 375, 378])
def test_who_tries_every_value_of_one_household_finds_the_same_line_over_a_fifth_of_them(
    others: list[int],
) -> None:
    """Brute force, rules and all: which values of the last household would have given exactly this publication?"""
    rules = Rules()
    found: dict[object, list[int]] = {}
    for used in range(MOST_OF_ONE):
        published = publish({(GENT, HOME): Tally.of([*others, used])}, Rules(leeway_percent=0))
        if published.lines:
            found.setdefault(published.lines, []).append(used)
    for used_values in found.values():
        for used in used_values:
            if rules.objection(Tally.of([*others, used])) is None:
                spread = max(used_values) - min(used_values)
                assert spread * 100 >= rules.leeway_percent * max(used_values)
