"""A party's web hooks: its secret is shown once, its letters are its own, and dead ones can be sent again."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.post.carrying import RefusedForGoodError
from databeheer.post.deliveries import MOST_REPLAYS, MOST_TESTS, Channel
from databeheer.post.webhooks import OVERLAP
from tests.databeheer.post.test_webhooks import check_ed25519, check_hmac
from tests.doors import execute
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, postman, to_whom

URL = "https://bram.example/hooks"


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


def sent(house: TheHouse, pouch: Pouch | None = None) -> list[dict[str, Any]]:
    """Every web hook that was due, after one round."""
    pouch = pouch or Pouch()
    with closing(postman(house, webhook=pouch)) as carrier:
        while carrier.round(Channel.WEBHOOK):
            pass
    return [letter for _, letter in pouch.letters]


def of_type(letters: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [letter for letter in letters if json.loads(letter["body"])["type"] == kind]
    return found


def test_a_secret_is_shown_once(house: TheHouse, bram: Party) -> None:
    made = bram.call("webhook.put", url=URL)["webhook"]
    assert made["secret"].startswith("whsec_")
    assert "secret" not in bram.call("webhook.show")["webhook"]
    assert "secret" not in bram.call("webhook.put", url=URL + "/2")["webhook"]
    assert bram.call("webhook.show")["webhook"]["url"] == URL + "/2"


def test_with_ed25519_the_party_has_our_public_half(house: TheHouse, bram: Party) -> None:
    made = bram.call("webhook.put", url=URL, scheme="ed25519")["webhook"]
    assert "secret" not in made
    assert bram.call("webhook.show")["webhook"]["public_key"] == made["public_key"]
    letter = of_type(sent(house), "webhook.changed")
    assert check_ed25519(letter["headers"], letter["body"].encode(), made["public_key"])


@pytest.mark.requirement("R27")
def test_a_web_hook_says_a_number_and_is_signed(house: TheHouse, lotte: Customer, bram: Party) -> None:
    secret = bram.call("webhook.put", url=URL)["webhook"]["secret"]
    asked = bram.ask()
    lotte.grant(asked)
    letter = of_type(sent(house), "permission.granted")
    body = json.loads(letter["body"])
    assert letter["to"] == URL
    assert set(body) == {"type", "timestamp", "data"}
    assert body["data"]["permission_id"] == asked["permission_id"]
    assert set(body["data"]) == {"permission_id", "until"}
    assert check_hmac(letter["headers"], letter["body"].encode(), secret)


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    old = bram.call("webhook.put", url=URL)["webhook"]["secret"]
    new = bram.call("webhook.put", url=URL, rotate=True)["webhook"]["secret"]
    assert old != new
    sent(house)
    bram.call("webhook.test")
    [letter] = sent(house)
    body = letter["body"].encode()
    assert check_hmac(letter["headers"], body, old)
    assert check_hmac(letter["headers"], body, new)
    house.clock.advance(OVERLAP)
    bram.token = house.token(bram.client_id, bram.client_secret)
    bram.call("webhook.test")
    [letter] = sent(house)
    body = letter["body"].encode()
    assert not check_hmac(letter["headers"], body, old)
    assert check_hmac(letter["headers"], body, new)


def test_changing_only_the_address_keeps_the_secret(house: TheHouse, bram: Party) -> None:
    secret = bram.call("webhook.put", url=URL)["webhook"]["secret"]
    bram.call("webhook.put", url=URL + "/2")
    sent(house)
    bram.call("webhook.test")
    [letter] = sent(house)
    assert letter["to"] == URL + "/2"
    assert check_hmac(letter["headers"], letter["body"].encode(), secret)


@pytest.mark.parametrize("url", ["http://bram.example/", "https://10.0.0.1/", "https://bram.example/#x", ""])
def test_an_address_that_may_not_be_changes_nothing(house: TheHouse, bram: Party, url: str) -> None:
    assert code(lambda: bram.call("webhook.put", url=url)) == "malformed-request"
    assert code(lambda: bram.call("webhook.show")) == "not-found"


def test_outside_the_demo_this_machine_is_refused(house: TheHouse, bram: Party) -> None:
    object.__setattr__(house.house, "loopback_webhooks", False)
    assert code(lambda: bram.call("webhook.put", url="http://127.0.0.1:8080/")) == "malformed-request"


def test_who_gets_no_web_hooks_is_sent_none(house: TheHouse, lotte: Customer, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    lotte.grant(bram.ask())
    bram.call("webhook.remove")
    assert [(letter["to"], json.loads(letter["body"])["data"]) for letter in sent(house)] == [(URL, {})]
    states = [(one["type"], one["state"]) for one in bram.call("webhook.deliveries")["deliveries"]]
    assert sorted(states) == [
        ("permission.granted", "dropped"),
        ("webhook.changed", "delivered"),
        ("webhook.changed", "dropped"),
    ]
    assert code(lambda: bram.call("webhook.remove")) == "not-found"


@pytest.mark.parametrize("command", ["webhook.put", "webhook.remove"])
def test_the_address_that_was_is_told_of_the_change_and_knows_that_it_is_us(
    house: TheHouse, bram: Party, command: str
) -> None:
    secret = bram.call("webhook.put", url=URL)["webhook"]["secret"]
    sent(house)
    new = {"url": "https://thief.example/", "rotate": True} if command == "webhook.put" else {}
    bram.call(command, **new)
    [goodbye] = [letter for letter in sent(house) if letter["to"] == URL]
    assert json.loads(goodbye["body"])["type"] == "webhook.changed"
    assert "thief" not in goodbye["body"]
    assert check_hmac(goodbye["headers"], goodbye["body"].encode(), secret)


def test_an_address_that_stays_is_told_once(house: TheHouse, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    sent(house)
    bram.call("webhook.put", url=URL, rotate=True)
    assert [letter["to"] for letter in sent(house)] == [URL]


def test_few_are_sent_again_at_once(house: TheHouse, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    for _ in range(MOST_TESTS):
        bram.call("webhook.test")
    numbers = [one["delivery_id"] for one in bram.call("webhook.deliveries")["deliveries"]]
    sent(house)
    execute(
        house,
        "INSERT INTO post.delivery (delivery_id, operator, channel, party_id, told_at, next_at, replayed_at)"
        " SELECT gen_random_uuid(), 1, 'webhook', %s, now(), now(), now() FROM generate_series(2, %s)",
        bram.party_id,
        MOST_REPLAYS,
    )
    bram.call("webhook.replay", delivery_id=numbers[0])
    assert code(lambda: bram.call("webhook.replay", delivery_id=numbers[1])) == "conflict"
    execute(house, "DELETE FROM post.delivery WHERE told_at = replayed_at")
    bram.call("webhook.replay", delivery_id=numbers[1])


def test_a_change_is_told_to_party_and_data_manager(house: TheHouse, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    assert {recipient for recipient, _ in to_whom(house, "webhook.changed")} == {"party", "data_manager"}


def test_dead_letters_are_listed_and_sent_again_under_the_same_number(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    def gone() -> None:
        raise RefusedForGoodError("http-410")

    bram.call("webhook.put", url=URL)
    asked = bram.ask()
    lotte.grant(asked)
    refused = Pouch(gone)
    sent(house, refused)
    dead = bram.call("webhook.deliveries", state="dead")["deliveries"]
    granted = next(one for one in dead if one["type"] == "permission.granted")
    assert (granted["attempts"], granted["last_error"]) == (1, "http-410")
    bram.call("webhook.replay", delivery_id=granted["delivery_id"])
    [letter] = sent(house)
    assert letter["headers"]["webhook-id"] == granted["webhook_id"]
    assert json.loads(letter["body"])["data"]["permission_id"] == asked["permission_id"]
    after = {one["delivery_id"]: one["state"] for one in bram.call("webhook.deliveries")["deliveries"]}
    assert after[granted["delivery_id"]] == "delivered"


def history(house: TheHouse, lotte: Customer, bram: Party) -> list[dict[str, Any]]:
    """Three web hooks of Bram's, a minute apart, all arrived: as the list has them, the oldest first."""
    bram.call("webhook.put", url=URL)
    for _ in range(2):
        house.clock.advance(timedelta(minutes=1))
        lotte.grant(bram.ask())
    sent(house)
    found: list[dict[str, Any]] = bram.call("webhook.deliveries")["deliveries"][::-1]
    assert [one["state"] for one in found] == ["delivered"] * 3
    return found


