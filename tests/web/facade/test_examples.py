"""Each kind of access point gives the shape that EDDIE's own tests accept, from real intake to the answer."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.house import Customer, Party, TheHouse
from tests.web.facade.calling import EAN, REFERENCE, ask, energy, mandate_of
from tests.web.programs import GAS_2022, GAS_2022_EAN, Caller, shared_file

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "fluvius-api" / "examples"
DAY = date(2023, 10, 29)
DEVICE, WHOLE, PANELS, BATTERY = "1SAG9990000011", "1SAG9990000012", "1SAG9990000013", "1SAG9990000014"
EXAMPLE_OF = {
    "metering-on-meter": "electricity_data_measurement_quarter_hourly.json",
    "metering-on-headpoint": "electricity_data_headpoints_measurement_quarter_hourly.json",
    "metering-on-headpoint-and-meter": (
        "electricity_data_headpoints_and_physical_meters_measurement_quarter_hourly.json"
    ),
}


def put(house: TheHouse, meter: str, place: str, **more: Any) -> None:
    house.operator("registry.meter.place", ean=EAN, meter=meter, place=place, **more)


def count(house: TheHouse, *meters: str, register: str = "Offtake Day") -> None:
    """Take in a day of each of these meters."""
    for meter in meters:
        house.ingest(english(*day_rows(DAY, row=Row().but(ean=f'="{EAN}"', meter=meter, register=register))))


def headpoint(party: Caller) -> dict[str, Any]:
    answer = energy(party, referenceNumber=REFERENCE, granularity="hourly_quarterhourly")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()["data"]["headpoint"]
    return found


def example(name: str) -> dict[str, Any]:
    text = shared_file(EXAMPLES / name).read_text()
    found: dict[str, Any] = json.loads(text)["data"]["headpoint"]
    return found


def shape(value: Any) -> Any:
    """The keys and types of an answer; of slices the first, of words that are chosen from a list the kind alone."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items() if name not in _CHOSEN}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return type(value).__name__


# Which direction and register a value has is the reading's; all are of one type in the contract.
_CHOSEN = {"measurements"}


def value_keys(point: dict[str, Any]) -> set[str]:
    """The keys of every single value, wherever it hangs."""
    keys: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "unit" in node:
                keys.update(node)
            for part in node.values():
                walk(part)
        elif isinstance(node, list):
            for part in node:
                walk(part)

    walk(point)
    return keys


@pytest.fixture
def panels(house: TheHouse, lotte: Customer) -> None:
    """What is metered below Lotte's access point, at her solar panels."""
    put(house, PANELS, "auxiliary", number=1, installation="PV", vreg_id="1")
    count(house, PANELS)


@pytest.mark.parametrize("kind", EXAMPLE_OF)
def test_an_access_point_of_each_kind_gives_the_shape_of_the_example(
    house: TheHouse, bram_fluvius: Caller, lotte: Customer, panels: None, kind: str
) -> None:
    if kind == "metering-on-meter":
        put(house, PANELS, "meter")
    if kind != "metering-on-meter":
        put(house, WHOLE, "headpoint")
        count(house, WHOLE)
    if kind == "metering-on-headpoint-and-meter":
        count(house, DEVICE)
    mandate_of(bram_fluvius, lotte)
    given, wanted = headpoint(bram_fluvius), example(EXAMPLE_OF[kind])
    assert given["$type"] == wanted["$type"] == kind
    assert shape(given) == shape(wanted)
    assert value_keys(given) == value_keys(wanted)


def test_gas_gives_the_shape_of_the_example_with_its_conversion_factor(
    house: TheHouse, bram_fluvius: Caller, lotte: Customer
) -> None:
    house.point(GAS_2022_EAN, lotte, commodity="gas")
    house.ingest(shared_file(GAS_2022))
    service = [{"dataServiceType": "VH_kwartier_uur", "dataPeriodFrom": "2022-01-01T00:00:00Z"}]
    code = ask(bram_fluvius, dataServices=service).get_json()["data"]["shortUrlIdentifier"]
    shown = lotte.call("permission.by_link", link_code=code)
    gas = next(one for one in shown["occupancies"] if one["commodity"] == "gas")
    asked = {"permission_id": shown["permission"]["permission_id"], "link_code": code}
    lotte.grant(asked, gas["occupancy_id"])
    window = {"from": "2022-01-09T23:00:00Z", "to": "2022-01-11T23:00:00Z"}
    answer = energy(bram_fluvius, ean=GAS_2022_EAN, granularity="hourly_quarterhourly", **window)
    given, wanted = answer.get_json()["data"]["headpoint"], example("gas_data_measurement_hourly.json")
    assert shape(given) == shape(wanted)
    assert (given["$type"], given["energyType"]) == (wanted["$type"], wanted["energyType"])
    # The example has cubic metres alone, which need no factor; the energy that they are has one.
    assert value_keys(given) == value_keys(wanted) | {"gasConversionFactor"}


