"""What is read at all: by the grid user's choice or a need on record; what came of a day; what is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import BRUSSELS, day_of
from databeheer.door.client import DoorRefusedError
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from databeheer.metering.plan import rereads
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Database
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house
from tests.series import slots_in

DAY = date(2024, 6, 3)
NEXT = DAY + timedelta(days=1)
LOTTES, MARIAS, GAS = "1SAG0000000001", "1SAG0000000002", "7FLO0000000003"
GAS_EAN = "541448899990000046"
NOON = datetime(2024, 6, 4, 12, tzinfo=BRUSSELS)
REGISTERS = {
    "slot_minutes": 1440,
    "tariff": "dual",
    "register_low_begin": 500_000,
    "register_low_end": 501_000,
}


@pytest.fixture
def house(database: Database) -> Iterator[TheHouse]:
    """A house on the day after DAY."""
    with open_house(database, now=NOON) as the_house:
        yield the_house


@pytest.fixture
def maria(house: TheHouse) -> Customer:
    """She never asked for quarter-hours."""
    customer = house.customer("maria", "Maria Peeters")
    house.point(MARIAS_EAN, customer, interval_reading=False, address="Dorpsplein 3, 9000 Gent")
    return customer


@pytest.fixture
def metered(house: TheHouse, lotte: Customer, maria: Customer) -> TheHouse:
    for meter, ean in {LOTTES: LOTTES_EAN, MARIAS: MARIAS_EAN}.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    return house


Take = Callable[..., BatchReport]


@pytest.fixture
def take(metered: TheHouse, tmp_path: Path) -> Take:
    engine, number = metered.engine("intake"), iter(range(100))

    def taken(*rows: dict[str, Any]) -> BatchReport:
        name = f"batch-{next(number)}"
        folder = Sent(list(rows), name).write(tmp_path / name)
        return take_batch(folder, metered.client, metered.intake_key, engine, metered.clock)

    return taken


def registers(device: str, day: date = DAY, **changes: Any) -> dict[str, Any]:
    """A day's registers: 7 kWh at the high tariff, 1 kWh at the low one."""
    high = {"register_begin": 1_000_000, "register_end": 1_007_000}
    return profile(device, day, [], **(REGISTERS | high | changes))


def both_ways(device: str, day: date = DAY, **changes: Any) -> list[dict[str, Any]]:
    return [registers(device, day, direction=way, **changes) for way in ("offtake", "injection")]


def quarters(device: str, day: date = DAY, **changes: Any) -> list[dict[str, Any]]:
    return [profile(device, day, direction=way, tariff="dual", **changes) for way in ("offtake", "injection")]


def plan(house: TheHouse, day: date = DAY) -> dict[str, Any]:
    shown = house.intake("reading_plan.show", day=day.isoformat())
    return {one["device"]: one for one in shown["devices"]}


def check(house: TheHouse, day: date = DAY) -> dict[str, Any]:
    return house.operator("reading_plan.check", day=day.isoformat())


def rows(report: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, int]]:
    return {
        (row["energy"], row["what"], row["reason"]): {
            name: count for name, count in row.items() if isinstance(count, int) and count
        }
        for row in report["rows"]
    }


def totals(customer: Customer, day: date = DAY) -> dict[tuple[str, str], int]:
    """A day's totals as a customer sees them, per direction and register."""
    begin = f"{(day - timedelta(days=1)).isoformat()}T22:00:00Z"
    answer = customer.call(
        "readings.read",
        occupancy_id=customer.occupancy(),
        granularity="day",
        **{"from": begin, "until": f"{day.isoformat()}T22:00:00Z"},
    )
    return {
        (one["direction"], slot["register"]): slot["value"]
        for one in answer["channels"]
        for slot in slots_in(one)
    }


