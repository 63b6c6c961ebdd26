"""The night's look: a stored day beside the days before it, the weather and others of its kind; recorded first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import BRUSSELS, midnight
from databeheer.door.client import DoorRefusedError
from databeheer.door.coherence import commands
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.databases import Database
from tests.databeheer.metering.head_end import Sent, profile
from tests.databeheer.metering.test_batches import _Between as Between
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse, open_house
from tests.series import slots_in

DAY, TODAY = date(2024, 1, 29), date(2024, 4, 2)
LOTTES, GAS = "1SAG0000000001", "7FLO0000000003"
GAS_EAN = "541448899990000046"
NO_REGISTERS = {"register_begin": None, "register_end": None}
Take = Callable[..., BatchReport]


@pytest.fixture
def house(database: Database) -> Iterator[TheHouse]:
    """A house on TODAY."""
    with open_house(database, now=datetime(2024, 4, 2, 12, tzinfo=BRUSSELS)) as the_house:
        yield the_house


@pytest.fixture
def metered(house: TheHouse, lotte: Customer) -> TheHouse:
    """Lotte has a meter for each."""
    house.point(GAS_EAN, lotte, commodity="gas")
    for meter, ean in {LOTTES: LOTTES_EAN, GAS: GAS_EAN}.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    return house


@pytest.fixture
def take(metered: TheHouse, tmp_path: Path) -> Take:
    engine, number = metered.engine("intake"), iter(range(100))

    def taken(*rows: dict[str, Any], **changes: Any) -> BatchReport:
        name = f"batch-{next(number)}"
        folder = Sent(list(rows), name, changes).write(tmp_path / name)
        report = take_batch(folder, metered.client, metered.intake_key, engine, metered.clock)
        assert report.outcome == "stored", report.to_json()
        return report

    return taken


def back(days: int, day: date = DAY) -> list[date]:
    """So many days before one, the oldest first."""
    return [day - timedelta(days=number) for number in range(days, 0, -1)]


def weeks(day: date = DAY) -> list[date]:
    return [day - timedelta(days=7 * week) for week in (4, 3, 2, 1)]


def look(house: TheHouse, day: date = DAY, **changes: Any) -> dict[str, Any]:
    return house.operator("coherence.check", day=day.isoformat(), **changes)


def own(customer: Customer, day: date = DAY, number: int = 0, granularity: str = "quarter_hour") -> list[Any]:
    """What a customer reads of a day: values with their states."""
    answer = customer.call(
        "readings.read",
        occupancy_id=customer.occupancy(number),
        granularity=granularity,
        **{"from": format_instant(midnight(day)), "until": format_instant(midnight(day + timedelta(days=1)))},
    )
    return [(slot["value"], slot["state"]) for one in answer["channels"] for slot in slots_in(one)]


def versions(house: TheHouse, day: date = DAY) -> list[int]:
    rows = query(house, "SELECT version FROM metering.profile WHERE day = %s ORDER BY version", day)
    return [version for (version,) in rows]


def reasons(report: dict[str, Any]) -> dict[str, int]:
    return {name: one["profiles"] for name, one in report["reasons"].items()}


def with_a_gap(day: date = DAY) -> dict[str, Any]:
    """Of five hours in the afternoon nothing came, and no register says how much it was."""
    values: list[int | None] = [100] * len(profile(LOTTES, day)["values"])
    values[60:80] = [None] * 20
    return profile(LOTTES, day, values, **NO_REGISTERS)


def usual(day: date) -> dict[str, Any]:
    """A day of which each slot has its number as value."""
    return profile(LOTTES, day, **NO_REGISTERS)


# ---- gaps -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R67")
def test_a_gap_that_intake_could_not_fill_gets_the_average_of_the_like_days_as_a_new_version(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    assert own(lotte) == [(100, "READ")] * 76
    report = look(metered)
    assert (report["profiles"], report["stored"]) == (1, 1)
    assert reasons(report) == {"missing": 1, "like_days": 1}
    found = own(lotte)
    assert found[60:80] == [(number, "EST") for number in range(61, 81)]
    assert found[:60] + found[80:] == [(100, "READ")] * 76
    assert own(lotte, granularity="day") == [(76 * 100 + sum(range(61, 81)), "EST")]
    assert versions(metered) == [1, 2]
    assert metered.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


@pytest.mark.requirement("R61")
def test_a_revision_is_of_the_class_of_what_it_revises(take: Take, metered: TheHouse) -> None:
    take(*(usual(day) for day in weeks()), grade="informative")
    take(with_a_gap(), grade="informative")
    assert look(metered)["stored"] == 1
    classes = "SELECT version, is_informative FROM metering.profile JOIN metering.batch USING (batch) WHERE day = %s"
    assert sorted(query(metered, classes, DAY)) == [(1, True), (2, True)]


@pytest.mark.requirement("R61")
def test_informative_days_say_nothing_of_what_a_bill_rests_on(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(usual(day) for day in weeks()), grade="informative")
    take(with_a_gap())
    assert look(metered)["stored"] == 0
    assert own(lotte) == [(100, "READ")] * 76


def test_what_is_looked_at_again_is_as_it_is_and_what_is_read_again_takes_the_estimates_place(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    assert look(metered)["stored"] == 1
    assert look(metered)["stored"] == 0
    assert versions(metered) == [1, 2]
    take(usual(DAY))
    assert own(lotte) == [(number, "READ") for number in range(1, 97)]
    assert look(metered)["stored"] == 0


@pytest.mark.parametrize("day", [date(2023, 10, 29), date(2024, 3, 31)], ids=["100", "92"])
def test_on_a_day_on_which_the_clock_changes_like_days_are_laid_by_local_time(
    take: Take, metered: TheHouse, lotte: Customer, day: date
) -> None:
    take(*(usual(one) for one in weeks(day)))
    values: list[int | None] = [100] * (100 if day.month == 10 else 92)
    values[:48] = [None] * 48
    take(profile(LOTTES, day, values, **NO_REGISTERS))
    assert look(metered, day)["stored"] == 1
    first = list(range(1, 97))
    repeated = first[:12] + first[8:12] + first[12:] if day.month == 10 else first[:8] + first[12:]
    assert own(lotte, day)[:48] == [(value, "EST") for value in repeated[:48]]


def test_of_a_day_that_had_something_invalid_nothing_is_changed(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(usual(day) for day in weeks()))
    values = [10**12] + [100] * 59 + [None] * 20 + [100] * 16
    take(profile(LOTTES, DAY, values, **NO_REGISTERS))
    before = own(lotte)
    assert look(metered)["stored"] == 0
    assert own(lotte) == before


@pytest.mark.requirement("R67")
def test_what_was_measured_stays_behind_what_the_look_puts_in_its_place(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(usual(day) for day in weeks()))
    values = [100] * 60 + [-5] * 20 + [100] * 16
    take(profile(LOTTES, DAY, values, **NO_REGISTERS))
    assert look(metered)["stored"] == 1
    assert own(lotte)[60:80] == [(number, "EST") for number in range(61, 81)]
    shown = metered.operator("readings.originals", ean=LOTTES_EAN, day=DAY.isoformat(), why="a complaint")
    [channel] = shown["channels"]
    first, second = channel["versions"]
    assert [slot["measured"] for slot in first["slots"]] == [-5] * 20
    assert {slot["put"] for slot in first["slots"]} == {None}
    assert [slot["measured"] for slot in second["slots"]] == [-5] * 20
    assert [slot["put"] for slot in second["slots"]] == list(range(61, 81))
    assert {slot["method"] for slot in first["slots"]} == {None}
    assert len({slot["method"] for slot in second["slots"]} - {None}) == 1


# ---- doubts -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R68")
def test_a_peak_and_hours_of_nothing_that_the_days_before_do_not_know_are_told_and_change_nothing(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(profile(LOTTES, day, [100] * 96, **NO_REGISTERS) for day in back(8)))
    take(*(profile(LOTTES, day, [100] * 96, **NO_REGISTERS) for day in weeks()[:-1]))
    take(profile(LOTTES, DAY, [0] * 60 + [90_000] + [100] * 35, **NO_REGISTERS))
    report = look(metered)
    assert reasons(report) == {"spike": 1, "zero_run": 1, "history": 1}
    assert report["reasons"]["spike"]["values"] == 1
    assert report["reasons"]["zero_run"]["values"] == 60
    assert report["stored"] == 0
    assert {state for _, state in own(lotte)} == {"READ"}


def test_what_the_register_knows_stays_validated(take: Take, metered: TheHouse, lotte: Customer) -> None:
    take(*(profile(LOTTES, day, [100] * 96) for day in weeks()))
    take(profile(LOTTES, DAY, [90_000] + [100] * 95))
    report = look(metered)
    assert (reasons(report), report["stored"]) == ({"spike": 1}, 0)
    assert {state for _, state in own(lotte)} == {"VAL"}


COLD = {day: -50 + 10 * number for number, day in enumerate(back(28))}
"""From five degrees of frost up, a degree a day."""


def burnt(day: date, tenths: int) -> dict[str, Any]:
    """A kWh an hour for each degree below 16.5."""
    values = [(165 - tenths) * 100] * len(profile(GAS, day, slot_minutes=60)["values"])
    return profile(GAS, day, values, slot_minutes=60)


def weather(**changes: int) -> dict[str, int]:
    return {day.isoformat(): tenths for day, tenths in COLD.items()} | changes


@pytest.mark.requirement("R68")
def test_gas_that_does_not_fit_the_cold_is_not_validated_any_more(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    take(*(burnt(day, tenths + (day.day % 3)) for day, tenths in COLD.items()))
    take(burnt(DAY, 0))
    assert {state for _, state in own(lotte, number=1, granularity="hour")} == {"VAL"}
    assert look(metered)["stored"] == 0  # nobody says what the weather was
    assert look(metered, temperatures=weather(**{DAY.isoformat(): 0}))["stored"] == 0
    report = look(metered, temperatures=weather(**{DAY.isoformat(): 160}))
    assert (reasons(report), report["weather"], report["stored"]) == ({"weather": 1}, True, 1)
    assert {state for _, state in own(lotte, number=1, granularity="hour")} == {"READ"}
    assert versions(metered) == [1, 2]
    assert look(metered, temperatures=weather(**{DAY.isoformat(): 160}))["stored"] == 0


@pytest.mark.requirement("R68")
def test_gas_whose_energy_does_not_follow_from_its_volume_is_not_valid(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    energy = profile(GAS, DAY, [10_000] * 23 + [90_000], slot_minutes=60, **NO_REGISTERS)
    volume = profile(GAS, DAY, [900] * 24, slot_minutes=60, unit="m3", **NO_REGISTERS)
    take(energy, volume)
    report = look(metered)
    assert reasons(report) == {"gas_factor": 1, "no_estimate": 1}
    assert report["stored"] == 1
    states = query(metered, "SELECT version, count(*) FROM metering.profile GROUP BY 1 ORDER BY 1")
    assert states == [(1, 2), (2, 1)]
    kept = [value for value, _ in own(lotte, number=1, granularity="hour")]
    assert 90_000 not in kept
    assert kept.count(10_000) == 23


@pytest.mark.requirement("R68")
def test_a_day_far_above_ninety_nine_of_a_hundred_of_its_kind_is_not_validated_any_more(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    execute(metered, "UPDATE registry.access_point SET profile_type = 'household'")
    others = [f"1SAG00000001{number:02}" for number in range(99)]
    for meter in others:  # many a flat behind one point serves as well
        metered.operator("registry.meter.install", ean=LOTTES_EAN, meter=meter, digital=True)

    def used(meter: str, wh: int) -> dict[str, Any]:
        return profile(meter, DAY, [], slot_minutes=1440, register_end=1_000_000 + wh)

    take(*(used(meter, 10_000) for meter in others), used(LOTTES, 30_100))
    report = look(metered)
    assert (reasons(report), report["stored"]) == ({"statistics": 1}, 1)
    assert report["states"] == {"VAL": 99, "READ": 1}
    assert sorted(set(own(lotte, granularity="day"))) == [(10_000, "VAL"), (30_100, "READ")]


def test_one_of_each_hundred_is_put_aside_from_above() -> None:
    assert commands.usual([1] * 99 + [50]) == 1
    assert commands.usual([1] * 99 + [50, 50]) == 50
    assert commands.usual([1] * 98 + [50, 50]) == 50
    assert commands.usual([1] * 198 + [50, 50]) == 1


# ---- the door --------------------------------------------------------------------------------------------------


def test_it_is_recorded_with_its_ground_before_anything_is_opened_and_ties_nobody_to_it(
    take: Take, metered: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    [(size,)] = query(metered, "SELECT size FROM ledger.head")
    events = "SELECT event, ground FROM ledger.body WHERE index >= %s ORDER BY index"
    seen: list[Any] = []
    opening = commands.open_day

    def watched(*arguments: Any) -> Any:
        seen.append(query(metered, events, size))
        return opening(*arguments)

    monkeypatch.setattr(commands, "open_day", watched)
    assert look(metered)["index"] == size
    assert seen == [[("readings.compared", "data_management")]]
    assert query(metered, events, size) == [
        ("readings.compared", "data_management"),
        ("readings.stored", ""),
    ]
    assert query(metered, "SELECT count(*) FROM ledger.statement WHERE index >= %s", size) == [(0,)]


def test_where_it_cannot_be_recorded_nothing_is_opened(
    take: Take, metered: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(usual(DAY))
    execute(metered, "REVOKE INSERT ON ledger.entry FROM databeheer_door")

    def opened(*_: Any) -> Any:
        raise AssertionError("opened")

    monkeypatch.setattr(commands, "open_day", opened)
    monkeypatch.setattr(commands, "open_all", opened)
    with pytest.raises(DoorRefusedError):
        look(metered)
    assert versions(metered) == [1]


def test_it_is_the_operators_and_of_a_day_that_is_over(
    metered: TheHouse, lotte: Customer, joris: Party
) -> None:
    for asker in (lotte.call, joris.call, metered.intake):
        with pytest.raises(DoorRefusedError) as refused:
            asker("coherence.check", day=DAY.isoformat())
        assert refused.value.code in ("unauthenticated", "malformed-request")
    with pytest.raises(DoorRefusedError) as refused:
        look(metered, TODAY)
    assert refused.value.code == "malformed-request"
    with pytest.raises(DoorRefusedError) as refused:
        look(metered, operator=7)
    assert refused.value.code == "not-found"


@pytest.mark.parametrize(
    "temperatures",
    [{"yesterday!": 5}, {"2024-01-29": 601}, {"2024-01-29": "5"}, {"2024-01-29": None}],
    ids=str,
)
def test_temperatures_that_are_none_are_refused(metered: TheHouse, temperatures: dict[str, Any]) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        look(metered, temperatures=temperatures)
    assert refused.value.code == "malformed-request"


def test_while_the_emergency_stop_stands_nothing_is_opened_to_be_judged(
    take: Take, metered: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    metered.operator("stop.set", reason="a leak is suspected")
    with pytest.raises(DoorRefusedError) as refused:
        look(metered)
    assert refused.value.code == "stopped"
    metered.operator("stop.lift", reason="a false alarm")
    usual_of = commands._highest_of_kinds

    def stopped_meanwhile(*arguments: Any) -> Any:
        found = usual_of(*arguments)
        metered.operator("stop.set", reason="in the middle of a look")
        metered.client.close()  # the connection of the door's own thread
        return found

    monkeypatch.setattr(commands, "_highest_of_kinds", stopped_meanwhile)
    with pytest.raises(DoorRefusedError) as refused:
        look(metered)
    assert refused.value.code == "stopped"
    assert versions(metered) == [1]


# ---- meanwhile -------------------------------------------------------------------------------------------------


def meanwhile(house: TheHouse, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Between judging and storing something else happens."""
    storing = commands.store

    def after_it(*arguments: Any) -> int:
        act()
        house.client.close()  # the connection of the door's own thread
        return storing(*arguments)

    monkeypatch.setattr(commands, "store", after_it)


