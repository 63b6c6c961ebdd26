"""Messages in any order, some of them twice, leave the register as if they had come in order; or are refused in words.

Each example plays on access points of its own. A sender sends what was refused again as long as anything is still
taken, as the how-to says. What then stands is what stands where the same messages came in their order; of those that
are refused for good, where they never came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.counts import examples
from tests.databases import Databases
from tests.databeheer.door.access_register.sending import contracts, hanging, stays
from tests.databeheer.door.access_register.shuffling import (
    Market,
    hold,
    meter_work,
    moves,
    of_suppliers,
    of_the_grid,
    open_market,
    switches,
)

SEEDS = st.integers(0, 10**6)
_FEW = settings(max_examples=examples(2, of=5), deadline=None)


@pytest.fixture(scope="module")
def market(databases: Databases) -> Iterator[Market]:
    with open_market(databases) as the_market:
        yield the_market


@_FEW
@given(said=moves(), seed=SEEDS)
def test_moves_in_any_order_end_alike(market: Market, said: list[dict[str, Any]], seed: int) -> None:
    hold(market, of_the_grid(market, said), seed, stays)


@_FEW
@given(said=meter_work(), seed=SEEDS)
def test_work_on_meters_in_any_order_ends_alike(
    market: Market, said: list[dict[str, Any]], seed: int
) -> None:
    hold(market, of_the_grid(market, said), seed, hanging)


@_FEW
@given(said=switches(), seed=SEEDS)
def test_switches_in_any_order_end_alike(
    market: Market, said: list[tuple[int, dict[str, Any]]], seed: int
) -> None:
    hold(market, of_suppliers(market, said), seed, contracts)
