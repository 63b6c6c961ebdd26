"""The facade over a real house: what EDDIE and the Python client send, and what makes them give up a permission."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.house import Customer, TheHouse
from tests.web.facade.calling import (
    EAN,
    REFERENCE,
    UNKNOWN_EAN,
    ask,
    energy,
    get,
    key,
    mandate_of,
)
from tests.web.programs import GAS_2022, GAS_2022_EAN, Caller, shared_file


def test_a_session_is_opened_for_the_portal(bram_fluvius: Caller, lotte: Customer) -> None:
    answer = ask(bram_fluvius)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["_meta"]["fetchTime"].endswith("Z")
    assert body["data"]["status"] == "success"
    assert body["data"]["validTo"]
    code = body["data"]["shortUrlIdentifier"]
    shown = lotte.call("permission.by_link", link_code=code)["permission"]
    assert shown["granularity"] == "quarter_hour"
    assert shown["data_until"] == "2027-01-01T00:00:00Z"
    assert shown["valid_until"] == "2027-01-31T00:00:00Z"


def test_a_mandate_is_listed_once_granted_and_not_before(bram_fluvius: Caller, lotte: Customer) -> None:
    code = ask(bram_fluvius).get_json()["data"]["shortUrlIdentifier"]
    path = "/esco/v3/api/Mandate"
    before = get(bram_fluvius, path, {"ReferenceNumber": REFERENCE}).get_json()
    assert before["data"]["mandates"] == []
    undecided = get(bram_fluvius, path, {"ReferenceNumber": REFERENCE, "status": "Requested"}).get_json()
    assert [one["status"] for one in undecided["data"]["mandates"]] == ["Requested"]
    assert undecided["data"]["mandates"][0]["ean"] is None
    asked = lotte.call("permission.by_link", link_code=code)["permission"]
    lotte.grant({"permission_id": asked["permission_id"], "link_code": code})
    (mandate,) = get(bram_fluvius, path, {"ReferenceNumber": REFERENCE}).get_json()["data"]["mandates"]
    assert mandate["status"] == "Approved"
    assert mandate["ean"] == EAN
    assert mandate["energyType"] == "E"
    assert mandate["dataServiceType"] == "VH_kwartier_uur"
    assert mandate["referenceNumber"] == REFERENCE


def test_a_refused_request_is_rejected(bram_fluvius: Caller, lotte: Customer) -> None:
    code = ask(bram_fluvius).get_json()["data"]["shortUrlIdentifier"]
    asked = lotte.call("permission.by_link", link_code=code)["permission"]
    lotte.call("permission.refuse", permission_id=asked["permission_id"], link_code=code)
    listed = get(bram_fluvius, "/esco/v3/api/mandate", {"referenceNumber": REFERENCE}).get_json()
    assert [one["status"] for one in listed["data"]["mandates"]] == ["Rejected"]


def test_the_quarter_hours_are_those_of_the_export(
    bram_fluvius: Caller, measured: Customer, expected_2023: Path
) -> None:
    mandate_of(bram_fluvius, measured)
    answer = energy(bram_fluvius, referenceNumber=REFERENCE, granularity="hourly_quarterhourly")
    assert answer.status_code == 200
    assert answer.get_json()["data"] == json.loads(expected_2023.read_text())["data"]
    assert answer.headers["Ledger-Promise"]
    assert 'rel="receipt"' in answer.headers["Link"]


def test_eddies_spelling_reads_the_same(bram_fluvius: Caller, measured: Customer) -> None:
    mandate_of(bram_fluvius, measured)
    dashed = "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01"
    eddies = get(
        bram_fluvius,
        "/esco/v3/api/Mandate/energy",
        {
            "referenceNumber": dashed,
            "ean": EAN,
            "DataServiceType": "VH_kwartier_uur",
            "PeriodType": "readTime",
            "from": "2023-10-29T00:00:00 01:00",
            "to": "2023-10-29T22:59:59Z",
        },
    )
    assert eddies.status_code == 200
    slices = eddies.get_json()["data"]["headpoint"]["physicalMeters"][0]["quarterHourlyEnergy"]
    assert (slices[0]["start"], slices[-1]["end"]) == ("2023-10-28T23:00:00Z", "2023-10-29T23:00:00Z")


def test_both_granularities_come_in_one_answer(bram_fluvius: Caller, measured: Customer) -> None:
    mandate_of(bram_fluvius, measured)
    meter = energy(bram_fluvius, granularity="daily,hourly_quarterhourly").get_json()["data"]["headpoint"][
        "physicalMeters"
    ][0]
    assert len(meter["quarterHourlyEnergy"]) == 100
    assert len(meter["dailyEnergy"]) == 1


def test_both_data_services_of_one_period_are_one_question_and_two_mandates(
    bram_fluvius: Caller, measured: Customer
) -> None:
    period = {"dataPeriodFrom": "2023-10-01T00:00:00Z"}
    both = [{"dataServiceType": name, **period} for name in ("VH_dag", "VH_kwartier_uur")]
    mandate_of(bram_fluvius, measured, dataServices=both)
    listed = get(bram_fluvius, "/esco/v3/api/mandate", {"referenceNumber": REFERENCE}).get_json()
    assert [(one["dataServiceType"], one["status"], one["ean"]) for one in listed["data"]["mandates"]] == [
        ("VH_kwartier_uur", "Approved", EAN),
        ("VH_dag", "Approved", EAN),
    ]
    meter = energy(bram_fluvius).get_json()["data"]["headpoint"]["physicalMeters"][0]
    assert {"quarterHourlyEnergy", "dailyEnergy"} <= meter.keys()


def test_a_window_of_many_years_is_read_in_parts_each_on_record(
    bram_fluvius: Caller, measured: Customer
) -> None:
    mandate_of(bram_fluvius, measured)
    years = {"from": "2016-01-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}
    answer = energy(bram_fluvius, granularity="daily", **years)
    assert answer.status_code == 200
    starts = [
        one["start"] for one in answer.get_json()["data"]["headpoint"]["physicalMeters"][0]["dailyEnergy"]
    ]
    assert len(starts) == len(set(starts)) >= 39
    assert starts == sorted(starts)
    assert len(answer.headers.getlist("Ledger-Promise")) == 4


def test_a_session_for_several_access_points_gives_a_mandate_for_each(
    house: TheHouse, bram_fluvius: Caller, measured: Customer
) -> None:
    gas = house.point("541448899990000046", measured, commodity="gas")
    permission = mandate_of(bram_fluvius, measured, numberOfEans=5)
    granted = {
        "permission_id": permission,
        "occupancy_id": gas,
        "notice": "What Lotte read",
        "language": "nl",
    }
    measured.call("permission.grant_beside", **granted)
    listed = get(bram_fluvius, "/esco/v3/api/mandate", {"referenceNumber": REFERENCE}).get_json()
    assert {(one["ean"], one["energyType"], one["status"]) for one in listed["data"]["mandates"]} == {
        (EAN, "E", "Approved"),
        ("541448899990000046", "G", "Approved"),
    }
    assert energy(bram_fluvius, referenceNumber=REFERENCE).get_json()["data"]["headpoint"]["ean"] == EAN


def test_gas_comes_by_the_hour_in_both_units(bram_fluvius: Caller, gas_measured: Customer) -> None:
    code = ask(bram_fluvius).get_json()["data"]["shortUrlIdentifier"]
    shown = gas_measured.call("permission.by_link", link_code=code)
    gas = next(one for one in shown["occupancies"] if one["commodity"] == "gas")
    gas_measured.grant(
        {"permission_id": shown["permission"]["permission_id"], "link_code": code}, gas["occupancy_id"]
    )
    point = energy(bram_fluvius, ean="541448899990000046", granularity="hourly_quarterhourly").get_json()[
        "data"
    ]["headpoint"]
    assert point["energyType"] == "G"
    hours = point["physicalMeters"][0]["hourlyEnergy"]
    assert len(hours) == 25
    units = [next(iter(one["offtake"].values()))["unit"] for one in hours[0]["measurements"]]
    assert units == ["m3", "kWh"]
    # This export leaves the caloric value open, so no factor is made up.
    assert "gasConversionFactor" not in str(hours)


def test_gas_says_how_firm_its_conversion_is(house: TheHouse, bram_fluvius: Caller, lotte: Customer) -> None:
    path = shared_file(GAS_2022)
    house.point(GAS_2022_EAN, lotte, commodity="gas")
    house.ingest(path)
    service = [{"dataServiceType": "VH_kwartier_uur", "dataPeriodFrom": "2022-01-01T00:00:00Z"}]
    code = ask(bram_fluvius, dataServices=service).get_json()["data"]["shortUrlIdentifier"]
    shown = lotte.call("permission.by_link", link_code=code)
    gas = next(one for one in shown["occupancies"] if one["commodity"] == "gas")
    lotte.grant(
        {"permission_id": shown["permission"]["permission_id"], "link_code": code}, gas["occupancy_id"]
    )
    window = {"from": "2022-01-09T23:00:00Z", "to": "2022-01-11T23:00:00Z"}
    answer = energy(bram_fluvius, ean=GAS_2022_EAN, granularity="hourly_quarterhourly", **window)
    found: dict[str, set[str | None]] = {"m3": set(), "kWh": set()}
    for one in answer.get_json()["data"]["headpoint"]["physicalMeters"][0]["hourlyEnergy"]:
        for measurement in one["measurements"]:
            for value in measurement["offtake"].values():
                found[value["unit"]].add(value.get("gasConversionFactor"))
    assert found == {"m3": {None}, "kWh": {"P", "D"}}


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"},  # before what was granted
        {"from": "2024-06-01T00:00:00Z", "to": "2024-06-02T00:00:00Z"},  # granted, nothing received
    ],
)
def test_nothing_in_the_window_is_null_and_not_forbidden(
    bram_fluvius: Caller, measured: Customer, window: dict[str, str]
) -> None:
    mandate_of(bram_fluvius, measured)
    answer = energy(bram_fluvius, granularity="hourly_quarterhourly", **window)
    assert answer.status_code == 200
    assert answer.get_json()["data"] == {"headpoint": None}
    assert answer.get_json()["_meta"]["fetchTime"]
    assert answer.headers["Ledger-Promise"]


def test_a_day_mandate_asked_for_quarter_hours_is_null_and_not_forbidden(
    bram_fluvius: Caller, measured: Customer
) -> None:
    service = [{"dataServiceType": "VH_dag", "dataPeriodFrom": "2023-10-01T00:00:00Z"}]
    mandate_of(bram_fluvius, measured, dataServices=service)
    fine = energy(bram_fluvius, granularity="hourly_quarterhourly")
    assert (fine.status_code, fine.get_json()["data"]) == (200, {"headpoint": None})
    both = energy(bram_fluvius, granularity="hourly_quarterhourly,daily").get_json()["data"]["headpoint"]
    assert both["physicalMeters"][0].keys() == {"seqNumber", "meterID", "dailyEnergy"}


def test_a_withdrawn_mandate_is_finished_and_forbidden(bram_fluvius: Caller, measured: Customer) -> None:
    measured.withdraw(mandate_of(bram_fluvius, measured))
    listed = get(bram_fluvius, "/esco/v3/api/mandate", {"referenceNumber": REFERENCE}).get_json()
    assert [one["status"] for one in listed["data"]["mandates"]] == ["Finished"]
    answer = energy(bram_fluvius, referenceNumber=REFERENCE)
    assert answer.status_code == 403
    assert answer.get_json()["Code"] == "permission-ended"
    assert answer.headers["Ledger-Promise"]


def test_a_waiting_mandate_is_not_forbidden(bram_fluvius: Caller, measured: Customer) -> None:
    ask(bram_fluvius)
    waiting = energy(bram_fluvius, referenceNumber=REFERENCE)
    assert waiting.status_code == 404
    unknown = energy(bram_fluvius, referenceNumber=REFERENCE, ean=UNKNOWN_EAN)
    assert unknown.status_code == 404
    assert waiting.get_json() == unknown.get_json()


def test_a_live_mandate_is_not_lost_by_a_wrong_reference_or_access_point(
    bram_fluvius: Caller, measured: Customer
) -> None:
    mandate_of(bram_fluvius, measured)
    for wrong in ({"referenceNumber": "another"}, {"referenceNumber": REFERENCE, "ean": UNKNOWN_EAN}):
        answer = energy(bram_fluvius, **wrong)
        assert answer.status_code == 404
        assert answer.get_json()["Code"] == "not-found"
        assert answer.headers["Ledger-Promise"]
    assert energy(bram_fluvius, ean=UNKNOWN_EAN).status_code == 403


@pytest.mark.requirement("R98")
def test_a_stranger_cannot_tell_an_unknown_point_from_a_forbidden_one(
    bram_fluvius: Caller, measured: Customer
) -> None:
    known, unknown = energy(bram_fluvius), energy(bram_fluvius, ean=UNKNOWN_EAN)
    assert known.status_code == unknown.status_code == 403
    assert known.get_json() == unknown.get_json()
    assert list(known.headers.keys()) == list(unknown.headers.keys())
    assert known.headers["Ledger-Promise"]


def test_the_stop_is_503_with_a_time_to_come_back(
    house: TheHouse, bram_fluvius: Caller, measured: Customer
) -> None:
    mandate_of(bram_fluvius, measured)
    house.operator("stop.set", reason="drill")
    answer = energy(bram_fluvius)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.get_json().keys() == {"Type", "Code", "Message"}


def test_an_expired_token_is_401_and_never_403(
    house: TheHouse, bram_fluvius: Caller, measured: Customer
) -> None:
    mandate_of(bram_fluvius, measured)
    house.clock.advance(timedelta(hours=2))
    answer = energy(bram_fluvius)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="databeheer", error="invalid_token"'


@pytest.mark.parametrize("given", ["", "wrong", "x" * 300, "n\u00e9"])
def test_without_its_subscription_key_a_token_is_401(standing_fluvius: Caller, given: str) -> None:
    headers = standing_fluvius.headers({"Ocp-Apim-Subscription-Key": given} if given else {})
    answer = standing_fluvius.http.get("/esco/v3/api/mandate", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["Code"] == "unauthenticated"


def test_another_partys_subscription_key_is_401(bram_fluvius: Caller, joris_calls: Caller) -> None:
    headers = bram_fluvius.headers(key(joris_calls))
    assert bram_fluvius.http.get("/esco/v3/api/mandate", headers=headers).status_code == 401


def test_a_token_of_one_interface_is_refused_by_the_other(bram_calls: Caller, bram_fluvius: Caller) -> None:
    assert get(bram_calls, "/esco/v3/api/mandate", {}).status_code == 401
    assert bram_fluvius.get("/api/v1/me").status_code == 401
    assert bram_fluvius.get("/api/v1/permissions").status_code == 401


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"ean": "541448899990000038"}, "ean"),
        ({"ean": "999"}, "ean"),
        ({"periodType": "inserted"}, "periodType"),
        ({"periodType": "x"}, "periodType"),
        ({"granularity": "hourly"}, "granularity"),
        ({"granularity": ""}, "granularity"),
        ({"dataServiceType": "IG"}, "dataServiceType"),
        ({"complexEnergyTypes": "imaginary"}, "complexEnergyTypes"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2023-10-30T00:00:00Z"}, "to"),
        ({"to": "2023-02-30T00:00:00Z"}, "to"),
        ({"referenceNumber": "a b"}, "referenceNumber"),
        ({"unknown": "1"}, "query"),
        ({"EAN": EAN}, "ean"),
    ],
)
def test_a_wrong_parameter_is_400_in_pascal_case(
    standing_fluvius: Caller, query: dict[str, str], place: str
) -> None:
    answer = energy(standing_fluvius, **query)
    assert answer.status_code == 400
    body = answer.get_json()
    assert body.keys() == {"Type", "Code", "Message", "ValidationErrorMessages"}
    assert body["ValidationErrorMessages"][0].startswith(f"{place}:")


@pytest.mark.parametrize(
    "changes",
    [
        {"referenceNumber": ""},
        {"referenceNumber": None},
        {"referenceNumber": "a\u0000b"},
        {"referenceNumber": 7},
        {"flow": "C2C"},
        {"dataServices": None},
        {"dataServices": []},
        {"dataServices": [{"dataServiceType": "IG"}]},
        {"dataServices": [{"dataServiceType": ["VH_dag"]}]},
        {"dataServices": [{"dataServiceType": "VH_dag", "dataPeriodFrom": 20231001}]},
        {
            "dataServices": [
                {"dataServiceType": "VH_dag", "dataPeriodFrom": "2024-01-01", "dataPeriodTo": "2023-01-01"}
            ]
        },
        {"dataServices": [{"dataServiceType": "VH_dag"}] * 2},
        {"dataServices": [{"dataServiceType": "VH_dag"}, "VH_kwartier_uur"]},
        {"dataServices": [{"dataServiceType": "VH_dag"}, {"dataServiceType": "IG"}]},
        {
            "dataServices": [
                {"dataServiceType": "VH_dag"},
                {"dataServiceType": "VH_kwartier_uur", "dataPeriodFrom": "2024-01-01T00:00:00Z"},
            ]
        },
        {"dataServices": [{"dataServiceType": "VH_dag"}, {"dataServiceType": "VH_kwartier_uur"}, {}]},
        {"dataServices": "VH_dag"},
        {"numberOfEans": 0},
        {"numberOfEans": 101},
        {"numberOfEans": "5"},
        {"numberOfEans": 1.5},
        {"numberOfEans": True},
        {"returnUrlSuccess": "javascript:alert(1)"},
        {"returnUrlFailed": "https://x/\u202e" + "y" * 2000},
        {"sso": "yes"},
        {"enterpriseNumber": 1},
        {"unknown": 1},
    ],
)
def test_a_wrong_session_request_is_400(standing_fluvius: Caller, changes: dict[str, Any]) -> None:
    answer = ask(standing_fluvius, **changes)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    assert answer.get_json()["ValidationErrorMessages"]


def test_a_session_that_is_asked_again_is_the_same_one(bram_fluvius: Caller) -> None:
    first, again = ask(bram_fluvius).get_json(), ask(bram_fluvius).get_json()
    assert first["data"] == again["data"]
    path = "/esco/v3/api/mandate"
    asked = get(bram_fluvius, path, {"status": "Requested"}).get_json()["data"]["mandates"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"returnUrlFailed": "https://eddie.example/elsewhere"},
        {"dataServices": [{"dataServiceType": "VH_kwartier_uur", "dataPeriodFrom": "2023-11-01T00:00:00Z"}]},
    ],
)
def test_a_reference_used_for_another_request_is_a_conflict(
    bram_fluvius: Caller, changes: dict[str, Any]
) -> None:
    assert ask(bram_fluvius).status_code == 200
    assert ask(bram_fluvius, **changes).status_code == 409


def test_what_is_not_served_is_told_in_pascal_case(standing_fluvius: Caller) -> None:
    for path in ("/esco/v3/api/mandate/mocked", "/ESCO/v4", "/esco/v3/api/mandate/energy/x"):
        answer = get(standing_fluvius, path, {})
        assert answer.status_code == 404
        assert answer.get_json().keys() == {"Type", "Code", "Message"}
    wrong_method = standing_fluvius.http.delete(
        "/esco/v3/api/mandate", headers=standing_fluvius.headers(key(standing_fluvius))
    )
    assert wrong_method.status_code == 405
    assert "GET" in wrong_method.headers["Allow"]
