"""A file that is not right is refused whole, with file, line, column, problem and remedy."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import read_export
from databeheer.metering.states import State
from tests.counts import examples, few
from tests.databeheer.metering.builders import (
    DIGITS,
    ENGLISH,
    ENGLISH_GAS,
    METER,
    Row,
    day_rows,
    english,
    text,
)

NAME = f"Verbruikshistoriek_elektriciteit_{DIGITS}_20231016_kwartiertotalen.csv"
DAY = date(2023, 10, 16)
LATER = Row(begin_time="13:00:00", end_time="13:15:00")


def refusal_of(data: bytes) -> IntakeError:
    with pytest.raises(IntakeError) as refusal:
        read_export(data, NAME)
    message = str(refusal.value)
    assert DIGITS not in message
    assert METER not in message
    assert "\n" not in message
    assert message.startswith("Verbruikshistoriek_elektriciteit_(EAN)_20231016_kwartiertotalen.csv")
    assert refusal.value.remedy in message
    return refusal.value


@pytest.mark.parametrize(
    ("changes", "column", "problem"),
    [
        ({"ean": '="541448899990000038"'}, "EAN code", "the check digit of the EAN code is wrong"),
        ({"ean": f"{DIGITS[:-1]}"}, "EAN code", "the EAN code has 17 digits instead of 18"),
        ({"ean": f"{DIGITS}0"}, "EAN code", "the EAN code has 19 digits instead of 18"),
        ({"ean": ""}, "EAN code", "the EAN code has 0 digits instead of 18"),
        ({"ean": "5,41449E+17"}, "EAN code", "this is not an EAN code"),
        ({"ean": "٥٤١٤٤٨٨٩٩٩٩٠٠٠٠٠٣٩"}, "EAN code", "this is not an EAN code"),
        ({"meter": "1SAG 999"}, "Meter", "this is not a meter number"),
        ({"meter": "<b>"}, "Meter", "this is not a meter number"),
        ({"meter": "x" * 31}, "Meter", "this is not a meter number"),
        ({"register": "Piekvermogen"}, "Register", "“Piekvermogen” is unknown"),
        ({"register": ""}, "Register", "“” is unknown"),
        ({"register": "Offtake Evening"}, "Register", "“Offtake Evening” is unknown"),
        ({"volume": "-0,173"}, "Volume", "the volume “-0,173” is negative"),
        ({"volume": "−0,173"}, "Volume", "the volume “−0,173” is negative"),
        ({"volume": "0.173"}, "Volume", "the volume “0.173” has a dot"),
        ({"volume": "1.000,173"}, "Volume", "the volume “1.000,173” has a dot"),
        ({"volume": "0,1730"}, "Volume", "the volume “0,1730” has more than three decimals"),
        ({"volume": "0,"}, "Volume", "“0,” is not a volume"),
        ({"volume": ",173"}, "Volume", "“,173” is not a volume"),
        ({"volume": "1e3"}, "Volume", "“1e3” is not a volume"),
        ({"volume": "+1"}, "Volume", "“+1” is not a volume"),
        ({"volume": "00,173"}, "Volume", "“00,173” is not a volume"),
        ({"volume": "٣"}, "Volume", "“٣” is not a volume"),
        ({"volume": "1 000"}, "Volume", "“1 000” is not a volume"),
        ({"volume": "0,173 kWh"}, "Volume", "“0,173 kWh” is not a volume"),
        ({"volume": "9" * 13}, "Volume", "the volume is larger than any meter can count"),
        (
            {"volume": "100000,001"},
            "Volume",
            "the volume is larger than any connection can carry in that time",
        ),
        ({"volume": ""}, "Volume", "the volume is empty, but the state says that there is one"),
        (
            {"state": "No consumption"},
            "Volume",
            "there is a volume, “0,173”, but the state says that there is none",
        ),
        ({"unit": "MWh"}, "Unit", "“MWh” is unknown"),
        ({"unit": ""}, "Unit", "“” is unknown"),
        ({"unit": "kW"}, "Unit", "“kW” is unknown"),
        ({"unit": "kVArh"}, "Unit", "“kVArh” does not fit this register"),
        ({"register": "Offtake Inductive"}, "Unit", "“kWh” does not fit this register"),
        ({"unit": "m³"}, "Unit", "these are no m3 of gas: there is no caloric value"),
        ({"state": "Gelez"}, "Validation status", "“Gelez” is unknown"),
        ({"state": ""}, "Validation status", "“” is unknown"),
        ({"state": "READ EST"}, "Validation status", "“READ EST” is unknown"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(changes, column, problem):
    error = refusal_of(english(Row(), LATER.but(**changes)))
    assert error.problem == problem
    assert (error.line, error.column) == (3, column)


def test_a_register_that_no_gas_meter_has_is_refused_in_a_file_of_gas():
    error = refusal_of(text(ENGLISH_GAS, [LATER.but(unit="m³")], tail=("", "")))
    assert (error.column, error.problem) == ("Register", "this register is none of a gas meter")


def test_the_caloric_value_is_refused_where_it_cannot_be():
    hour = LATER.but(end_time="14:00:00", register="Offtake")
    error = refusal_of(text(ENGLISH_GAS, [hour], tail=("Perhaps", "")))
    assert (error.column, error.problem) == ("Caloric upper value", "“Perhaps” is unknown")
    error = refusal_of(text(ENGLISH_GAS, [LATER], tail=("Definitive", "")))
    assert (error.column, error.problem) == ("Caloric upper value", "electricity has no caloric value")


def test_the_largest_volume_grows_with_the_slot():
    day = LATER.but(begin_time="00:00:00", end="17/10/2023", end_time="00:00:00", volume="9600000,000")
    assert read_export(english(day), NAME).totals[0].thousandths == 9_600_000_000
    refusal_of(english(day.but(volume="9600000,001")))


@pytest.mark.parametrize("line", [2, 50, 97])
def test_a_row_cut_in_half_is_refused(line):
    lines = english(*day_rows(DAY)).split(b"\n")
    lines[line - 1] = lines[line - 1][:60]
    error = refusal_of(b"\n".join(lines))
    assert error.line == line
    assert error.problem == "the row has 5 columns instead of 12"
    assert error.column is None


@pytest.mark.parametrize(
    ("damage", "line", "problem"),
    [
        (lambda d: b"", None, "the file is empty"),
        (lambda d: b"\xef\xbb\xbf", None, "the file is empty"),
        (lambda d: b" \r\n\n", None, "the file is empty"),
        (lambda d: d.split(b"\n")[0], None, "the file has a header but no rows"),
        (lambda d: d.replace(b"\n", b"\n\n", 3), 2, "the line is empty"),
        (lambda d: d.replace(b"0,050", b"0,0\x0050"), 51, "the file is not text (it has a NUL byte)"),
        (lambda d: d.replace(b"0,050", b"0,0\xff0"), 51, "the line is not UTF-8 text"),
        (lambda d: d.replace(b"Read;\n", b"Read;\r", 1), 2, "the line has a carriage return inside"),
        (lambda d: d.replace(b"\n", b"\r"), 1, "the line has a carriage return inside"),
        (lambda d: d.decode("utf-8-sig").encode("utf-16"), 1, "the file is not text (it has a NUL byte)"),
        (lambda d: d.replace(b"0,050", b'"0,050'), 51, "a quote is open or out of place"),
        (lambda d: d.replace(b";0,050;", b";0;050;"), 51, "the row has 13 columns instead of 12"),
        (lambda d: d.replace(b"Read;", b"Read;" + b"x" * 2000), 2, "the line is longer than 2000 characters"),
        (
            lambda d: d.replace(b"Read;", b"Read;" + b"x" * 10_000_000, 1),
            2,
            "the line is longer than 2000 characters",
        ),
        (lambda d: b"PK\x03\x04" + d, 1, "column 1 of the header, “PK???From (date)”, is unknown"),
    ],
    ids=[
        "empty",
        "mark only",
        "blank",
        "header only",
        "blank lines",
        "NUL",
        "Latin-1",
        "stray CR",
        "CR only",
        "UTF-16",
        "open quote",
        "semicolon for comma",
        "long line",
        "ten megabytes in one line",
        "archive",
    ],
)
def test_a_damaged_file_is_refused(damage, line, problem):
    error = refusal_of(damage(english(*day_rows(DAY))))
    assert (error.line, error.problem) == (line, problem)


def test_the_first_wrong_row_is_named_far_into_a_large_file():
    first = date(2022, 11, 1)
    rows = [row for offset in range(220) for row in day_rows(first + timedelta(days=offset))]
    wrong = 20_500
    rows[wrong] = rows[wrong].but(volume="0.1")
    rows[wrong + 5] = rows[wrong + 5].but(unit="MWh")
    error = refusal_of(english(*rows))
    assert (error.line, error.column) == (wrong + 2, "Volume")


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(english(*day_rows(DAY)))
    size = path.stat().st_size
    assert read_export(path, max_bytes=size).rows == 96
    for source in (path, path.read_bytes()):
        with pytest.raises(IntakeError, match="larger than"):
            read_export(source, max_bytes=size - 1)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(IntakeError, match=r"nothing\.csv: the file cannot be opened"):
        read_export(tmp_path / "nothing.csv")


def test_a_number_that_slipped_into_another_column_is_not_repeated():
    error = refusal_of(english(Row(register=DIGITS)))
    assert error.problem == "“…” is unknown"
    error = refusal_of(english(Row(state=METER)))
    assert error.problem == "“…” is unknown"
    error = refusal_of(english(Row(begin=f'="{DIGITS}"')))
    assert DIGITS[:8] not in str(error)


def test_progress_is_told_to_the_end():
    data = english(*day_rows(DAY))
    told: list[tuple[int, int]] = []
    read_export(data, NAME, progress=lambda rows, size: told.append((rows, size)))
    assert told[-1] == (96, len(data))


@settings(max_examples=examples(50, of=300))
@given(st.integers(0, 2400), st.binary(min_size=1, max_size=3), st.booleans())
def test_bytes_changed_anywhere_are_refused_or_leave_readings_that_make_sense(at, junk, insert):
    data = english(*day_rows(DAY)[:20])
    changed = data[:at] + junk + data[at + (0 if insert else len(junk)) :]
    try:
        export = read_export(changed, NAME)
    except IntakeError:
        return
    for day in export.days:
        assert len(day.values) in (1, 23, 24, 25, 92, 96, 100)
        for value, state in zip(day.values, day.states, strict=True):
            assert (value is None) is (state in (State.NONE, State.ABSENT))
            assert value is None or value >= 0
    assert sum(total.thousandths for total in export.totals) == sum(
        value or 0 for day in export.days for value in day.values
    )


@few
@given(st.integers(1, 5000))
def test_a_file_cut_anywhere_is_refused_or_has_fewer_whole_rows(cut):
    data = english(*day_rows(DAY)[:30])
    whole = read_export(data, NAME).days[0]
    try:
        [day] = read_export(data[:cut], NAME).days
    except IntakeError:
        return
    given_slots = [value for value in day.values if value is not None]
    assert given_slots == list(whole.values[: len(given_slots)])


def test_the_header_alone_decides_how_many_columns_a_row_has():
    error = refusal_of(text(ENGLISH, [Row()], tail=("", "")))
    assert error.problem == "the row has 13 columns instead of 12"
    error = refusal_of(text(ENGLISH, [Row()], tail=()))
    assert error.problem == "the row has 11 columns instead of 12"
