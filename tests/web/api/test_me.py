"""`GET /api/v1/me`: a party sees what the house knows of it, and what is missing before it is refused for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from databeheer.values import format_instant
from tests.house import Customer, Party, TheHouse
from tests.web.api.test_journey import DAY, granted, problem
from tests.web.programs import Caller, caller


def me(calls: Caller) -> dict[str, Any]:
    answer = calls.get("/api/v1/me")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    shown: dict[str, Any] = answer.get_json()
    return shown


def missing(calls: Caller) -> list[str]:
    return [one["code"] for one in me(calls)["missing"]]


def test_a_party_in_order_sees_its_evidence_and_that_nothing_is_missing(bram_calls: Caller) -> None:
    shown = me(bram_calls)
    assert (shown["id"], shown["name"]) == (bram_calls.party.party_id, "Bram Energieadvies")
    assert (shown["role"], shown["suspended_at"], shown["missing"]) == ("energy_service", None, [])
    assert len(shown["contracts"]) == 1
    assert shown["dpia"]["overtaken_at"] is None
    assert shown["processing_overview"]["is_reachable"] is True
    assert shown["doubt_contact"].keys() == {"name", "email", "phone"}


@pytest.mark.requirement("R12", "R114")
def test_a_party_without_papers_is_told_each_that_is_missing_and_what_to_do(
    program_app: Flask, house: TheHouse
) -> None:
    bare = caller(program_app, house.party("Kaal", "energy_service", contract=False, papers=False))
    shown = me(bare)
    assert [one["code"] for one in shown["missing"]] == [
        "no_data_access_contract",
        "no_dpia",
        "no_processing_overview",
    ]
    assert all(one["detail"] and one["remedy"] for one in shown["missing"])
    assert all(one["blocks"] == ["energy_service"] for one in shown["missing"])
    assert (shown["contracts"], shown["dpia"], shown["processing_overview"]) == ([], None, None)


@pytest.mark.requirement("R114")
def test_what_is_missing_is_just_what_a_read_is_refused_for(
    house: TheHouse, bram: Party, bram_calls: Caller, measured: Customer
) -> None:
    permission = granted(bram_calls, measured)
    house.operator("registry.dpia.stale", party_id=bram.party_id, trigger="use_changed")
    assert missing(bram_calls) == ["no_dpia"]
    refused = bram_calls.get(f"/api/v1/permissions/{permission}/readings", **DAY)
    assert problem(refused) == (403, "/problems/no-legal-basis")
    why = bram_calls.get(refused.get_json()["receipt"].replace("receipts", "decisions")).get_json()
    assert {part["reason"] for part in why["parts"]} == {"no_dpia"}
    assert me(bram_calls)["dpia"]["overtaken_at"] == format_instant(house.clock.now())


@pytest.mark.requirement("R12")
def test_a_contract_that_ended_stays_in_the_list_and_is_missing(program_app: Flask, house: TheHouse) -> None:
    party = house.party("Even", "energy_service", contract=False)
    now = house.clock.now()
    house.operator(
        "registry.contract.add",
        party_id=party.party_id,
        number="short",
        valid_from=format_instant(now),
        valid_until=format_instant(now + timedelta(days=1)),
    )
    assert missing(caller(program_app, party)) == []
    house.clock.advance(timedelta(days=1))
    later = caller(program_app, party)
    assert missing(later) == ["no_data_access_contract"]
    assert [one["number"] for one in me(later)["contracts"]] == ["short"]


@pytest.mark.requirement("R13")
def test_a_suspended_party_is_told_so_first_with_a_new_token(
    house: TheHouse, bram: Party, bram_calls: Caller, program_app: Flask
) -> None:
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a test")
    suspended = caller(program_app, bram)
    assert missing(suspended) == ["party_suspended"]
    assert me(suspended)["suspended_at"] == format_instant(house.clock.now())


def test_a_supplier_needs_no_contract_of_access_for_what_the_law_gives_it(
    program_app: Flask, house: TheHouse
) -> None:
    erik = caller(program_app, house.party("Erik", "supplier", contract=False))
    assert missing(erik) == []


def test_an_authority_is_told_which_law_it_must_name(program_app: Flask, house: TheHouse) -> None:
    assert missing(caller(program_app, house.party("Het Agentschap", "authority"))) == ["no_authorisation"]
    assert "outside_territory" in missing(caller(program_app, house.party("OCMW", "welfare_centre")))


def test_nobody_sees_anothers_papers(bram_calls: Caller, joris_calls: Caller) -> None:
    ours, his = me(bram_calls), me(joris_calls)
    assert his["id"] != ours["id"]
    assert {one["number"] for one in his["contracts"]}.isdisjoint(one["number"] for one in ours["contracts"])
    assert his["dpia"]["reference"] != ours["dpia"]["reference"]
