"""Electricity and gas, and no other commodity at any edge: water would be a house of its own (R177)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import read_export
from databeheer.values import Commodity
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.builders import DUTCH_2024, ENGLISH, Row, text
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import execute, query
from tests.house import Customer, TheHouse

METER = "1SAG0000000001"
HOUR = Row(register="Offtake", begin_time="12:00:00", end_time="13:00:00", volume="0,364")
NOT_OURS = ("water", "heat", "Electricity", "gas ", "", "electricity,gas", None, 1)


def test_there_are_two() -> None:
    assert [one.value for one in Commodity] == ["electricity", "gas"]


@pytest.mark.requirement("R177")
@pytest.mark.parametrize("unit", ["m3", "m³"])
@pytest.mark.parametrize(
    ("header", "register", "meter_type"),
    [
        (ENGLISH, "Offtake", "Digital meter"),
        (DUTCH_2024, "Afname", "Watermeter"),
        (ENGLISH, "Water", "Water meter"),
    ],
)
def test_an_export_of_water_is_no_gas(unit: str, header: str, register: str, meter_type: str) -> None:
    row = HOUR.but(unit=unit, register=register, meter_type=meter_type)
    with pytest.raises(IntakeError):
        read_export(text(header, [row]), "export.csv")


@pytest.mark.requirement("R177")
@pytest.mark.parametrize("unit", ["l", "L", "m", "GJ"])
def test_an_export_in_another_unit_is_refused(unit: str) -> None:
    with pytest.raises(IntakeError):
        read_export(text(ENGLISH, [HOUR.but(unit=unit)]), "export.csv")


@pytest.mark.requirement("R177")
@pytest.mark.parametrize("commodity", NOT_OURS)
def test_the_register_takes_no_point_of_anything_else(house: TheHouse, commodity: Any) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        house.operator("registry.access_point.register", ean=LOTTES_EAN, commodity=commodity)
    assert refused.value.code == "malformed-request"
    assert query(house, "SELECT count(*) FROM registry.access_point") == [(0,)]


@pytest.mark.requirement("R177")
def test_the_database_keeps_no_point_of_anything_else_whoever_writes_it(
    house: TheHouse, lotte: Customer
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        execute(house, "UPDATE registry.access_point SET commodity = 'water'")
    assert execute(house, "UPDATE registry.access_point SET commodity = 'gas'") == 1


@pytest.mark.requirement("R177")
@pytest.mark.parametrize(
    ("unit", "code"), [("m3", "wrong-commodity"), ("l", "bad-unit"), ("water", "bad-unit")]
)
def test_a_head_end_brings_no_water_in_with_the_meter_beside_it(
    house: TheHouse, lotte: Customer, tmp_path: Path, unit: str, code: str
) -> None:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    folder = Sent([profile(METER, date(2024, 6, 3), unit=unit)]).write(tmp_path / "sent")
    report = take_batch(folder, house.client, house.intake_key, house.engine("intake"), house.clock)
    assert [one["code"] for one in report.members()["row_problems"]] == [code]
    assert query(house, "SELECT count(*) FROM metering.profile") == [(0,)]
