"""`POST /api/v1/readings`: many at once, an outcome for each, one receipt; oversize and odd input changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from ledger import receipt
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.api.test_journey import granted, problem
from tests.web.programs import Caller, caller, publish
from web.problems import PROBLEMS

PATH = "/api/v1/readings"
UNKNOWN = "3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11"
DAY: dict[str, Any] = {"from": "2023-10-29", "until": "2023-10-30"}


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


@pytest.fixture
def permissions(bram_calls: Caller, measured: Customer, maria: Customer) -> list[str]:
    """What Lotte and Maria granted to Bram; of Maria nothing was measured."""
    return [granted(bram_calls, person) for person in (measured, maria)]


def test_each_item_has_its_values_or_its_problem_and_all_have_one_receipt(
    bram_calls: Caller, measured: Customer, permissions: list[str], house: TheHouse
) -> None:
    measured_alone = bram_calls.get(f"/api/v1/permissions/{permissions[0]}/readings", **DAY).get_json()
    before = size(house)
    answer = bram_calls.post(PATH, {"permissions": [*permissions, UNKNOWN], **DAY})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    shown = answer.get_json()
    assert size(house) == before + 1
    first, empty, unknown = shown["items"]
    assert [one["permission"] for one in shown["items"]] == [*permissions, UNKNOWN]
    assert {name: first[name] for name in ("granted", "refused", "channels")} == {
        name: measured_alone[name] for name in ("granted", "refused", "channels")
    }
    assert (empty["problem"], empty["channels"]) == (None, [])
    row = PROBLEMS["no-legal-basis"]
    assert unknown["problem"]["type"] == "/problems/no-legal-basis"
    assert (unknown["problem"]["status"], unknown["problem"]["remedy"]) == (403, row.remedy)
    assert unknown["refused"][0]["reason"] == "no_legal_basis"
    assert answer.headers["Ledger-Promise"] == shown["receipt"]["promise"]
    key = publish(house)
    proof = bram_calls.get(shown["receipt"]["link"])
    receipt.verify(receipt.parse(proof.get_data()), [key.verifier])


def test_all_refused_is_still_an_answer_and_tells_a_stranger_nothing(
    joris_calls: Caller, permissions: list[str]
) -> None:
    answer = joris_calls.post(PATH, {"permissions": [*permissions, UNKNOWN], **DAY})
    assert answer.status_code == 200
    items = [{**one, "permission": "", "place": ""} for one in answer.get_json()["items"]]
    assert items[0] == items[1] == items[2]
    points = joris_calls.post(PATH, {"eans": [LOTTES_EAN, "541448899990000060"], "purpose": "billing", **DAY})
    known, unknown = ({**one, "ean": "", "place": ""} for one in points.get_json()["items"])
    assert known == unknown


def test_a_supplier_names_access_points_by_their_codes(
    program_app: Flask, house: TheHouse, measured: Customer, maria: Customer, erik: Party
) -> None:
    for ean in (LOTTES_EAN, MARIAS_EAN):
        house.operator(
            "registry.supply.accept", ean=ean, party_id=erik.party_id, from_day="2022-01-01", until_day=None
        )
    wish = {"eans": [LOTTES_EAN, MARIAS_EAN], "purpose": "billing", "granularity": "month", "mode": "clip"}
    month = {"from": "2023-10-01", "until": "2023-11-01"}
    answer = caller(program_app, erik).post(PATH, wish | month)
    items = answer.get_json()["items"]
    assert [one["ean"] for one in items] == [LOTTES_EAN, MARIAS_EAN]
    assert items[0]["channels"][0]["readings"][0]["value"] is not None
    assert {one["problem"] for one in items} == {None}


def test_a_repeated_request_is_one_read_and_one_of_another_body_is_told_422(
    bram_calls: Caller, permissions: list[str], house: TheHouse, measured: Customer
) -> None:
    key = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    body = {"permissions": permissions, **DAY}
    first, again = (bram_calls.post(PATH, body, headers=key) for _ in range(2))
    assert again.get_json() == first.get_json()
    assert again.headers["Ledger-Promise"] == first.headers["Ledger-Promise"]
    other = bram_calls.post(PATH, body | {"mode": "clip"}, headers=key)
    assert problem(other) == (422, "/problems/idempotency-key-reused")
    measured.withdraw(permissions[0])
    before = size(house)
    assert problem(bram_calls.post(PATH, body, headers=key)) == (409, "/problems/conflict")
    assert size(house) == before


BAD_ROWS: list[Any] = ["x", "", 17, None, {"id": UNKNOWN}, [UNKNOWN], UNKNOWN + "0", "0" * 5000]


@pytest.mark.parametrize("bad_first", [True, False])
def test_a_bad_row_has_its_own_problem_and_the_others_are_served(
    bram_calls: Caller, permissions: list[str], house: TheHouse, bad_first: bool
) -> None:
    alone = bram_calls.post(PATH, {"permissions": permissions, **DAY}).get_json()["items"]
    before = size(house)
    bad = [*BAD_ROWS, permissions[0]] if not bad_first else BAD_ROWS
    rows = [*BAD_ROWS, *permissions] if bad_first else [*permissions, *bad]
    answer = bram_calls.post(PATH, {"permissions": rows, **DAY})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert size(house) == before + 1
    items = answer.get_json()["items"]
    assert [one["place"] for one in items] == list(range(len(rows)))
    served = items[len(BAD_ROWS) :] if bad_first else items[: len(permissions)]
    assert [{**one, "place": 0} for one in served] == [{**one, "place": 0} for one in alone]
    for one in items[: len(BAD_ROWS)] if bad_first else items[len(permissions) :]:
        assert (one["problem"]["type"], one["problem"]["status"]) == ("/problems/malformed-request", 400)
        assert (one["permission"], one["ean"], one["channels"], one["coverage"]) == (None, None, [], None)
        assert one["problem"]["detail"]
    if not bad_first:
        assert items[-1]["problem"]["detail"] == "named before, at place 0"
    lines = bram_calls.post(f"{PATH}?format=csv", {"permissions": rows, **DAY}).get_data(as_text=True)
    assert lines.count("malformed-request") == len(rows) - len(permissions)
    changes = {"since": answer.get_json()["cursor"], "permissions": rows, **DAY}
    assert bram_calls.post(PATH, changes).status_code == 200


def test_more_rows_than_may_be_asked_are_refused_before_one_is_read(
    bram_calls: Caller, permissions: list[str], house: TheHouse
) -> None:
    """Bad rows cost more to tell of than good ones to ask for: forty thousand fit in a body."""
    before = size(house)
    for rows in ([0] * 40_000, [*permissions, *[0] * 1000], [*permissions, *["x"] * 1000]):
        answer = bram_calls.post(PATH, {"permissions": rows, **DAY})
        assert problem(answer) == (400, "/problems/malformed-request")
        assert len(answer.get_data()) < 1000
    assert size(house) == before


def test_a_malformed_code_in_a_portfolio_takes_nothing_from_the_others_and_tells_nothing(
    program_app: Flask, house: TheHouse, measured: Customer, erik: Party, joris_calls: Caller
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    rows = ["541448899990000038", LOTTES_EAN, int(LOTTES_EAN), LOTTES_EAN[:17], "541448899990000060"]
    wish = {"eans": rows, "purpose": "billing", "granularity": "month", "mode": "clip"}
    month = {"from": "2023-10-01", "until": "2023-11-01"}
    items = caller(program_app, erik).post(PATH, wish | month).get_json()["items"]
    types = [one["problem"] and one["problem"]["type"].rpartition("/")[2] for one in items]
    malformed = "malformed-request"
    assert types == [malformed, None, malformed, malformed, "no-legal-basis"]
    assert [one["ean"] for one in items] == [None, LOTTES_EAN, None, None, "541448899990000060"]
    assert items[1]["channels"][0]["readings"][0]["value"] is not None
    theirs = joris_calls.post(PATH, wish | month).get_json()["items"]
    assert {**theirs[1], "ean": "", "place": 0} == {**theirs[4], "ean": "", "place": 0}


LISTS = {"permissions": [UNKNOWN]}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/permissions"),
        ({"permissions": []}, "/permissions"),
        ({"permissions": [str(uuid4()) for _ in range(1001)]}, "/permissions"),
        ({"permissions": ["x"]}, "/permissions/0"),
        ({"permissions": ["x", 17, None]}, "/permissions/2"),
        ({"permissions": None}, "/permissions"),
        (LISTS | {"eans": [LOTTES_EAN], "purpose": "billing"}, "/permissions"),
        ({"eans": [LOTTES_EAN]}, "/purpose"),
        (LISTS | {"purpose": "billing"}, "/purpose"),
        ({"eans": ["541448899990000038"], "purpose": "billing"}, "/eans/0"),
        ({"eans": [541448899990000039], "purpose": "billing"}, "/eans/0"),
        (LISTS | {"until": "2023-10-29"}, "/until"),
        (LISTS | {"granularity": "minute"}, "/granularity"),
        (LISTS | {"mode": "loose"}, "/mode"),
        (LISTS | {"direction": "offtake"}, "/direction"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_recorded(
    standing_calls: Caller, body: dict[str, Any], where: str
) -> None:
    before = size(standing_calls.party.house)
    answer = standing_calls.post(PATH, DAY | body)
    assert problem(answer) == (400, "/problems/malformed-request")
    assert where in {error["where"] for error in answer.get_json()["errors"]}
    assert size(standing_calls.party.house) == before


@pytest.mark.parametrize(
    "body",
    [
        {"permissions": [str(uuid4()) for _ in range(1000)], **DAY, "until": "2023-10-31"},
        {"permissions": [UNKNOWN], "from": "2018-01-01", "until": "2024-01-01"},
        {"permissions": [UNKNOWN] * 4000, **DAY},  # longer than a body may be
    ],
)
def test_more_than_one_answer_holds_is_told_413_and_nothing_is_recorded(
    standing_calls: Caller, body: dict[str, Any]
) -> None:
    before = size(standing_calls.party.house)
    assert problem(standing_calls.post(PATH, body)) == (413, "/problems/too-large")
    assert size(standing_calls.party.house) == before


def test_a_thousand_permissions_fit_in_a_body(standing_calls: Caller) -> None:
    answer = standing_calls.post(PATH, {"permissions": [str(uuid4()) for _ in range(1000)], **DAY})
    assert answer.status_code == 200
    assert len(answer.get_json()["items"]) == 1000
