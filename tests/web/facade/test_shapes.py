"""The facade's answers as plain functions: what the clients accept, and nothing that they do not know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.permissions.content import STATES
from databeheer.values import Granularity, format_instant
from tests.series import as_series
from web.facade.caseless import canonical_path
from web.facade.energy import ACTIVE, REACTIVE, headpoint
from web.facade.mandates import MandateFilter, mandates
from web.facade.names import STATUS_OF_STATE, DataService, MandateStatus, services_of, spellings
from web.facade.windows import whole_slots

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = datetime(2023, 10, 28, 22, tzinfo=UTC)


def slot(minutes: int, number: int, value: int | None, **changes: Any) -> dict[str, Any]:
    start = START + timedelta(minutes=minutes * number)
    return {
        "start": format_instant(start),
        "end": format_instant(start + timedelta(minutes=minutes)),
        "value": value,
        "state": "READ" if value is not None else "NONE",
        "register": "night",
        "conversion": None,
    } | changes


def channel(*slots: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "direction": "offtake",
        "unit": "kWh",
        "commodity": "electricity",
        "meter": "1SAG9990000003",
        "series": as_series(slots),
    } | changes


def test_the_export_of_october_takes_the_shape_of_the_fluvius_answer(expected_2023: Path) -> None:
    expected = json.loads(expected_2023.read_text())["data"]["headpoint"]
    slots: dict[str, list[dict[str, Any]]] = {}
    for one in expected["physicalMeters"][0]["quarterHourlyEnergy"]:
        for direction, registers in one["measurements"][0].items():
            for register, value in registers.items():
                slots.setdefault(direction, []).append(
                    {
                        "start": one["start"],
                        "end": one["end"],
                        "value": round(value["value"] * 1000),
                        "state": value["validationState"],
                        "register": register,
                        "conversion": None,
                    }
                )
    channels = [channel(*some, direction=direction) for direction, some in slots.items()]
    made = headpoint(expected["ean"], [{"channels": channels}])
    assert made == expected
    assert json.loads(json.dumps(made)) == expected


def test_thousandths_become_the_decimal_they_stand_for() -> None:
    point = headpoint("5", [{"channels": [channel(slot(15, 0, 294), slot(15, 1, 0), slot(15, 2, 270))]}])
    assert point is not None
    assert '"value": 0.294' in json.dumps(point)
    assert '"value": 0.27,' in json.dumps(point)
    assert '"value": 0.0,' in json.dumps(point)


@given(st.integers(-(10**12), 10**12))
def test_no_value_is_rounded(thousandths: int) -> None:
    point = headpoint("5", [{"channels": [channel(slot(15, 0, thousandths))]}])
    assert point is not None
    text = json.dumps(
        point["physicalMeters"][0]["quarterHourlyEnergy"][0]["measurements"][0]["offtake"]["night"]
    )
    number = text.partition('"value": ')[2].partition(",")[0]
    whole, _, decimals = number.lstrip("-").partition(".")
    assert int(whole + (decimals + "000")[:3]) == abs(thousandths)
    assert len(decimals) <= 3


def test_a_slot_without_a_value_is_left_out() -> None:
    point = headpoint("5", [{"channels": [channel(slot(15, 0, 1), slot(15, 1, None), slot(15, 2, 3))]}])
    assert point is not None
    starts = [one["start"] for one in point["physicalMeters"][0]["quarterHourlyEnergy"]]
    assert starts == ["2023-10-28T22:00:00Z", "2023-10-28T22:30:00Z"]


def test_a_direction_without_a_value_is_left_out_of_its_slice() -> None:
    point = headpoint(
        "5", [{"channels": [channel(slot(15, 0, 1)), channel(slot(15, 0, None), direction="injection")]}]
    )
    assert point is not None
    assert point["physicalMeters"][0]["quarterHourlyEnergy"][0]["measurements"] == [
        {"offtake": {"night": {"value": 0.001, "unit": "kWh", "validationState": "READ"}}}
    ]


@pytest.mark.parametrize("state", ["NVAL", "ABSENT", "NONE"])
def test_a_state_that_the_clients_do_not_know_never_shows(state: str) -> None:
    assert headpoint("5", [{"channels": [channel(slot(15, 0, 1, state=state))]}]) is None


def test_nothing_at_all_is_null() -> None:
    assert headpoint("5", []) is None
    assert headpoint("5", [{"channels": []}]) is None


def test_gas_has_both_units_of_an_hour_and_its_conversion() -> None:
    cubic = channel(slot(60, 0, 41, register="total"), unit="m3", commodity="gas")
    energy = channel(slot(60, 0, 465, register="total", conversion="P"), commodity="gas")
    point = headpoint("5", [{"channels": [energy, cubic]}])
    assert point is not None
    assert point["energyType"] == "G"
    (one,) = point["physicalMeters"][0]["hourlyEnergy"]
    assert one["measurements"] == [
        {"offtake": {"total": {"value": 0.041, "unit": "m3", "validationState": "READ"}}},
        {
            "offtake": {
                "total": {
                    "value": 0.465,
                    "unit": "kWh",
                    "validationState": "READ",
                    "gasConversionFactor": "P",
                }
            }
        },
    ]


def test_days_and_quarter_hours_stand_side_by_side() -> None:
    day = {
        "start": "2023-10-28T22:00:00Z",
        "end": "2023-10-29T23:00:00Z",
        "value": 5,
        "state": "READ",
        "register": "night",
    }
    point = headpoint("5", [{"channels": [channel(slot(15, 0, 1))]}, {"channels": [channel(day)]}])
    assert point is not None
    assert {"quarterHourlyEnergy", "dailyEnergy"} <= point["physicalMeters"][0].keys()


def test_the_number_of_a_meter_is_text() -> None:
    point = headpoint(
        "5", [{"channels": [channel(slot(15, 0, 1), meter="B"), channel(slot(15, 0, 1), meter="A")]}]
    )
    assert point is not None
    assert [(one["seqNumber"], one["meterID"]) for one in point["physicalMeters"]] == [("1", "A"), ("2", "B")]


def test_without_meter_numbers_the_slices_hang_on_the_head_point() -> None:
    point = headpoint("5", [{"channels": [channel(slot(15, 0, 1), meter=None)]}])
    assert point is not None
    assert point["$type"] == "metering-on-headpoint"
    assert "physicalMeters" not in point
    assert len(point["quarterHourlyEnergy"]) == 1


def test_reactive_energy_shows_only_where_asked() -> None:
    reactive = channel(slot(15, 0, 7, register="total"), unit="kVArh-inductive")
    assert headpoint("5", [{"channels": [reactive]}], ACTIVE) is None
    point = headpoint("5", [{"channels": [reactive]}], REACTIVE)
    assert point is not None
    value = point["physicalMeters"][0]["quarterHourlyEnergy"][0]["measurements"][0]["offtake"]["inductive"]
    assert value["unit"] == "kVArh"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "permission_id": "p",
        "reference": "ref",
        "service": "VH_dag",
        "granularity": "day",
        "state": "active",
        "ean": "541448899990000039",
        "commodity": "electricity",
        "data_from": "2023-01-01T00:00:00Z",
        "data_until": None,
        "valid_until": None,
        "requested_at": "2026-11-01T00:00:00Z",
        "decided_at": "2026-11-02T00:00:00Z",
        "ended_at": None,
    } | changes


WAITING = row(state="requested", ean=None, commodity=None, decided_at=None)


def test_a_mandate_has_every_field_and_null_where_there_is_nothing() -> None:
    assert mandates([row()], MandateFilter(), NOW) == [
        {
            "referenceNumber": "ref",
            "status": "Approved",
            "ean": "541448899990000039",
            "energyType": "E",
            "dataPeriodFrom": "2023-01-01T00:00:00Z",
            "dataPeriodTo": None,
            "dataServiceType": "VH_dag",
            "mandateExpirationDate": None,
            "renewalStatus": None,
        }
    ]


def test_an_undecided_request_is_left_out_unless_asked_for() -> None:
    assert mandates([WAITING], MandateFilter(), NOW) == []
    asked = mandates([WAITING], MandateFilter(status=MandateStatus.REQUESTED), NOW)
    assert [one["status"] for one in asked] == ["Requested"]
    switched = mandates([WAITING], MandateFilter(with_undecided=True), NOW)
    assert [one["status"] for one in switched] == ["Requested"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("active", "Approved"),
        ("rejected", "Rejected"),
        ("timed_out", "Rejected"),
        ("revoked", "Finished"),
        ("expired", "Finished"),
        ("terminated", "Finished"),
        ("invalidated", "Finished"),
    ],
)
def test_every_state_has_a_status_that_the_clients_know(state: str, status: str) -> None:
    (one,) = mandates([row(state=state)], MandateFilter(), NOW)
    assert one["status"] == status


@pytest.mark.parametrize(
    "wanted",
    [
        MandateFilter(ean="541448899990000015"),
        MandateFilter(services=frozenset({DataService.QUARTER_HOUR})),
        MandateFilter(services=frozenset()),
        MandateFilter(energy_type="G"),
        MandateFilter(status=MandateStatus.FINISHED),
        MandateFilter(renewal_status="ToBeRenewed"),
        MandateFilter(expires_by=NOW),
        MandateFilter(updated_from=NOW),
        MandateFilter(updated_to=datetime(2026, 11, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_filter_that_does_not_fit_leaves_the_mandate_out(wanted: MandateFilter) -> None:
    assert mandates([row()], wanted, NOW) == []


def test_a_mandate_near_its_end_is_to_be_renewed() -> None:
    near, far = row(valid_until="2027-01-31T23:00:00Z"), row(valid_until="2028-01-31T23:00:00Z")
    assert [one["renewalStatus"] for one in mandates([near, far], MandateFilter(), NOW)] == [
        "ToBeRenewed",
        None,
    ]


def test_a_permission_of_the_own_api_shows_under_its_nearest_service() -> None:
    assert services_of(row(service="", granularity="hour")) == (DataService.QUARTER_HOUR,)
    assert services_of(row(service="", granularity="month")) == (DataService.DAY,)
    assert services_of(row(service="VH_onbepaald", granularity="day")) == (DataService.DAY,)


def test_two_data_services_of_one_permission_are_two_mandates() -> None:
    both = row(service="VH_kwartier_uur,VH_dag", granularity="quarter_hour")
    assert [one["dataServiceType"] for one in mandates([both], MandateFilter(), NOW)] == [
        "VH_kwartier_uur",
        "VH_dag",
    ]
    of_days = MandateFilter(services=frozenset({DataService.DAY}))
    assert [one["dataServiceType"] for one in mandates([both], of_days, NOW)] == ["VH_dag"]


def test_every_state_that_a_permission_can_have_has_a_status() -> None:
    assert STATUS_OF_STATE.keys() == set(STATES)


def test_a_reference_is_found_with_and_without_dashes() -> None:
    dashed = "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01"
    bare = dashed.replace("-", "")
    assert dashed in spellings(bare)
    assert bare in spellings(dashed)
    assert spellings("ref-1") == ["ref-1", "ref1"]


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/esco/v3/api/Mandate/energy", "/esco/v3/api/mandate/energy"),
        ("/ESCO/V3/API/shortUrlIdentifier", "/esco/v3/api/shorturlidentifier"),
        ("/esco/v3/api/mandate/", "/esco/v3/api/mandate"),
        ("/oauth2/V2.0/token", "/oauth2/v2.0/token"),
        ("/My-Tenant/OAuth2/v2.0/Token", "/oauth2/v2.0/token"),
        ("/oauth2/token", "/oauth2/token"),
        ("/a/b/oauth2/v2.0/token", "/a/b/oauth2/v2.0/token"),
        ("/api/v1/Me", "/api/v1/Me"),
        ("/escort", "/escort"),
        ("/esco/v3/api/mandate\n", "/esco/v3/api/mandate\n"),
        ("", ""),
    ],
)
def test_only_the_facades_paths_are_folded(path: str, canonical: str) -> None:
    assert canonical_path(path) == canonical


def instant(text: str) -> datetime:
    """A moment of October 2023."""
    return datetime.fromisoformat(f"2023-10-{text}Z")


@pytest.mark.parametrize(
    ("start", "end", "granularity", "first", "last"),
    [
        # EDDIE: UTC midnights, the last second of a day.
        ("29T00:00:00", "29T23:59:59", "quarter_hour", "29T00:00:00", "30T00:00:00"),
        ("28T22:07:00", "28T22:08:00", "quarter_hour", "28T22:00:00", "28T22:15:00"),
        ("28T22:07:00", "28T22:08:00", "hour", "28T22:00:00", "28T23:00:00"),
        # Brussels midnights stay as they are, over 25 hours.
        ("28T22:00:00", "29T23:00:00", "day", "28T22:00:00", "29T23:00:00"),
        ("28T22:00:00", "29T23:00:00", "quarter_hour", "28T22:00:00", "29T23:00:00"),
        # A UTC day touches two Brussels days.
        ("29T00:00:00", "29T23:59:59", "day", "28T22:00:00", "30T23:00:00"),
    ],
)
def test_a_window_grows_to_whole_slots(start: str, end: str, granularity: str, first: str, last: str) -> None:
    grown = whole_slots(instant(start), instant(end), Granularity(granularity))
    assert grown == (instant(first), instant(last))


moments = st.integers(0, 3_000_000_000).map(lambda seconds: START + timedelta(seconds=seconds - 700_000_000))


@given(
    moments,
    st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
    st.sampled_from(["quarter_hour", "hour", "day"]),
)
def test_a_grown_window_covers_the_asked_one_and_growing_again_changes_nothing(
    start: datetime, length: timedelta, name: str
) -> None:
    granularity = Granularity(name)
    first, last = whole_slots(start, start + length, granularity)
    assert first <= start
    assert last >= start + length
    assert whole_slots(first, last, granularity) == (first, last)
