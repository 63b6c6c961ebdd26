"""Questions about what would be decided wait behind what customers do, and nobody asks without end."""

from __future__ import annotations

from typing import Any

from tests.conftest import LOTTES_EAN
from tests.doors import HEAD, held, meanwhile, until
from tests.house import Customer, Party, TheHouse

DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "day"}


def asks(party: Party) -> dict[str, Any]:
    return party.call("decision.wish", ean=LOTTES_EAN, purpose="energy_advice", **DAY)


def test_what_a_customer_does_goes_before_a_partys_question_that_came_first(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    asked, home = bram.ask(), lotte.occupancy()
    with held(house, HEAD) as lock:
        leading = meanwhile(house.client, lambda: asks(joris))
        lock.until_waiting(1)
        waiting = meanwhile(house.client, lambda: asks(joris))
        lock.until_waiting(2)
        granting = meanwhile(house.client, lambda: lotte.grant(asked, home))
        lock.until_waiting(3)
        lock.release()
        granted = granting.result(60)
        assert leading.result(60)["index"] < granted["index"] < waiting.result(60)["index"]


def test_of_one_asker_only_so_many_questions_wait(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    with held(house, HEAD) as lock:
        mine = [meanwhile(house.client, lambda: asks(bram)) for _ in range(9)]
        until(lambda: sum(one.done() for one in mine) == 5, "all but four are turned away")
        others = meanwhile(house.client, lambda: asks(joris))
        lock.release()
        refused = [one.exception(60) for one in mine if one.exception(60) is not None]
        assert [getattr(error, "code", None) for error in refused] == ["queue-full"] * 5
        assert others.result(60)["parts"]
