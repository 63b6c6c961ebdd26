"""Several permissions of one party at one stay: each in doubt has its own case, hours and verdict; the block is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.databeheer.doubt.acts import contact, later, lift, raise_doubt, show
from tests.doors import query
from tests.house import Customer, Party, TheHouse

DAY = datetime(2023, 10, 29, tzinfo=UTC)
"""The readings taken in are of this day."""


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


@pytest.fixture
def forged(measured: Customer, bram: Party, granted: dict[str, Any]) -> dict[str, Any]:
    """Beside the one that Lotte gave, one that she does not know of."""
    asked = bram.ask(purpose="energy_monitoring")
    measured.grant(asked)
    return asked


def states(bram: Party, *permissions: dict[str, Any]) -> list[str]:
    return [bram.permission(one["permission_id"])["state"] for one in permissions]


@pytest.mark.requirement("R99", "R100")
def test_a_proof_of_one_permission_unblocks_no_other_one_that_is_doubted_too(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], forged: dict[str, Any]
) -> None:
    first = raise_doubt(measured, granted)
    house.clock.advance(timedelta(minutes=1))
    second = raise_doubt(measured, forged)
    assert second["case_id"] != first["case_id"]
    assert (first["permission_id"], second["permission_id"]) == (
        granted["permission_id"],
        forged["permission_id"],
    )
    assert refusal(lambda: raise_doubt(measured, forged)).code == "conflict"
    contact(house, first)
    show(bram, first)
    lift(house, first)
    for one in (granted, forged):
        assert refusal(lambda one=one: bram.read(one["permission_id"])).code == "blocked"  # type: ignore[misc]
    assert states(bram, granted, forged) == ["blocked", "blocked"]


@pytest.mark.requirement("R103", "R104")
def test_what_was_proven_reads_on_with_the_time_of_the_block_and_what_was_not_ends_with_its_gap(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], forged: dict[str, Any]
) -> None:
    never_doubted = bram.ask(purpose="energy_advice")
    measured.grant(never_doubted)
    house.clock.advance(timedelta(minutes=1))
    first, second = raise_doubt(measured, granted), raise_doubt(measured, forged)
    contact(house, first)
    contact(house, second)
    show(bram, first)
    lift(house, first)
    later(house, timedelta(hours=72), measured, bram)
    assert house.operator("doubt.sweep")["recorded"] == {"doubt_unproven": 1}
    assert states(bram, granted, forged, never_doubted) == ["active", "invalidated", "invalidated"]
    query(
        house,
        "UPDATE doubt.doubt_case SET opened_at = %s, closed_at = %s WHERE state = 'unproven' RETURNING 1",
        DAY,
        DAY + timedelta(hours=6),
    )
    assert bram.read(granted["permission_id"])["refused"] == []
    new = bram.ask(purpose="energy_monitoring")
    measured.grant(new)
    read = bram.read(new["permission_id"], mode="clip", purpose="energy_monitoring")
    assert [one["reason"] for one in read["refused"]] == ["doubt_gap"]


def test_a_permission_with_a_case_of_its_own_waits_for_its_own_hours(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], forged: dict[str, Any]
) -> None:
    contact(house, raise_doubt(measured, forged))
    later(house, timedelta(hours=71), measured, bram)
    other = raise_doubt(measured, granted)
    contact(house, other)
    later(house, timedelta(hours=2), measured, bram)
    house.operator("doubt.sweep")
    assert states(bram, granted, forged) == ["blocked", "invalidated"]
    show(bram, other)
    lift(house, other)
    assert bram.read(granted["permission_id"])["granted"]


def test_a_doubt_that_is_taken_back_leaves_the_block_of_another_one(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], forged: dict[str, Any]
) -> None:
    mistake, real = raise_doubt(measured, granted), raise_doubt(measured, forged)
    measured.call("doubt.retract", case_id=mistake["case_id"])
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"
    assert states(bram, granted, forged) == ["blocked", "blocked"]
    measured.call("doubt.retract", case_id=real["case_id"])
    assert states(bram, granted, forged) == ["active", "active"]


@pytest.mark.requirement("R110")
def test_a_party_reports_each_of_its_permissions_and_each_entry_says_which(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], forged: dict[str, Any]
) -> None:
    own = {"concern": "other", "customer": "unknown", "words": "x"}
    told = {}
    for one in (granted, forged):
        given = bram.call(
            "doubt.report_own",
            permission_id=one["permission_id"],
            received_at=format_instant(house.clock.now()),
            **own,
        )
        told[given["index"]] = one["permission_id"]
    with house.house.engine.connect() as connection:
        for index, permission in told.items():
            body = connection.exec_driver_sql("SELECT * FROM ledger.body WHERE index = %s", (index,)).one()
            assert shared_body(house.house, body).said["permission"] == permission
