"""A party is told by its web hook on which days readings came that its permissions give it; never a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.news import commands, found
from databeheer.door.news.commands import LOOK_EVERY
from databeheer.post import news as post_news
from databeheer.post.news import KEPT
from tests.databeheer.door.conftest import DAYS, export
from tests.databeheer.door.test_webhook_commands import sent
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import query
from tests.house import Customer, Party, TheHouse

URL = "https://bram.example/hooks"
NEXT = date(2023, 10, 31)


def look(house: TheHouse) -> dict[str, int]:
    """What the clerk's look wrote down, once it is time for one."""
    house.clock.advance(LOOK_EVERY)
    done: dict[str, int] = {}
    more = True
    while more:
        answer = house.client.call("webhook.sweep", Proof.clerk(house.clerk_key))
        assert answer["failed"] == 0
        for name, count in answer["recorded"].items():
            done[name] = done.get(name, 0) + count
        more = answer["more"]
    return done


def news(house: TheHouse) -> list[dict[str, Any]]:
    """What web hooks on readings say that are due now, of each permission."""
    bodies = [json.loads(letter["body"]) for letter in sent(house)]
    told = [body["data"]["permissions"] for body in bodies if body["type"] == "readings.arrived"]
    return [one for permissions in told for one in permissions]


@pytest.fixture
def told(house: TheHouse, lotte: Customer, bram: Party) -> dict[str, Any]:
    """Bram's request, which Lotte granted; he is told by web hook, and nothing has come yet."""
    bram.call("webhook.put", url=URL)
    asked = bram.ask()
    lotte.grant(asked)
    sent(house)
    return asked


