"""The grid operator's program: fetches orders for user ports, says that they are done; nobody else learns of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller

UNKNOWN = "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d"


@pytest.fixture
def net_calls(program_app: Flask, net: Party) -> Caller:
    return caller(program_app, net)


@pytest.fixture
def ordered(house: TheHouse, lotte: Customer, net: Party) -> str:
    """Lotte asked to open her P1."""
    fitted = house.operator(
        "registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1", "S1"]
    )
    return order(lotte, fitted["meter_id"], "P1")


def order(lotte: Customer, meter_id: str, port: str) -> str:
    wanted = {"occupancy_id": lotte.occupancy(), "meter_id": meter_id, "port": port}
    return str(lotte.call("port.open", **wanted, seen=0, notice="x", language="nl")["order_id"])


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


@pytest.mark.requirement("R54", "R55")
def test_an_order_is_fetched_and_reported_done_with_its_proof(
    net_calls: Caller, ordered: str, lotte: Customer
) -> None:
    page = net_calls.get("/api/v1/ports/orders").get_json()
    [found] = page["orders"]
    assert (found["id"], found["ean"], found["port"], found["wanted"]) == (ordered, LOTTES_EAN, "P1", "open")
    assert page["next_cursor"] is None
    path = f"/api/v1/ports/orders/{ordered}/executed"
    done = net_calls.post(path, {}, headers={"Idempotency-Key": "k-1"})
    assert (done.status_code, done.get_json()["state"]) == (200, "executed")
    assert done.headers["Ledger-Promise"]
    assert net_calls.post(path, {}, headers={"Idempotency-Key": "k-1"}).get_json() == done.get_json()
    assert problem(net_calls.post(path, {})) == (409, "conflict")
    assert net_calls.get("/api/v1/ports/orders").get_json()["orders"] == []
    assert net_calls.get("/api/v1/ports/orders", state="executed").get_json()["orders"][0]["id"] == ordered
    [meter] = lotte.call("port.list")["points"][0]["meters"]
    assert meter["ports"][0]["is_open"]


def test_the_list_comes_in_pages(net_calls: Caller, ordered: str, lotte: Customer) -> None:
    meter_id = lotte.call("port.list")["points"][0]["meters"][0]["meter_id"]
    second = order(lotte, meter_id, "S1")
    first = net_calls.get("/api/v1/ports/orders", limit="1").get_json()
    assert [one["id"] for one in first["orders"]] == [ordered]
    after = net_calls.get("/api/v1/ports/orders", limit="1", cursor=first["next_cursor"]).get_json()
    assert [one["id"] for one in after["orders"]] == [second]
    other = net_calls.get("/api/v1/ports/orders", state="executed", cursor=first["next_cursor"])
    assert problem(other) == (400, "malformed-request")


def test_a_port_that_is_not_there_is_reported_with_its_reason(net_calls: Caller, ordered: str) -> None:
    path = f"/api/v1/ports/orders/{ordered}/impossible"
    for body in ({}, {"reason": "busy"}, {"reason": "no_such_port", "more": 1}):
        assert problem(net_calls.post(path, body)) == (400, "malformed-request")
    answer = net_calls.post(path, {"reason": "no_such_port"})
    assert answer.get_json()["state"] == "impossible"


def test_the_outsider_cannot_tell_an_order_that_exists_from_one_that_does_not(
    joris_calls: Caller, ordered: str, net_calls: Caller
) -> None:
    assert problem(joris_calls.get("/api/v1/ports/orders")) == (403, "no-legal-basis")
    told = []
    for one in (ordered, UNKNOWN):
        answer = joris_calls.post(f"/api/v1/ports/orders/{one}/executed", {})
        told.append((answer.status_code, answer.get_json()))
    assert told[0] == told[1]
    assert problem(net_calls.post(f"/api/v1/ports/orders/{UNKNOWN}/executed", {})) == (404, "not-found")
