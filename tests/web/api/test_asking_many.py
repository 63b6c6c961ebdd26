"""`POST /api/v1/permission-requests/bulk`: an outcome for each row; a bad one takes nothing from the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from databeheer.door.commands import asking_many as door_side
from databeheer.errors import QueueFullError
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller
from web.api.schemas.asking_many import MOST_ASKED
from web.problems import PROBLEMS

PATH = "/api/v1/permission-requests/bulk"
WISH: dict[str, Any] = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def permissions(calls: Caller) -> list[str]:
    return [one["id"] for one in calls.get("/api/v1/permissions").get_json()["permissions"]]


def types(answer: Any) -> list[str | None]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [one["problem"] and one["problem"]["type"] for one in answer.get_json()["items"]]


def test_each_row_is_a_request_of_its_own_that_its_grid_user_can_grant(
    bram_calls: Caller, lotte: Customer, maria: Customer
) -> None:
    answer = bram_calls.post(PATH, {"requests": [WISH, WISH | {"granularity": "month"}]})
    assert types(answer) == [None, None]
    for row, person in zip(answer.get_json()["items"], (lotte, maria), strict=True):
        asked = row["request"]
        person.grant({"permission_id": asked["id"], "link_code": asked["link"].partition("?id=")[2]})
        shown = bram_calls.get(f"/api/v1/permissions/{asked['id']}").get_json()
        assert shown["state"] == "active"


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (None, "/requests/1"),
        (7, "/requests/1"),
        ([], "/requests/1"),
        ("energy_advice", "/requests/1"),
        ({}, "/requests/1/purpose"),
        (WISH | {"granularity": "minute"}, "/requests/1/granularity"),
        (WISH | {"ean": "541448899990000038"}, "/requests/1/ean"),
        (WISH | {"directions": ["sideways"]}, "/requests/1/directions/0"),
        (WISH | {"requests": [WISH]}, "/requests/1/requests"),
        (WISH | {"data_until": "2022-01-01"}, "/requests/1/data_until"),
    ],
)
def test_a_row_that_is_not_understood_has_its_problem_and_the_others_are_served(
    bram_calls: Caller, bad: Any, where: str
) -> None:
    answer = bram_calls.post(PATH, {"requests": [WISH, bad, WISH]})
    assert types(answer) == [None, "/problems/malformed-request", None]
    assert where in [one["where"] for one in answer.get_json()["items"][1]["problem"]["errors"]]
    assert [one["place"] for one in answer.get_json()["items"]] == [0, 1, 2]
    assert len(permissions(bram_calls)) == 2


def test_a_row_that_the_door_refuses_says_why_and_what_to_do(bram_calls: Caller) -> None:
    rows = [WISH | {"reference": "one"}, WISH | {"reference": "one"}, WISH | {"valid_until": "2001-01-01"}]
    answer = bram_calls.post(PATH, {"requests": rows})
    assert types(answer) == [None, "/problems/conflict", "/problems/malformed-request"]
    told = answer.get_json()["items"][1]["problem"]
    assert (told["status"], told["remedy"]) == (409, PROBLEMS["conflict"].remedy)
    assert "reference" in told["detail"]
    assert len(permissions(bram_calls)) == 1


@pytest.mark.requirement("R98")
def test_a_row_does_not_tell_whether_an_access_point_exists(bram_calls: Caller, lotte: Customer) -> None:
    answer = bram_calls.post(
        PATH, {"requests": [WISH | {"ean": LOTTES_EAN}, WISH | {"ean": "541448899990000060"}]}
    )
    known, unknown = answer.get_json()["items"]
    assert known["problem"] is unknown["problem"] is None
    assert known["request"].keys() == unknown["request"].keys()
    assert known["request"]["state"] == unknown["request"]["state"] == "requested"


@pytest.mark.requirement("R12")
def test_who_has_no_data_access_contract_has_that_problem_in_every_row(
    program_app: Flask, house: TheHouse
) -> None:
    stranger = caller(program_app, house.party("Zonder contract", "energy_service", contract=False))
    answer = stranger.post(PATH, {"requests": [WISH, WISH]})
    assert types(answer) == ["/problems/no-legal-basis"] * 2
    assert permissions(stranger) == []


def test_sent_again_with_its_key_it_is_answered_and_asks_nothing_twice(bram_calls: Caller) -> None:
    first, again = (bram_calls.post(PATH, {"requests": [WISH, 5, WISH]}, headers=KEY) for _ in range(2))
    assert again.get_json() == first.get_json()
    assert len(permissions(bram_calls)) == 2


def test_another_body_under_the_key_is_told_422(bram_calls: Caller) -> None:
    bram_calls.post(PATH, {"requests": [WISH]}, headers=KEY)
    answer = bram_calls.post(PATH, {"requests": [WISH, WISH]}, headers=KEY)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(permissions(bram_calls)) == 1


def test_joris_sends_the_same_key_and_has_requests_of_his_own(
    bram_calls: Caller, joris_calls: Caller
) -> None:
    ours, his = (
        one.post(PATH, {"requests": [WISH]}, headers=KEY).get_json() for one in (bram_calls, joris_calls)
    )
    assert ours["items"][0]["request"]["id"] != his["items"][0]["request"]["id"]


def test_what_was_cut_short_goes_on_where_it_was(bram_calls: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, asked = door_side.REQUESTS.ask, []

    def twice_only(*given: Any) -> dict[str, Any]:
        if len(asked) == 2:
            raise QueueFullError("too many wait")
        asked.append(given)
        return whole(*given)

    rows = {"requests": [WISH, WISH | {"granularity": "month"}, WISH | {"granularity": "hour"}]}
    one_row = door_side._row

    def row(house: Any, proof: Any, many: door_side.Many, asked_row: dict[str, Any]) -> dict[str, Any]:
        return one_row(house, proof, replace(many, ask=twice_only), asked_row)

    monkeypatch.setattr(door_side, "_row", row)
    cut = bram_calls.post(PATH, rows, headers=KEY)
    assert types(cut) == [None, None, "/problems/queue-full"]
    monkeypatch.setattr(door_side, "_row", one_row)
    full = bram_calls.post(PATH, rows, headers=KEY)
    assert types(full) == [None, None, None]
    assert full.get_json()["items"][:2] == cut.get_json()["items"][:2]
    assert len(permissions(bram_calls)) == 3


@pytest.mark.parametrize(
    "requests",
    [[], [WISH] * (MOST_ASKED + 1), {}, None, "all"],
    ids=["none", "too many", "an object", "null", "a word"],
)
def test_no_list_or_too_long_a_one_is_told_400_and_asks_nothing(
    standing_calls: Caller, requests: Any
) -> None:
    answer = standing_calls.post(PATH, {"requests": requests})
    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/malformed-request")


def test_a_dead_token_asks_nothing(bram: Party, bram_calls: Caller, house: TheHouse) -> None:
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a test")
    assert bram_calls.post(PATH, {"requests": [WISH]}).status_code == 401
