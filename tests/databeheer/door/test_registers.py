"""The registers at a switch of supplier: 00:00 local time, the same for old and new, and for nobody else (R64)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import midnight
from databeheer.door.client import DoorRefusedError
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from databeheer.values import format_instant
from ledger.commitment import Opening
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

METER = "1SAG0000000001"
BEGIN = 1_000_000
STEP = timedelta(days=1)
SWITCHES = {
    date(2024, 3, 31): "2024-03-30T23:00:00Z",  # the day of 92 quarter-hours begins in winter time
    date(2024, 4, 1): "2024-03-31T22:00:00Z",
    date(2024, 6, 12): "2024-06-11T22:00:00Z",
    date(2024, 10, 27): "2024-10-26T22:00:00Z",  # the day of 100 begins in summer time
    date(2024, 10, 28): "2024-10-27T23:00:00Z",
}


@pytest.fixture
def nora(house: TheHouse) -> Party:
    """The supplier after Erik."""
    return house.party("Nora Energie", "supplier")


Take = Callable[..., BatchReport]


@pytest.fixture
def take(house: TheHouse, lotte: Customer, tmp_path: Path) -> Take:
    """Take rows of Lotte's meter in, one batch a call."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    engine, count = house.engine("intake"), iter(range(100))

    def taken(*rows: dict[str, Any]) -> BatchReport:
        name = f"batch-{next(count)}"
        folder = Sent(list(rows), name).write(tmp_path / name)
        report = take_batch(folder, house.client, house.intake_key, engine, house.clock)
        assert report.outcome == "stored", report.members()
        return report

    return taken


def days(first: date, count: int, *, without: tuple[date, ...] = (), **members: Any) -> list[dict[str, Any]]:
    """A row of registers a day, each day 1000 thousandths more than the one before; the first register at BEGIN."""
    rows, register = [], BEGIN
    for number in range(count):
        used = 1000 * (number + 1)
        day = first + number * STEP
        row = profile(
            METER, day, [], slot_minutes=1440, register_begin=register, register_end=register + used
        )
        rows += [] if day in without else [row | members]
        register += used
    return rows


def switch(house: TheHouse, old: Party, new: Party, day: date) -> None:
    """Old supplies from two months before, new from the day on."""
    since = (day.replace(day=1) - 32 * STEP).replace(day=1)
    for party, first in ((old, since), (new, day)):
        house.operator(
            "registry.supply.accept",
            ean=LOTTES_EAN,
            party_id=party.party_id,
            from_day=first.isoformat(),
            switch=party is new,
        )


def month_of(day: date) -> dict[str, str]:
    """The calendar month that a day lies in."""
    first = day.replace(day=1)
    following = (first + 32 * STEP).replace(day=1)
    return {"from": format_instant(midnight(first)), "until": format_instant(midnight(following))}


def read(party: Party, day: date, **changes: Any) -> dict[str, Any]:
    wish = {
        "ean": LOTTES_EAN,
        "purpose": "billing",
        "granularity": "month",
        "mode": "clip",
        "registers": True,
    }
    return party.call("readings.read", **(wish | month_of(day) | changes))


def shown(answer: dict[str, Any]) -> dict[str, list[tuple[int, str, str | None]]]:
    """What the registers of all channels showed, by midnight."""
    found: dict[str, list[tuple[int, str, str | None]]] = {}
    for channel in answer["channels"]:
        for one in channel["registers"]:
            found.setdefault(one["at"], []).append((one["value"], one["state"], one["method"]))
    return found


@pytest.mark.requirement("R64")
@pytest.mark.parametrize("day", SWITCHES, ids=str)
def test_both_suppliers_get_the_reading_of_midnight_on_the_day_of_the_switch(
    house: TheHouse, take: Take, erik: Party, nora: Party, day: date
) -> None:
    take(*days(day - 2 * STEP, 4))
    switch(house, erik, nora, day)
    for party, within in ((erik, day - STEP), (nora, day)):
        assert shown(read(party, within))[SWITCHES[day]] == [(BEGIN + 3000, "READ", None)]


