"""Whatever the header calls its columns and wherever they stand, the same readings come out."""

from __future__ import annotations

import random
from datetime import date

import pytest

from databeheer.metering.columns import REGISTERS
from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import read_export
from databeheer.metering.states import Register, State, Unit
from databeheer.values import EAN, Commodity, Direction
from tests.databeheer.metering.builders import (
    DIGITS,
    DUTCH_2021,
    DUTCH_2024,
    DUTCH_CAPITALS,
    DUTCH_GAS,
    ENGLISH,
    ENGLISH_GAS,
    METER,
    Row,
    english,
    text,
)

ROWS = [Row(), Row(begin_time="12:15:00", end_time="12:30:00", volume="1,5")]


@pytest.mark.parametrize(
    ("header", "tail"),
    [
        (DUTCH_2021, ()),
        (DUTCH_CAPITALS, ()),
        (DUTCH_2024, ("",)),
        (ENGLISH, ("",)),
        (ENGLISH.upper(), ("",)),
        (DUTCH_2021.replace("EAN", '"EAN-code"').replace(";", " ; "), ()),
    ],
    ids=["2021", "capitals", "2024", "english", "all capitals", "quoted and spaced"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_every_header_seen_is_understood(header, tail, newline):
    export = read_export(text(header, ROWS, tail=tail, newline=newline), "export.csv")
    [day] = export.days
    assert (day.ean, day.meter_number, day.unit) == (EAN(DIGITS), METER, Unit.KWH)
    assert day.day == date(2023, 10, 16)
    assert day.values[48:50] == (173, 1500)
    assert day.commodity is Commodity.ELECTRICITY


def test_byte_order_mark_newlines_and_final_newline_change_nothing_but_the_hash():
    data = english(*ROWS)
    same = [
        data,
        data[3:],
        data.rstrip(b"\n"),
        data.replace(b"\n", b"\r\n"),
        data.replace(b"\n", b"\r\n").rstrip(b"\r\n"),
        data.replace(b"\n", b"\r\n").rstrip(b"\n"),
        data + b"\n\n",
    ]
    exports = [read_export(variant, "export.csv") for variant in same]
    assert all(export.days == exports[0].days and export.rows == 2 for export in exports)
    assert len({export.sha256 for export in exports}) == len(same)


@pytest.mark.parametrize(
    "written",
    [f'="{DIGITS}"', f"={DIGITS}", DIGITS, f'"=""{DIGITS}"""', f'"{DIGITS}"'],
    ids=["excel", "amr", "bare", "csv", "quoted"],
)
def test_the_ean_is_read_in_every_spelling(written):
    [point] = read_export(english(Row(ean=written)), "export.csv").points
    assert point == EAN(DIGITS)


def test_the_order_of_the_columns_does_not_matter():
    names = ENGLISH.split(";")
    fields = [[*row.fields(), ""] for row in ROWS]
    expected = read_export(english(*ROWS), "export.csv")
    order = list(range(len(names)))
    for seed in range(20):
        random.Random(seed).shuffle(order)
        lines = [";".join(cells[i] for i in order) for cells in [names, *fields]]
        export = read_export("\n".join(lines).encode(), "export.csv")
        assert (export.days, export.totals) == (expected.days, expected.totals)


def test_quoted_cells_are_read_like_bare_ones():
    fields = [[f'"{cell}"' for cell in [*row.but(ean=DIGITS).fields(), "a;b"]] for row in ROWS]
    data = "\n".join([ENGLISH, *(";".join(cells) for cells in fields)]).encode()
    assert read_export(data, "export.csv").days == read_export(english(*ROWS), "export.csv").days


@pytest.mark.parametrize("label", list(REGISTERS))
def test_every_register_name_is_understood(label):
    direction, register = REGISTERS[label]
    reactive = register in (Register.REACTIVE, Register.INDUCTIVE, Register.CAPACITIVE)
    unit = "kVArh" if reactive else "kWh"
    export = read_export(english(Row(register=label.title(), unit=unit)), "export.csv")
    [day] = export.days
    assert (day.direction, day.registers[48]) == (direction, register)
    assert [(t.register, t.thousandths) for t in export.totals] == [(label.title(), 173)]


def test_inductive_and_capacitive_energy_of_one_quarter_are_two_channels():
    rows = [
        Row(register=name, unit="kVArh", meter="", ean=f"={DIGITS}")
        for name in ("Afname Inductief", "Afname Capacitief")
    ]
    units = [day.unit for day in read_export(english(*rows), "amr.csv").days]
    assert units == [Unit.KVARH_INDUCTIVE, Unit.KVARH_CAPACITIVE]


@pytest.mark.requirement("R62")
@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("Read", State.READ),
        ("Uitgelezen", State.READ),
        ("Geschat", State.EST),
        ("Estimated", State.EST),
        ("Gevalideerd", State.VAL),
        ("Validated", State.VAL),
        ("Niet gevalideerd", State.NVAL),
        ("  gevalideerd ", State.VAL),
    ],
)
def test_every_state_name_is_understood(written, state):
    [day] = read_export(english(Row(state=written)), "export.csv").days
    assert day.states[48] is state