# --- registers --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R58", "R197")
def test_each_register_of_each_direction_is_kept_by_itself(take: Take, maria: Customer) -> None:
    report = take(registers(MARIAS), registers(MARIAS, direction="injection", register_end=1_002_000))
    assert (report.outcome, report.new) == ("stored", 2)
    assert totals(maria) == {
        ("offtake", "day"): 7_000,
        ("offtake", "night"): 1_000,
        ("injection", "day"): 2_000,
        ("injection", "night"): 1_000,
    }


def test_a_low_register_rolls_over_by_itself(take: Take, maria: Customer) -> None:
    rolled = {"register_digits": 6, "register_low_begin": 999_999_500, "register_low_end": 700}
    assert take(registers(MARIAS, **rolled)).outcome == "stored"
    assert totals(maria) == {("offtake", "day"): 7_000, ("offtake", "night"): 1_200}


def test_two_registers_that_make_no_sense_are_refused(take: Take, metered: TheHouse) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tariff": "single"}, "bad-tariff"),
        ({"tariff": None}, "bad-tariff"),
        ({"register_low_end": None}, "no-consumption"),
        ({"register_low_end": 499_999}, "no-consumption"),
        ({"register_end": 999_999}, "no-consumption"),
        ({"register_low_end": 10**16}, "number-too-large"),
    ]
    for changes, problem in wrong:
        report = take(registers(MARIAS, **changes))
        assert [one["code"] for one in report.members()["row_problems"]] == [problem], changes
        assert query(metered, "SELECT count(*) FROM metering.profile") == [(0,)], changes


def test_quarter_hours_agree_with_both_registers_together(take: Take, lotte: Customer) -> None:
    used = sum(range(1, 97))
    both = {"register_end": 1_000_000 + used - 800, "register_low_begin": 0, "register_low_end": 800}
    take(profile(LOTTES, DAY, tariff="dual", **both))
    begin, end = "2024-06-02T22:00:00Z", "2024-06-03T22:00:00Z"
    answer = lotte.call(
        "readings.read",
        occupancy_id=lotte.occupancy(),
        granularity="quarter_hour",
        **{"from": begin, "until": end},
    )
    assert {slot["state"] for slot in slots_in(answer["channels"][0])} == {"VAL"}


# --- what is read, and what is refused --------------------------------------------------------------------


@pytest.mark.requirement("R58", "R59", "R135")
def test_the_plan_names_devices_what_to_read_of_them_and_nothing_else(metered: TheHouse) -> None:
    assert plan(metered) == {
        device: {
            "device": device,
            "directions": ["offtake", "injection"],
            "registers": ["day", "night"],
            "interval_minutes": minutes,
        }
        for device, minutes in ((LOTTES, 15), (MARIAS, None))
    }


def test_gas_is_read_by_the_hour_and_never_finer(take: Take, metered: TheHouse, lotte: Customer) -> None:
    metered.point(GAS_EAN, lotte, commodity="gas", address="Kerkstraat 1, 9000 Gent")
    metered.operator("registry.meter.install", ean=GAS_EAN, meter=GAS, digital=True)
    assert plan(metered)[GAS] == {
        "device": GAS,
        "directions": ["offtake"],
        "registers": ["total"],
        "interval_minutes": 60,
    }
    report = take(profile(GAS, DAY, unit="m3"))
    assert [one["code"] for one in report.members()["row_problems"]] == ["finer-than-planned"]
    assert query(metered, "SELECT count(*) FROM metering.profile") == [(0,)]
    assert take(profile(GAS, DAY, unit="m3", slot_minutes=60)).outcome == "stored"