def test_all_since_a_moment_are_sent_again_under_their_numbers(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    first, second, third = history(house, lotte, bram)
    again = bram.call("webhook.replay_since", since=second["told_at"])
    assert again == {"replayed": 2, "next_since": None}
    waiting = {one["webhook_id"]: one for one in bram.call("webhook.deliveries")["deliveries"]}
    assert waiting[first["webhook_id"]]["state"] == "delivered"
    numbers = {letter["headers"]["webhook-id"] for letter in sent(house)}
    assert numbers == {second["webhook_id"], third["webhook_id"]}


def test_dead_letters_since_a_moment_are_sent_again_and_nothing_else(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    def gone() -> None:
        raise RefusedForGoodError("http-410")

    first, *_ = history(house, lotte, bram)
    house.clock.advance(timedelta(minutes=1))
    lotte.grant(bram.ask())
    sent(house, Pouch(gone))
    assert bram.call("webhook.replay_since", since=first["told_at"], state="dead")["replayed"] == 1
    assert bram.call("webhook.replay_since", since=first["told_at"], state="dead")["replayed"] == 0
    assert len(sent(house)) == 1


def test_what_is_more_than_may_wait_is_told_from_where_to_go_on(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("databeheer.post.deliveries.MOST_REPLAYS", 2)
    first, _, third = history(house, lotte, bram)
    some = bram.call("webhook.replay_since", since=first["told_at"])
    assert some == {"replayed": 2, "next_since": third["told_at"]}
    assert code(lambda: bram.call("webhook.replay_since", since=third["told_at"])) == "conflict"
    sent(house)
    assert bram.call("webhook.replay_since", since=some["next_since"])["replayed"] == 1


def test_what_happened_at_one_moment_is_sent_whole(
    house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who goes on from that moment would get the same ones again for ever."""
    monkeypatch.setattr("databeheer.post.deliveries.MOST_REPLAYS", 2)
    first, *_, last = history(house, lotte, bram)
    execute(
        house, "UPDATE post.delivery SET told_at = %s WHERE told_at < %s", first["told_at"], last["told_at"]
    )
    execute(
        house,
        "INSERT INTO post.delivery (delivery_id, operator, channel, party_id, told_at, next_at, state, ended_at)"
        " SELECT gen_random_uuid(), 1, 'webhook', party_id, told_at, told_at, 'delivered', told_at"
        " FROM post.delivery WHERE delivery_id = %s",
        first["delivery_id"],
    )
    assert bram.call("webhook.replay_since", since=first["told_at"]) == {
        "replayed": 3,
        "next_since": last["told_at"],
    }


def test_what_joris_has_sent_again_is_his_own(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    first, *_ = history(house, lotte, bram)
    assert joris.call("webhook.replay_since", since=first["told_at"])["replayed"] == 0
    assert sent(house) == []


def test_what_is_on_its_way_is_not_sent_twice(house: TheHouse, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    [waiting] = bram.call("webhook.deliveries")["deliveries"]
    assert code(lambda: bram.call("webhook.replay", delivery_id=waiting["delivery_id"])) == "conflict"


def test_joris_neither_sees_nor_replays_brams_web_hooks(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    bram.call("webhook.put", url=URL)
    joris.call("webhook.put", url="https://joris.example/")
    lotte.grant(bram.ask())
    letters = sent(house)
    brams = bram.call("webhook.deliveries")["deliveries"]
    joriss = joris.call("webhook.deliveries")["deliveries"]
    assert [one["type"] for one in joriss] == ["webhook.changed"]
    assert not {one["delivery_id"] for one in joriss} & {one["delivery_id"] for one in brams}
    for one in brams:
        assert (
            code(lambda one=one: joris.call("webhook.replay", delivery_id=one["delivery_id"])) == "not-found"
        )
    assert code(lambda: joris.call("webhook.replay", delivery_id=str(uuid4()))) == "not-found"
    to_joris = [letter for letter in letters if letter["to"] == "https://joris.example/"]
    assert [json.loads(letter["body"])["type"] for letter in to_joris] == ["webhook.changed"]


def test_tests_need_an_address_and_are_few(house: TheHouse, bram: Party) -> None:
    assert code(lambda: bram.call("webhook.test")) == "conflict"
    bram.call("webhook.put", url=URL)
    for _ in range(MOST_TESTS):
        bram.call("webhook.test")
    assert code(lambda: bram.call("webhook.test")) == "conflict"
    letters = sent(house)
    assert len([one for one in letters if json.loads(one["body"])["type"] == "webhook.test"]) == MOST_TESTS


def test_the_grid_operators_own_web_hook_gets_what_the_data_manager_is_told(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    net = house.party("Netbeheerder", "dso", operator=1)
    net.call("webhook.put", url="https://net.example/")
    sent(house)
    asked = bram.ask()
    lotte.grant(asked)
    body = json.loads(of_type(sent(house), "permission.granted")["body"])
    assert body["data"] == {
        "permission_id": asked["permission_id"],
        "party_id": bram.party_id,
        "recipient": "data_manager",
        "until": body["data"]["until"],
    }


@pytest.mark.requirement("R2", "R27")
def test_two_parties_that_are_the_data_manager_are_each_told_once(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    """One controller may be grid operator and data manager, a party for each role (R2)."""
    urls = {"https://net.example/", "https://data.example/"}
    both = [house.party(role, role, operator=1) for role in ("dso", "data_manager")]
    for party, url in zip(both, sorted(urls), strict=True):
        party.call("webhook.put", url=url)
    sent(house)
    lotte.grant(bram.ask())
    granted = [one for one in sent(house) if json.loads(one["body"])["type"] == "permission.granted"]
    assert sorted(one["to"] for one in granted) == sorted(urls)
    for party in both:
        own = party.call("webhook.deliveries")["deliveries"]
        assert [one["type"] for one in own].count("permission.granted") == 1


def test_what_was_told_to_one_party_is_not_anothers_after_it_left(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    """Who gets it stands fast when it is written."""
    first, second = (house.party(role, role, operator=1) for role in ("dso", "data_manager"))
    first.call("webhook.put", url="https://net.example/")
    sent(house)
    lotte.grant(bram.ask())
    first.call("webhook.remove")
    second.call("webhook.put", url="https://data.example/")
    to_second = [
        json.loads(one["body"])["type"] for one in sent(house) if one["to"] == "https://data.example/"
    ]
    assert "permission.granted" not in to_second


def test_web_hooks_are_a_partys_by_its_own_interface(house: TheHouse, lotte: Customer, bram: Party) -> None:
    facade = Proof.token(house.token(bram.client_id, bram.client_secret, "facade"))
    for proof in (facade, Proof.session(lotte.session), Proof.operator(house.operator_key), None):
        for command in ("webhook.show", "webhook.remove", "webhook.test", "webhook.deliveries"):
            refused = code(lambda proof=proof, command=command: house.client.call(command, proof))
            assert refused == "unauthenticated"
        since = "2023-10-29T00:00:00Z"
        replay = partial(house.client.call, "webhook.replay_since", proof, since=since)
        refused = code(replay)
        assert refused == "unauthenticated"


def test_a_later_secret_does_not_outlive_its_day(house: TheHouse, bram: Party) -> None:
    bram.call("webhook.put", url=URL)
    bram.call("webhook.put", url=URL, rotate=True)
    assert bram.call("webhook.show")["webhook"]["old_secret_until"] is not None
    house.clock.advance(OVERLAP + timedelta(seconds=1))
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert bram.call("webhook.show")["webhook"]["old_secret_until"] is None


def test_a_supplier_cannot_be_entered_with_a_grid_operators_number(house: TheHouse) -> None:
    wish = {"name": "Spion", "role": "supplier", "operator": 1}
    assert code(lambda: house.operator("registry.party.add", **wish)) == "malformed-request"
    forged = "INSERT INTO registry.party (party_id, name, role, about, website, processing_url, operator, created_at)"
    with pytest.raises(psycopg.IntegrityError):
        execute(house, f"{forged} VALUES (gen_random_uuid(), 'Spion', 'supplier', '', '', '', 1, now())")


def test_the_grid_operators_hooks_get_what_the_data_manager_is_told_and_a_suppliers_do_not(
    house: TheHouse, lotte: Customer, bram: Party, net: Party, erik: Party
) -> None:
    for party in (net, erik):
        party.call("webhook.put", url=URL)
    lotte.grant(bram.ask())
    got = [{one["type"] for one in party.call("webhook.deliveries")["deliveries"]} for party in (net, erik)]
    assert "permission.granted" in got[0]
    assert got[1] == {"webhook.changed"}
