"""`POST /api/v1/permission-requests/renewals`: a party asks whether a permission may go on; who gave it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_time_and_permissions import move_in, renew
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.letters import to_whom
from tests.web.api.test_journey import problem
from tests.web.programs import Caller, caller

PATH = "/api/v1/permission-requests/renewals"
BULK = f"{PATH}/bulk"
DAY = {"from": "2023-10-29", "until": "2023-10-30"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def later(house: TheHouse, days: int, *people: Customer) -> None:
    house.clock.advance(timedelta(days=days))
    for one in people:
        one.session = house.log_in(one.subject, one.name)


@pytest.fixture
def old(house: TheHouse, measured: Customer, bram: Party) -> str:
    """A permission of Bram that is about to reach its longest term."""
    house.operator("permission.terms.set", longest_days=40, renewal_days=5)
    asked = bram.ask(reference="case-8")
    measured.grant(asked)
    later(house, 36, measured)
    return str(asked["permission_id"])


@pytest.fixture
def brams(program_app: Flask, bram: Party, old: str) -> Caller:
    bram.token = bram.house.token(bram.client_id, bram.client_secret)
    return caller(program_app, bram)


def ask(calls: Caller, permission: str, **headers: str) -> dict[str, Any]:
    answer = calls.post(PATH, {"renews": permission}, headers=headers)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/permissions/{found['id']}"
    return found


def state(calls: Caller, permission: str) -> tuple[str, str | None]:
    shown = calls.get(f"/api/v1/permissions/{permission}").get_json()
    return shown["state"], shown["reason"]


def reads(calls: Caller, permission: str) -> int:
    return calls.get(f"/api/v1/permissions/{permission}/readings", **DAY).status_code


def test_it_waits_as_a_renewal_and_on_yes_goes_on_in_the_same_moment(
    house: TheHouse, brams: Caller, measured: Customer, old: str
) -> None:
    before = size(house)
    asked = ask(brams, old)
    assert size(house) == before + 1
    assert (asked["reference"], asked["state"]) == ("case-8", "requested")
    shown = brams.get(f"/api/v1/permissions/{asked['id']}").get_json()
    assert (shown["renews"], [step["event"] for step in shown["history"]]) == (
        old,
        ["permission.renewal_requested"],
    )
    assert ("customer", measured.person_id) in to_whom(house, "permission.renewal_requested")
    assert state(brams, old)[0] == "to_be_renewed"
    assert (reads(brams, old), reads(brams, asked["id"])) == (200, 403)
    seen = measured.permission(asked["id"])
    assert (seen["state"], seen["renews"], seen["request_expires_at"]) == (
        "requested",
        old,
        measured.permission(old)["ends_at"],
    )
    measured.grant({"permission_id": asked["id"], "link_code": asked["link"].partition("?id=")[2]})
    assert state(brams, old) == ("expired", "renewed")
    assert (reads(brams, old), reads(brams, asked["id"])) == (403, 200)
    new = brams.get(f"/api/v1/permissions/{asked['id']}").get_json()
    ended = brams.get(f"/api/v1/permissions/{old}").get_json()
    assert (new["valid_from"], ended["renewed_by"]) == (ended["ended_at"], asked["id"])


def test_the_customers_own_press_on_renewal_answers_what_was_asked(
    brams: Caller, measured: Customer, old: str
) -> None:
    asked = ask(brams, old)
    assert renew(measured, old)["permission_id"] == asked["id"]
    assert state(brams, asked["id"])[0] == "active"
    assert problem(brams.post(PATH, {"renews": old})) == (409, "/problems/conflict")


def test_what_was_refused_is_not_asked_again_and_the_old_one_runs_to_its_end(
    house: TheHouse, brams: Caller, measured: Customer, old: str
) -> None:
    asked = ask(brams, old)
    measured.call("permission.refuse", permission_id=asked["id"])
    assert state(brams, asked["id"])[0] == "rejected"
    assert reads(brams, old) == 200
    before = size(house)
    assert problem(brams.post(PATH, {"renews": old})) == (409, "/problems/conflict")
    assert size(house) == before
    assert renew(measured, old)["state"] == "active"  # it is still the customer's to renew


def test_one_waits_at_a_time_and_three_are_the_most(brams: Caller, old: str) -> None:
    for _ in range(3):
        asked = ask(brams, old)
        assert problem(brams.post(PATH, {"renews": old})) == (409, "/problems/conflict")
        assert brams.delete(f"/api/v1/permissions/{asked['id']}").status_code == 200
    assert problem(brams.post(PATH, {"renews": old})) == (409, "/problems/conflict")


def test_only_ones_own_and_only_what_is_about_to_end(
    house: TheHouse, program_app: Flask, brams: Caller, joris: Party, measured: Customer, old: str
) -> None:
    before = size(house)
    theirs = caller(program_app, joris)
    told = [theirs.post(PATH, {"renews": one}).get_json() for one in (old, str(uuid4()))]
    assert told[0] == told[1]
    assert told[0]["status"] == 404
    wrong: list[Any] = [
        {},
        {"renews": None},
        {"renews": "x"},
        {"renews": 7},
        {"renews": old, "ean": LOTTES_EAN},
        [],
    ]
    for body in wrong:
        assert problem(brams.post(PATH, body)) == (400, "/problems/malformed-request")
    assert size(house) == before
    fresh = brams.party.ask()
    measured.grant(fresh)
    before = size(house)
    for one in (fresh["permission_id"], brams.party.ask()["permission_id"]):
        assert problem(brams.post(PATH, {"renews": one})) == (409, "/problems/conflict")
    assert size(house) == before + 1  # the second request itself
    later(house, 5, measured)
    after = caller(program_app, brams.party)
    assert problem(after.post(PATH, {"renews": old})) == (409, "/problems/conflict")  # it let it end


def test_a_request_for_renewal_ends_with_what_it_was_to_renew(
    brams: Caller, measured: Customer, old: str
) -> None:
    asked = ask(brams, old)
    measured.withdraw(old)
    assert state(brams, asked["id"]) == ("timed_out", "renewal_overtaken")
    assert reads(brams, asked["id"]) == 403


@pytest.mark.requirement("R98")
def test_asking_does_not_tell_that_a_renewal_of_the_customer_waits_for_another(
    house: TheHouse, brams: Caller, measured: Customer, old: str
) -> None:
    sam = move_in(house)
    begun = renew(measured, old)
    assert begun["state"] == "requested"
    asked = ask(brams, old)
    assert state(brams, asked["id"])[0] == "requested"
    assert brams.get(f"/api/v1/permissions/{begun['permission_id']}").status_code == 404
    sam.grant({"permission_id": begun["permission_id"], "link_code": None}, measured.occupancy())
    assert state(brams, begun["permission_id"])[0] == "active"
    assert state(brams, asked["id"]) == ("timed_out", "renewal_overtaken")


def test_in_bulk_each_has_its_own_outcome_and_a_key_asks_none_twice(
    house: TheHouse, brams: Caller, old: str
) -> None:
    rows: list[Any] = [{"renews": old}, {"renews": old}, {"renews": str(uuid4())}, {"renews": "x"}, 7, None]
    first, again = (brams.post(BULK, {"requests": rows}, headers=KEY) for _ in range(2))
    assert first.status_code == 200
    assert again.get_json() == first.get_json()
    items = first.get_json()["items"]
    types = [one["problem"] and one["problem"]["type"].rpartition("/")[2] for one in items]
    malformed = "malformed-request"
    assert types == [None, "conflict", "not-found", malformed, malformed, malformed]
    assert state(brams, items[0]["request"]["id"])[0] == "requested"
    asked = query(house, "SELECT count(*) FROM permissions.permission WHERE renews = %s", old)
    assert asked == [(1,)]


def test_a_repeated_request_is_one(brams: Caller, old: str) -> None:
    assert ask(brams, old, **KEY) == ask(brams, old, **KEY)
