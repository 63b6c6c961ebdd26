"""The full count of guesses: ten thousand commands, as who has a botnet would send them."""

from __future__ import annotations

from tests.guessing import guess_in_vain
from tests.house import Customer, Party, TheHouse
from tests.linking import report_rosa

GUESSES = 10_000


def test_ten_thousand_guesses_learn_nothing_and_lock_what_they_must(
    house: TheHouse, net: Party, lotte: Customer
) -> None:
    report_rosa(house, net)
    answers = guess_in_vain(house, GUESSES, house.customer("rosa", "Rosa Vermeulen"))
    for (kind, answer), count in sorted(answers.items()):
        print(f"{count:6} {kind}: {answer}")