def test_what_was_read_again_meanwhile_stands(
    take: Take, metered: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    meanwhile(metered, monkeypatch, lambda: take(profile(LOTTES, DAY, [7] * 96, **NO_REGISTERS)))
    assert look(metered)["stored"] == 0
    assert own(lotte) == [(7, "READ")] * 96
    assert versions(metered) == [1, 2]


def test_of_a_stay_that_left_its_root_meanwhile_nothing_is_stored_under_it(
    take: Take, metered: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    last = weeks()[-1]
    moved = {"ean": LOTTES_EAN, "until_day": (last + timedelta(days=2)).isoformat()}
    meanwhile(metered, monkeypatch, lambda: metered.operator("registry.occupancy.end", **moved))
    assert look(metered)["stored"] == 0
    assert versions(metered) == [1]
    monkeypatch.undo()
    assert look(metered)["stored"] == 0  # who lives there now has no days before
    assert metered.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_a_batch_whose_keys_left_before_comes_again(
    take: Take, metered: TheHouse, lotte: Customer, tmp_path: Path
) -> None:
    take(*(usual(day) for day in weeks()))
    take(with_a_gap())
    folder = Sent([profile(LOTTES, DAY, [7] * 96, **NO_REGISTERS)], "late").write(tmp_path / "late")
    engine = metered.engine("intake")
    between = Between(metered.client, "batch.keys", lambda: look(metered), after=True)
    report = take_batch(folder, between, metered.intake_key, engine, metered.clock)  # type: ignore[arg-type]
    assert "take it in again" in report.detail
    assert own(lotte)[60] == (61, "EST")
    again = take_batch(folder, metered.client, metered.intake_key, engine, metered.clock)
    assert again.outcome == "stored"
    assert own(lotte) == [(7, "READ")] * 96
