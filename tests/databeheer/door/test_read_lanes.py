"""Which reads go first, and who is turned away when more wait than the door holds: from the bottom."""

from __future__ import annotations

import pytest

from databeheer.door.proofs import Proof
from databeheer.door.reads.loop import Lane, ReadLoop
from databeheer.door.reads.request import ReadRequest
from databeheer.errors import QueueFullError
from databeheer.values import Granularity, Period, parse_instant
from tests.house import Customer, Party, TheHouse

DAY = Period(parse_instant("2023-01-01T00:00:00Z"), parse_instant("2023-01-02T00:00:00Z"))


def a_read(name: str) -> ReadRequest:
    return ReadRequest(Proof("token", name), DAY, Granularity.DAY, None, strict=True)


def test_a_customer_takes_the_place_of_the_last_of_the_rest(standing: TheHouse) -> None:
    loop = ReadLoop(standing.house, longest_queue=2)
    first = loop.submit(a_read("first"), Lane.REST)
    last = loop.submit(a_read("last"), Lane.REST)
    customer = loop.submit(a_read("customer"), Lane.CUSTOMER)
    assert isinstance(last.exception(0), QueueFullError)
    assert not first.done()
    assert not customer.done()


@pytest.mark.parametrize("lane", [Lane.CUSTOMER, Lane.GRID, Lane.BILLING, Lane.REST])
def test_nobody_takes_the_place_of_his_own_lane_or_a_higher_one(standing: TheHouse, lane: int) -> None:
    loop = ReadLoop(standing.house, longest_queue=1)
    waiting = loop.submit(a_read("waiting"), lane)
    for newcomer in range(lane, Lane.REST + 1):
        with pytest.raises(QueueFullError):
            loop.submit(a_read(f"newcomer {newcomer}"), newcomer)
    assert not waiting.done()


def test_who_was_turned_away_holds_no_place_any_more(standing: TheHouse) -> None:
    loop = ReadLoop(standing.house, longest_queue=1, most_of_one=1)
    loop.submit(a_read("one"), Lane.REST)
    loop.submit(a_read("customer"), Lane.CUSTOMER)
    with pytest.raises(QueueFullError, match="than the door holds"):
        loop.submit(a_read("one"), Lane.REST)


def test_several_tokens_of_one_party_wait_in_the_places_of_one(house: TheHouse, bram: Party) -> None:
    loop = ReadLoop(house.house, most_of_one=1)
    loop.submit(a_read(bram.token), Lane.REST)
    with pytest.raises(QueueFullError, match="too many of your requests"):
        loop.submit(a_read(house.token(bram.client_id, bram.client_secret)), Lane.REST)


def test_a_person_goes_before_the_grid_the_grid_before_billing_and_that_before_the_rest(
    house: TheHouse, lotte: Customer, net: Party, erik: Party, bram: Party
) -> None:
    loop = ReadLoop(house.house)
    proofs = [Proof("session", lotte.session), *(Proof("token", one.token) for one in (net, erik, bram))]
    assert [loop.lane_of(proof) for proof in proofs] == [Lane.CUSTOMER, Lane.GRID, Lane.BILLING, Lane.REST]
    assert loop.lane_of(Proof("token", "made up")) == Lane.REST


def test_a_loop_that_stops_answers_whoever_still_waits(standing: TheHouse) -> None:
    loop = ReadLoop(standing.house)
    waiting = loop.submit(a_read("waiting"), Lane.REST)
    loop.start()
    loop.stop()
    assert waiting.exception(10) is not None
    with pytest.raises(QueueFullError, match="closing"):
        loop.submit(a_read("late"), Lane.REST)
