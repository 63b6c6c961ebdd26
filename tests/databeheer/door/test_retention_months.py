"""Months of readings go whole when their term is over: everybody's, by one entry, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.oversight.retention import month_goes_on
from databeheer.site.audit import audit_bodies
from ledger.report import Report
from tests.databeheer.door.conftest import DAYS
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import query
from tests.house import Customer, Party, TheHouse

NEXT_MONTH = date(2023, 11, 5)
GONE_ON = date(2027, 1, 1)


def wait_until(house: TheHouse, day: date) -> None:
    house.clock.advance(day - day_of(house.clock.now()))


def drop(house: TheHouse) -> dict[str, Any]:
    return house.operator("retention.drop", decided_by="DPO")


def entries(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def stored_days(house: TheHouse) -> set[date]:
    return {row[0] for row in query(house, "SELECT day FROM metering.profile")}


def test_a_month_goes_on_the_first_of_january_after_three_full_years() -> None:
    assert month_goes_on(date(2023, 1, 1)) == month_goes_on(date(2023, 12, 1)) == GONE_ON


@pytest.mark.requirement("R137")
def test_nothing_goes_a_day_too_early_and_everything_of_the_year_on_the_day(
    house: TheHouse, measured: Customer
) -> None:
    house.ingest(english(*day_rows(NEXT_MONTH), *day_rows(date(2024, 1, 1))))
    wait_until(house, date(2026, 12, 31))
    assert house.operator("retention.due") == {"months": []}
    size = entries(house)
    assert drop(house) == {"months": [], "index": None}
    assert entries(house) == size
    assert stored_days(house) == {*DAYS, NEXT_MONTH, date(2024, 1, 1)}

    wait_until(house, GONE_ON)
    months = [
        {"month": "2023-10", "since": "2027-01-01"},
        {"month": "2023-11", "since": "2027-01-01"},
    ]
    assert house.operator("retention.due") == {"months": months}
    assert drop(house)["months"] == ["2023-10", "2023-11"]
    assert stored_days(house) == {date(2024, 1, 1)}
    assert house.operator("retention.due") == {"months": []}


def test_what_was_read_of_a_dropped_month_stays_on_record_and_the_audit_holds(
    house: TheHouse, granted: dict[str, Any], bram: Party, measured: Customer
) -> None:
    read = bram.read(granted["permission_id"])
    wait_until(house, GONE_ON)
    assert drop(house)["index"] == entries(house) - 1
    report = Report()
    audit_bodies(house.client, Proof.operator(house.operator_key), report)
    measured.session = house.log_in(measured.subject, measured.name)
    assert read["index"] in {one["index"] for one in measured.statements()}


def test_who_reads_a_dropped_month_gets_nothing_and_a_late_file_makes_it_anew(
    house: TheHouse, measured: Customer
) -> None:
    wait_until(house, GONE_ON)
    drop(house)
    house.ingest(english(*day_rows(DAYS[0])))
    assert stored_days(house) == {DAYS[0]}
    assert drop(house)["months"] == ["2023-10"]


def test_while_somebody_reads_or_writes_the_months_nothing_goes(house: TheHouse, measured: Customer) -> None:
    wait_until(house, GONE_ON)
    size = entries(house)
    with psycopg.connect(house.database.url("superuser")) as somebody:
        somebody.execute("SELECT count(*) FROM metering.profile")
        with pytest.raises(DoorRefusedError, match="drop the months in a while"):
            drop(house)
    assert entries(house) == size
    assert stored_days(house) == set(DAYS)
    assert drop(house)["months"] == ["2023-10"]


def test_only_the_operator_sees_and_drops_months(
    house: TheHouse, measured: Customer, joris: Party, bram: Party
) -> None:
    wait_until(house, GONE_ON)
    measured.session = house.log_in(measured.subject, measured.name)
    proofs = (
        Proof.session(measured.session),
        Proof.token(joris.token),
        Proof.token(bram.token),
        Proof.session(house.inspector()),
        Proof.intake(house.intake_key),
    )
    for proof in proofs:
        for command, arguments in (("retention.due", {}), ("retention.drop", {"decided_by": "Joris"})):
            with pytest.raises(DoorRefusedError):
                house.client.call(command, proof, **arguments)
    assert stored_days(house) == set(DAYS)


@pytest.mark.parametrize("role", ["web", "intake", "publisher", "auditor"])
def test_no_other_process_can_drop_a_month(house: TheHouse, measured: Customer, role: str) -> None:
    with (
        psycopg.connect(house.database.url(role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT metering.drop_month('2023-10-01')")
    assert stored_days(house) == set(DAYS)


def test_the_door_drops_nothing_that_is_not_a_month_of_readings(house: TheHouse, measured: Customer) -> None:
    with psycopg.connect(house.database.url("door")) as door:
        for name in ("1999-01-01", "2023-11-01"):
            with pytest.raises(psycopg.errors.UndefinedTable), door.transaction():
                door.execute("SELECT metering.drop_month(%s)", [name])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), door.transaction():
            door.execute("DROP TABLE metering.profile_202310")
    assert stored_days(house) == set(DAYS)
