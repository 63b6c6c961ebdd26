"""The door's side of what a party sees of itself: whose proof opens it, and whose never does."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError
from tests.house import Customer, Party, TheHouse

WISH = {
    "purpose": "energy_advice",
    "category": "readings",
    "granularity": "day",
    "directions": ["offtake"],
    "data_from": "2023-01-01T00:00:00Z",
}
OF_PARTIES: dict[str, dict[str, Any]] = {
    "entries.list": {},
    "party.standing": {},
    "permission.request_many": {"requests": [WISH]},
}


def indices(party: Party, **query: object) -> list[int]:
    return [one["index"] for one in party.call("entries.list", **query)["entries"]]


def has_receipt(party: Party, index: int) -> bool:
    with suppress(DoorRefusedError):
        party.call("receipt.opening", index=index)
        return True
    return False


@pytest.mark.parametrize("command", OF_PARTIES)
def test_only_a_party_gives_them(house: TheHouse, lotte: Customer, bram: Party, command: str) -> None:
    arguments = OF_PARTIES[command]
    assert bram.call(command, **arguments)
    for ask in (lotte.call, house.operator):
        with pytest.raises(DoorRefusedError) as refused:
            ask(command, **arguments)
        assert refused.value.code == "unauthenticated"


def test_the_list_is_every_entry_of_which_the_party_has_the_receipt_and_no_other(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    joris.ask()
    with house.engine("superuser").connect() as connection:
        newest = connection.exec_driver_sql("SELECT max(index) FROM ledger.entry").scalar_one()
    for party in (bram, joris):
        opened = [index for index in range(newest, -1, -1) if has_receipt(party, index)]
        assert indices(party, limit=200) == opened
    assert set(indices(bram, limit=200)).isdisjoint(indices(joris, limit=200))


def test_what_a_suspended_party_did_stays_in_its_list(house: TheHouse, bram: Party) -> None:
    bram.ask()
    before = indices(bram)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a test")
    bram.token = house.token(bram.client_id, bram.client_secret)
    after = indices(bram)
    assert after[len(after) - len(before) :] == before
    assert "party.suspended" in [one["event"] for one in bram.call("entries.list")["entries"]]


def test_the_first_half_hour_of_a_month_is_found_by_its_own_day(house: TheHouse, bram: Party) -> None:
    # In UTC it is still the month before, and its row lies in that one's partition.
    first = (day_of(house.clock.now()).replace(day=1) + timedelta(days=32)).replace(day=1)
    house.clock.advance(midnight(first) + timedelta(minutes=30) - house.clock.now())
    bram.token = house.token(bram.client_id, bram.client_secret)
    bram.ask()
    day, before = first.isoformat(), (first - timedelta(days=1)).isoformat()
    [found] = bram.call("entries.list", first=day, last=day)["entries"]
    assert (found["day"], found["event"]) == (day, "permission.requested")
    assert bram.call("entries.list", first=before, last=before)["entries"] == []
