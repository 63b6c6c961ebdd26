"""What a party has yet to delete, as a list, and its confirmation (R32)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from databeheer.values import parse_instant
from tests.house import Customer, Party, TheHouse
from tests.web.api.test_journey import granted
from tests.web.programs import Caller, caller

PATH = "/api/v1/permissions"


def due(calls: Caller, **query: Any) -> list[str]:
    answer = calls.get(PATH, deletion="due", **query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [one["id"] for one in answer.get_json()["permissions"]]


def confirm(calls: Caller, permission: str) -> Any:
    return calls.post(f"{PATH}/{permission}/deletion-confirmation", {})


@pytest.mark.requirement("R32")
def test_what_ended_is_on_the_list_until_its_deletion_is_confirmed(
    bram_calls: Caller, lotte: Customer, maria: Customer
) -> None:
    ended, going_on = granted(bram_calls, lotte), granted(bram_calls, maria)
    assert due(bram_calls) == []
    assert bram_calls.delete(f"{PATH}/{ended}").status_code == 200
    assert due(bram_calls) == [ended]
    assert confirm(bram_calls, ended).status_code == 200
    assert due(bram_calls) == []
    assert bram_calls.get(f"{PATH}/{going_on}").get_json()["state"] == "active"


@pytest.mark.requirement("R32")
def test_what_the_clock_ended_is_on_the_list_though_nobody_wrote_it_down(
    house: TheHouse, program_app: Flask, bram: Party, bram_calls: Caller, lotte: Customer
) -> None:
    permission = granted(bram_calls, lotte)
    ends = parse_instant(bram_calls.get(f"{PATH}/{permission}").get_json()["ends_at"])
    house.clock.advance(ends - house.clock.now() - timedelta(seconds=1))
    assert due(caller(program_app, bram)) == []
    house.clock.advance(timedelta(seconds=1))
    assert due(caller(program_app, bram)) == [permission]


def test_what_was_never_granted_leaves_nothing_to_delete(bram_calls: Caller, lotte: Customer) -> None:
    wish = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
    asked = bram_calls.post("/api/v1/permission-requests", wish).get_json()
    assert bram_calls.delete(f"{PATH}/{asked['id']}").status_code == 200
    assert due(bram_calls) == []
    assert confirm(bram_calls, asked["id"]).status_code == 409


def test_joris_has_nothing_of_it(bram_calls: Caller, joris_calls: Caller, lotte: Customer) -> None:
    permission = granted(bram_calls, lotte)
    bram_calls.delete(f"{PATH}/{permission}")
    assert due(joris_calls) == []
    assert confirm(joris_calls, permission).status_code == 404
    assert due(bram_calls) == [permission]


def test_the_list_comes_in_pages_and_its_cursor_is_its_own(
    bram_calls: Caller, lotte: Customer, maria: Customer
) -> None:
    for person in (lotte, maria):
        bram_calls.delete(f"{PATH}/{granted(bram_calls, person)}")
    page = bram_calls.get(PATH, deletion="due", limit=1).get_json()
    rest = due(bram_calls, limit=1, cursor=page["next_cursor"])
    assert {page["permissions"][0]["id"], *rest} == set(due(bram_calls))
    assert bram_calls.get(PATH, limit=1, cursor=page["next_cursor"]).status_code == 400


@pytest.mark.parametrize("value", ["", "overdue", "DUE", "true"])
def test_another_word_is_refused(standing_calls: Caller, value: str) -> None:
    answer = standing_calls.get(PATH, deletion=value)
    assert (answer.status_code, answer.get_json()["errors"][0]["where"]) == (400, "deletion")