@pytest.mark.requirement("R64")
@pytest.mark.parametrize("day", SWITCHES, ids=str)
def test_where_the_days_beside_it_are_missing_both_get_the_same_estimate_and_its_method(
    house: TheHouse, take: Take, erik: Party, nora: Party, day: date
) -> None:
    take(*days(day - 2 * STEP, 5, without=(day - STEP, day)))
    switch(house, erik, nora, day)
    [value] = {
        tuple(shown(read(party, within))[SWITCHES[day]])
        for party, within in ((erik, day - STEP), (nora, day))
    }
    [(register, state, method)] = value
    assert (state, method) == ("EST", "between")
    hours = [(midnight(day + n * STEP) - midnight(day - STEP)) / timedelta(hours=1) for n in (0, 1)]
    assert register == BEGIN + 1000 + int(5000 * hours[0] / hours[1])


@pytest.mark.requirement("R64")
def test_it_is_read_once_the_missing_day_is_there(
    house: TheHouse, take: Take, erik: Party, nora: Party
) -> None:
    day = date(2024, 6, 12)
    rows = days(day - 2 * STEP, 5)
    take(*(row for row in rows if row["day"] not in (day - STEP, day)))
    switch(house, erik, nora, day)
    assert shown(read(nora, day))[SWITCHES[day]][0][1] == "EST"
    take(*(row for row in rows if row["day"] == day))
    assert [shown(read(party, day))[SWITCHES[day]] for party in (erik, nora)] == [
        [(BEGIN + 3000, "READ", None)]
    ] * 2


@pytest.mark.requirement("R64")
def test_quarter_hours_carry_their_registers_too_and_two_tariffs_come_apart(
    house: TheHouse, take: Take, erik: Party, nora: Party
) -> None:
    day = date(2024, 10, 27)  # a Sunday: the high register stands still
    row = profile(METER, day, [10] * 100, tariff="dual", register_begin=500, register_end=500)
    take(row | {"register_low_begin": 7_000, "register_low_end": 8_000, "register_digits": 6})
    switch(house, erik, nora, day)
    [channel] = [one for one in read(nora, day)["channels"] if one["registers"]]
    assert [
        (one["register"], one["value"]) for one in channel["registers"] if one["at"] == SWITCHES[day]
    ] == [
        ("day", 500),
        ("night", 7_000),
    ]


@pytest.mark.requirement("R64")
def test_a_supplier_gets_no_reading_of_a_day_within_its_own_time(
    house: TheHouse, take: Take, erik: Party, nora: Party
) -> None:
    day = date(2024, 6, 12)
    take(*days(date(2024, 5, 30), 36))
    switch(house, erik, nora, day)
    assert set(shown(read(erik, day))) == {"2024-05-31T22:00:00Z", SWITCHES[day]}
    assert set(shown(read(nora, day))) == {SWITCHES[day], "2024-06-30T22:00:00Z"}
    part = {"from": "2024-06-15T22:00:00Z", "until": "2024-06-20T22:00:00Z"}
    with pytest.raises(DoorRefusedError):
        read(nora, day, **part)


def test_months_between_have_their_registers(house: TheHouse, take: Take, erik: Party, nora: Party) -> None:
    take(*days(date(2024, 5, 30), 36))
    switch(house, erik, nora, date(2024, 7, 1))
    found = shown(read(erik, date(2024, 6, 1), **{"from": "2024-04-30T22:00:00Z"}))
    assert set(found) == {
        "2024-05-31T22:00:00Z",
        "2024-06-30T22:00:00Z",
    }  # nothing is known of the first of May


@pytest.mark.requirement("R64")
def test_an_outsider_and_the_supplier_of_another_time_get_none(
    house: TheHouse, take: Take, erik: Party, nora: Party, joris: Party
) -> None:
    day = date(2024, 6, 12)
    take(*days(day - 2 * STEP, 4))
    switch(house, erik, nora, day)
    for party, when in ((joris, day), (erik, day + 40 * STEP), (nora, day - 40 * STEP)):
        with pytest.raises(DoorRefusedError):
            read(party, when)


