"""Local times without offset: the day with 25 hours, the day with 23, and days that are whole rows."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import slots_in_day
from databeheer.metering.errors import IntakeError
from databeheer.metering.exports import read_export
from databeheer.metering.states import Register, State
from tests.databeheer.metering.builders import ENGLISH_GAS, Row, day_rows, english, text

AUTUMN = date(2023, 10, 29)
SPRING = date(2023, 3, 26)
OCTOBER = Row(begin="29/10/2023", end="29/10/2023", register="Offtake Night")
MARCH = Row(begin="26/03/2023", end="26/03/2023", register="Offtake Night")


def refusal_of(*rows: Row) -> IntakeError:
    with pytest.raises(IntakeError) as refusal:
        read_export(english(*rows), "export.csv")
    return refusal.value


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("day", [AUTUMN, SPRING, date(2023, 10, 16), date(2024, 2, 29), date(2023, 12, 31)])
def test_the_slots_of_a_day_of_any_length_come_out_in_real_time(day, minutes):
    [read] = read_export(english(*day_rows(day, minutes)), "export.csv").days
    assert read.values == tuple(range(1, slots_in_day(day, minutes) + 1))
    assert (read.day, read.slot_minutes) == (day, minutes)


@given(st.dates(date(2001, 1, 1), date(2099, 12, 30)))
def test_the_slots_of_every_day_of_the_century_come_out_in_real_time(day):
    [read] = read_export(english(*day_rows(day)), "export.csv").days
    assert read.values == tuple(range(1, slots_in_day(day) + 1))


def test_the_first_of_two_equal_times_is_summer_time_for_each_channel_of_its_own():
    rows = [
        OCTOBER.but(begin_time="02:00:00", end_time="02:15:00", volume=volume, register=register)
        for volume, register in [
            ("0,276", "Offtake Night"),
            ("0,001", "Injection Night"),
            ("0,261", "Offtake Night"),
            ("0,002", "Injection Night"),
        ]
    ]
    offtake, injection = read_export(english(*rows), "export.csv").days
    assert (offtake.values[8], offtake.values[12]) == (276, 261)
    assert (injection.values[8], injection.values[12]) == (1, 2)
    assert offtake.states.count(State.ABSENT) == 98


def test_the_row_that_ends_before_it_begins_is_the_last_of_summer_time():
    first = OCTOBER.but(begin_time="02:45:00", end_time="02:00:00", volume="0,295")
    second = OCTOBER.but(begin_time="02:45:00", end_time="03:00:00", volume="0,286")
    for rows in ([first, second], [second, first]):
        [day] = read_export(english(*rows), "export.csv").days
        assert (day.values[11], day.values[15]) == (295, 286)


def test_gas_has_an_hour_of_length_nothing_in_october():
    rows = [
        OCTOBER.but(register="Offtake", begin_time="02:00:00", end_time=end, volume=volume, unit=unit)
        for unit in ("m³", "kWh")
        for end, volume in (("02:00:00", "0,100"), ("03:00:00", "0,200"))
    ]
    for day in read_export(text(ENGLISH_GAS, rows, tail=("", "")), "gas.csv").days:
        assert (len(day.values), day.values[2], day.values[3]) == (25, 100, 200)


def test_three_equal_times_in_october_are_refused():
    row = OCTOBER.but(begin_time="02:15:00", end_time="02:30:00")
    error = refusal_of(row, row, row)
    assert (error.line, error.problem) == (4, "this slot comes twice")


def test_one_of_two_equal_times_is_refused_since_nobody_can_tell_which_it_is():
    error = refusal_of(OCTOBER, OCTOBER.but(begin_time="02:15:00", end_time="02:30:00"))
    assert error.line == 3
    assert "it cannot be told which one it is" in error.problem


@pytest.mark.parametrize("end_time", ["03:00:00", "02:00:00"])
@pytest.mark.parametrize(("begin_time", "index", "count"), [("01:45:00", 7, 92), ("01:00:00", 1, 23)])
def test_the_last_slot_before_the_jump_of_march_ends_at_three_or_at_two(begin_time, end_time, index, count):
    [day] = read_export(english(MARCH.but(begin_time=begin_time, end_time=end_time)), "export.csv").days
    assert (len(day.values), day.values[index]) == (count, 173)


@pytest.mark.parametrize(
    ("begin_time", "end_time", "column"),
    [
        ("02:00:00", "02:15:00", "From (time)"),
        ("02:45:00", "03:00:00", "From (time)"),
        ("02:00:00", "03:00:00", "From (time)"),
        ("01:45:00", "02:15:00", "Until (time)"),
    ],
)
def test_a_time_in_the_hour_that_march_leaves_out_is_refused(begin_time, end_time, column):
    error = refusal_of(MARCH.but(begin_time=begin_time, end_time=end_time))
    assert error.problem == "this time does not exist: the clock goes from 02:00 to 03:00 on this day"
    assert (error.line, error.column) == (2, column)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"end_time": "11:45:00"}, "the period ends before or when it starts"),
        ({"end_time": "12:00:00"}, "the period ends before or when it starts"),
        ({"end": "15/10/2023"}, "the period ends before or when it starts"),
        ({"begin_time": "02:45:00", "end_time": "02:00:00"}, "the period ends before or when it starts"),
        ({"begin_time": "02:00:00", "end_time": "02:00:00"}, "the period ends before or when it starts"),
        ({"end_time": "13:30:00"}, "the period is not a quarter-hour, an hour or a day"),
        ({"end_time": "15:00:00"}, "the period is not a quarter-hour, an hour or a day"),
        (
            {"begin_time": "12:15:00", "end_time": "13:15:00"},
            "the period is not a quarter-hour, an hour or a day",
        ),
        ({"end": "17/10/2023"}, "the period is not a quarter-hour, an hour or a day"),
        (
            {"begin_time": "00:00:00", "end": "18/10/2023", "end_time": "00:00:00"},
            "the period is not a quarter-hour, an hour or a day",
        ),
        ({"begin_time": "12:05:00"}, "“12:05:00” is not a time on the quarter-hour"),
        ({"end_time": "12:15:01"}, "“12:15:01” is not a time on the quarter-hour"),
        ({"begin_time": "24:00:00"}, "“24:00:00” is not a time on the quarter-hour"),
        ({"begin_time": "12:00"}, "“12:00” is not a time on the quarter-hour"),
        ({"begin_time": "٠٢:00:00"}, "“٠٢:00:00” is not a time on the quarter-hour"),
        ({"begin": "31/02/2023"}, "“31/02/2023” is not a date"),
        ({"begin": "2023-10-16"}, "“2023-10-16” is not a date"),
        ({"begin": "16/10-2023"}, "“16/10-2023” is not a date"),
        ({"begin": "6/10/2023"}, "“6/10/2023” is not a date"),
        ({"end": "16/10/1989"}, "“16/10/1989” is not a date"),
        ({"end": ""}, "“” is not a date"),
    ],
)
def test_a_period_that_is_no_slot_is_refused(changes, problem):
    error = refusal_of(Row(), Row(begin_time="13:00:00", end_time="13:15:00").but(**changes))
    assert error.problem == problem
    assert error.line == 3


def test_a_slot_that_comes_twice_is_refused_at_its_second_line():
    rows = day_rows(date(2023, 10, 16))
    error = refusal_of(*rows, rows[7])
    assert (error.line, error.column, error.problem) == (98, "From (time)", "this slot comes twice")


def test_a_slot_in_two_registers_comes_twice():
    assert refusal_of(Row(), Row(register="Offtake Night")).problem == "this slot comes twice"


@pytest.mark.parametrize("minutes", [60, 1440])
def test_a_day_with_slots_of_two_lengths_is_refused(minutes):
    longer = day_rows(date(2023, 10, 16), minutes)
    error = refusal_of(Row(begin_time="05:00:00", end_time="05:15:00"), longer[0])
    assert error.problem == "this day has slots of different lengths"


def test_days_may_differ_in_slot_length():
    export = read_export(
        english(*day_rows(date(2023, 10, 16)), *day_rows(date(2023, 10, 17), 60)), "export.csv"
    )
    assert [day.slot_minutes for day in export.days] == [15, 60]


def test_a_day_total_has_one_value_per_register():
    day = Row(begin_time="00:00:00", end="17/10/2023", end_time="00:00:00")
    [total] = read_export(
        english(day.but(volume="2,500", register="Offtake Night"), day.but(volume="7,163")), "export.csv"
    ).days
    assert total.slot_minutes == 1440
    assert total.registers == (Register.DAY, Register.NIGHT)
    assert total.values == (7163, 2500)
    assert refusal_of(day, day).problem == "this slot comes twice"


@pytest.mark.parametrize(("begin", "end"), [("29/10/2023", "30/10/2023"), ("26/03/2023", "27/03/2023")])
def test_a_day_total_is_a_day_on_the_days_of_the_clock_change_too(begin, end):
    row = Row(begin=begin, begin_time="00:00:00", end=end, end_time="00:00:00")
    [total] = read_export(english(row), "export.csv").days
    assert (total.slot_minutes, total.values) == (1440, (173,))
