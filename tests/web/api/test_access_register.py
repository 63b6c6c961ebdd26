"""Messages to the access register over HTTP: one, a batch, the lists; problems that say what stands and what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from databeheer.brussels import day_of
from databeheer.door.access_register.kinds import KINDS
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.access_register.sending import announced, refused, send, stays, who
from tests.doors import execute
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller, publish
from web.api.schemas.access_register import MEMBERS

MESSAGES = "/api/v1/register/messages"
MOVED = "2023-10-29"


@pytest.fixture
def net_calls(program_app: Flask, net: Party) -> Caller:
    return caller(program_app, net)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def moved_out(number: str, ean: str = LOTTES_EAN, identity: str = "lotte") -> dict[str, Any]:
    return {"number": number, "kind": "customer.moved_out", "ean": ean, "identity": identity, "until": MOVED}


def test_the_api_and_the_door_know_the_same_kinds_with_the_same_members() -> None:
    of_the_door = {
        name: (
            {member for member, field in kind.schema.fields.items() if field.required},
            {member for member, field in kind.schema.fields.items() if not field.required},
        )
        for name, kind in KINDS.items()
    }
    assert {name: (set(needed), set(more)) for name, (needed, more) in MEMBERS.items()} == of_the_door


def test_a_message_is_taken_once_with_its_proof(house: TheHouse, net_calls: Caller, lotte: Customer) -> None:
    first = net_calls.post(MESSAGES, moved_out("1"))
    assert first.status_code == 200, first.get_json()
    assert first.headers["Ledger-Promise"] == first.get_json()["receipt"]["promise"]
    assert net_calls.post(MESSAGES, moved_out("1")).get_json() == first.get_json()
    publish(house)
    assert net_calls.get(first.get_json()["receipt"]["link"]).status_code == 200
    assert problem(net_calls.post(MESSAGES, moved_out("1", identity="noor"))) == (
        422,
        "message-number-reused",
    )
    again = net_calls.post(MESSAGES, moved_out("2"))
    assert problem(again) == (409, "conflict")
    assert again.get_json()["detail"] == "this move is known already"
    assert problem(net_calls.post(MESSAGES, moved_out("3", ean=MARIAS_EAN))) == (404, "not-found")
    page = net_calls.get(MESSAGES).get_json()
    assert [one["number"] for one in page["messages"]] == ["1"]
    assert page["messages"][0]["receipt"] == first.get_json()["receipt"]["link"]


def test_a_message_that_is_not_whole_says_where(house: TheHouse, net_calls: Caller, lotte: Customer) -> None:
    for body, where in (
        (moved_out("1") | {"on": MOVED}, "/on"),
        ({"number": "1", "kind": "customer.moved_out", "ean": LOTTES_EAN, "until": MOVED}, "/identity"),
        (moved_out("1") | {"ean": "541448899990000038"}, "/ean"),
        (moved_out("1") | {"until": "29-10-2023"}, "/until"),
        (moved_out("1") | {"kind": "customer.vanished"}, "/kind"),
        (moved_out("1") | {"more": 1}, "/more"),
        ({"kind": "customer.moved_in", "number": "1", "ean": LOTTES_EAN, "from": MOVED,
          "customer": who("noor") | {"born": "x"}}, "/customer/born"),
    ):  # fmt: skip
        answer = net_calls.post(MESSAGES, body)
        assert problem(answer) == (400, "malformed-request"), body
        assert where in [one["where"] for one in answer.get_json()["errors"]], answer.get_json()
    assert len(stays(house, LOTTES_EAN)) == 1


def test_a_batch_has_an_outcome_for_each_row(
    house: TheHouse, net_calls: Caller, lotte: Customer, maria: Customer
) -> None:
    rows = [moved_out("1", identity="x"), {"number": 7}, moved_out("3"), moved_out("4", MARIAS_EAN, "maria")]
    answer = net_calls.post("/api/v1/register/batches", {"messages": rows})
    assert answer.status_code == 200, answer.get_json()
    items = answer.get_json()["items"]
    types = [item["problem"] and item["problem"]["type"].removeprefix("/problems/") for item in items]
    assert types == ["conflict", "malformed-request", "earlier-message-refused", None]
    assert all(item["problem"]["remedy"] for item in items[:3])
    assert items[3]["taken"]["receipt"]["promise"]
    assert items[3]["number"] == "4"
    assert [item["taken"] for item in items[:3]] == [None] * 3
    assert stays(house, MARIAS_EAN)[-1][2] == MOVED


def test_the_lists_of_supplier_and_grid_operator_come_in_pages(
    house: TheHouse, program_app: Flask, net_calls: Caller, lotte: Customer, maria: Customer, erik: Party
) -> None:
    today = day_of(house.clock.now()).isoformat()
    names = {announced(erik, ean, today): ean for ean in (LOTTES_EAN, MARIAS_EAN)}
    calls, found = caller(program_app, erik), []
    path: str = "/api/v1/register/announcements"
    for who_asks in (calls, net_calls):
        cursor: dict[str, str] = {}
        while True:
            page = who_asks.get(path, limit="1", **cursor).get_json()
            found += page["announcements"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert {one["id"] for one in found[:2]} == names.keys()
    assert [one["ean"] for one in found[:2]] == [None, None]
    assert {one["id"]: one["ean"] for one in found[2:]} == names
    assert {one["supplier"]["id"] for one in found[2:]} == {erik.party_id}
    assert problem(net_calls.get(MESSAGES, **cursor)) == (400, "malformed-request")  # of another list
    for name in names:
        net_calls.post(MESSAGES, {"number": name, "kind": "contract.accepted", "announcement": name})
    first = calls.get("/api/v1/supply-contracts", limit="1").get_json()
    second = calls.get("/api/v1/supply-contracts", limit="1", cursor=first["next_cursor"]).get_json()
    assert {one["ean"] for one in first["contracts"] + second["contracts"]} == {*names.values()}
    assert second["next_cursor"] is None


def test_nobody_sees_what_another_reported_or_supplies(
    program_app: Flask, house: TheHouse, lotte: Customer, net: Party, erik: Party
) -> None:
    send(net, "customer.moved_out", ean=LOTTES_EAN, identity="lotte", until=MOVED)
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=MOVED)
    name = announced(erik, LOTTES_EAN, day_of(house.clock.now()).isoformat())
    other = house.party("Nieuwe Stroom", "supplier")
    calls = caller(program_app, other)
    empty = {"next_cursor": None}
    assert calls.get(MESSAGES).get_json() == {"messages": [], **empty}
    assert calls.get("/api/v1/register/announcements").get_json() == {"announcements": [], **empty}
    assert calls.get("/api/v1/supply-contracts").get_json() == {"contracts": [], **empty}
    assert refused(other, "contract.withdrawn", announcement=name)[0] == "not-found"


# --- what is to be read again -----------------------------------------------------------------------------


def lacking(house: TheHouse, operator: int, day: str, until: str) -> None:
    """A thing of Lotte's meter that has to be read again."""
    execute(
        house,
        "INSERT INTO metering.reread (operator, meter_id, day, direction, lacking, found_at, until_day)"
        " SELECT %s, meter_id, %s, 'offtake', 'registers', %s, %s FROM registry.meter LIMIT 1",
        operator,
        day,
        format_instant(house.clock.now()),
        until,
    )