def test_a_consent_opens_sums_and_no_register(
    house: TheHouse, take: Take, lotte: Customer, bram: Party
) -> None:
    take(*days(date(2024, 6, 1), 30))
    asked = bram.ask(granularity="day", data_from="2024-05-31T22:00:00Z")
    lotte.grant(asked)
    answer = bram.read(
        asked["permission_id"], **month_of(date(2024, 6, 1)), granularity="month", registers=True
    )
    [channel] = answer["channels"]
    assert channel["series"]
    assert channel["registers"] == []


def test_a_grid_user_reads_the_own_registers(take: Take, lotte: Customer) -> None:
    take(*days(date(2024, 5, 30), 36))
    answer = lotte.call(
        "readings.read",
        occupancy_id=lotte.occupancy(),
        granularity="month",
        registers=True,
        **month_of(date(2024, 6, 1)),
    )
    assert set(shown(answer)) == {"2024-05-31T22:00:00Z", "2024-06-30T22:00:00Z"}


@pytest.mark.parametrize("granularity", ["day", "hour", "quarter_hour"])
def test_registers_come_with_months_only(lotte: Customer, erik: Party, granularity: str) -> None:
    for call in (
        lambda: read(erik, date(2024, 6, 1), granularity=granularity),
        lambda: erik.call(
            "readings.bulk",
            eans=[LOTTES_EAN],
            purpose="billing",
            granularity=granularity,
            registers=True,
            **month_of(date(2024, 6, 1)),
        ),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            call()
        assert refused.value.code == "malformed-request"


@pytest.mark.requirement("R64")
def test_that_registers_left_is_in_the_ledger_before_they_do(
    house: TheHouse, take: Take, erik: Party, nora: Party, lotte: Customer
) -> None:
    day = date(2024, 6, 12)
    take(*days(day - 2 * STEP, 4))
    switch(house, erik, nora, day)
    with_them, without = read(erik, day)["index"], read(erik, day, registers=False)["index"]
    for index, expected in ((with_them, True), (without, None)):
        opening = Opening.from_dict(erik.call("receipt.opening", index=index)["opening"])
        assert json.loads(opening.shared_body).get("registers") is expected
    answer = erik.call(
        "readings.bulk",
        eans=[LOTTES_EAN],
        purpose="billing",
        granularity="month",
        mode="clip",
        registers=True,
        **month_of(day),
    )
    [item] = answer["items"]
    assert shown(item)[SWITCHES[day]] == [(BEGIN + 3000, "READ", None)]
    opening = Opening.from_dict(erik.call("receipt.opening", index=answer["index"])["opening"])
    assert json.loads(opening.shared_body)["registers"] is True


def test_registers_that_cannot_be_true_are_not_kept(
    house: TheHouse, take: Take, erik: Party, nora: Party
) -> None:
    day = date(2024, 6, 12)
    take(profile(METER, day, [10] * 96, register_begin=9_000, register_end=100))
    switch(house, erik, nora, day)
    assert shown(read(nora, day)) == {}


def test_what_registers_showed_is_sealed_and_a_changed_bit_shows_nothing(
    house: TheHouse, take: Take, erik: Party, nora: Party
) -> None:
    day = date(2024, 6, 12)
    take(*days(day, 1))
    switch(house, erik, nora, day)
    [(sealed,)] = query(house, "SELECT total_sealed FROM metering.profile")
    assert BEGIN.to_bytes(7, "big") not in bytes(sealed)
    assert len(sealed) == 32 + 32 + 16
    execute(
        house,
        "UPDATE metering.profile SET total_sealed = set_byte(total_sealed, 60, get_byte(total_sealed, 60) # 1)",
    )
    assert shown(read(nora, day)) == {}


def test_a_late_move_takes_the_registers_along(
    house: TheHouse, take: Take, lotte: Customer, maria: Customer
) -> None:
    take(*days(date(2024, 6, 1), 4))
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-03")
    mine = house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(maria.person_id), from_day="2024-06-03"
    )
    answer = maria.call(
        "readings.read",
        occupancy_id=mine["occupancy_id"],
        granularity="month",
        registers=True,
        mode="clip",
        **month_of(date(2024, 6, 1)),
    )
    assert shown(answer)["2024-06-02T22:00:00Z"] == [(BEGIN + 3000, "READ", None)]
