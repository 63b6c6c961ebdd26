"""Guesses at linking, log-ins, letters, links, sessions and tokens: none learns anything, and locks what it must."""

from __future__ import annotations

import pytest

from tests.guessing import guess_in_vain
from tests.house import Customer, Party, TheHouse
from tests.linking import report_rosa


@pytest.mark.requirement("R92", "R98")
def test_hundreds_of_guesses_several_at_once_learn_nothing_and_lock_what_they_must(
    house: TheHouse, net: Party, lotte: Customer
) -> None:
    report_rosa(house, net)
    guess_in_vain(house, 420, house.customer("rosa", "Rosa Vermeulen"))