def test_gas_units_come_in_any_order_and_make_two_channels():
    hour = Row(register="Offtake", begin_time="12:00:00", end_time="13:00:00")
    kwh, m3 = hour.but(volume="4,125"), hour.but(volume="0,364", unit="m³")
    days = [
        {day.unit: day for day in read_export(text(ENGLISH_GAS, rows, tail=("", "")), "gas.csv").days}
        for rows in ([kwh, m3], [m3, kwh])
    ]
    assert days[0] == days[1]
    assert (days[0][Unit.KWH].values[12], days[0][Unit.M3].values[12]) == (4125, 364)
    assert {day.commodity for day in days[0].values()} == {Commodity.GAS}


def test_kwh_alone_is_gas_where_the_file_has_the_caloric_value():
    hour = Row(register="Afname", begin_time="12:00:00", end_time="13:00:00")
    [gas] = read_export(text(DUTCH_GAS, [hour], tail=("Voorlopig",)), "gas.csv").days
    [electricity] = read_export(text(DUTCH_2021, [hour], tail=()), "electricity.csv").days
    assert (gas.commodity, electricity.commodity) == (Commodity.GAS, Commodity.ELECTRICITY)


def test_two_meters_of_one_point_are_two_channels():
    export = read_export(english(Row(), Row(meter="1SAG9990000004")), "export.csv")
    assert [day.meter_number for day in export.days] == [METER, "1SAG9990000004"]
    [point] = export.points.values()
    assert point.meter_numbers == (METER, "1SAG9990000004")
    assert point.directions == (Direction.OFFTAKE,)


def test_two_points_in_one_file_stay_apart():
    export = read_export(english(Row(), Row(ean="541448899990000015")), "export.csv")
    assert [day.ean.digits for day in export.days] == [DIGITS, "541448899990000015"]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (ENGLISH.replace(";Volume", ";Volumen"), "column 9 of the header, “Volumen”, is unknown"),
        (ENGLISH.replace(";Description", ";Unit"), "column 12 of the header, “Unit”, is there twice"),
        (ENGLISH.replace("Validation status;", ""), "the header lacks state"),
        (ENGLISH.replace("EAN code;Meter;", ""), "the header lacks ean, meter"),
        (ENGLISH + ";", "column 13 of the header, “”, is unknown"),
        (ENGLISH.replace(";", ","), "the first line is not the header of an export"),
        (ENGLISH.replace(";", "\t"), "the first line is not the header of an export"),
        (";".join(Row().fields()), "column 1 of the header, “16/10/2023”, is unknown"),
        (ENGLISH.replace("Meter type", '"Meter type'), "the header has a quote that does not close"),
        ("x" * 5000 + ";" + ENGLISH, "the first line is not the header of an export"),
    ],
)
def test_a_header_that_is_not_known_is_refused(header, problem):
    with pytest.raises(IntakeError) as refusal:
        read_export(text(header, ROWS), "export.csv")
    assert refusal.value.problem == problem
    assert refusal.value.line == 1