def test_what_is_not_digital_not_there_yet_or_gone_is_not_in_the_plan(metered: TheHouse) -> None:
    install, remove = "registry.meter.install", "registry.meter.remove"
    metered.operator(install, ean=LOTTES_EAN, meter="1SAG0000000009", digital=False)
    metered.operator(install, ean=LOTTES_EAN, meter="1SAG0000000008", digital=True, from_day=NEXT.isoformat())
    metered.operator(remove, ean=LOTTES_EAN, meter=LOTTES, removed_on=DAY.isoformat())
    assert plan(metered).keys() == {MARIAS}
    assert plan(metered, NEXT).keys() == {MARIAS, "1SAG0000000008"}
    assert plan(metered, DAY - timedelta(days=1)).keys() == {MARIAS, LOTTES}


def test_readings_of_before_a_meter_hung_there_are_refused(take: Take, metered: TheHouse) -> None:
    metered.operator(
        "registry.meter.install", ean=MARIAS_EAN, meter=MARIAS, digital=True, from_day=NEXT.isoformat()
    )
    report = take(registers(MARIAS))
    assert [one["code"] for one in report.members()["row_problems"]] == ["device-not-there-then"]


@pytest.mark.requirement("R59", "R60")
def test_quarter_hours_are_read_from_the_day_that_the_grid_user_chose_and_until_he_stops(
    take: Take, metered: TheHouse, maria: Customer
) -> None:
    home, today = maria.occupancy(), day_of(metered.clock.now())
    assert maria.call("interval_reading.choose", occupancy_id=home, on=True)["from"] == today.isoformat()
    stop = today + timedelta(days=2)
    maria.call("interval_reading.choose", occupancy_id=home, on=False, from_day=stop.isoformat())
    metered.clock.advance(timedelta(days=4))
    days = [today + timedelta(days=number) for number in range(-1, 3)]
    assert [plan(metered, day)[MARIAS]["interval_minutes"] for day in days] == [None, 15, 15, None]
    outcomes = [take(*quarters(MARIAS, day)).outcome for day in days]
    assert outcomes == ["refused", "stored", "stored", "refused"]
    maria.session = metered.log_in(maria.subject, maria.name)
    assert [one["event"] for one in maria.statements()][:2] == [
        "interval_reading.ended",
        "interval_reading.begun",
    ]


def test_a_choice_to_stop_cancels_one_that_was_made_for_later(metered: TheHouse, maria: Customer) -> None:
    home, today = maria.occupancy(), day_of(metered.clock.now())
    later = (today + timedelta(days=9)).isoformat()
    maria.call("interval_reading.choose", occupancy_id=home, on=True, from_day=later)
    maria.call("interval_reading.choose", occupancy_id=home, on=False)
    assert plan(metered, today + timedelta(days=20))[MARIAS]["interval_minutes"] is None


def test_a_choice_that_means_nothing_changes_nothing(metered: TheHouse, maria: Customer) -> None:
    choices: dict[str, dict[str, Any]] = {
        "nothing changes": {"on": False},
        "a day that is over": {"on": True, "from_day": "2024-06-03"},
        "too far ahead": {"on": True, "from_day": "2026-06-03"},
    }
    size = query(metered, "SELECT size FROM ledger.head")
    for what, choice in choices.items():
        with pytest.raises(DoorRefusedError):
            pytest.fail(
                f"{what}: {maria.call('interval_reading.choose', occupancy_id=maria.occupancy(), **choice)}"
            )
        assert query(metered, "SELECT size FROM ledger.head") == size, what


def test_nobody_chooses_for_another(
    metered: TheHouse, lotte: Customer, maria: Customer, joris: Party, erik: Party
) -> None:
    home = maria.occupancy()
    for asker in (lotte, joris, erik):
        with pytest.raises(DoorRefusedError):
            asker.call("interval_reading.choose", occupancy_id=home, on=True)
    assert plan(metered, NEXT)[MARIAS]["interval_minutes"] is None


def test_who_comes_next_has_chosen_nothing_and_a_vacancy_neither(
    take: Take, metered: TheHouse, lotte: Customer
) -> None:
    metered.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAY.isoformat())
    assert plan(metered)[LOTTES]["interval_minutes"] is None
    assert take(*quarters(LOTTES)).outcome == "refused"
    assert take(*both_ways(LOTTES)).outcome == "stored"


