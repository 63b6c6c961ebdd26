"""The header `Idempotency-Key`: a program that lost an answer asks again, and nothing happens twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house import Customer, TheHouse
from tests.web.programs import Caller

WISH = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
PATH = "/api/v1/permission-requests"


def test_a_repeated_request_gets_the_same_answer_and_there_is_one_permission(bram_calls: Caller) -> None:
    first, again = (bram_calls.post(PATH, WISH, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Location"] == first.headers["Location"]
    assert len(bram_calls.get("/api/v1/permissions").get_json()["permissions"]) == 1


def test_another_body_under_the_same_key_is_told_422(bram_calls: Caller) -> None:
    bram_calls.post(PATH, WISH, headers=KEY)
    answer = bram_calls.post(PATH, WISH | {"granularity": "month"}, headers=KEY)
    assert answer.status_code == 422
    assert answer.get_json()["type"] == "/problems/idempotency-key-reused"
    assert len(bram_calls.get("/api/v1/permissions").get_json()["permissions"]) == 1


def test_joris_sends_the_same_key_and_has_a_request_of_his_own(
    bram_calls: Caller, joris_calls: Caller
) -> None:
    first, other = bram_calls.post(PATH, WISH, headers=KEY), joris_calls.post(PATH, WISH, headers=KEY)
    assert other.status_code == 201
    assert other.get_json()["id"] != first.get_json()["id"]


def test_a_repeated_end_gets_the_same_answer_promise_included(
    bram_calls: Caller, lotte: Customer, house: TheHouse
) -> None:
    asked = bram_calls.post(PATH, WISH).get_json()
    lotte.grant({"permission_id": asked["id"], "link_code": asked["link"].partition("?id=")[2]})
    path = f"/api/v1/permissions/{asked['id']}"
    first, again = (bram_calls.http.delete(path, headers=bram_calls.headers(KEY)) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json() == first.get_json()
    assert again.headers["Ledger-Promise"] == first.headers["Ledger-Promise"]
    assert bram_calls.delete(path).status_code == 409


@pytest.mark.parametrize("key", ["", "two words", "a, b", "é", "x" * 201])
def test_a_key_in_no_form_of_a_key_is_told_400_with_its_place(bram_calls: Caller, key: str) -> None:
    answer = bram_calls.post(PATH, WISH, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["where"] == "Idempotency-Key"
    assert bram_calls.get("/api/v1/permissions").get_json()["permissions"] == []


def test_the_openapi_document_names_the_header_where_it_is_taken(bram_calls: Caller) -> None:
    paths: dict[str, Any] = bram_calls.get("/api/v1/openapi.json").get_json()["paths"]
    taking = {
        (path, method)
        for path, methods in paths.items()
        for method, described in methods.items()
        if isinstance(described, dict)
        and any(one.get("name") == "Idempotency-Key" for one in described.get("parameters", []))
    }
    assert taking == {
        (PATH, "post"),
        ("/api/v1/permission-requests/bulk", "post"),
        ("/api/v1/permission-requests/renewals", "post"),
        ("/api/v1/permission-requests/renewals/bulk", "post"),
        ("/api/v1/readings", "post"),
        ("/api/v1/doubts", "post"),
        ("/api/v1/doubts/{case_id}/evidence", "post"),
        ("/api/v1/permissions/{permission_id}", "delete"),
        ("/api/v1/permissions/{permission_id}/deletion-confirmation", "post"),
        ("/api/v1/ports/orders/{order_id}/executed", "post"),
        ("/api/v1/ports/orders/{order_id}/impossible", "post"),
    }
