"""The invented street: what its meters count is what intake reads from its files."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from databeheer.metering.exports import ExportFile, read_export
from databeheer.metering.profile import pack
from databeheer.metering.states import Conversion, State, Unit
from databeheer.metering.street import Street, StreetPlan, Style, invented_ean, willow_street
from databeheer.values import Commodity, Direction

LAST_DAY = date(2026, 11, 19)
PLAN = willow_street(LAST_DAY)


@pytest.fixture(scope="module")
def street() -> Street:
    return Street(PLAN)


@pytest.fixture(scope="module")
def export_of(street):
    @cache
    def read(key: str) -> ExportFile:
        name, data = street.export(PLAN.point(key))
        return read_export(data, name)

    return read


def values_of(export: ExportFile, direction: Direction = Direction.OFFTAKE, unit: Unit = Unit.KWH):
    days = [day for day in export.days if (day.direction, day.unit) == (direction, unit)]
    return [value for day in days for value in day.values]


def per_day(export: ExportFile) -> dict[date, int]:
    return {day.day: sum(value or 0 for value in day.values) for day in export.days}


def test_the_street_has_what_the_story_needs():
    electricity = [p for p in PLAN.points if p.commodity is Commodity.ELECTRICITY]
    gas = [p for p in PLAN.points if p.commodity is Commodity.GAS]
    assert len(electricity) >= 12
    assert len(gas) >= 3
    assert sum(p.solar_kw > 0 for p in electricity) >= 3
    assert [p.key for p in electricity if p.slot_minutes == 1440] == ["koen"]
    assert any(not p.has_two_registers for p in electricity)
    assert sum(p.is_dutch for p in PLAN.points) * 2 == len(PLAN.points)
    assert {p.style for p in PLAN.points} == set(Style)
    assert LAST_DAY.year - (PLAN.person("maria").birth_year or 0) == 70
    assert PLAN.first_day == date(2024, 11, 20)


def test_the_numbers_of_the_street_are_all_different_and_its_own():
    eans = [point.ean.digits for point in PLAN.points]
    meters = [point.meter_number for point in PLAN.points]
    assert len(set(eans)) == len(set(meters)) == len(PLAN.points)
    assert all(digits.startswith("54144889998") for digits in eans)
    assert all(meter[:7] in ("1SAG998", "7FLO998") and len(meter) == 14 for meter in meters)
    assert all(person.email.endswith(".example") for person in PLAN.people)


def test_the_block_of_invented_numbers_has_its_ends():
    assert invented_ean(0).digits[:17] == "54144889998000000"
    assert invented_ean(999_999).digits[:17] == "54144889998999999"
    for serial in (-1, 1_000_000):
        with pytest.raises(ValueError):
            invented_ean(serial)


def test_somebody_or_nobody_lives_at_every_point_at_every_time():
    people = {person.key for person in PLAN.people}
    for point in PLAN.points:
        occupancies = PLAN.occupancies_of(point.key)
        assert occupancies[0].first_day < PLAN.first_day
        assert occupancies[-1].until is None
        for before, after in itertools.pairwise(occupancies):
            assert before.until == after.first_day
        assert {o.person for o in occupancies} <= people | {None}
    assert {o.person for o in PLAN.occupancies} == people | {None}


def test_pieter_moved_out_and_amina_in_within_the_readings():
    pieter, nobody, amina = PLAN.occupancies_of("corner")
    assert (pieter.person, nobody.person, amina.person) == ("pieter", None, "amina")
    assert PLAN.first_day < nobody.first_day < amina.first_day < LAST_DAY


def test_contracts_are_those_of_occupants():
    for contract in PLAN.contracts:
        [occupancy] = [
            o
            for o in PLAN.occupancies_of(contract.point)
            if o.until == contract.until and o.person is not None
        ]
        assert contract.first_day >= occupancy.first_day
    assert {c.supplier for c in PLAN.contracts} == {"supplier", "other_supplier"}


@pytest.mark.parametrize(
    "last_day", [date(2024, 2, 29), date(2026, 3, 29), date(2025, 10, 26), date(2026, 1, 1)]
)
def test_two_years_end_on_any_day(last_day):
    plan = willow_street(last_day)
    assert plan.last_day == last_day
    assert 729 <= (last_day - plan.first_day).days <= 731
    export = read_export(
        Street(replace(plan, first_day=last_day - timedelta(days=2))).export(plan.points[0])[1]
    )
    assert (export.first_day, export.last_day) == (last_day - timedelta(days=2), last_day)


@pytest.mark.parametrize("key", ["maria", "lotte", "hilde"])
def test_intake_reads_what_the_meter_counted(street, export_of, key):
    readings = street.readings(PLAN.point(key))
    export = export_of(key)
    for direction, counted in (
        (Direction.OFFTAKE, readings.offtake),
        (Direction.INJECTION, readings.injection),
    ):
        expected = [] if counted is None else np.where(readings.quality == 2, -1, counted).tolist()
        assert [-1 if value is None else value for value in values_of(export, direction)] == expected
    assert (export.first_day, export.last_day) == (PLAN.first_day, LAST_DAY)


@pytest.mark.parametrize("key", ["maria-gas", "lotte-gas"])
def test_intake_reads_what_the_gas_meter_counted(street, export_of, key):
    readings = street.readings(PLAN.point(key))
    export = export_of(key)
    for unit, counted in ((Unit.KWH, readings.offtake), (Unit.M3, readings.volume)):
        expected = np.where(readings.quality == 2, -1, counted)
        expected[:6] = -1
        assert [-1 if v is None else v for v in values_of(export, unit=unit)] == expected.tolist()
    assert export.days[0].states[:7] == (State.ABSENT,) * 6 + (State.NONE,)
    assert {day.commodity for day in export.days} == {Commodity.GAS}


def test_only_a_dutch_gas_file_says_how_firm_the_caloric_value_is(export_of):
    firmness = {
        day.day: set(day.conversions or ()) for day in export_of("maria-gas").days if day.unit is Unit.KWH
    }
    assert firmness[LAST_DAY] - {None} == {Conversion.PROVISIONAL}
    assert firmness[PLAN.first_day + timedelta(days=100)] - {None} == {Conversion.DEFINITIVE}
    assert all(day.conversions is None for day in export_of("lotte-gas").days)


def test_of_koen_nothing_finer_than_days_leaves_the_meter(street, export_of):
    export = export_of("koen")
    readings = street.readings(PLAN.point("koen"))
    assert {day.slot_minutes for day in export.days} == {1440}
    assert sum(per_day(export).values()) == int(readings.offtake[readings.quality != 2].sum())


@pytest.mark.parametrize("key", ["maria", "lotte"])
def test_the_days_of_the_clock_changes_have_92_and_100_quarter_hours(export_of, key):
    counts = {day.day: len(day.values) for day in export_of(key).days}
    assert [day for day, count in counts.items() if count == 100] == [date(2025, 10, 26), date(2026, 10, 25)]
    assert [day for day, count in counts.items() if count == 92] == [date(2025, 3, 30), date(2026, 3, 29)]


def test_the_registers_turn_at_seven_and_at_ten(export_of):
    days = {day.day: day for day in export_of("maria").days}
    monday, sunday = days[date(2026, 5, 25)], days[date(2026, 5, 24)]
    assert "".join(r[0] for r in monday.registers) == "n" * 28 + "d" * 60 + "n" * 8  # a public holiday
    assert "".join(r[0] for r in sunday.registers) == "n" * 96


def test_every_file_has_estimates_and_gaps(export_of):
    for key in ("maria", "lotte", "maria-gas"):
        states = Counter(state for day in export_of(key).days for state in day.states)
        assert states[State.EST] > 0
        assert states[State.NONE] > 0
        assert states[State.EST] + states[State.NONE] < 0.02 * states.total()


def test_every_day_of_the_street_packs_to_one_size_per_slot_length():
    street = Street(brief(PLAN))
    days = [day for point in PLAN.points for day in read_export(street.export(point)[1]).days]
    assert {(d.slot_minutes, len(pack(d))) for d in days if d.slot_minutes != 1440} == {(15, 188), (60, 96)}


def test_the_sun_shines_by_day_and_in_summer(export_of):
    days = [day for day in export_of("lotte").days if day.direction is Direction.INJECTION]
    night = [value for day in days for value in (*day.values[:12], *day.values[-6:])]
    assert not any(night)
    june, december = (sum(v or 0 for d in days if d.day.month == m for v in d.values) for m in (6, 12))
    assert june > 5 * december


def test_the_holiday_home_mostly_stands_by(export_of):
    energy = sorted(per_day(export_of("greta")).values())
    assert energy[len(energy) // 2] < 1500
    assert energy[-1] > 5 * energy[len(energy) // 2]


def test_the_office_works_on_working_days(export_of):
    energy = per_day(export_of("kompas"))
    assert energy[date(2026, 6, 9)] > 2 * energy[date(2026, 6, 7)]
    assert energy[date(2026, 7, 21)] < 0.5 * energy[date(2026, 7, 14)]  # the national holiday


def test_the_empty_house_stands_by_between_two_occupants(export_of):
    energy = per_day(export_of("corner"))
    _, nobody, amina = PLAN.occupancies_of("corner")
    vacant = [
        energy[nobody.first_day + timedelta(days=i)] for i in range((amina.first_day - nobody.first_day).days)
    ]
    assert max(vacant) < 800
    assert min(energy[amina.first_day + timedelta(days=i)] for i in range(3)) > 2 * max(vacant)


def test_the_car_and_the_heat_pump_show(street):
    assert street.readings(PLAN.point("fatima")).offtake.max() > 1500
    cold, warm = ([0, 90], [200, 260])
    begins = street.calendar.begins
    offtake = street.readings(PLAN.point("wouter")).offtake
    assert (
        offtake[begins[cold[0]] : begins[cold[1]]].mean()
        > 2 * offtake[begins[warm[0]] : begins[warm[1]]].mean()
    )


def brief(plan: StreetPlan) -> StreetPlan:
    return replace(plan, first_day=plan.last_day - timedelta(days=30))


def test_the_same_plan_gives_the_same_bytes_and_another_seed_others():
    point = PLAN.point("lotte")
    once, again = (Street(brief(PLAN)).export(point) for _ in range(2))
    other = Street(replace(brief(PLAN), seed=1)).export(point)
    assert once == again
    assert other[1] != once[1]


def test_all_files_are_written_and_each_names_its_point(tmp_path):
    plan = brief(PLAN)
    paths = [Street(plan).write_export(point, tmp_path) for point in plan.points]
    assert [read_export(path).points.keys() for path in paths] == [{p.ean} for p in plan.points]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for point, path in zip(plan.points, paths, strict=True):
        data = path.read_bytes()
        assert point.ean.digits in path.name
        assert data.startswith("\ufeffVan".encode() if point.is_dutch else "\ufeffFrom".encode())
        assert data.endswith(b"\n") is (point.style is not Style.DUTCH_2021)
        assert (b"\r\n" in data) is (point.style is not Style.DUTCH_2021)
