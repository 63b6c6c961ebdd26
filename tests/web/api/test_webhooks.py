"""A party's program sets up web hooks, gets them signed, and fetches what did not arrive."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import Any

import pytest

from databeheer.post.carrying import CarryError
from databeheer.post.deliveries import MOST_ATTEMPTS, RETRIES, Channel
from databeheer.post.webhook_carrier import WebhookCarrier
from tests.databeheer.post.test_webhooks import check_hmac
from tests.doors import CHECKOUT
from tests.house import Customer, TheHouse
from tests.letters import Pouch, postman
from tests.receivers import receiver
from tests.web.programs import Caller
from web.api.schemas.webhooks import ADVICE, advice

PATH = "/api/v1/webhooks"
URL = "https://bram.example/hooks"


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


@pytest.mark.requirement("R27")
def test_from_registration_to_a_signed_web_hook(house: TheHouse, lotte: Customer, bram_calls: Caller) -> None:
    with receiver() as got, closing(postman(house, webhook=WebhookCarrier(loopback=True))) as carrier:
        made = bram_calls.put(PATH, {"url": got.url}).get_json()
        asked = bram_calls.party.ask()
        lotte.grant(asked)
        assert bram_calls.post(f"{PATH}/test", {}).status_code == 202
        while carrier.round(Channel.WEBHOOK):
            pass
    by_type = {json.loads(hook.body)["type"]: hook for hook in got.hooks}
    assert set(by_type) == {"webhook.changed", "permission.granted", "webhook.test"}
    granted = by_type["permission.granted"]
    assert json.loads(granted.body)["data"]["permission_id"] == asked["permission_id"]
    assert check_hmac(granted.headers, granted.body, made["secret"])
    listed = bram_calls.get(f"{PATH}/deliveries").get_json()["deliveries"]
    assert {one["state"] for one in listed} == {"delivered"}
    assert {one["webhook_id"] for one in listed} == {hook.headers["webhook-id"] for hook in got.hooks}


def test_a_secret_is_shown_in_the_answer_that_made_it_and_never_again(bram_calls: Caller) -> None:
    assert bram_calls.put(PATH, {"url": URL}).get_json()["secret"].startswith("whsec_")
    assert "secret" not in bram_calls.get(PATH).get_json()
    assert "secret" not in bram_calls.put(PATH, {"url": URL}).get_json()
    rotated = bram_calls.put(PATH, {"url": URL, "rotate": True}).get_json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["old_secret_until"] is not None


def test_dead_letters_are_fetched_and_sent_again(
    house: TheHouse, bram_calls: Caller, joris_calls: Caller
) -> None:
    def fail() -> None:
        raise CarryError("http-500")

    bram_calls.put(PATH, {"url": URL})
    with closing(postman(house, webhook=Pouch(fail))) as carrier:
        for pause in RETRIES:
            carrier.round(Channel.WEBHOOK)
            house.clock.advance(pause)
        while carrier.round(Channel.WEBHOOK):
            pass
    token = house.token(bram_calls.party.client_id, bram_calls.party.client_secret)
    calls = Caller(bram_calls.http, bram_calls.party, token)
    [dead] = calls.get(f"{PATH}/deliveries", state="dead").get_json()["deliveries"]
    assert (dead["attempts"], dead["last_error"]) == (MOST_ATTEMPTS, "http-500")
    assert dead["advice"].startswith("Your address answered 500")
    stranger = Caller(joris_calls.http, joris_calls.party, _token(house, joris_calls))
    replay = f"{PATH}/deliveries/{dead['id']}/replay"
    assert problem(stranger.post(replay, {})) == (404, "not-found")
    assert calls.post(replay, {}).status_code == 202
    assert problem(calls.post(replay, {})) == (409, "conflict")
    pouch = Pouch()
    with closing(postman(house, webhook=pouch)) as carrier:
        while carrier.round(Channel.WEBHOOK):
            pass
    assert [letter["headers"]["webhook-id"] for _, letter in pouch.letters] == [dead["webhook_id"]]


def _token(house: TheHouse, of: Caller) -> str:
    return house.token(of.party.client_id, of.party.client_secret)


def test_what_failed_at_the_party_says_what_the_party_can_do() -> None:
    """Each word that a carrier writes down has its own; what is ours to mend says so."""
    carrier = (CHECKOUT / "databeheer" / "post" / "webhook_carrier.py").read_text()
    slugs = set(re.findall(r'Error\("([a-z0-9-]+)"\)', carrier))
    assert slugs == ADVICE.keys()
    assert len({advice(slug) for slug in slugs}) == len(slugs)
    assert "do not follow" in str(advice("http-302"))
    for ours in ("door-away", "internal"):
        assert "ours to mend" in str(advice(ours))
    assert advice(None) is None


def test_everything_since_a_moment_is_sent_again(
    house: TheHouse, bram_calls: Caller, joris_calls: Caller
) -> None:
    bram_calls.put(PATH, {"url": URL})
    with closing(postman(house, webhook=Pouch())) as carrier:
        carrier.round(Channel.WEBHOOK)
        since = {"since": house.clock.now().isoformat(timespec="seconds")}
        assert joris_calls.post(f"{PATH}/replay", since).get_json()["replayed"] == 0
        answer = bram_calls.post(f"{PATH}/replay", since)
        assert (answer.status_code, answer.get_json()) == (202, {"replayed": 1, "next_since": None})
        assert carrier.round(Channel.WEBHOOK) == 1
    for wrong in ({}, {"since": "yesterday"}, since | {"state": "waiting"}, since | {"until": "2026-01-01"}):
        assert problem(bram_calls.post(f"{PATH}/replay", wrong)) == (400, "malformed-request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://bram.example/"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://bram.example/", "scheme": "none"},
        {"url": "https://bram.example/", "rotate": "yes"},
        {"url": "https://bram.example/", "secret": "mine"},
        {"url": "https://bram.example/" + "x" * 500},
    ],
)
def test_what_is_no_address_on_the_internet_is_refused(bram_calls: Caller, body: dict[str, Any]) -> None:
    assert problem(bram_calls.put(PATH, body)) == (400, "malformed-request")
    assert problem(bram_calls.get(PATH)) == (404, "not-found")


def test_without_an_address_there_is_nothing_to_test_or_to_remove(bram_calls: Caller) -> None:
    assert problem(bram_calls.post(f"{PATH}/test", {})) == (409, "conflict")
    assert problem(bram_calls.delete(PATH)) == (404, "not-found")
    bram_calls.put(PATH, {"url": URL})
    assert bram_calls.delete(PATH).get_json() == {"removed": True}
    assert problem(bram_calls.get(PATH)) == (404, "not-found")
