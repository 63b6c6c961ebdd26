"""Deliveries to suppliers: each month, each year, at the end of a contract; on time, and told as missed where not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import midnight
from databeheer.door.client import DoorRefusedError, DoorUnreachableError, Proof
from databeheer.metering.batches.taking import take_batch
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.head_end import Sent, profile
from tests.databeheer.metering.test_batches import _DiesBefore as DiesBefore
from tests.doors import query
from tests.house import Customer, Party, TheHouse

METER = "1SAG0000000001"
STEP = timedelta(days=1)
Take = Callable[..., None]
BOTH = ("offtake", "injection")


def go_to(house: TheHouse, day: date, hour: int = 3) -> None:
    house.clock.advance(midnight(day) + timedelta(hours=hour) - house.clock.now())


@pytest.fixture
def take(house: TheHouse, lotte: Customer, tmp_path: Path) -> Take:
    """Lotte's meter sends a register reading of each of these days."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    engine, count = house.engine("intake"), iter(range(100))

    def taken(first: date, days: int, directions: tuple[str, ...] = BOTH, door: Any = None) -> None:
        name = f"batch-{next(count)}"
        rows = []
        for day in (first + n * STEP for n in range(days)):
            begin = 1000 * day.toordinal()
            rows += [
                profile(
                    METER,
                    day,
                    [],
                    slot_minutes=1440,
                    direction=one,
                    register_begin=begin,
                    register_end=begin + 1000,
                )
                for one in directions
            ]
        place = Sent(rows, name).write(tmp_path / name)
        report = take_batch(place, door or house.client, house.intake_key, engine, house.clock)
        assert report.outcome == "stored", report.members()

    return taken


def this_month(house: TheHouse) -> date:
    return house.clock.now().date().replace(day=1)


def next_month(first: date) -> date:
    return (first + 32 * STEP).replace(day=1)


def sweep(house: TheHouse) -> dict[str, int]:
    done: dict[str, int] = {}
    while True:
        answer = house.client.call("delivery.sweep", Proof.clerk(house.clerk_key))
        assert answer["failed"] == 0
        new = {name: number for name, number in answer["recorded"].items() if name != "delivery_waits"}
        for name, number in answer["recorded"].items():
            done[name] = done.get(name, 0) + number
        if not new:
            return done


def supply(house: TheHouse, party: Party, first: date, until: date | None = None, **more: Any) -> None:
    house.operator(
        "registry.supply.accept",
        ean=LOTTES_EAN,
        party_id=party.party_id,
        from_day=first.isoformat(),
        until_day=until.isoformat() if until else None,
        **more,
    )


def back(who: Party | Customer) -> Any:
    """The same one after the clock went on for longer than a token or session lasts."""
    if isinstance(who, Party):
        who.token = who.house.token(who.client_id, who.client_secret)
    else:
        who.session = who.house.log_in(who.subject, who.name)
    return who


def listed(party: Party, kind: str) -> list[dict[str, Any]]:
    return [one for one in back(party).call("delivery.list")["deliveries"] if one["kind"] == kind]


def figures(house: TheHouse) -> dict[str, int]:
    report = house.operator("clocks.report", months=24)
    found = {"kept": 0, "missed": 0, "dropped": 0, "open": 0}
    for month in report["months"]:
        for one in month["figures"]:
            if one["kind"] == "supply_delivery":
                found = {name: found[name] + one[name] for name in found}
    return found


@pytest.fixture
def supplied(house: TheHouse, take: Take, erik: Party) -> date:
    """Erik supplies from the first of the coming month on, and what was due before is out of the way; that day."""
    first = next_month(this_month(house))
    supply(house, erik, first)
    go_to(house, first)
    sweep(house)
    return first


