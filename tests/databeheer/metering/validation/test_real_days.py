"""The real exports: nothing that really happened is refused or called invalid."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from stdnum.ean import calc_check_digit

from databeheer.brussels import days_between, slot_starts
from databeheer.metering.channel import ChannelDay
from databeheer.metering.exports import read_export
from databeheer.metering.profile import pack, unpack
from databeheer.metering.states import Register, State, Unit
from databeheer.metering.validation import Grade, Outcome, Reason, Registers, Severity, shipped, validate
from databeheer.values import EAN, Commodity, Direction
from tests.databeheer.metering.builders import DIGITS, METER, day_rows, english, real_files
from tests.databeheer.metering.validation.channel_days import DayBlock, blocks_of, revised
from tests.databeheer.metering.validation.days import AUTUMN, MONDAY, said

FILES = (
    "Verbruikshistoriek_elektriciteit_541448899990000015_*.csv",
    "Verbruikshistoriek_gas_541448899990000022_*.csv",
    "Consumption_history_electricity_541448899990000039_*.csv",
    "Consumption_history_gas_541448899990000046_*.csv",
)


def judged(pattern: str, grade: Grade = Grade.INFORMATIVE) -> list[tuple[DayBlock, Outcome]]:
    [path] = real_files().glob(pattern)
    return [(one, validate(one.block)) for one in blocks_of(read_export(path).days, grade)]


@pytest.mark.requirement("R62", "R68")
@pytest.mark.parametrize("grade", Grade)
@pytest.mark.parametrize(
    "pattern", FILES, ids=["electricity 2021", "gas 2022", "electricity 2023", "gas 2023"]
)
def test_a_real_export_comes_through_as_it_is(pattern, grade):
    for one, outcome in judged(pattern, grade):
        assert outcome.accepted.all()
        assert np.array_equal(outcome.values, one.block.values)
        assert np.array_equal(outcome.states, one.block.states)
        for row, day in enumerate(one.days):
            assert revised(day, outcome, row) == day


@pytest.mark.requirement("R68")
def test_the_doubts_about_the_real_days_are_few_and_known():
    found: Counter[str] = Counter()
    for pattern in FILES:
        for _, outcome in judged(pattern):
            found.update({reason.slug: count for reason, count in outcome.summary.profiles.items()})
    assert found == DOUBTS


DOUBTS = {"meter_changed": 4}  # the gas files begin at six


def year_of(kind: Commodity) -> Iterator[ChannelDay]:
    """A year of hours of real homes (mean power in W, so Wh); each sensor is given a number of its own."""
    path = real_files().parent / "opengrid" / f"{kind.value}_2016_hourly_mean_power_W.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    hours = {datetime.fromisoformat(row[0]).astimezone(UTC): row[1:] for row in rows[1:]}
    for day in days_between(date(2016, 1, 1), date(2016, 12, 31)):
        there = [hours[start] for start in slot_starts(day, 60)]
        for sensor in range(len(rows[0]) - 1):
            number = f"54144889999000{900 + sensor:03d}"
            watts = [float(row[sensor]) if row[sensor] else None for row in there]
            yield ChannelDay(
                EAN(number + calc_check_digit(number)),
                METER,
                kind,
                Direction.OFFTAKE,
                Unit.KWH,
                day,
                60,
                tuple(None if one is None else round(one) for one in watts),
                tuple(State.ABSENT if one is None else State.READ for one in watts),
                tuple(None if one is None else Register.TOTAL for one in watts),
            )


@pytest.mark.requirement("R68")
@pytest.mark.parametrize("kind", Commodity)
def test_a_year_of_real_homes_has_nothing_invalid_and_hardly_a_doubt(kind):
    days = doubts = 0
    for one in blocks_of(year_of(kind), Grade.INFORMATIVE):
        outcome = validate(one.block)
        assert np.array_equal(outcome.as_read, one.block.states)
        days += one.block.rows
        doubts += int((outcome.profile_reasons & DOUBTFUL != 0).sum())
    assert days > 700
    assert 0 < doubts * 100 < days


DOUBTFUL = np.uint64(sum(1 << entry.reason.value for entry in shipped().of_severity(Severity.DOUBTFUL)))


@pytest.mark.requirement("R67")
@pytest.mark.parametrize("pattern", [FILES[0], FILES[2]], ids=["2021", "2023"])
def test_a_real_day_that_loses_values_gets_them_back_to_the_last_watt_hour(pattern):
    for one, _ in judged(pattern, Grade.BILLING):
        block = one.block
        used = block.values.sum(axis=1)
        states, values = block.states.copy(), block.values.copy()
        lost = (np.arange(block.slots) % 24 < 3)[None, :] & (states == 1)
        states[lost], values[lost] = 0, 0
        begin = np.full(block.rows, 7_000_000)
        gaps = replace(
            block, values=values, states=states, first_slot=None, until_slot=None,
            registers=Registers(begin=begin, end=begin + used),
        )  # fmt: skip
        outcome = validate(gaps)
        whole = (outcome.states != 0).all(axis=1) & lost.any(axis=1)
        assert np.array_equal(outcome.values.sum(axis=1)[whole], used[whole])
        assert np.array_equal(outcome.values[~lost], block.values[~lost])


def test_the_factor_of_the_provisional_day_is_no_mistake_and_a_wrong_one_is():
    [first, *_] = judged(FILES[1])
    assert Reason.GAS_FACTOR not in set().union(*(said(first[1], row) for row in range(first[0].block.rows)))
    [energy] = [row for row, day in enumerate(first[0].days) if day.unit is Unit.KWH]
    values = first[0].block.values.copy()
    values[energy] //= 11
    wrong = validate(replace(first[0].block, values=values))
    assert Reason.GAS_FACTOR in said(wrong, energy)


# ---- channel-days and back -------------------------------------------------------------------------------------------


def made(day: date, values: Sequence[int | None], registers: Sequence[Register | None]) -> ChannelDay:
    states = tuple(State.ABSENT if value is None else State.READ for value in values)
    return ChannelDay(
        EAN(DIGITS), METER, Commodity.ELECTRICITY, Direction.OFFTAKE, Unit.KWH, day, 15,
        tuple(values), states, tuple(registers),
    )  # fmt: skip


def test_an_estimate_gets_the_register_of_its_tariff_and_can_be_packed():
    values: list[int | None] = [200] * 96
    registers: list[Register | None] = [Register.NIGHT] * 28 + [Register.DAY] * 60 + [Register.NIGHT] * 8
    for slot in (27, 28, 87, 88):
        values[slot], registers[slot] = None, None
    [one] = blocks_of([made(MONDAY, values, registers)], Grade.INFORMATIVE)
    after = revised(one.days[0], validate(one.block), 0)
    assert [after.registers[slot] for slot in (27, 28, 87, 88)] == [
        Register.NIGHT, Register.DAY, Register.DAY, Register.NIGHT,
    ]  # fmt: skip
    assert after.values == (200,) * 96
    assert unpack(pack(after)).values == after.values
    total = made(MONDAY, values, [None if value is None else Register.TOTAL for value in values])
    [one] = blocks_of([total], Grade.INFORMATIVE)
    assert set(revised(one.days[0], validate(one.block), 0).registers) == {Register.TOTAL}
    sunday = made(AUTUMN, [None if slot == 40 else 200 for slot in range(100)],
                  [None if slot == 40 else Register.NIGHT for slot in range(100)])  # fmt: skip
    [one] = blocks_of([sunday], Grade.INFORMATIVE)
    assert set(revised(one.days[0], validate(one.block), 0).registers) == {Register.NIGHT}


def test_a_value_below_zero_leaves_a_slot_without_anything():
    [one] = blocks_of([made(MONDAY, [200] * 96, [Register.TOTAL] * 96)], Grade.INFORMATIVE)
    values = one.block.values.copy()
    values[0, 0] = -1
    after = revised(one.days[0], validate(replace(one.block, values=values)), 0)
    assert (after.values[0], after.states[0], after.registers[0]) == (None, State.ABSENT, None)


def test_what_a_file_lacks_before_it_begins_and_after_it_ends_is_not_missing():
    days = [date(2023, 10, 16), date(2023, 10, 17), date(2023, 10, 18)]
    rows = [row for day in days for row in day_rows(day)]
    export = read_export(english(*rows[4:-4]), "cut")
    found = [said(validate(one.block)) for one in blocks_of(export.days, Grade.INFORMATIVE)]
    assert found == [{Reason.METER_CHANGED}, set(), {Reason.METER_CHANGED}]
    holed = read_export(english(*rows[:100], *rows[110:]), "holed")
    found = [said(validate(one.block)) for one in blocks_of(holed.days, Grade.INFORMATIVE)]
    assert found == [set(), {Reason.MISSING, Reason.NO_ESTIMATE}, set()]