@pytest.mark.requirement("R60")
def test_a_need_of_the_law_on_record_lets_its_days_be_read_as_long_as_it_stands(
    take: Take, metered: TheHouse, net: Party
) -> None:
    assert take(*quarters(MARIAS)).outcome == "refused"
    needed = {
        "ean": MARIAS_EAN,
        "party_id": net.party_id,
        "purpose": "grid_management",
        "granularity": "quarter_hour",
        "article": "3.1.53, vijfde lid",
        "reason": "voltage problems in this street",
        "data_from": DAY.isoformat(),
        "data_until": NEXT.isoformat(),
        "valid_until": format_instant(metered.clock.now() + timedelta(days=9)),
    }
    day_totals = metered.operator("registry.necessity.add", **needed | {"granularity": "day"})
    assert plan(metered)[MARIAS]["interval_minutes"] is None
    record = metered.operator("registry.necessity.add", **needed)
    assert [plan(metered, day)[MARIAS]["interval_minutes"] for day in (DAY, NEXT)] == [15, None]
    assert take(*quarters(MARIAS)).outcome == "stored"
    for one in (record, day_totals):
        metered.operator("registry.necessity.end", id=one["id"])
    assert plan(metered)[MARIAS]["interval_minutes"] is None
    assert take(*quarters(MARIAS, register_begin=None)).outcome == "refused"


# --- what came --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R58")
def test_a_day_is_compared_with_the_plan_and_the_check_is_recorded_before_anything_is_opened(
    take: Take, metered: TheHouse
) -> None:
    take(*quarters(LOTTES), registers(MARIAS))
    size = query(metered, "SELECT size FROM ledger.head")[0][0]
    report = check(metered)
    assert rows(report) == {
        ("electricity", "registers", "every_meter"): {"expected": 4, "received": 3, "missing": 1},
        ("electricity", "intervals", "grid_user"): {"expected": 2, "received": 2},
    }
    assert (report["index"], report["to_read_again"], report["meters"]) == (size, 1, {"electricity": 2})
    entry = query(metered, "SELECT event, ground, points FROM ledger.body WHERE index >= %s", size)
    assert entry == [("readings.counted", "data_management", 1)]
    assert query(metered, "SELECT count(*) FROM ledger.statement WHERE index >= %s", size) == [(0,)]


def test_what_is_estimated_and_what_has_holes_is_told_apart(take: Take, metered: TheHouse) -> None:
    holes: list[Any] = [5] * 96
    holes[10] = None
    sum_known = {"register_end": 1_000_000 + 96 * 5}
    [offtake, injection] = quarters(LOTTES, values=holes, **sum_known)
    take(offtake, injection | {"register_begin": None, "register_end": None, "values": [None] * 96})
    take(*both_ways(MARIAS, register_low_begin=None, register_low_end=None, tariff="single"))
    found = rows(check(metered))
    assert found["electricity", "registers", "every_meter"] == {
        "expected": 4,
        "estimated": 1,
        "missing": 1,
        "undivided": 2,
    }
    assert found["electricity", "intervals", "grid_user"] == {"expected": 2, "estimated": 1, "missing": 1}


@pytest.mark.parametrize("day", [date(2024, 3, 31), date(2023, 10, 29)], ids=["92", "100"])
def test_days_on_which_the_clock_changes_are_complete_when_all_their_slots_are_there(
    take: Take, metered: TheHouse, day: date
) -> None:
    take(*quarters(LOTTES, day), *both_ways(MARIAS, day))
    report = check(metered, day)
    assert report["to_read_again"] == 0
    assert all(row["received"] == row["expected"] for row in report["rows"])


