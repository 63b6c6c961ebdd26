"""What came of what had to be read: without a database, a total in, a finding out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from databeheer.metering.plan.completeness import LACKING, Finding, Tally, as_text, find
from databeheer.metering.plan.tariff_periods import PERIODS
from databeheer.metering.plan.wanted import Kind, Meter, Reason, Wanted, wanted
from databeheer.metering.states import Register, State
from databeheer.metering.totals import DayTotal
from databeheer.values import Commodity, Direction

MONDAY, SUNDAY = date(2024, 6, 3), date(2024, 6, 2)
REGISTERS = Wanted(Direction.OFFTAKE, Kind.REGISTERS, frozenset({Reason.EVERY_METER}), periods=PERIODS)
QUARTERS = Wanted(Direction.OFFTAKE, Kind.INTERVALS, frozenset({Reason.GRID_USER}), minutes=15)


def total(
    minutes: int, slots: int, registers: tuple[Register, ...], missing: int = 0, state: State = State.READ
) -> DayTotal:
    states = ((state, slots - missing),) + (((State.ABSENT, missing),) if missing else ())
    return DayTotal(minutes, slots, slots - missing, tuple((one, 10) for one in registers), states)


BOTH, ONE = (Register.DAY, Register.NIGHT), (Register.TOTAL,)


@pytest.mark.requirement("R58")
@pytest.mark.parametrize(
    ("wish", "stored", "day", "finding"),
    [
        (REGISTERS, None, MONDAY, Finding.MISSING),
        (REGISTERS, total(1440, 2, BOTH), MONDAY, Finding.RECEIVED),
        (REGISTERS, total(1440, 2, BOTH, state=State.EST), MONDAY, Finding.ESTIMATED),
        (REGISTERS, total(1440, 1, ONE), MONDAY, Finding.UNDIVIDED),
        (REGISTERS, total(1440, 1, (Register.NIGHT,)), SUNDAY, Finding.UNDIVIDED),
        (REGISTERS, total(15, 96, BOTH), MONDAY, Finding.RECEIVED),
        (REGISTERS, total(15, 96, (Register.NIGHT,)), SUNDAY, Finding.RECEIVED),
        (REGISTERS, total(15, 96, (Register.NIGHT,)), MONDAY, Finding.UNDIVIDED),
        (REGISTERS, total(15, 96, BOTH, missing=4), MONDAY, Finding.INCOMPLETE),
        (REGISTERS, total(15, 96, (), missing=96), MONDAY, Finding.MISSING),
        (QUARTERS, None, MONDAY, Finding.MISSING),
        (QUARTERS, total(1440, 2, BOTH), MONDAY, Finding.MISSING),
        (QUARTERS, total(60, 24, BOTH), MONDAY, Finding.MISSING),
        (QUARTERS, total(15, 96, BOTH), MONDAY, Finding.RECEIVED),
        (QUARTERS, total(15, 96, ONE), MONDAY, Finding.RECEIVED),
        (QUARTERS, total(15, 96, BOTH, missing=1), MONDAY, Finding.INCOMPLETE),
    ],
)
def test_what_came(wish: Wanted, stored: DayTotal | None, day: date, finding: Finding) -> None:
    assert find(wish, stored, day) is finding


def test_whatever_is_not_there_is_to_be_read_again_and_nothing_else() -> None:
    assert {finding for _, finding in LACKING} == {*Finding} - {Finding.RECEIVED, Finding.ESTIMATED}


@pytest.mark.requirement("R58", "R197")
def test_registers_are_read_of_every_meter_each_direction_and_period_by_itself() -> None:
    things = wanted(Meter(UUID(int=1), Commodity.ELECTRICITY))
    assert {(one.direction, one.kind, one.periods) for one in things} == {
        (direction, Kind.REGISTERS, (Register.DAY, Register.NIGHT)) for direction in Direction
    }
    [gas] = wanted(Meter(UUID(int=2), Commodity.GAS))
    assert (gas.direction, gas.periods) == (Direction.OFFTAKE, (Register.TOTAL,))


@pytest.mark.requirement("R59", "R60")
@pytest.mark.parametrize(
    ("asked", "needed", "reasons"),
    [
        (False, False, None),
        (True, False, {Reason.GRID_USER}),
        (False, True, {Reason.NECESSITY}),
        (True, True, {Reason.GRID_USER, Reason.NECESSITY}),
    ],
)
def test_intervals_are_read_for_a_request_or_a_need_only(
    asked: bool, needed: bool, reasons: set[Reason] | None
) -> None:
    for commodity, minutes in ((Commodity.ELECTRICITY, 15), (Commodity.GAS, 60)):
        things = wanted(Meter(UUID(int=1), commodity, asked=asked, needed=needed))
        intervals = [one for one in things if one.kind is Kind.INTERVALS]
        assert bool(intervals) is (reasons is not None)
        assert all(one.reasons == reasons and one.minutes == minutes for one in intervals)


def test_a_report_counts_per_energy_and_reason_and_names_nobody() -> None:
    tally, meter = Tally(), Meter(UUID(int=7), Commodity.ELECTRICITY, has_budget=True)
    tally.add(meter, [(one, find(one, None, MONDAY)) for one in wanted(meter)])
    report = tally.members() | {"day": "2024-06-03", "index": 4, "to_read_again": 2}
    assert [(row["reason"], row["expected"], row["missing"]) for row in report["rows"]] == [
        ("budget_function", 2, 2),
        ("every_meter", 2, 2),
    ]
    assert str(meter.meter_id) not in "\n".join(as_text(report)) + str(report)
