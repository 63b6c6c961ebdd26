"""`GET /api/v1/receipts`: a party finds back what it read and was refused, and nothing of anybody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from ledger import receipt
from tests.house import Customer, TheHouse
from tests.web.api.test_journey import DAY, granted
from tests.web.programs import Caller, publish

PATH = "/api/v1/receipts"


def entries(calls: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = calls.get(PATH, **query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[dict[str, Any]] = answer.get_json()["entries"]
    return found


@pytest.fixture
def history(bram_calls: Caller, measured: Customer) -> str:
    """Bram was granted, read a day, read it in bulk, and was refused what he has no permission for."""
    permission = granted(bram_calls, measured)
    assert bram_calls.get(f"/api/v1/permissions/{permission}/readings", **DAY).status_code == 200
    assert bram_calls.post("/api/v1/readings", {"permissions": [permission], **DAY}).status_code == 200
    early = {"from": "2019-10-29", "until": "2019-10-30"}
    assert bram_calls.get(f"/api/v1/permissions/{permission}/readings", **early).status_code == 403
    return permission


def test_a_party_finds_its_reads_and_refusals_newest_first(bram_calls: Caller, history: str) -> None:
    found = entries(bram_calls)
    assert [one["event"] for one in found][:3] == ["data.refused", "data.asked", "data.read"]
    assert [one["index"] for one in found] == sorted((one["index"] for one in found), reverse=True)
    assert {"permission.requested", "permission.granted"} <= {one["event"] for one in found}
    read = found[2]
    assert read["permission"] == history
    assert read["asked"] == {"start": "2023-10-28T22:00:00Z", "end": "2023-10-29T23:00:00Z"}
    assert (read["granularity"], read["mode"], read["slots"]) == ("quarter_hour", "strict", 200)
    assert read["ground"] == "energy_service"


def test_each_leads_to_its_receipt_and_a_decision_to_why(
    bram_calls: Caller, history: str, house: TheHouse
) -> None:
    key = publish(house)
    for one in entries(bram_calls):
        proof = bram_calls.get(one["receipt"])
        receipt.verify(receipt.parse(proof.get_data()), [key.verifier])
        assert (one["decision"] is not None) == (one["event"] in ("data.read", "data.refused"))
        if one["decision"]:
            assert bram_calls.get(one["decision"]).status_code == 200


def test_kind_and_days_narrow_it(bram_calls: Caller, history: str, house: TheHouse) -> None:
    today = day_of(house.clock.now())
    assert [one["event"] for one in entries(bram_calls, kind="reads")] == ["data.asked", "data.read"]
    assert [one["event"] for one in entries(bram_calls, kind="refusals")] == ["data.refused"]
    everything = entries(bram_calls)
    assert entries(bram_calls, first=today, last=today) == everything
    assert entries(bram_calls, first=today + timedelta(days=1)) == []
    assert entries(bram_calls, last=today - timedelta(days=1)) == []


def test_pages_give_each_once(bram_calls: Caller, history: str) -> None:
    whole, seen, cursor = entries(bram_calls), [], None
    while True:
        page = bram_calls.get(PATH, limit=2, **({"cursor": cursor} if cursor else {})).get_json()
        seen += page["entries"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == whole


def test_a_cursor_of_another_list_or_other_filters_is_refused(bram_calls: Caller, history: str) -> None:
    cursor = bram_calls.get(PATH, limit=1).get_json()["next_cursor"]
    granted_too = bram_calls.post(
        "/api/v1/permission-requests",
        {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"},
    )
    assert granted_too.status_code == 201
    other = bram_calls.get("/api/v1/permissions", limit=1).get_json()["next_cursor"]
    for path, query in (
        (PATH, {"cursor": other}),
        ("/api/v1/permissions", {"cursor": cursor}),
        ("/api/v1/doubts", {"cursor": cursor}),
        (PATH, {"cursor": cursor, "kind": "reads"}),
    ):
        answer = bram_calls.get(path, **query)
        assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/malformed-request"), path


def test_joris_sees_nothing_of_it(bram_calls: Caller, joris_calls: Caller, history: str) -> None:
    refused = joris_calls.get(f"/api/v1/permissions/{history}/readings", **DAY)
    assert refused.status_code == 403
    his, ours = entries(joris_calls), entries(bram_calls)
    assert [one["event"] for one in his if one["event"].startswith("data.")] == ["data.refused"]
    assert {one["index"] for one in his}.isdisjoint(one["index"] for one in ours)


def test_what_was_erased_is_still_in_the_list_and_says_nothing(
    bram_calls: Caller, history: str, house: TheHouse
) -> None:
    [read] = [one for one in entries(bram_calls) if one["event"] == "data.read"]
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql(
            "UPDATE ledger.body SET shared_sealed = '', key_sealed = NULL WHERE index = %s", (read["index"],)
        )
    [gone] = [one for one in entries(bram_calls) if one["index"] == read["index"]]
    assert (gone["is_erased"], gone["at"], gone["permission"], gone["slots"]) == (True, None, None, None)
    assert gone["decision"] is None


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"kind": "everything"}, "kind"),
        ({"first": "yesterday"}, "first"),
        ({"last": "2026-13-01"}, "last"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "42"}, "cursor"),
        ({"party": "x"}, "party"),
    ],
)
def test_a_wrong_question_says_where(standing_calls: Caller, query: dict[str, str], where: str) -> None:
    answer = standing_calls.get(PATH, **query)
    assert answer.status_code == 400
    assert where in [one["where"] for one in answer.get_json()["errors"]]