def test_what_hangs_below_says_what_it_is(
    house: TheHouse, bram_fluvius: Caller, lotte: Customer, panels: None
) -> None:
    put(house, WHOLE, "headpoint")
    put(house, BATTERY, "production", number=2, installation="BAT")
    count(house, WHOLE)
    count(house, BATTERY, register="Injection Day")
    mandate_of(bram_fluvius, lotte)
    point = headpoint(bram_fluvius)
    auxiliary, production = point["subHeadpoints"]
    assert {name: auxiliary[name] for name in ("$type", "ean", "seqNumber", "vregId", "type")} == {
        "$type": "submetering-auxiliary",
        "ean": "001",
        "seqNumber": "1",
        "vregId": "1",
        "type": "PV",
    }
    assert (production["$type"], production["type"], production["vregId"]) == (
        "submetering-production",
        "BAT",
        None,
    )
    assert [*auxiliary["quarterHourlyEnergy"][0]["measurements"][0]] == ["auxiliary"]
    assert [*production["quarterHourlyEnergy"][0]["measurements"][0]] == ["production"]
    assert len(point["quarterHourlyEnergy"]) == len(production["quarterHourlyEnergy"]) == 100


def test_what_tells_the_same_energy_again_is_in_no_other_answer(
    house: TheHouse, bram: Party, lotte: Customer, panels: None
) -> None:
    put(house, WHOLE, "headpoint")
    count(house, DEVICE, WHOLE)
    asked = bram.ask()
    lotte.grant(asked)
    permission = asked["permission_id"]
    read = bram.read(permission)
    assert [channel["meter"] for channel in read["channels"]] == [DEVICE]
    assert "place" not in read["channels"][0]
    with_parts = bram.read(permission, parts=True)
    assert {channel["meter"]: channel["place"]["kind"] for channel in with_parts["channels"]} == {
        DEVICE: "meter",
        WHOLE: "headpoint",
        PANELS: "auxiliary",
    }
    day = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    bulk = bram.call("readings.bulk", permission_ids=[permission], **day)
    assert PANELS not in json.dumps(bulk)
    assert WHOLE not in json.dumps(bulk)


def test_a_head_point_without_meters_counts_itself(
    house: TheHouse, bram: Party, lotte: Customer, panels: None
) -> None:
    put(house, WHOLE, "headpoint")
    count(house, WHOLE)
    asked = bram.ask()
    lotte.grant(asked)
    assert [channel["meter"] for channel in bram.read(asked["permission_id"])["channels"]] == [WHOLE]


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("production", {}),
        ("production", {"number": 1}),
        ("production", {"installation": "PV"}),
        ("production", {"number": 0, "installation": "PV"}),
        ("production", {"number": 1000, "installation": "PV"}),
        ("production", {"number": 2, "installation": "windmill"}),
        ("meter", {"number": 2, "installation": "PV"}),
        ("headpoint", {"vreg_id": "x"}),
        ("cellar", {"number": 2, "installation": "PV"}),
    ],
)
def test_a_place_that_is_none_is_refused_and_changes_nothing(
    house: TheHouse, lotte: Customer, place: str, more: dict[str, Any]
) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        put(house, PANELS, place, **more)
    assert refused.value.code == "malformed-request"


def test_two_head_points_below_never_have_one_number(house: TheHouse, lotte: Customer, panels: None) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        put(house, BATTERY, "production", number=1, installation="BAT")
    assert refused.value.code == "conflict"


def test_only_the_operator_says_what_a_meter_hangs_on(bram: Party, lotte: Customer) -> None:
    for asker in (bram, lotte):
        with pytest.raises(DoorRefusedError) as refused:
            asker.call("registry.meter.place", ean=EAN, meter=PANELS, place="meter")
        assert refused.value.code == "unauthenticated"
