"""The quality of supply over the API: for the grid operator of the point, with a record each time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from databeheer.brussels import day_of
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller

PATH = "/api/v1/supply-quality/query"


@pytest.fixture
def question(house: TheHouse, lotte: Customer) -> dict[str, Any]:
    """Of yesterday, of which Lotte's meter said something."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True)
    today = day_of(house.clock.now())
    yesterday = today - timedelta(days=1)
    nothing = {"interruptions": 0, "interrupted_s": 0, "sags": 2, "swells": 0}
    house.intake("supply_quality.take", days=[{"device": "1SAG1", "day": yesterday.isoformat(), **nothing}])
    return {
        "ean": LOTTES_EAN,
        "from": yesterday.isoformat(),
        "until": today.isoformat(),
        "task": "complaint",
    }


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


@pytest.mark.requirement("R66")
def test_the_grid_operator_has_the_days_with_a_receipt(
    program_app: Flask, net: Party, question: dict[str, Any]
) -> None:
    answer = caller(program_app, net).post(PATH, question)
    assert answer.status_code == 200
    told = answer.get_json()
    [day] = told["days"]
    assert (day["day"], day["meter"], day["sags"], day["lowest_dv"]) == (question["from"], "1SAG1", 2, None)
    assert answer.headers["Ledger-Promise"] == told["receipt"]["promise"]


@pytest.mark.requirement("R66")
def test_the_outsider_has_a_refusal_with_a_receipt(
    joris_calls: Caller, question: dict[str, Any], lotte: Customer
) -> None:
    answer = joris_calls.post(PATH, question)
    assert problem(answer) == (403, "no-legal-basis")
    assert answer.headers["Ledger-Promise"]
    assert lotte.statements()[0]["event"] == "data.refused"


def test_what_is_asked_wrong_is_named(program_app: Flask, net: Party, question: dict[str, Any]) -> None:
    calls = caller(program_app, net)
    for name, wrong in (("task", "marketing"), ("ean", "541448899990000038"), ("until", question["from"])):
        answer = calls.post(PATH, question | {name: wrong})
        assert problem(answer) == (400, "malformed-request")
        assert answer.get_json()["errors"][0]["where"] == f"/{name}"
    assert problem(calls.post(PATH, question | {"granularity": "hour"})) == (400, "malformed-request")
