"""Bram asks, Lotte grants, Bram reads, Lotte withdraws, and every step leaves its proof; Joris gets nothing."""

from __future__ import annotations

import csv
import io
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ledger import receipt
from ledger.note import VerifierKey
from ledger.promise import open_promise
from tests.house import Customer, Party, TheHouse
from tests.web.programs import Caller, caller, publish

DAY = {"from": "2023-10-29", "until": "2023-10-30"}


def asked(bram: Caller, **changes: Any) -> dict[str, Any]:
    wish = {"purpose": "energy_advice", "granularity": "quarter_hour", "data_from": "2023-01-01"}
    answer = bram.post("/api/v1/permission-requests", wish | changes)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def granted(bram: Caller, customer: Customer, **changes: Any) -> str:
    request = asked(bram, **changes)
    code = request["link"].partition("?id=")[2]
    customer.grant({"permission_id": request["id"], "link_code": code})
    return str(request["id"])


def problem(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.get_json()["type"]


def test_a_request_names_the_address_to_send_the_grid_user_to(bram_calls: Caller) -> None:
    answer = bram_calls.post(
        "/api/v1/permission-requests",
        {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01", "reference": "r-1"},
    )
    assert answer.status_code == 201
    shown = answer.get_json()
    assert shown["state"] == "requested"
    assert shown["reference"] == "r-1"
    assert shown["link"].startswith("http://127.0.0.1:8000/verbruik/dienstverlener?id=")
    assert answer.headers["Location"] == f"/api/v1/permissions/{shown['id']}"


def test_a_request_of_an_unknown_access_point_looks_like_any_other(
    bram_calls: Caller, lotte: Customer
) -> None:
    known = asked(bram_calls, ean="541448899990000039")
    unknown = asked(bram_calls, ean="541448899990000060")
    assert known.keys() == unknown.keys()
    assert known["state"] == unknown["state"] == "requested"


def test_a_reference_is_used_once(bram_calls: Caller) -> None:
    asked(bram_calls, reference="twice")
    body = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01", "reference": "twice"}
    answer = bram_calls.post("/api/v1/permission-requests", body)
    assert problem(answer) == (409, "/problems/conflict")


def test_a_permission_shows_its_state_and_who_ended_it(bram_calls: Caller, lotte: Customer) -> None:
    permission_id = granted(bram_calls, lotte)
    path = f"/api/v1/permissions/{permission_id}"
    active = bram_calls.get(path).get_json()
    assert (active["state"], active["reason"], active["ended_by"]) == ("active", None, None)
    assert active["ean"] == "541448899990000039"
    lotte.withdraw(permission_id)
    ended = bram_calls.get(path).get_json()
    assert (ended["state"], ended["ended_by"]) == ("revoked", "grid_user")
    assert ended["reason"]
    assert ended["ended_at"]


def test_another_partys_permission_does_not_exist(
    bram_calls: Caller, joris_calls: Caller, lotte: Customer
) -> None:
    permission_id = granted(bram_calls, lotte)
    nobodys = "00000000-0000-4000-8000-000000000000"
    for method in (joris_calls.get, joris_calls.delete):
        theirs = method(f"/api/v1/permissions/{permission_id}")
        none = method(f"/api/v1/permissions/{nobodys}")
        assert problem(theirs) == problem(none) == (404, "/problems/not-found")
        assert theirs.get_json() == none.get_json()


def test_pages_follow_each_other_without_gap_or_repeat(bram_calls: Caller) -> None:
    references = {asked(bram_calls, reference=f"r-{number}")["reference"] for number in range(5)}
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2, "state": "requested"}
    while True:
        page = bram_calls.get("/api/v1/permissions", **query).get_json()
        seen += [row["reference"] for row in page["permissions"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == 5
    assert set(seen) == references


def test_a_cursor_of_other_filters_is_refused(bram_calls: Caller) -> None:
    for number in range(3):
        asked(bram_calls, reference=f"r-{number}")
    cursor = bram_calls.get("/api/v1/permissions", limit=1).get_json()["next_cursor"]
    answer = bram_calls.get("/api/v1/permissions", limit=1, state="active", cursor=cursor)
    assert problem(answer) == (400, "/problems/malformed-request")


def test_the_party_ends_one_part_and_goes_on_with_the_other(bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured)
    path = f"/api/v1/permissions/{permission_id}"
    assert problem(bram_calls.delete(path, part="now")) == (400, "/problems/malformed-request")
    left = bram_calls.delete(path, part="past")
    assert left.status_code == 200
    assert "Ledger-Promise" in left.headers
    assert (left.get_json()["state"], left.get_json()["withdrawn_part"]) == ("active", "past")
    read = bram_calls.get(f"{path}/readings", **DAY)
    assert problem(read) == (403, "/problems/outside-granted-period")
    assert problem(bram_calls.delete(path, part="past")) == (409, "/problems/conflict")
    assert bram_calls.get(path).get_json()["state"] == "active"


@pytest.mark.requirement("R28")
def test_the_party_ends_a_permission_itself(bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured)
    ended = bram_calls.delete(f"/api/v1/permissions/{permission_id}")
    assert ended.status_code == 200
    assert (ended.get_json()["state"], ended.get_json()["ended_by"]) == ("terminated", "party")
    read = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    assert problem(read) == (403, "/problems/permission-ended")
    again = bram_calls.delete(f"/api/v1/permissions/{permission_id}")
    assert problem(again) == (409, "/problems/conflict")


def values_of(answer: dict[str, Any]) -> dict[tuple[str, str], str | None]:
    return {
        (channel["direction"], reading["start"]): reading["value"]
        for channel in answer["channels"]
        for reading in channel["readings"]
    }


def thousandths(answer: dict[str, Any], direction: str) -> int:
    return sum(
        int(reading["value"].replace(".", ""))
        for channel in answer["channels"]
        if channel["direction"] == direction
        for reading in channel["readings"]
        if reading["value"] is not None
    )


@pytest.mark.requirement("R62")
def test_the_hundred_quarter_hours_are_those_of_the_export(
    bram_calls: Caller, measured: Customer, expected_2023: Path
) -> None:
    permission_id = granted(bram_calls, measured)
    answer = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    assert answer.status_code == 200
    slices = json.loads(expected_2023.read_text())["data"]["headpoint"]["physicalMeters"][0][
        "quarterHourlyEnergy"
    ]
    expected = {
        (direction, one["start"]): f"{measurement['value']:.3f}"
        for one in slices
        for direction, registers in one["measurements"][0].items()
        for measurement in registers.values()
    }
    found = values_of(answer.get_json())
    assert len(expected) == 200
    assert found == expected
    offtake = next(c for c in answer.get_json()["channels"] if c["direction"] == "offtake")
    assert len(offtake["readings"]) == 100
    assert {(reading["state"], reading["register"]) for reading in offtake["readings"]} == {("READ", "night")}
    assert offtake["unit"] == "kWh"


def test_csv_has_the_same_values_as_json(bram_calls: Caller, measured: Customer) -> None:
    path = f"/api/v1/permissions/{granted(bram_calls, measured)}/readings"
    as_json = bram_calls.get(path, **DAY)
    by_header = bram_calls.get(path, **DAY, headers={"Accept": "text/csv"})
    by_query = bram_calls.get(path, **DAY, format="csv")
    assert by_header.content_type.startswith("text/csv")
    assert by_header.get_data() == by_query.get_data()
    rows = list(csv.DictReader(io.StringIO(by_header.get_data(as_text=True))))
    assert {(row["direction"], row["start"]): row["value"] for row in rows} == values_of(as_json.get_json())


def test_only_the_granted_direction_is_read_by_default(bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured, directions=["offtake"])
    path = f"/api/v1/permissions/{permission_id}/readings"
    default = bram_calls.get(path, **DAY)
    assert {channel["direction"] for channel in default.get_json()["channels"]} == {"offtake"}
    injection = bram_calls.get(path, **DAY, direction="injection")
    assert injection.status_code == 403


def test_a_day_permission_gives_no_quarter_hours(bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured, granularity="day")
    path = f"/api/v1/permissions/{permission_id}/readings"
    assert problem(bram_calls.get(path, **DAY)) == (403, "/problems/granularity-too-fine")
    days = bram_calls.get(path, **DAY, granularity="day")
    assert days.status_code == 200
    night = [
        reading
        for channel in days.get_json()["channels"]
        if channel["direction"] == "offtake"
        for reading in channel["readings"]
        if reading["register"] == "night"
    ]
    assert [(one["start"], one["end"]) for one in night] == [("2023-10-28T22:00:00Z", "2023-10-29T23:00:00Z")]


def test_clip_gives_the_granted_part_and_strict_gives_nothing(bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured, data_from="2023-10-29")
    path = f"/api/v1/permissions/{permission_id}/readings"
    window = {"from": "2023-10-28", "until": "2023-10-30"}
    assert problem(bram_calls.get(path, **window)) == (403, "/problems/outside-granted-period")
    clipped = bram_calls.get(path, **window, mode="clip").get_json()
    assert [(one["from"], one["until"]) for one in clipped["granted"]] == [
        ("2023-10-28T22:00:00Z", "2023-10-29T23:00:00Z")
    ]
    assert clipped["refused"][0]["reason"] == "outside_data_period"
    assert len(values_of(clipped)) == 200


@pytest.mark.requirement("R22")
def test_a_withdrawn_permission_is_refused_and_the_refusal_has_a_receipt(
    house: TheHouse, bram_calls: Caller, measured: Customer
) -> None:
    permission_id = granted(bram_calls, measured)
    measured.withdraw(permission_id)
    refused = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    assert problem(refused) == (403, "/problems/permission-ended")
    assert refused.headers["Ledger-Promise"]
    key = publish(house)
    proof = bram_calls.get(refused.get_json()["receipt"])
    assert proof.status_code == 200
    receipt.verify(receipt.parse(proof.get_data()), [VerifierKey.parse(key.vkey)])


def test_a_waiting_permission_gives_nothing_yet(bram_calls: Caller, measured: Customer) -> None:
    waiting = asked(bram_calls)
    refused = bram_calls.get(f"/api/v1/permissions/{waiting['id']}/readings", **DAY)
    assert refused.status_code == 403
    assert refused.headers["Ledger-Promise"]


def test_a_hand_over_carries_a_promise_and_then_a_receipt(
    house: TheHouse, bram_calls: Caller, measured: Customer
) -> None:
    permission_id = granted(bram_calls, measured)
    answer = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    index = answer.get_json()["receipt"]["index"]
    assert answer.headers["Link"] == f'</api/v1/receipts/{index}>; rel="receipt"'
    promise = open_promise(b64decode(answer.headers["Ledger-Promise"]), house.house.promise_key.verifier)
    assert promise.index == index
    early = bram_calls.get(f"/api/v1/receipts/{index}")
    assert problem(early) == (404, "/problems/receipt-not-yet")
    assert int(early.headers["Retry-After"]) >= 1
    key = publish(house)
    proof = bram_calls.get(f"/api/v1/receipts/{index}")
    assert proof.content_type == "text/plain; charset=utf-8"
    verified = receipt.verify(receipt.parse(proof.get_data()), [VerifierKey.parse(key.vkey)])
    assert verified.index == index
    assert verified.leaf == promise.leaf
    assert verified.opening is not None
    assert b"data.read" in verified.opening.shared_body


def test_anothers_receipt_does_not_exist(
    house: TheHouse, bram_calls: Caller, joris_calls: Caller, measured: Customer
) -> None:
    permission_id = granted(bram_calls, measured)
    index = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY).get_json()["receipt"][
        "index"
    ]
    publish(house)
    theirs = joris_calls.get(f"/api/v1/receipts/{index}")
    none = joris_calls.get("/api/v1/receipts/999999999999999")
    assert problem(theirs) == problem(none) == (404, "/problems/not-found")
    assert theirs.get_json() == none.get_json()


@pytest.mark.requirement("R46")
def test_a_refusal_is_explained_and_so_is_a_wish_in_the_same_words(
    bram_calls: Caller, joris_calls: Caller, measured: Customer
) -> None:
    permission_id = granted(bram_calls, measured)
    measured.withdraw(permission_id)
    refused = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    path = refused.get_json()["receipt"].replace("receipts", "decisions")
    told = bram_calls.get(path).get_json()
    assert [(part["granted"], part["reason"]) for part in told["parts"]] == [(False, "withdrawn")]
    assert told["parts"][0]["text"]["nl"].endswith("De toestemming is ingetrokken.")
    wished = {"permission_id": permission_id, "granularity": "quarter_hour", **DAY}
    answer = bram_calls.post("/api/v1/decisions/query", wished)
    assert answer.get_json()["parts"] == told["parts"]
    assert problem(joris_calls.get(path)) == (404, "/problems/not-found")
    both = {**wished, "ean": "541448899990000039"}
    assert bram_calls.post("/api/v1/decisions/query", both).status_code == 400


@pytest.mark.requirement("R98")
def test_a_stranger_cannot_tell_an_unknown_point_from_a_forbidden_one(
    joris_calls: Caller, measured: Customer
) -> None:
    body = {"purpose": "energy_monitoring", **DAY}
    known = joris_calls.post("/api/v1/readings/query", body | {"ean": "541448899990000039"})
    unknown = joris_calls.post("/api/v1/readings/query", body | {"ean": "541448899990000060"})
    assert problem(known) == problem(unknown) == (403, "/problems/no-legal-basis")
    ours, theirs = known.get_json(), unknown.get_json()
    ours.pop("receipt"), theirs.pop("receipt")
    assert ours == theirs
    assert list(known.headers.keys()) == list(unknown.headers.keys())


def test_the_stop_is_told_as_temporary(house: TheHouse, bram_calls: Caller, measured: Customer) -> None:
    permission_id = granted(bram_calls, measured)
    house.operator("stop.set", reason="drill")
    refused = bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY)
    assert problem(refused) == (503, "/problems/stopped")
    assert int(refused.headers["Retry-After"]) > 0
    house.operator("stop.lift", reason="end of drill")
    assert bram_calls.get(f"/api/v1/permissions/{permission_id}/readings", **DAY).status_code == 200


def test_me_is_the_party_behind_the_token(bram_calls: Caller) -> None:
    me = bram_calls.get("/api/v1/me").get_json()
    assert (me["id"], me["name"]) == (bram_calls.party.party_id, "Bram Energieadvies")
    assert me["role"] == "energy_service"


def test_the_supplier_reads_months_by_law_and_nothing_finer(
    house: TheHouse, program_app: Flask, erik: Party, measured: Customer
) -> None:
    house.operator(
        "registry.supply.accept",
        ean="541448899990000039",
        party_id=erik.party_id,
        from_day="2023-10-01",
        until_day=None,
    )
    eriks = caller(program_app, erik)
    month = {"ean": "541448899990000039", "purpose": "billing", "from": "2023-11-01", "until": "2023-12-01"}
    answer = eriks.post("/api/v1/readings/query", month | {"granularity": "month"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    days = eriks.post("/api/v1/readings/query", month | {"granularity": "day"})
    assert problem(days) == (403, "/problems/granularity-too-fine")
    # The sum of the export's rows of November, day and night register, added up apart from this code.
    assert thousandths(answer.get_json(), "offtake") == 594_133
    assert answer.get_json()["granted"][0]["ground"] == "supplier"
    finer = eriks.post("/api/v1/readings/query", month | {"granularity": "quarter_hour"})
    assert problem(finer) == (403, "/problems/granularity-too-fine")
    asked_for = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
    assert problem(eriks.post("/api/v1/permission-requests", asked_for)) == (403, "/problems/no-legal-basis")
