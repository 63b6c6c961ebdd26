"""Billing-grade and informative readings in the store (R61): what a bill rests on is the billing-grade ones alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from databeheer.brussels import midnight
from databeheer.door.bodies.opened import shared_body
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.counts import examples
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.databeheer.metering.head_end import Sent, profile
from tests.databeheer.metering.test_batches import _Between, told
from tests.doors import query
from tests.house import Customer, Party, TheHouse

METER = "1SAG0000000001"
DAY = date(2024, 6, 3)
NEXT = DAY + timedelta(days=1)
Take = Callable[..., BatchReport]


@pytest.fixture
def take(house: TheHouse, lotte: Customer, tmp_path: Path) -> Take:
    """Take a batch of Lotte's meter in, of one class."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    engine, number = house.engine("intake"), iter(range(100))

    def taken(grade: str, *rows: dict[str, Any], door: Any = None, **changes: Any) -> BatchReport:
        name = f"batch-{next(number)}"
        changes = {"grade": grade} | changes
        folder = Sent(list(rows), changes.pop("batch", name), changes).write(tmp_path / name)
        return take_batch(folder, door or house.client, house.intake_key, engine, house.clock)

    return taken


@pytest.fixture
def supplied(house: TheHouse, erik: Party) -> Party:
    """Erik supplies Lotte."""
    house.operator(
        "registry.supply.accept",
        ean=LOTTES_EAN,
        party_id=erik.party_id,
        from_day="2024-01-01",
        until_day=None,
    )
    return erik


def used(value: int, day: date = DAY) -> dict[str, Any]:
    return profile(METER, day, [value] * 96)


def own(customer: Customer, day: date = DAY) -> list[int | None]:
    """What the customer reads of a day: the value of all its quarter-hours."""
    answer = customer.call(
        "readings.read", occupancy_id=customer.occupancy(), granularity="quarter_hour", **bounds(day, day)
    )
    return sorted({value for one in answer["channels"] for part in one["series"] for value in part["values"]})


def bounds(first: date, last: date) -> dict[str, str]:
    end = midnight(last + timedelta(days=1))
    return {"from": format_instant(midnight(first)), "until": format_instant(end)}


def billed(party: Party) -> list[int | None]:
    """What the supplier reads of June: its sums."""
    answer = party.call(
        "readings.bulk",
        eans=[LOTTES_EAN],
        purpose="billing",
        granularity="month",
        registers=True,
        **bounds(date(2024, 6, 1), date(2024, 6, 30)),
    )
    [item] = answer["items"]
    return [value for one in item["channels"] for part in one["series"] for value in part["values"]]


def grades(house: TheHouse) -> list[tuple[int, bool]]:
    """The stored versions, and which of them are informative."""
    return query(
        house,
        "SELECT version, is_informative FROM metering.profile JOIN metering.batch USING (batch) ORDER BY day, version",
    )


