"""The four real exports: every variant that was seen in the wild, to the last digit."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from databeheer.brussels import slot_starts
from databeheer.metering.channel import ChannelDay
from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import ExportFile, read_export
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import Commodity, Direction
from tests.databeheer.metering.builders import real_files

ELECTRICITY_2021 = "Verbruikshistoriek_elektriciteit_541448899990000015_*.csv"
GAS_2022 = "Verbruikshistoriek_gas_541448899990000022_*.csv"
ELECTRICITY_2023 = "Consumption_history_electricity_541448899990000039_*.csv"
GAS_2023 = "Consumption_history_gas_541448899990000046_*.csv"


def read(pattern: str) -> ExportFile:
    [path] = real_files().glob(pattern)
    return read_export(path)


def day_of(export: ExportFile, day: date, direction: Direction, unit: Unit = Unit.KWH) -> ChannelDay:
    [found] = [d for d in export.days if (d.day, d.direction, d.unit) == (day, direction, unit)]
    return found


@pytest.mark.parametrize(
    ("pattern", "rows", "first", "last", "totals"),
    [
        (
            ELECTRICITY_2021,
            2496,
            date(2021, 10, 12),
            date(2021, 10, 24),
            {
                ("Afname Dag", "kWh"): 13_503,
                ("Afname Nacht", "kWh"): 14,
                ("Injectie Dag", "kWh"): 0,
                ("Injectie Nacht", "kWh"): 0,
            },
        ),
        (
            GAS_2022,
            84,
            date(2022, 1, 10),
            date(2022, 1, 11),
            {("Afname", "kWh"): 150_688, ("Afname", "m3"): 13_291},
        ),
        (
            ELECTRICITY_2023,
            7688,
            date(2023, 10, 22),
            date(2023, 11, 30),
            {
                ("Offtake Day", "kWh"): 398_464,
                ("Offtake Night", "kWh"): 406_627,
                ("Injection Day", "kWh"): 77_942,
                ("Injection Night", "kWh"): 25_975,
            },
        ),
        (
            GAS_2023,
            1910,
            date(2023, 10, 22),
            date(2023, 11, 30),
            {("Offtake", "kWh"): 3_150_457, ("Offtake", "m3"): 278_753},
        ),
    ],
    ids=["electricity 2021", "gas 2022", "electricity 2023", "gas 2023"],
)
def test_a_real_export_has_the_totals_it_is_known_to_have(pattern, rows, first, last, totals):
    export = read(pattern)
    assert (export.rows, export.first_day, export.last_day) == (rows, first, last)
    assert {(t.register, str(t.unit)): t.thousandths for t in export.totals} == totals


def test_the_last_sunday_of_october_has_the_hundred_quarter_hours_of_the_service_api():
    slices = json.loads((real_files() / "derived_esco_v3_energy_20231029.json").read_text())
    energy = slices["data"]["headpoint"]["physicalMeters"][0]["quarterHourlyEnergy"]
    export = read(ELECTRICITY_2023)
    offtake = day_of(export, date(2023, 10, 29), Direction.OFFTAKE)
    injection = day_of(export, date(2023, 10, 29), Direction.INJECTION)
    assert len(offtake.values) == len(energy) == 100
    for direction, day in (("offtake", offtake), ("injection", injection)):
        expected = [s["measurements"][0][direction]["night"] for s in energy]
        assert [f"{s:%Y-%m-%dT%H:%M:%SZ}" for s in slot_starts(day.day)] == [s["start"] for s in energy]
        assert list(day.values) == [int(Decimal(str(e["value"])) * 1000) for e in expected]
        assert [str(s) for s in day.states] == [e["validationState"] for e in expected]
        assert set(day.registers) == {Register.NIGHT}


def test_the_days_of_a_real_export_are_whole_and_each_is_there_once():
    export = read(ELECTRICITY_2023)
    [point] = export.points.values()
    assert point.commodity is Commodity.ELECTRICITY
    assert point.slot_minutes == (15,)
    for direction in Direction:
        days = [day.day for day in export.days if day.direction is direction]
        assert days == [export.first_day + timedelta(days=i) for i in range(40)]


@pytest.mark.requirement("R62")
def test_no_consumption_is_no_value_and_a_measured_zero_is_zero():
    export = read(ELECTRICITY_2023)
    offtake = day_of(export, date(2023, 10, 22), Direction.OFFTAKE)
    injection = day_of(export, date(2023, 10, 22), Direction.INJECTION)
    assert (offtake.values[0], offtake.states[0], offtake.registers[0]) == (None, State.NONE, Register.NIGHT)
    assert (injection.values[1], injection.states[1]) == (0, State.READ)


@pytest.mark.requirement("R62")
def test_every_state_of_the_old_export_is_counted():
    states = [state for day in read(ELECTRICITY_2021).days for state in day.states]
    assert (states.count(State.NONE), states.count(State.EST), states.count(State.VAL)) == (1628, 234, 634)


def test_a_gas_export_begins_at_six_and_what_is_not_in_the_file_is_absent():
    export = read(GAS_2023)
    [point] = export.points.values()
    first = day_of(export, date(2023, 10, 22), Direction.OFFTAKE, Unit.M3)
    assert point.commodity is Commodity.GAS
    assert first.states[:7] == (State.ABSENT,) * 6 + (State.READ,)
    assert first.values[:9] == (None,) * 6 + (0, 0, 364)
    assert first.registers[5:7] == (None, Register.TOTAL)
    assert len(day_of(export, date(2023, 10, 29), Direction.OFFTAKE, Unit.KWH).values) == 25


def test_the_caloric_value_travels_with_the_kwh_only():
    export = read(GAS_2022)
    first, second = (day_of(export, date(2022, 1, 10 + i), Direction.OFFTAKE, Unit.KWH) for i in range(2))
    volume = day_of(export, date(2022, 1, 10), Direction.OFFTAKE, Unit.M3)
    assert first.conversions == (None,) * 7 + (Conversion.PROVISIONAL,) * 17
    assert second.conversions == (Conversion.DEFINITIVE,) * 24
    assert volume.conversions is None
    assert (first.values[7], volume.values[7]) == (5445, 495)


def test_every_cut_of_a_real_row_is_refused_or_leaves_whole_rows():
    [path] = real_files().glob(GAS_2022)
    data = path.read_bytes()
    whole = read_export(data, "gas")
    begin = data.rindex(b"\n", 0, len(data) - 1) + 1
    for cut in range(begin + 1, len(data) - 1):
        with pytest.raises(IntakeError) as refusal:
            read_export(data[:cut], "gas")
        assert refusal.value.line == whole.rows + 1
    assert read_export(data[:begin], "gas").rows == whole.rows - 1
