"""What a customer downloads as CSV is what intake reads: out and in again, nothing has changed its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.brussels import day_bounds, slot_starts, slots_in_day
from databeheer.metering import columns
from databeheer.metering.aggregate import Slot, aggregate
from databeheer.metering.channel import ChannelDay
from databeheer.metering.columns import Column, fold
from databeheer.metering.export_csv import write_csv
from databeheer.metering.export_words import DUTCH, ENGLISH, UNITS, Words
from databeheer.metering.exports import read_export
from databeheer.metering.measured import Measured
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import EAN, Commodity, Direction, Granularity
from tests.databeheer.metering.builders import DIGITS, METER, real_files
from tests.series import slots_of

SPRING, ORDINARY, AUTUMN = date(2024, 3, 31), date(2024, 6, 3), date(2024, 10, 27)
LANGUAGES = pytest.mark.parametrize("words", [DUTCH, ENGLISH], ids=["Dutch", "English"])
LARGEST = 100_000_000
"""Thousandths in a quarter-hour: more is refused by intake."""


def channels_of(days: Sequence[ChannelDay]) -> list[Measured]:
    found: dict[tuple[str, Direction, Unit], Measured] = {}
    for day in sorted(days, key=lambda one: one.day):
        key = day.meter_number, day.direction, day.unit
        channel = found.setdefault(
            key, Measured(day.direction, day.commodity, day.unit, day.meter_number or None)
        )
        # As the door gives them: a slot that is not there at all is not handed over.
        channel.add(slot for slot in slots_of(day.day, day) if slot.state is not State.ABSENT)
    return list(found.values())


def written(
    days: Sequence[ChannelDay], words: Words = DUTCH, granularity: Granularity = Granularity.QUARTER_HOUR
) -> bytes:
    return b"".join(write_csv(days[0].ean, channels_of(days), granularity, words))


def by_channel(days: Sequence[ChannelDay]) -> dict[tuple[object, ...], ChannelDay]:
    return {(day.ean, day.meter_number, day.direction, day.unit, day.day): day for day in days}


def one_day(day: date, minutes: int = 15, **changes: object) -> ChannelDay:
    count = slots_in_day(day, minutes)
    plain = ChannelDay(
        EAN(DIGITS),
        METER,
        Commodity.ELECTRICITY,
        Direction.OFFTAKE,
        Unit.KWH,
        day,
        minutes,
        tuple(range(count)),
        (State.READ,) * count,
        (Register.NIGHT,) * count,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def rows(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig")
    assert text.endswith("\r\n")
    return [line.split(";") for line in text.split("\r\n")[:-1]]


@LANGUAGES
@pytest.mark.parametrize("number", range(4))
@pytest.mark.requirement("R45")
def test_a_real_export_goes_out_and_comes_in_as_the_same_days(number: int, words: Words) -> None:
    paths = sorted(real_files().glob("*.csv"))
    assert len(paths) == 4, "a real export was added: let it go through here too"
    before = read_export(paths[number])
    after = read_export(written(before.days, words))
    assert by_channel(after.days) == by_channel(before.days)
    assert after.points[before.days[0].ean].commodity == before.points[before.days[0].ean].commodity
    assert sorted(t.thousandths for t in after.totals) == sorted(t.thousandths for t in before.totals)


def test_the_newest_real_export_is_written_as_it_stands_byte_for_byte() -> None:
    for path in sorted(real_files().glob("Consumption_history_*.csv")):
        assert written(read_export(path).days, ENGLISH) == path.read_bytes()


@st.composite
def electricity_days(draw: st.DrawFn) -> list[ChannelDay]:
    days = draw(st.lists(st.sampled_from([SPRING, ORDINARY, AUTUMN]), min_size=1, max_size=3, unique=True))
    minutes = draw(st.sampled_from([15, 60]))
    found = []
    for day in days:
        for direction in draw(st.sampled_from([(Direction.OFFTAKE,), tuple(Direction)])):
            count = slots_in_day(day, minutes)
            kinds = draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(list(State)),
                        st.sampled_from([Register.DAY, Register.NIGHT, Register.TOTAL]),
                    ),
                    min_size=1,
                    max_size=6,
                )
            )
            # Holes also within the repeated hour, of one pass only.
            holes = draw(st.sets(st.integers(0, count - 1) | st.integers(7, 16), max_size=5))
            absent = State.ABSENT, Register.TOTAL
            marks = [absent if slot in holes else kinds[slot * len(kinds) // count] for slot in range(count)]
            amounts = draw(st.lists(st.integers(0, LARGEST), min_size=count, max_size=count))
            found.append(
                one_day(
                    day,
                    minutes,
                    direction=direction,
                    values=tuple(
                        a if s.has_value else None for a, (s, _) in zip(amounts, marks, strict=True)
                    ),
                    states=tuple(state for state, _ in marks),
                    registers=tuple(None if state is State.ABSENT else r for state, r in marks),
                )
            )
    return found


def as_it_comes_back(day: ChannelDay) -> ChannelDay | None:
    """The one thing a file cannot say: which of two slots that read the same is missing. It says that it is empty."""
    if set(day.states) == {State.ABSENT}:
        return None
    if day.day != AUTUMN or day.slot_minutes != 15:
        return day
    states, registers = list(day.states), list(day.registers)
    for first in (8, 9, 10):
        for one, other in ((first, first + 4), (first + 4, first)):
            if states[one] is State.ABSENT and day.states[other] is not State.ABSENT:
                states[one], registers[one] = State.NONE, day.registers[other]
    return replace(day, states=tuple(states), registers=tuple(registers))


@settings(max_examples=40)
@given(electricity_days(), st.sampled_from([DUTCH, ENGLISH]))
def test_any_days_go_out_and_come_in_as_they_were(days: list[ChannelDay], words: Words) -> None:
    expected = [back for day in days if (back := as_it_comes_back(day)) is not None]
    if expected:
        assert by_channel(read_export(written(days, words)).days) == by_channel(expected)


def test_a_quarter_of_the_repeated_hour_that_is_there_once_has_a_twin_without_value() -> None:
    states = tuple(State.ABSENT if slot == 13 else State.READ for slot in range(100))
    values = tuple(None if slot == 13 else slot for slot in range(100))
    registers = tuple(None if slot == 13 else Register.NIGHT for slot in range(100))
    [day] = read_export(written([one_day(AUTUMN, values=values, states=states, registers=registers)])).days
    assert day.values == values
    assert day.states[13] is State.NONE


def test_a_day_of_gas_keeps_its_caloric_value_on_its_kwh_only() -> None:
    count = slots_in_day(AUTUMN, 60)
    kwh = one_day(
        AUTUMN,
        60,
        commodity=Commodity.GAS,
        registers=(Register.TOTAL,) * count,
        conversions=(Conversion.PROVISIONAL,) * 10 + (None,) * 5 + (Conversion.DEFINITIVE,) * 10,
    )
    volume = replace(kwh, unit=Unit.M3, conversions=None)
    data = written([volume, kwh])
    assert by_channel(read_export(data).days) == by_channel([volume, kwh])
    header, first, second, *_ = rows(data)
    assert header[-2:] == ["Calorische Bovenwaarde", "Omschrijving"]
    assert (first[9], first[11]) == ("m³", "")
    assert (second[9], second[11]) == ("kWh", "Voorlopig")


@LANGUAGES
def test_reactive_energy_keeps_its_kinds_apart(words: Words) -> None:
    kinds = {
        Unit.KVARH: Register.REACTIVE,
        Unit.KVARH_INDUCTIVE: Register.INDUCTIVE,
        Unit.KVARH_CAPACITIVE: Register.CAPACITIVE,
    }
    days = [one_day(ORDINARY, unit=unit, registers=(register,) * 96) for unit, register in kinds.items()]
    assert by_channel(read_export(written(days, words)).days) == by_channel(days)


@pytest.mark.parametrize(("day", "slots"), [(SPRING, 92), (ORDINARY, 96), (AUTUMN, 100)])
def test_a_day_has_as_many_rows_as_quarter_hours(day: date, slots: int) -> None:
    assert len(rows(written([one_day(day)]))) == slots + 1


def test_the_repeated_hour_is_interleaved_summer_time_first_and_its_last_quarter_ends_before_it_begins() -> (
    None
):
    injection = one_day(AUTUMN, direction=Direction.INJECTION, values=tuple(range(1000, 1100)))
    shown = [(row[1], row[3], row[8]) for row in rows(written([one_day(AUTUMN), injection]))]
    at = shown.index(("02:00:00", "02:15:00", "0,008"))
    assert shown[at : at + 5] == [
        ("02:00:00", "02:15:00", "0,008"),
        ("02:00:00", "02:15:00", "1,008"),
        ("02:00:00", "02:15:00", "0,012"),
        ("02:00:00", "02:15:00", "1,012"),
        ("02:15:00", "02:30:00", "0,009"),
    ]
    assert ("02:45:00", "02:00:00", "0,011") in shown
    assert ("02:45:00", "03:00:00", "0,015") in shown


def test_no_value_is_an_empty_volume_with_geen_verbruik_and_a_zero_is_a_zero() -> None:
    values = (None, 0, *range(94))
    states = (State.NONE, *(State.READ,) * 95)
    _, first, second, *_ = rows(written([one_day(ORDINARY, values=values, states=states)]))
    assert (first[8], first[10]) == ("", "Geen verbruik")
    assert (second[8], second[10]) == ("0,000", "Uitgelezen")


def test_a_value_that_may_not_leave_is_written_as_none_whatever_its_state() -> None:
    start, end = day_bounds(ORDINARY)
    channel = Measured(Direction.OFFTAKE, Commodity.ELECTRICITY, Unit.KWH, METER)
    channel.add([Slot(start, end, None, State.NVAL, Register.DAY, missing=96)])
    data = b"".join(write_csv(EAN(DIGITS), [channel], Granularity.DAY, DUTCH))
    assert rows(data)[1][8:] == ["", "kWh", "Geen verbruik", ""]
    assert [day.values for day in read_export(data).days] == [(None,)]


def test_day_totals_come_in_again_with_their_registers_apart() -> None:
    start, end = day_bounds(AUTUMN)
    channel = Measured(Direction.OFFTAKE, Commodity.ELECTRICITY, Unit.KWH, METER)
    channel.add(
        Slot(start, end, value, State.EST, register, missing=2)
        for register, value in ((Register.DAY, 5050), (Register.NIGHT, 1))
    )
    data = b"".join(write_csv(EAN(DIGITS), [channel], Granularity.DAY, DUTCH))
    assert rows(data)[1][-1] == "2 waarden ontbreken"
    [day] = read_export(data).days
    assert (day.day, day.slot_minutes, day.values) == (AUTUMN, 1440, (5050, 1))
    assert day.registers == (Register.DAY, Register.NIGHT)


def test_an_hour_of_which_quarters_are_not_there_is_a_whole_hour_that_says_so() -> None:
    absent = {4, 9, 10}
    states = tuple(State.ABSENT if slot in absent else State.READ for slot in range(96))
    quarters = one_day(
        ORDINARY,
        values=tuple(None if slot in absent else 100 for slot in range(96)),
        states=states,
        registers=tuple(None if slot in absent else Register.NIGHT for slot in range(96)),
    )
    channel = Measured(Direction.OFFTAKE, Commodity.ELECTRICITY, Unit.KWH, METER)
    there = [slot for slot in slots_of(ORDINARY, quarters) if slot.state is not State.ABSENT]
    channel.add(aggregate(there, Granularity.HOUR))
    data = b"".join(write_csv(EAN(DIGITS), [channel], Granularity.HOUR, ENGLISH))
    [day] = read_export(data).days
    assert day.values[:4] == (400, 300, 200, 400)
    assert [row[-1] for row in rows(data)[1:5]] == ["", "1 value is missing", "2 values are missing", ""]


def test_the_file_begins_with_a_mark_and_the_header_of_the_newest_export() -> None:
    dutch, english = written([one_day(ORDINARY)], DUTCH), written([one_day(ORDINARY)], ENGLISH)
    assert dutch.startswith(b"\xef\xbb\xbfVan (datum);Van (tijdstip);Tot (datum);")
    assert b'03-06-2024;00:00:00;03-06-2024;00:15:00;="541448899990000039";1SAG9990000003;' in dutch
    assert b"\r\n03/06/2024;00:00:00;" in english
    assert b"\n" not in dutch.replace(b"\r\n", b"")


@LANGUAGES
def test_every_word_that_is_written_is_read_with_the_same_meaning(words: Words) -> None:
    assert {columns.HEADERS[fold(name)]: name for name in words.header.values()} == words.header
    assert set(words.header) == set(Column)
    assert {columns.STATES[fold(word)] for word in words.states.values()} == set(State) - {State.ABSENT}
    assert all(columns.CONVERSIONS[fold(word)] is key for key, word in words.conversions.items())
    for direction in Direction:
        for register in Register:
            written_as = words.register(direction, register)
            assert columns.REGISTERS[fold(written_as)] == (direction, register)
    assert set(UNITS) == set(Unit)


@pytest.mark.parametrize("meter", ['=HYPERLINK("x")', "+1;2", "@SUM(A1)"])
def test_a_meter_number_is_never_a_formula_or_another_column(meter: str) -> None:
    channel = Measured(Direction.OFFTAKE, Commodity.ELECTRICITY, Unit.KWH, meter)
    channel.add(slots_of(ORDINARY, one_day(ORDINARY)))
    data = b"".join(write_csv(EAN(DIGITS), [channel], Granularity.QUARTER_HOUR, DUTCH)).decode()
    line = data.split("\r\n")[1]
    assert line.split(";")[5].strip('"')[:1] not in "=+-@"
    assert ";Digitale Meter;" in line


def test_three_years_are_written_a_few_days_at_a_time() -> None:
    channel = Measured(Direction.OFFTAKE, Commodity.ELECTRICITY, Unit.KWH, METER)
    first = date(2022, 1, 1)
    for offset in range(3 * 365):
        starts = slot_starts(first + timedelta(days=offset), 60)
        channel.add(Slot(at, at + timedelta(hours=1), 1, State.READ, Register.TOTAL) for at in starts)
    parts = [len(part) for part in write_csv(EAN(DIGITS), [channel], Granularity.HOUR, DUTCH)]
    assert sum(parts) > 2_000_000
    assert max(parts) < 100_000