@pytest.mark.requirement("R69")
def test_a_month_is_ready_on_the_day_after_once_its_last_day_came_and_its_supplier_is_told(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    after = next_month(supplied)
    take_until = (after - supplied).days
    go_to(house, after)
    take(supplied, take_until)
    assert sweep(house) == {"delivery_begun": 1, "delivery_ready": 1} | (
        {"delivery_begun": 2, "delivery_ready": 2} if after.month == 1 else {}
    )
    [month] = [one for one in listed(erik, "month") if one["from"] == supplied.isoformat()]
    assert (month["until"], month["contracts"], month["lacking"]) == (after.isoformat(), 1, 0)
    assert month["ready_at"] == format_instant(house.clock.now())
    assert not month["is_missed"]
    assert figures(house)["kept"] >= 1
    assert "delivery.ready" in [row[0] for row in query(house, "SELECT kind FROM post.message")]


@pytest.mark.requirement("R69")
def test_it_is_read_in_one_entry_with_a_leaf_for_the_customer_who_sees_it(
    house: TheHouse, take: Take, supplied: date, erik: Party, lotte: Customer
) -> None:
    after = next_month(supplied)
    go_to(house, after)
    take(supplied, (after - supplied).days)
    sweep(house)
    answer = back(erik).call(
        "readings.bulk",
        eans=[LOTTES_EAN],
        purpose="billing",
        granularity="month",
        registers=True,
        **{"from": format_instant(midnight(supplied)), "until": format_instant(midnight(after))},
    )
    [item] = answer["items"]
    for channel in item["channels"]:
        assert sum(channel["series"][0]["values"]) == 1000 * (after - supplied).days
        assert [one["at"] for one in channel["registers"]] == [
            format_instant(midnight(day)) for day in (supplied, after)
        ]
    assert {one["direction"] for one in item["channels"]} == {"offtake", "injection"}
    assert answer["index"] in [one["index"] for one in back(lotte).statements()]


@pytest.mark.requirement("R69")
def test_a_month_waits_for_what_is_read_again_and_not_longer(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    after = next_month(supplied)
    go_to(house, after)
    sweep(house)
    [month] = [one for one in listed(erik, "month") if one["from"] == supplied.isoformat()]
    assert (month["ready_at"], month["lacking"]) == (None, 1)
    go_to(house, after + 9 * STEP)
    sweep(house)
    assert listed(erik, "month")[0]["ready_at"] is None
    go_to(house, after + 10 * STEP)
    sweep(house)
    [month] = [one for one in listed(erik, "month") if one["from"] == supplied.isoformat()]
    assert (month["ready_at"] is not None, month["lacking"], month["is_missed"]) == (True, 1, False)


@pytest.mark.requirement("R69")
def test_a_month_that_was_not_made_ready_in_fifteen_days_is_missed_and_says_so(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    after = next_month(supplied)
    go_to(house, after)
    sweep(house)
    before = figures(house)["missed"]
    go_to(house, after + 16 * STEP)
    assert house.operator("clocks.sweep")["recorded"].get("supply_delivery", 0) >= 1
    sweep(house)
    [month] = [one for one in listed(erik, "month") if one["from"] == supplied.isoformat()]
    assert month["is_missed"]
    assert figures(house)["missed"] > before


@pytest.mark.requirement("R71")
def test_the_end_of_a_contract_is_delivered_once_its_last_reading_came_and_its_customer_is_told(
    house: TheHouse, take: Take, supplied: date, erik: Party, lotte: Customer
) -> None:
    end = supplied + 11 * STEP
    house.operator("registry.supply.end", ean=LOTTES_EAN, until_day=end.isoformat())
    assert listed(erik, "final") == []
    go_to(house, end)
    sweep(house)
    [final] = listed(erik, "final")
    assert (final["ean"], final["until"], final["ready_at"], final["lacking"]) == (
        LOTTES_EAN,
        end.isoformat(),
        None,
        1,
    )
    go_to(house, end + STEP)
    take(supplied, 11)
    assert sweep(house) == {"delivery_ready": 1}
    [final] = listed(erik, "final")
    assert (final["lacking"], final["is_missed"]) == (0, False)
    assert "delivery.ready" in [one["event"] for one in back(lotte).statements()]
    answer = back(erik).call(
        "readings.read",
        ean=LOTTES_EAN,
        purpose="billing",
        granularity="month",
        mode="clip",
        registers=True,
        **{
            "from": format_instant(midnight(supplied)),
            "until": format_instant(midnight(next_month(supplied))),
        },
    )
    shown = {one["at"]: one["value"] for channel in answer["channels"] for one in channel["registers"]}
    assert shown[format_instant(midnight(end))] == 1000 * end.toordinal()


@pytest.mark.requirement("R71")
def test_a_contract_that_goes_on_after_all_has_no_end_to_deliver(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    nora = house.party("Nora Energie", "supplier")
    day = supplied + 5 * STEP
    supply(house, nora, day, switch=True)
    go_to(house, day)
    sweep(house)
    assert len(listed(erik, "final")) == 1
    house.operator("registry.supply.cancel", ean=LOTTES_EAN, from_day=day.isoformat())
    assert sweep(house)["delivery_dropped"] == 1
    assert listed(erik, "final") == []
    assert figures(house)["dropped"] == 1


@pytest.mark.requirement("R71")
def test_a_year_is_delivered_when_it_is_over(house: TheHouse, take: Take, erik: Party) -> None:
    year = this_month(house).year
    supply(house, erik, date(year, 1, 1))
    go_to(house, date(year + 1, 1, 1))
    sweep(house)
    [found] = [one for one in listed(erik, "year") if one["from"] == f"{year}-01-01"]
    assert found["until"] == f"{year + 1}-01-01"
    go_to(house, date(year + 1, 1, 2))
    take(date(year, 12, 31), 1)
    sweep(house)
    assert next(one for one in listed(erik, "year") if one["from"] == f"{year}-01-01")["lacking"] == 0


@pytest.mark.requirement("R69")
def test_nobody_is_delivered_what_he_does_not_supply(
    house: TheHouse, take: Take, supplied: date, erik: Party, joris: Party
) -> None:
    nora = house.party("Nora Energie", "supplier")
    go_to(house, next_month(supplied))
    sweep(house)
    assert listed(erik, "month")
    for party in (nora, joris):
        assert back(party).call("delivery.list")["deliveries"] == []


def test_the_report_names_no_access_point_and_is_the_inspectors_and_operators(
    house: TheHouse, take: Take, supplied: date, erik: Party, lotte: Customer
) -> None:
    house.operator("registry.supply.end", ean=LOTTES_EAN, until_day=(supplied + STEP).isoformat())
    go_to(house, supplied + 2 * STEP)
    sweep(house)
    for proof in (Proof.operator(house.operator_key), Proof.session(house.inspector())):
        report = house.client.call("delivery.list", proof)
        assert LOTTES_EAN not in str(report)
        assert {one["party_id"] for one in report["deliveries"]} == {erik.party_id}
    with pytest.raises(DoorRefusedError) as refused:
        back(lotte).call("delivery.list")
    assert refused.value.code == "unauthenticated"


def test_sweeping_twice_does_nothing_twice(house: TheHouse, take: Take, supplied: date, erik: Party) -> None:
    go_to(house, next_month(supplied))
    sweep(house)
    size = query(house, "SELECT size FROM ledger.head")
    assert sweep(house) == {}
    assert query(house, "SELECT size FROM ledger.head") == size


@pytest.mark.requirement("R69")
def test_a_direction_of_which_nothing_came_lacks(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    after = next_month(supplied)
    go_to(house, after)
    take(supplied, (after - supplied).days, directions=("offtake",))
    sweep(house)
    assert (listed(erik, "month")[0]["lacking"], listed(erik, "month")[0]["ready_at"]) == (1, None)


@pytest.mark.requirement("R69")
def test_rows_of_a_batch_that_broke_off_have_not_come(
    house: TheHouse, take: Take, supplied: date, erik: Party
) -> None:
    after = next_month(supplied)
    go_to(house, after)
    with pytest.raises(DoorUnreachableError):
        take(supplied, (after - supplied).days, door=DiesBefore(house.client, "batch.stored"))
    assert query(house, "SELECT count(*) > 0 FROM metering.profile") == [(True,)]
    sweep(house)
    assert (listed(erik, "month")[0]["lacking"], listed(erik, "month")[0]["ready_at"]) == (1, None)


def test_what_was_erased_is_waited_for_no_more(
    house: TheHouse, take: Take, supplied: date, erik: Party, lotte: Customer
) -> None:
    end, stay = supplied + 3 * STEP, back(lotte).occupancy()
    go_to(house, end)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=end.isoformat())
    sweep(house)
    assert listed(erik, "final")[0]["lacking"] == 1
    house.clock.advance(timedelta(days=5 * 366))
    told = {"reason": "retention_ended", "decided_by": "DPO", "occupancy_id": stay}
    house.operator("erasure.decide", data_class="readings", **told)
    house.operator("erasure.execute")
    sweep(house)
    [(lacking, is_ready)] = query(
        house, "SELECT lacking, ready_at IS NOT NULL FROM registry.supply_delivery WHERE kind = 'final'"
    )
    assert (lacking, is_ready) == (0, True)


def test_nobody_but_clerk_and_operator_sweeps(
    house: TheHouse, lotte: Customer, joris: Party, erik: Party
) -> None:
    size = query(house, "SELECT size FROM ledger.head")
    for asker in (lotte, joris, erik):
        with pytest.raises(DoorRefusedError) as refused:
            asker.call("delivery.sweep")
        assert refused.value.code == "unauthenticated"
    assert query(house, "SELECT size FROM ledger.head") == size
    house.operator("delivery.sweep")