def test_what_is_to_be_read_again_is_listed_and_tried_once_in_six_hours(
    house: TheHouse, net_calls: Caller, lotte: Customer, joris: Party, program_app: Flask
) -> None:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG0000000001", digital=True)
    house.operator("registry.operator.add", operator=2, code="net-two", name="Netbeheerder Twee")
    today = day_of(house.clock.now())
    for day, until in ((-3, 5), (-2, 3), (-20, -9)):
        lacking(house, 1, str(today + timedelta(days=day)), str(today + timedelta(days=until)))
    lacking(house, 2, str(today), str(today + timedelta(days=9)))
    first = net_calls.get("/api/v1/rereads", limit="1").get_json()
    second = net_calls.get("/api/v1/rereads", limit="1", cursor=first["next_cursor"]).get_json()
    rows = first["rereads"] + second["rereads"]
    assert [one["day"] for one in rows] == [str(today + timedelta(days=day)) for day in (-2, -3)]
    assert second["next_cursor"] is None  # neither another grid's, nor what was given up
    assert {one["device"] for one in rows} == {"1SAG0000000001"}
    assert [one["attempts"] for one in rows] == [0, 0]
    tried = {"rereads": [rows[0]["id"]]}
    for _ in range(2):
        [now] = net_calls.post("/api/v1/rereads/tried", tried).get_json()["rereads"]
        assert (now["attempts"], now["tried_at"]) == (1, format_instant(house.clock.now()))
    elsewhere = {"rereads": [rows[0]["id"], rows[1]["id"] + 2]}  # of the other grid
    assert problem(net_calls.post("/api/v1/rereads/tried", elsewhere)) == (404, "not-found")
    assert [one["attempts"] for one in net_calls.get("/api/v1/rereads").get_json()["rereads"]] == [1, 0]
    house.clock.advance(timedelta(hours=6))
    net_calls.token = house.token(net_calls.party.client_id, net_calls.party.client_secret)
    [now] = net_calls.post("/api/v1/rereads/tried", tried).get_json()["rereads"]
    assert now["attempts"] == 2
    assert problem(caller(program_app, joris).get("/api/v1/rereads")) == (403, "no-legal-basis")
