"""Every real file that we can take in, through the whole house: its totals, and that hours, days and months agree.

Exports of Mijn Fluvius come as they are. Two Dutch files stand in for a head-end: readings of a register each quarter-
hour, and hours of electricity and gas; between them they have every change of the clock that is in the real files.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import day_of, days_between, midnight, slot_starts
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.exports import read_export
from databeheer.values import format_instant, parse_instant
from tests.databeheer.metering.builders import real_files
from tests.databeheer.metering.head_end import Sent, profile
from tests.house import Customer, TheHouse
from tests.series import slots_in

Sums = dict[tuple[str, str, str], int]
"""Thousandths by direction, unit and register."""
STEP = timedelta(days=1)
FOUR_EXPORTS = {
    "*_541448899990000015_*": {("offtake", "kWh", "day"): 13_503, ("offtake", "kWh", "night"): 14},
    "*_541448899990000022_*": {("offtake", "kWh", "total"): 150_688, ("offtake", "m3", "total"): 13_291},
    "*_541448899990000039_*": {
        ("offtake", "kWh", "day"): 398_464,
        ("offtake", "kWh", "night"): 406_627,
        ("injection", "kWh", "day"): 77_942,
        ("injection", "kWh", "night"): 25_975,
    },
    "*_541448899990000046_*": {("offtake", "kWh", "total"): 3_150_457, ("offtake", "m3", "total"): 278_753},
}


class _Read:
    """What the customer reads of some days, in one granularity."""

    def __init__(
        self, customer: Customer, occupancy: str, granularity: str, first: date, until: date
    ) -> None:
        self.sums: Sums = defaultdict(int)
        self.by_day: dict[tuple[date, str, str], int] = defaultdict(int)
        self.by_hour: dict[tuple[datetime, str, str], int] = defaultdict(int)
        self.states: dict[date, set[str]] = defaultdict(set)
        answer = customer.call(
            "readings.read",
            occupancy_id=occupancy,
            granularity=granularity,
            **{"from": format_instant(midnight(first)), "until": format_instant(midnight(until))},
        )
        for channel in answer["channels"]:
            for slot in slots_in(channel):
                self._add(channel, slot)

    def _add(self, channel: dict[str, Any], slot: dict[str, Any]) -> None:
        named, start = (channel["direction"], channel["unit"]), parse_instant(slot["start"])
        self.states[day_of(start)].add(slot["state"])
        if slot["value"]:
            self.sums[*named, slot["register"]] += slot["value"]
            self.by_day[day_of(start), *named] += slot["value"]
            self.by_hour[start.replace(minute=0), *named] += slot["value"]


def months(first: date, last: date) -> list[tuple[date, date]]:
    """The whole months that days lie in: of a month that is cut nobody gets the sum."""
    begins = [day for day in days_between(first.replace(day=1), last + 31 * STEP) if day.day == 1]
    return [(begin, end) for begin, end in pairwise(begins) if begin <= last]


def require_agreement(customer: Customer, occupancy: str, first: date, last: date, finest: str) -> Sums:
    """See that every granularity says the same of each hour, day, month and register; return the sums of all."""
    whole: Sums = defaultdict(int)
    for begin, end in months(first, last):
        read = {
            one: _Read(customer, occupancy, one, begin, end)
            for one in ("quarter_hour", "hour", "day", "month")
            if one != "quarter_hour" or finest == one
        }
        for one in read.values():
            assert one.sums == read["month"].sums
        for one in read.keys() - {"month"}:
            assert read[one].by_day == read["day"].by_day
        if "quarter_hour" in read:
            assert read["quarter_hour"].by_hour == read["hour"].by_hour
        for named, amount in read["month"].sums.items():
            whole[named] += amount
    return {named: amount for named, amount in whole.items() if amount}


@pytest.mark.parametrize(
    "pattern", FOUR_EXPORTS, ids=["electricity 2021", "gas 2022", "electricity 2023", "gas 2023"]
)
def test_an_export_is_read_with_its_totals_at_every_granularity(house: TheHouse, pattern: str) -> None:
    [path] = real_files().glob(pattern)
    [point] = read_export(path).points
    is_gas = "gas" in path.name
    nele = house.customer("nele", "Nele Maes")
    commodity = "gas" if is_gas else "electricity"
    occupancy = house.point(point.digits, nele, since=date(2021, 1, 1), commodity=commodity)
    file = house.ingest(path).file
    assert occupancy
    finest = "hour" if is_gas else "quarter_hour"
    assert require_agreement(nele, occupancy, file.first_day, file.last_day, finest) == FOUR_EXPORTS[pattern]


class _Sender:
    """A house with one meter, whose batches a head-end sends."""

    def __init__(
        self,
        house: TheHouse,
        folder: Path,
        ean: str,
        commodity: str,
        meter: str,
        customer: Customer | None = None,
    ) -> None:
        self.house, self.folder, self.meter = house, folder, meter
        self.customer = customer or house.customer("nele", "Nele Maes")
        occupancy = house.point(ean, self.customer, since=date(2021, 1, 1), commodity=commodity)
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
        assert occupancy
        self.occupancy = occupancy
        self._engine = house.engine("intake")

    def send(self, name: str, rows: list[dict[str, Any]]) -> None:
        place = Sent(rows, name).write(self.folder / name)
        house = self.house
        report = take_batch(place, house.client, house.intake_key, self._engine, house.clock)
        assert (report.outcome, report.new) == ("stored", len(rows)), report.to_json()


def dutch(name: str, delimiter: str) -> list[dict[str, str]]:
    [path] = (real_files().parent / "dutch").glob(name)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


@pytest.mark.requirement("R58")
def test_readings_of_a_register_are_read_as_what_was_used_between_them(
    house: TheHouse, tmp_path: Path
) -> None:
    """Three months with the day of 92 quarter-hours: each quarter-hour is a difference, and each day the register's."""
    rows = dutch("quarterhour_register_readings_*", ";")
    shown = {datetime.fromtimestamp(int(row["moment"]), UTC): int(row["value"]) for row in rows}
    first, last = day_of(min(shown)), day_of(max(shown))
    sender = _Sender(house, tmp_path, "541448899990000077", "electricity", "1SAG9990000077")
    profiles = []
    for day in days_between(first, last):
        edges = [*slot_starts(day, 15), midnight(day + STEP)]
        readings = [shown.get(edge) for edge in edges]
        used = [None if end is None or begin is None else end - begin for begin, end in pairwise(readings)]
        registers = {"register_begin": readings[0], "register_end": readings[-1]}
        profiles.append(profile(sender.meter, day, used, **registers))
    assert [len(one["values"]) for one in profiles].count(92) == 1
    sender.send("readings", profiles)
    found = require_agreement(sender.customer, sender.occupancy, first, last, "quarter_hour")
    assert found == {("offtake", "kWh", "total"): 1_933_309}
    april = _Read(sender.customer, sender.occupancy, "day", date(2025, 4, 1), date(2025, 5, 1))
    ends = april.states.pop(last)  # its last reading is of a quarter to midnight
    assert ({state for states in april.states.values() for state in states}, ends) == ({"VAL"}, {"READ"})