def test_a_check_is_the_operators_and_of_a_day_that_is_over(
    metered: TheHouse, lotte: Customer, joris: Party
) -> None:
    for asker in (lotte, joris):
        with pytest.raises(DoorRefusedError):
            asker.call("reading_plan.check", day=DAY.isoformat())
        with pytest.raises(DoorRefusedError):
            asker.call("reading_plan.show", day=DAY.isoformat())
        with pytest.raises(DoorRefusedError):
            asker.call("reading_plan.rereads")
        with pytest.raises(DoorRefusedError) as refused:
            asker.call("reading_plan.report", first=DAY.isoformat(), last=DAY.isoformat())
        assert refused.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError):
        check(metered, NEXT)
    with pytest.raises(DoorRefusedError):
        metered.intake("reading_plan.check", day=DAY.isoformat())


def test_a_grid_operator_that_is_not_there_has_no_plan_and_no_check(metered: TheHouse) -> None:
    for call, command in ((metered.intake, "reading_plan.show"), (metered.operator, "reading_plan.check")):
        with pytest.raises(DoorRefusedError) as refused:
            call(command, day=DAY.isoformat(), operator=7)
        assert refused.value.code == "not-found"


def test_the_newest_check_of_each_day_is_the_one_that_is_shown(take: Take, metered: TheHouse) -> None:
    check(metered)
    take(*quarters(LOTTES), *both_ways(MARIAS))
    newest = check(metered)
    [shown] = metered.operator("reading_plan.report", first=DAY.isoformat(), last=NEXT.isoformat())["days"]
    assert shown == newest
    assert shown["to_read_again"] == 0


# --- what is read again -----------------------------------------------------------------------------------


def to_reread(house: TheHouse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.intake("reading_plan.rereads")["rereads"]
    return found


@pytest.mark.requirement("R58", "R135")
def test_what_is_lacking_is_handed_out_by_device_and_each_time_is_an_attempt(
    take: Take, metered: TheHouse
) -> None:
    take(*quarters(LOTTES), registers(MARIAS, DAY - timedelta(days=1)), registers(MARIAS))
    check(metered)
    wanted = {"device": MARIAS, "day": DAY.isoformat(), "direction": "injection", "lacking": "registers"}
    until = {"until": (DAY + rereads.TERM + timedelta(days=1)).isoformat()}
    assert to_reread(metered) == [wanted | until | {"attempts": 1}]
    assert to_reread(metered) == []
    metered.clock.advance(rereads.AGAIN_AFTER)
    assert to_reread(metered) == [wanted | until | {"attempts": 2}]


def test_what_came_goes_off_the_list(take: Take, metered: TheHouse) -> None:
    check(metered)
    assert query(metered, "SELECT count(*) FROM metering.reread WHERE ended_at IS NULL") == [(6,)]
    take(*quarters(LOTTES), *both_ways(MARIAS))
    assert check(metered)["to_read_again"] == 0
    assert to_reread(metered) == []
    assert query(metered, "SELECT DISTINCT outcome FROM metering.reread") == [("read",)]


def test_nothing_is_asked_for_any_more_from_its_deadline_on(metered: TheHouse) -> None:
    check(metered)
    metered.clock.advance(rereads.TERM - timedelta(hours=13))
    assert len(to_reread(metered)) == 6
    metered.clock.advance(timedelta(hours=13))
    assert to_reread(metered) == []
    assert check(metered)["to_read_again"] == 0
    assert query(metered, "SELECT DISTINCT outcome FROM metering.reread") == [("too_late",)]


def test_while_the_emergency_stop_stands_nothing_is_opened_to_be_counted(
    take: Take, metered: TheHouse
) -> None:
    take(*quarters(LOTTES))
    metered.operator("stop.set", reason="a leak is suspected")
    with pytest.raises(DoorRefusedError) as refused:
        check(metered)
    assert refused.value.code == "stopped"
    metered.operator("stop.lift", reason="a false alarm")
    assert check(metered)["to_read_again"] == 2  # Maria's registers, both ways
