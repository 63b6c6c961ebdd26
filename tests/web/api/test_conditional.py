"""`ETag`: a program asks whether anything changed, and gets no body where nothing did."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.house import Party, TheHouse
from tests.web.programs import Caller, caller

LISTS = [
    "/api/v1/me",
    "/api/v1/permissions",
    "/api/v1/receipts",
    "/api/v1/doubts",
    "/api/v1/jobs",
    "/api/v1/deliveries",
    "/api/v1/doubt-contacts",
    "/api/v1/webhooks/deliveries",
]


@pytest.mark.parametrize("path", LISTS)
def test_what_did_not_change_is_told_in_no_words(standing_calls: Caller, path: str) -> None:
    first = standing_calls.get(path)
    tag = first.headers["ETag"]
    again = standing_calls.get(path, headers={"If-None-Match": tag})
    assert (first.status_code, again.status_code, again.get_data()) == (200, 304, b"")
    assert again.headers["ETag"] == tag
    assert "RateLimit" in again.headers
    listed = standing_calls.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert listed.status_code == 304


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', "garbage", '"', ""])
def test_another_tag_gets_the_answer(standing_calls: Caller, tag: str) -> None:
    answer = standing_calls.get("/api/v1/me", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.get_json()["name"]


def test_what_changed_has_another_tag(bram_calls: Caller) -> None:
    tag = bram_calls.get("/api/v1/permissions").headers["ETag"]
    wish = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
    assert bram_calls.post("/api/v1/permission-requests", wish).status_code == 201
    answer = bram_calls.get("/api/v1/permissions", headers={"If-None-Match": tag})
    assert (answer.status_code, len(answer.get_json()["permissions"])) == (200, 1)
    assert answer.headers["ETag"] != tag


def test_a_tag_is_no_proof_of_who_asks(
    bram: Party, bram_calls: Caller, house: TheHouse, program_app: Flask
) -> None:
    tag = bram_calls.get("/api/v1/me").headers["ETag"]
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a test")
    assert bram_calls.get("/api/v1/me", headers={"If-None-Match": tag}).status_code == 401
    fresh = caller(program_app, bram).get("/api/v1/me", headers={"If-None-Match": tag})
    assert fresh.status_code == 200


def test_a_refusal_has_no_tag(standing_calls: Caller) -> None:
    assert "ETag" not in standing_calls.get("/api/v1/receipts", limit="0").headers
