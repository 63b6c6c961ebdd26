"""Days to come are granted to nobody: not read, not in bulk, not promised beforehand, and nobody is told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_bounds, day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.copies import setting_up
from tests.databeheer.door.bulk import Neighbours, read_bulk, settle
from tests.doors import query
from tests.house import Customer, Party, TheHouse


@pytest.fixture
@setting_up
def neighbours(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> Neighbours:
    return settle(house, lotte, maria, bram)


def window(house: TheHouse, first: int, last: int) -> dict[str, str]:
    """From so many days after today up to the end of another."""
    today = day_of(house.clock.now())
    start, end = day_bounds(today + timedelta(days=first))[0], day_bounds(today + timedelta(days=last))[1]
    return {"from": format_instant(start), "until": format_instant(end)}


def is_told(house: TheHouse) -> bool:
    return bool(query(house, "SELECT count(*) FROM post.message WHERE kind = 'data.first_read'")[0][0])


@pytest.mark.parametrize("granularity", ["quarter_hour", "day"])
def test_of_days_to_come_a_party_gets_a_refusal_and_nobody_is_told_that_it_read(
    neighbours: Neighbours, house: TheHouse, granularity: str
) -> None:
    to_come = {**window(house, 1, 9), "granularity": granularity}
    with pytest.raises(DoorRefusedError) as refused:
        neighbours.bram.read(neighbours.lottes, **to_come)
    assert refused.value.reason == "slot_not_whole"
    told = neighbours.lotte.statements()[0]
    assert told["event"] == "data.refused"
    assert not is_told(house)


def test_what_is_granted_ends_before_the_moment_of_asking(neighbours: Neighbours, house: TheHouse) -> None:
    wish = {**window(house, -2, 9), "granularity": "day", "mode": "clip"}
    answer = neighbours.bram.read(neighbours.lottes, **wish)
    now = format_instant(house.clock.now())
    assert answer["granted"]
    assert all(one["until"] <= now for one in answer["granted"])
    said = neighbours.bram.call("decision.explain", index=answer["index"])["parts"]
    assert [part["granted"] for part in said] == [True, False]
    assert said[1]["reason"] == "slot_not_whole"
    told = neighbours.lotte.statements()[0]
    assert (told["event"], told["period"]["until"] <= now) == ("data.read", True)


def test_nor_does_an_explanation_beforehand_promise_them(neighbours: Neighbours, house: TheHouse) -> None:
    wish = {**window(house, 1, 9), "granularity": "quarter_hour"}
    said = neighbours.bram.call("decision.wish", permission_id=neighbours.lottes, **wish)
    assert [part["reason"] for part in said["parts"]] == ["slot_not_whole"]


def test_nor_is_one_in_a_portfolio(neighbours: Neighbours, house: TheHouse) -> None:
    """One whole day of quarter-hours is what a portfolio is opened by at once."""
    answer: dict[str, Any] = read_bulk(neighbours.bram, neighbours.both, **window(house, 1, 1))
    assert [item["granted"] for item in answer["items"]] == [[], []]
    assert [item["reason"] for item in answer["items"]] == ["slot_not_whole"] * 2
    assert {one.statements()[0]["event"] for one in (neighbours.lotte, neighbours.maria)} == {"data.refused"}
    assert not is_told(house)
