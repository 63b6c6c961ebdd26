"""Hundreds of orders of messages to the access register: the store of the right order, each time."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.databases import Databases
from tests.databeheer.door.access_register.sending import contracts, hanging, stays
from tests.databeheer.door.access_register.shuffling import (
    hold,
    meter_work,
    moves,
    of_suppliers,
    of_the_grid,
    open_market,
    switches,
)

ORDERS = int(os.environ.get("DATABEHEER_SOAK_ORDERS", "300"))


def test_hundreds_of_orders_of_messages_end_alike(databases: Databases) -> None:
    with open_market(databases) as market:

        @settings(max_examples=ORDERS, deadline=None)
        @given(moves(), meter_work(), switches(), st.integers(0, 10**6))
        def in_any_order(
            moved: list[dict[str, Any]],
            worked: list[dict[str, Any]],
            switched: list[tuple[int, dict[str, Any]]],
            seed: int,
        ) -> None:
            hold(market, of_the_grid(market, moved), seed, stays)
            hold(market, of_the_grid(market, worked), seed, hanging)
            hold(market, of_suppliers(market, switched), seed, contracts)

        in_any_order()
