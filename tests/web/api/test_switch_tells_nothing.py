"""A supplier that will supply a point learns nothing of what is under way there: every answer, to the byte."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from databeheer.brussels import day_of
from tests.bench.bench_switch import auc
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.programs import caller

PROCESSES = ["drop", "budget_meter", "prepayment"]
UNKNOWN_EAN = "541448899990000060"
MONTH = {"purpose": "billing", "granularity": "month", "from": "2023-10-01", "until": "2023-11-01"}
VARIABLE = ("index", "promise", "receipt", "request_id", "received_at", "decided_at")


def answers_of_the_door(erik: Party, ean: str, day: str) -> bytes:
    """What the door says to the supplier's announcement, list and look, as it goes over the wire."""
    said: list[Any] = []
    for command, arguments in (
        ("supply.request", {"ean": ean, "from_day": day}),
        ("supply.list", {}),
        ("readings.read", {"ean": ean, "from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z",
                           "granularity": "month"}),
    ):  # fmt: skip
        message = {
            "command": command,
            "proof": {"kind": "token", "value": erik.token},
            "arguments": arguments,
        }
        said.append(erik.house.client._exchange(message))
    return json.dumps(_without(said)).encode()


def _without(value: Any) -> Any:
    """Leave out where and when it stands in the ledger, and the request's own id: they differ every time."""
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items() if name not in VARIABLE}
    return [_without(one) for one in value] if isinstance(value, list) else value


def over_http(answer: TestResponse) -> tuple[int, bytes, bytes]:
    """Status, headers and body without date, request id, promise and the entry's number."""
    headers = "\n".join(
        f"{name}: {value}"
        for name, value in answer.headers
        if name not in ("Date", "Ledger-Promise", "RateLimit", "X-Request-Id")
    )
    number = re.compile(r"(?<=/receipts/)\d+")
    return (
        answer.status_code,
        number.sub("N", headers).encode(),
        number.sub("N", answer.get_data(as_text=True)).encode(),
    )


@pytest.mark.requirement("R77", "R183")
@pytest.mark.parametrize("kind", PROCESSES)
def test_answers_with_and_without_something_under_way_are_the_same_bytes(
    house: TheHouse, program_app: Flask, lotte: Customer, maria: Customer, erik: Party, kind: str
) -> None:
    # Two suppliers alike, so that neither's list tells the other's announcements.
    other = house.party("Erik Energie", "supplier")
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind=kind)
    day = day_of(house.clock.now()).isoformat()
    with_it, without_it = (
        answers_of_the_door(party, ean, day) for party, ean in ((erik, LOTTES_EAN), (other, MARIAS_EAN))
    )
    assert with_it == without_it
    third = house.party("Erik Energie", "supplier")
    assert answers_of_the_door(third, UNKNOWN_EAN, day) == with_it  # nor whether the point exists (R98)
    calls = caller(program_app, erik)
    pages = [
        over_http(calls.post("/api/v1/readings/query", MONTH | {"ean": ean}))
        for ean in (LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN)
    ]
    assert pages[0] == pages[1] == pages[2]
    fourth = caller(program_app, house.party("Erik Energie", "supplier"))
    announced = [
        fourth.post("/api/v1/register/messages", {"number": f"{place}", "kind": "contract.announced", "ean": ean,
                                                 "from": day})
        for place, ean in enumerate((LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN))
    ]  # fmt: skip
    said = [plain(answer) for answer in announced]
    assert said[0] == said[1] == said[2]


def plain(answer: TestResponse) -> Any:
    """What an announcement is answered, without its number, its name and where it stands, each as long as another."""
    told = answer.get_json()
    assert answer.status_code == 200, told
    of_its_own = (told.pop("number"), told.pop("announcement"), told.pop("receipt"))
    headers = {name for name, _ in answer.headers}
    return told, headers, [len(str(one)) for one in of_its_own[:2]], sorted(of_its_own[2])


@pytest.mark.requirement("R77")
@pytest.mark.parametrize("kind", PROCESSES)
def test_the_supplier_that_took_over_sees_no_trace_of_it_either(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, kind: str
) -> None:
    other = house.party("Erik Energie", "supplier")
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind=kind)
    for ean, party in ((LOTTES_EAN, erik), (MARIAS_EAN, other)):
        house.operator("registry.supply.accept", ean=ean, party_id=party.party_id, from_day="2023-01-01")
    day = day_of(house.clock.now()).isoformat()
    assert answers_of_the_door(erik, LOTTES_EAN, day) == answers_of_the_door(other, MARIAS_EAN, day)


@pytest.mark.requirement("R183", "R200")
def test_what_is_under_way_is_in_clear_nowhere_not_even_its_kind(house: TheHouse, lotte: Customer) -> None:
    begun = [house.operator("registry.process.begin", ean=LOTTES_EAN, kind=kind) for kind in PROCESSES]
    rows = query(house, "SELECT kind_sealed FROM registry.market_process")
    assert len({len(bytes(row[0])) for row in rows}) == 1  # nor does its length tell
    for one in begun:
        house.operator("registry.process.end", process_id=one["process_id"])
    events = query(house, "SELECT DISTINCT event FROM ledger.body WHERE event ~ '^market'")
    assert {row[0] for row in events} == {"market_process.begun", "market_process.ended"}
    assert "market_process.begun" not in [one["event"] for one in lotte.statements()]


def test_the_figure_of_the_bench_tells_apart_what_can_be_told_apart() -> None:
    assert auc([3, 4, 5], [0, 1, 2]) == 1
    assert auc([0, 1, 2], [3, 4, 5]) == 0
    assert auc([1, 2, 3, 3], [1, 2, 3, 3]) == 0.5
