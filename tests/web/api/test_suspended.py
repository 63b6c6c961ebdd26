"""A suspended party over HTTP: it lists, ends and confirms; what it reads is refused on record; nothing else works."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ledger import receipt
from tests.house import Customer, Party, TheHouse
from tests.web.api.test_edge import WISH
from tests.web.api.test_journey import DAY, asked, granted, problem
from tests.web.programs import Caller, caller, publish


@pytest.fixture
def permission_id(bram_calls: Caller, measured: Customer) -> str:
    return granted(bram_calls, measured)


@pytest.fixture
def waiting(bram_calls: Caller) -> dict[str, Any]:
    return asked(bram_calls)


@pytest.fixture
def suspended(
    house: TheHouse, program_app: Flask, bram: Party, permission_id: str, waiting: dict[str, Any]
) -> Caller:
    """Bram's program with a new token, after the suspension."""
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="no DPIA")
    return caller(program_app, bram)


@pytest.mark.requirement("R13", "R32")
def test_a_suspended_party_lists_ends_and_confirms(
    suspended: Caller, permission_id: str, waiting: dict[str, Any]
) -> None:
    listed = suspended.get("/api/v1/permissions").get_json()["permissions"]
    assert {one["id"] for one in listed} == {permission_id, waiting["id"]}
    one = f"/api/v1/permissions/{permission_id}"
    shown = suspended.get(one)
    assert (shown.status_code, shown.get_json()["state"]) == (200, "invalidated")
    ended = suspended.delete(f"/api/v1/permissions/{waiting['id']}")
    assert (ended.status_code, ended.get_json()["state"]) == (200, "terminated")
    confirmed = suspended.post(f"{one}/deletion-confirmation", {})
    assert confirmed.status_code == 200, confirmed.get_data(as_text=True)
    assert suspended.get(one).get_json()["deletion_confirmed_at"]


@pytest.mark.requirement("R13")
def test_what_a_suspended_party_reads_is_refused_on_record_with_a_receipt(
    house: TheHouse, suspended: Caller, measured: Customer, permission_id: str
) -> None:
    refused = suspended.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    assert problem(refused) == (403, "/problems/permission-ended")
    assert refused.headers["Ledger-Promise"]
    told = measured.statements()[0]
    link = refused.get_json()["receipt"]
    assert (told["event"], link) == ("data.refused", f"/api/v1/receipts/{told['index']}")
    many = suspended.post("/api/v1/readings", {"permissions": [permission_id], **DAY}).get_json()
    assert many["items"][0]["problem"]["type"] == "/problems/permission-ended"
    key = publish(house)
    for proof in (suspended.get(link), suspended.get(many["receipt"]["link"])):
        assert proof.status_code == 200, proof.get_data(as_text=True)
        receipt.verify(receipt.parse(proof.get_data()), [key.verifier])


@pytest.mark.requirement("R13")
def test_a_suspended_party_asks_nothing_new_and_reaches_nobody_elses(
    suspended: Caller, joris_calls: Caller
) -> None:
    theirs = asked(joris_calls)["id"]
    assert problem(suspended.post("/api/v1/permission-requests", WISH)) == (401, "/problems/unauthenticated")
    assert problem(suspended.get("/api/v1/webhooks")) == (401, "/problems/unauthenticated")
    for answer in (
        suspended.get(f"/api/v1/permissions/{theirs}"),
        suspended.delete(f"/api/v1/permissions/{theirs}"),
        suspended.post(f"/api/v1/permissions/{theirs}/deletion-confirmation", {}),
    ):
        assert problem(answer) == (404, "/problems/not-found")


@pytest.mark.requirement("R13")
def test_the_token_from_before_the_suspension_stays_ended(suspended: Caller, bram_calls: Caller) -> None:
    assert problem(bram_calls.get("/api/v1/permissions")) == (401, "/problems/unauthenticated")
