"""A supplier's deliveries over the API: which are due, which can be read; nobody else's."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from databeheer.brussels import midnight
from databeheer.door.client import Proof
from databeheer.metering.batches.taking import take_batch
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.access_register.sending import announced, send
from tests.databeheer.metering.head_end import Sent, profile
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller, publish

PATH = "/api/v1/deliveries"
METER = "1SAG0000000001"


def back(program_app: Flask, party: Party) -> Caller:
    """A caller with a new token: the clock went on for longer than one lasts."""
    party.token = party.house.token(party.client_id, party.client_secret)
    return caller(program_app, party)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def go_to(house: TheHouse, day: date) -> None:
    house.clock.advance(midnight(day) + timedelta(hours=3) - house.clock.now())
    while house.client.call("delivery.sweep", Proof.clerk(house.clerk_key))["recorded"]:
        house.clock.advance(timedelta(hours=7))
        if midnight(day) + timedelta(days=2) < house.clock.now():
            break


@pytest.fixture
def supplied(house: TheHouse, lotte: Customer, maria: Customer, erik: Party) -> date:
    """Erik supplies Lotte, and supplied Maria, whose contract ended; the first day of the month after. The day."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    first = (house.clock.now().date().replace(day=1) + timedelta(days=32)).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    for ean, until in ((LOTTES_EAN, None), (MARIAS_EAN, first + timedelta(days=11))):
        members = {"from_day": first.isoformat(), "until_day": until and until.isoformat()}
        house.operator("registry.supply.accept", ean=ean, party_id=erik.party_id, **members)
    go_to(house, after)
    return first


@pytest.mark.requirement("R69", "R71")
def test_a_supplier_sees_what_is_due_and_what_is_ready_with_its_receipt(
    program_app: Flask, house: TheHouse, supplied: date, erik: Party
) -> None:
    calls = back(program_app, erik)
    page = calls.get(PATH).get_json()
    assert page["next_cursor"] is None
    [month] = [
        one for one in page["deliveries"] if (one["kind"], one["from"]) == ("month", supplied.isoformat())
    ]
    assert (month["ready_at"], month["receipt"], month["ean"], month["is_missed"]) == (
        None,
        None,
        None,
        False,
    )
    assert (month["contracts"], month["lacking"]) == (1, 1)
    [final] = [one for one in page["deliveries"] if one["kind"] == "final"]
    assert (final["ean"], final["until"]) == (MARIAS_EAN, (supplied + timedelta(days=11)).isoformat())
    assert final["ready_at"] is not None
    publish(house)
    assert calls.get(final["receipt"]).status_code == 200


@pytest.mark.requirement("R69")
def test_the_list_comes_in_pages_by_kind_and_day(program_app: Flask, supplied: date, erik: Party) -> None:
    calls = back(program_app, erik)
    whole = calls.get(PATH).get_json()["deliveries"]
    assert len(whole) >= 2
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = calls.get(PATH, limit="1", **cursor).get_json()
        found += page["deliveries"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == whole
    assert {one["kind"] for one in calls.get(PATH, kind="final").get_json()["deliveries"]} == {"final"}
    late = (supplied + timedelta(days=12)).isoformat()
    assert {one["kind"] for one in calls.get(PATH, since=late).get_json()["deliveries"]} <= {"month", "year"}
    assert problem(calls.get(PATH, kind="month", **cursor)) == (400, "malformed-request")


def test_what_is_asked_wrong_is_refused(program_app: Flask, erik: Party) -> None:
    calls = caller(program_app, erik)
    for name, wrong in (
        ("kind", "week"),
        ("since", "2026"),
        ("since", "1666-01-01"),
        ("limit", "0"),
        ("limit", "201"),
        ("cursor", "x"),
        ("party", erik.party_id),
    ):
        assert problem(calls.get(PATH, **{name: wrong})) == (400, "malformed-request"), name


@pytest.mark.requirement("R69")
def test_nobody_sees_anothers_and_the_outsider_sees_none(
    program_app: Flask, house: TheHouse, supplied: date, joris: Party
) -> None:
    nora = house.party("Nora Energie", "supplier")
    for party in (nora, joris):
        answer = back(program_app, party).get(PATH)
        assert (answer.status_code, answer.get_json()) == (200, {"deliveries": [], "next_cursor": None})
    assert program_app.test_client().get(PATH).status_code == 401


@pytest.mark.requirement("R69", "R71")
def test_what_is_delivered_of_a_contract_that_ended_a_supplier_fetches_with_what_the_api_told_it(
    program_app: Flask, house: TheHouse, lotte: Customer, net: Party, erik: Party, tmp_path: Path
) -> None:
    """From the announcement to the final bill, by messages alone: every day of the contract, both directions."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    first = (house.clock.now().date().replace(day=1) + timedelta(days=32)).replace(day=1)
    until = first + timedelta(days=11)
    send(net, "contract.accepted", announcement=announced(erik, LOTTES_EAN, first.isoformat()))
    send(erik, "contract.ended", ean=LOTTES_EAN, until=until.isoformat())
    house.clock.advance(midnight(until) + timedelta(hours=2) - house.clock.now())
    rows = [
        profile(METER, first + timedelta(days=number), [], slot_minutes=1440, direction=direction,
                register_begin=1000 * number, register_end=1000 * number + 1000)
        for number in range(11)
        for direction in ("offtake", "injection")
    ]  # fmt: skip
    place = Sent(rows, "batch").write(tmp_path / "batch")
    taken = take_batch(place, house.client, house.intake_key, house.engine("intake"), house.clock)
    assert taken.outcome == "stored", taken.members()
    go_to(house, until)
    calls = back(program_app, erik)
    [final] = calls.get(PATH, kind="final").get_json()["deliveries"]
    [contract] = calls.get("/api/v1/supply-contracts").get_json()["contracts"]
    assert (final["lacking"], final["is_missed"]) == (0, False)
    assert [final[name] for name in ("ean", "from", "until")] == [
        contract[name] for name in ("ean", "from", "until")
    ]
    wish = {"purpose": "billing", "granularity": "month", "mode": "clip", "registers": True}
    days = {name: final[name] for name in ("from", "until")}
    answer = calls.post("/api/v1/readings", {"eans": [final["ean"]], **wish, **days})
    [item] = answer.get_json()["items"]
    assert item["problem"] is None
    energy = {
        channel["direction"]: [one["value"] for one in channel["readings"]] for channel in item["channels"]
    }
    assert energy == {"offtake": ["11.000"], "injection": ["11.000"]}
    nora = house.party("Nora Energie", "supplier")
    [refused] = (
        back(program_app, nora)
        .post("/api/v1/readings", {"eans": [LOTTES_EAN], **wish, **days})
        .get_json()["items"]
    )
    assert (refused["problem"]["type"], refused["channels"]) == ("/problems/no-legal-basis", [])