@pytest.mark.requirement("R61")
def test_informative_readings_never_take_the_place_of_billing_grade_ones(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    assert take("billing", used(3)).new == 1
    report = take("informative", used(9), used(9, NEXT))
    assert (report.outcome, report.problem) == ("refused", "bad-rows")
    assert told(report) == {"billing-grade-stored": [1]}
    assert grades(house) == [(1, False)]
    assert own(lotte) == [3]
    assert own(lotte, NEXT) == []  # whole or not at all
    assert take("informative", used(9, NEXT)).new == 1


def test_nor_where_they_say_the_same_or_less_or_are_a_registers(take: Take, lotte: Customer) -> None:
    assert take("billing", used(3)).new == 1
    values: list[Any] = [3] * 96
    values[40] = None
    for row in (
        used(3),
        profile(METER, DAY, values),
        profile(METER, DAY, [], slot_minutes=1440, register_end=1_000_288),
    ):
        assert told(take("informative", row)) == {"billing-grade-stored": [1]}
    assert own(lotte) == [3]


@pytest.mark.requirement("R61")
def test_billing_grade_readings_take_the_place_of_informative_ones_also_where_they_say_the_same(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    without_register = used(3) | {"register_begin": None, "register_end": None}
    assert take("informative", without_register).new == 1
    assert take("informative", used(4)).corrected == 1
    assert take("informative", used(4)).unchanged == 1
    assert take("billing", without_register).new == 1
    assert take("billing", without_register).unchanged == 1
    assert grades(house) == [(1, True), (2, True), (3, False)]
    assert own(lotte) == [3]
    assert query(
        house,
        "SELECT count(*) FROM metering.profile WHERE version IN (1, 3) GROUP BY version, length(values_sealed)",
    ) == [(1,), (1,)]


def test_a_billing_grade_register_takes_the_place_of_informative_quarter_hours(
    house: TheHouse, take: Take, supplied: Party
) -> None:
    assert take("informative", used(9)).new == 1
    assert billed(supplied) == []
    assert take("billing", profile(METER, DAY, [], slot_minutes=1440, register_end=1_000_288)).new == 1
    assert billed(supplied) == [288]


def test_an_export_of_mijn_fluvius_is_billing_grade(house: TheHouse, take: Take, lotte: Customer) -> None:
    assert take("informative", used(9)).new == 1
    mine = Row(meter=METER)
    assert house.ingest(english(*day_rows(DAY, row=mine))).new_days == 1
    assert grades(house) == [(1, True), (2, False)]
    assert told(take("informative", used(9))) == {"billing-grade-stored": [1]}


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(("first", "second"), [("informative", "billing"), ("billing", "informative")])
@pytest.mark.parametrize("command", ["batch.keys", "batch.stored"])
def test_of_two_classes_at_once_the_second_is_told_to_come_again(
    house: TheHouse, take: Take, lotte: Customer, first: str, second: str, command: str
) -> None:
    """Whichever was given its version first, no informative version ever stands above a billing-grade one."""
    among = _Between(house.client, command, lambda: take(second, used(3)), after=command == "batch.keys")
    report = take(first, used(9), door=among)
    assert report.problem == "refused-by-the-door"
    assert "meanwhile" in report.detail
    assert own(lotte) == [3]
    again = take(first, used(9))
    assert own(lotte) == ([9] if first == "billing" else [3])
    assert (again.outcome == "stored") is (first == "billing")


def test_the_ledger_says_of_which_class_a_batch_was_and_no_batch_comes_again_as_another(
    house: TheHouse, take: Take
) -> None:
    assert take("informative", used(9), batch="same").outcome == "stored"
    assert take("informative", used(9), batch="same").outcome == "no-change"
    assert take("billing", used(9), batch="same").problem == "other-content"
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []
    with house.house.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM ledger.body WHERE event = 'readings.stored'")).one()
    assert shared_body(house.house, row).said["grade"] == "informative"


def test_neither_the_doors_nor_the_intakes_login_changes_the_class_of_a_batch(
    house: TheHouse, take: Take
) -> None:
    take("informative", used(9))
    for login in ("door", "intake", "web"):
        with (
            psycopg.connect(house.database.url(login)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("UPDATE metering.batch SET is_informative = false")


@pytest.mark.requirement("R61")
@pytest.mark.parametrize("seed", range(examples(1, of=4)))
def test_in_any_order_of_batches_a_bill_rests_on_the_billing_grade_ones_alone(
    house: TheHouse, take: Take, supplied: Party, seed: int
) -> None:
    random, expected = Random(seed), dict[date, int]()
    for number in range(7):
        grade = random.choice(["informative", "billing"])
        days = sorted(random.sample([DAY, NEXT, NEXT + timedelta(days=1)], random.randint(1, 2)))
        rows = [used(random.randint(1, 500), day) for day in days]
        report = take(grade, *rows)
        if grade == "billing":
            expected |= {row["day"]: sum(row["values"]) for row in rows}
            assert report.outcome == "stored", number
        else:
            wrong = [place for place, day in enumerate(days, 1) if day in expected]
            assert told(report) == ({"billing-grade-stored": wrong} if wrong else {})
        assert billed(supplied) == ([sum(expected.values())] if expected else [])