def test_a_year_of_hours_with_both_changes_of_the_clock_adds_up(house: TheHouse, tmp_path: Path) -> None:
    kinds = {"Elektriciteit": "kWh", "Gas": "m3"}
    used: dict[str, dict[datetime, int]] = {kind: {} for kind in kinds}
    for row in dutch("supplier_hourly_*", ","):
        start = datetime.fromisoformat(row["Datum"]).astimezone(UTC)
        used[row["Type"]][start] = round(float(row["Verbruik"]) * 1000)
    first, last = day_of(min(used["Gas"])), day_of(max(used["Gas"]))
    power = _Sender(house, tmp_path, "541448899990000053", "electricity", "1SAG9990000053")
    gas = _Sender(house, tmp_path, "541448899990000060", "gas", "1SAG9990000060", power.customer)
    meters = {"Elektriciteit": power.meter, "Gas": gas.meter}
    registers = {"register_begin": None, "register_end": None}
    for year in (2021, 2022):
        profiles = []
        for day in days_between(first, last):
            for kind, unit in kinds.items() if day.year == year else ():
                values = [used[kind].pop(start) for start in slot_starts(day, 60)]
                profiles.append(profile(meters[kind], day, values, slot_minutes=60, unit=unit, **registers))
        lengths = {len(one["values"]) for one in profiles}
        assert lengths == ({24} if year == 2021 else {23, 24, 25})
        power.send(f"hours-{year}", profiles)
    assert used == {kind: {} for kind in kinds}
    for sender, unit, total in ((power, "kWh", 2_747_519 + 2_874_690), (gas, "m3", 1_527_610)):
        found = require_agreement(sender.customer, sender.occupancy, first, last, "hour")
        assert found == {("offtake", unit, "total"): total}
