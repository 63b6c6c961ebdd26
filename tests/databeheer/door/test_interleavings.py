"""Granting, withdrawing, moving out and reading at once: nothing leaves but what the ledger's order implies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.databases import Database
from tests.house import open_house
from tests.interleaving import Street, Told, check, lived

POINTS, ROUNDS = 12, 4


@pytest.mark.requirement("R1", "R22", "R29")
def test_no_read_gives_what_the_order_of_the_ledger_does_not_imply(database: Database) -> None:
    with open_house(database, now=datetime(2023, 3, 24, 9, tzinfo=UTC)) as house:
        street = Street(house, POINTS, Random(17))
        told = [one for _ in range(ROUNDS) for home in street.round() for one in home.told]
        street.close()
    acts = {one.act for one in told}
    # All that can happen did: who came in time and who came too late, on both sides.
    assert {"grant", "withdraw", "withdraw refused", "move", "read", "read refused", "own"} <= acts
    assert any(one.days for one in told if one.act == "read")


def test_the_check_notices_every_answer_that_the_order_does_not_imply(database: Database) -> None:
    with open_house(database, now=datetime(2023, 3, 24, 9, tzinfo=UTC)) as house:
        street = Street(house, 2, Random(1))
        (one, _) = street.round()
        street.close()
        home = replace(one, since=one.since - timedelta(days=1))  # one day is over
        (day,) = lived(street, home)
        street.amounts[home.ean, day] = 1
        told = Told("read", 10, days={day: 1})
        honest = [Told("grant", 9), told]
        check(street, replace(home, told=honest))
        for forged in (
            [told],
            [Told("grant", 11), told],
            [*honest, Told("withdraw", 9)],
            [*honest, Told("move", 9)],
            [Told("grant", 9), replace(told, days={day: 1, day - timedelta(days=1): 1})],
            [Told("grant", 9), replace(told, days=dict.fromkeys(told.days, 2))],
            [Told("grant", 9), replace(told, act="read refused", days={})],
        ):
            with pytest.raises(AssertionError):
                check(street, replace(home, told=forged))