def test_a_party_is_told_which_days_came_and_no_value(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    assert look(house) == {"readings_arrived": 1}
    [letter] = sent(house)
    body = json.loads(letter["body"])
    assert body["type"] == "readings.arrived"
    assert body["data"] == {
        "permissions": [
            {
                "permission_id": told["permission_id"],
                "from": DAYS[0].isoformat(),
                "until": NEXT.isoformat(),
                "is_correction": False,
            }
        ]
    }


def test_what_was_told_is_not_told_again(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    assert look(house) == {"readings_arrived": 1}
    assert look(house) == {}
    house.ingest(english(*day_rows(NEXT)))
    assert look(house) == {"readings_arrived": 1}
    [_, later] = sorted(news(house), key=lambda one: str(one["from"]))
    assert (later["from"], later["is_correction"]) == (NEXT.isoformat(), False)


def test_of_a_day_that_was_there_before_it_is_said(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    look(house)
    sent(house)
    house.ingest(english(*(row.but(volume="0,999") for row in day_rows(DAYS[1]))))
    look(house)
    [one] = news(house)
    assert (one["from"], one["until"]) == (DAYS[1].isoformat(), DAYS[2].isoformat())
    assert one["is_correction"] is True


def test_a_file_that_brings_nothing_new_is_no_news(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    look(house)
    house.ingest(export())
    assert look(house) == {}


def test_what_was_stored_before_the_web_hook_was_set_is_no_news(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    measured.grant(bram.ask())
    bram.call("webhook.put", url=URL)
    assert look(house) == {}


def test_who_sets_another_address_goes_on_where_he_was(
    house: TheHouse, told: dict[str, Any], bram: Party
) -> None:
    house.ingest(export())
    bram.call("webhook.put", url=URL + "/2")
    assert look(house) == {"readings_arrived": 1}


def test_who_has_no_web_hook_is_not_looked_at(house: TheHouse, told: dict[str, Any], bram: Party) -> None:
    bram.call("webhook.remove")
    house.ingest(export())
    assert look(house) == {}
    assert query(house, "SELECT count(*) FROM post.reading_news")[0][0] == 0


def test_joris_is_told_nothing(house: TheHouse, told: dict[str, Any], joris: Party) -> None:
    joris.call("webhook.put", url="https://joris.example/")
    joris.ask()
    house.ingest(export())
    look(house)
    to_joris = [letter for letter in sent(house) if letter["to"] == "https://joris.example/"]
    assert [json.loads(letter["body"])["type"] for letter in to_joris] == ["webhook.changed"]


HINDRANCES: dict[str, Callable[[TheHouse, Customer, Party, str], Any]] = {
    "withdrawn": lambda house, lotte, bram, permission: lotte.withdraw(permission),
    "suspended": lambda house, lotte, bram, permission: house.operator(
        "registry.party.suspend", party_id=bram.party_id, reason="a breach"
    ),
    "doubted": lambda house, lotte, bram, permission: lotte.call(
        "doubt.raise", permission_id=permission, concern="not_given"
    ),
}


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_who_may_not_read_now_is_not_told_what_came(
    house: TheHouse, told: dict[str, Any], lotte: Customer, bram: Party, hindrance: str
) -> None:
    house.ingest(export())
    HINDRANCES[hindrance](house, lotte, bram, told["permission_id"])
    assert look(house) == {}
    assert news(house) == []


@pytest.mark.parametrize(
    ("wish", "days"),
    [
        ({"data_from": "2023-10-28T22:00:00Z"}, (DAYS[1], NEXT)),
        ({"data_until": "2023-10-28T22:00:00Z"}, (DAYS[0], DAYS[1])),
        ({"granularity": "day"}, (DAYS[0], NEXT)),
    ],
)
def test_only_days_that_the_permission_gives_are_told(
    house: TheHouse, lotte: Customer, bram: Party, wish: dict[str, str], days: tuple[date, date]
) -> None:
    bram.call("webhook.put", url=URL)
    lotte.grant(bram.ask(**wish))
    sent(house)
    house.ingest(export())
    look(house)
    [one] = news(house)
    assert (one["from"], one["until"]) == tuple(day.isoformat() for day in days)


def test_of_another_direction_nothing_is_told(house: TheHouse, lotte: Customer, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    lotte.grant(bram.ask(directions=["injection"]))
    house.ingest(export())
    assert look(house) == {}


def test_while_hand_over_is_stopped_news_wait(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    house.operator("stop.set", reason="a drill")
    assert look(house) == {}
    house.operator("stop.lift", reason="over")
    assert look(house) == {"readings_arrived": 1}


def test_two_who_look_at_once_tell_nothing_twice(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    house.clock.advance(LOOK_EVERY)
    now = house.clock.now()
    with house.house.engine.begin() as connection:
        [row] = post_news.to_look_at(connection, now, 10)
        until = post_news.begin(connection, row, row.told_to + 100, now)
    with house.house.engine.begin() as connection:
        assert post_news.go_on(connection, row, until, None, now)
        assert not post_news.go_on(connection, row, until, None, now)


def test_more_than_a_page_and_more_than_a_message_are_told_whole(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "PAGE", 2)
    monkeypatch.setattr(commands, "MOST_TOLD", 1)
    bram.call("webhook.put", url=URL)
    for purpose in ("energy_advice", "energy_monitoring", "energy_advice"):
        lotte.grant(bram.ask(purpose=purpose))
    sent(house)
    house.ingest(export())
    live = {
        one["permission_id"]
        for one in bram.call("permission.list")["permissions"]
        if one["state"] == "active"
    }
    assert len(live) >= 3
    assert look(house) == {"readings_arrived": len(live)}
    assert sorted(one["permission_id"] for one in news(house)) == sorted(live)


def test_the_database_alone_does_not_tell_whose_readings_came(house: TheHouse, told: dict[str, Any]) -> None:
    """Neither the message nor the entry names a permission: beside a batch that would name a stay."""
    house.ingest(export())
    look(house)
    rows = query(house, "SELECT * FROM post.message WHERE kind = 'readings.arrived'")
    assert rows
    assert told["permission_id"] not in str(rows)
    assert query(
        house,
        "SELECT count(*) FROM ledger.statement s JOIN ledger.body b USING (index) WHERE b.event = 'readings.arrived'",
    ) == [(0,)]


def test_such_messages_are_kept_for_thirty_days(house: TheHouse, told: dict[str, Any]) -> None:
    house.ingest(export())
    look(house)
    count = "SELECT count(*) FROM post.message WHERE kind = 'readings.arrived'"
    house.clock.advance(KEPT + timedelta(days=1))
    look(house)
    assert query(house, count) == [(1,)]  # it is on its way still
    sent(house)
    look(house)
    assert query(house, count) == [(0,)]


def test_only_the_clerk_and_the_operator_have_it_looked(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    for asker in (lotte, bram):
        with pytest.raises(DoorRefusedError) as refused:
            asker.call("webhook.sweep")
        assert refused.value.code == "unauthenticated"
    assert house.operator("webhook.sweep")["failed"] == 0
