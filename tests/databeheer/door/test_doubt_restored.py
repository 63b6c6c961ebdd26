"""A database from an older dump: a block stays a block, a case that closed without a proof stays closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from tests.databeheer.doubt.acts import contact, later, lift, raise_doubt, show
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups


@pytest.fixture
def backups(house: TheHouse, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(house, tmp_path)
    yield made
    made.close()


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


def put_back(backups: Backups, *people: Customer | Party) -> dict[str, Any]:
    """Lose the database, put the dump back, make the ledger whole, and reconcile."""
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    backups.house.operator("reconcile.status")
    backups.log_in_again(*people)
    done: dict[str, Any] = backups.house.operator("reconcile.finish")
    return done


@pytest.mark.requirement("R100")
def test_a_restored_backup_does_not_lift_a_block_that_it_does_not_know(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    backups.dump()
    case = raise_doubt(measured, granted)
    assert put_back(backups, measured, bram)["ended_again"] == 1
    assert refusal(lambda: bram.read(permission)).code == "blocked"
    [again] = measured.call("doubt.list")["cases"]
    assert (again["case_id"], again["blocked_at"]) == (case["case_id"], case["blocked_at"])
    assert (again["state"], bram.permission(permission)["state"]) == ("open", "blocked")
    contact(backups.house, again)
    show(bram, again)
    lift(backups.house, again)
    assert bram.read(permission)["granted"]


@pytest.mark.requirement("R104")
@pytest.mark.parametrize("known", [True, False], ids=["the backup has the open case", "it has not"])
def test_a_restored_backup_gives_neither_the_permission_back_nor_the_gap(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any], known: bool
) -> None:
    house, permission = backups.house, granted["permission_id"]
    if not known:
        backups.dump()
    case = raise_doubt(measured, granted)
    contact(house, case)
    if known:
        backups.dump()
    later(house, timedelta(hours=72), measured, bram)
    house.operator("doubt.sweep")
    [closed] = measured.call("doubt.list")["cases"]
    put_back(backups, measured, bram)
    assert refusal(lambda: bram.read(permission)).reason == "unproven"
    ended = bram.permission(permission)
    assert (ended["state"], ended["reason"]) == ("invalidated", "doubt_not_answered")
    [again] = measured.call("doubt.list")["cases"]
    assert (again["state"], again["gap"]) == ("unproven", closed["gap"])


def test_a_block_that_was_lifted_is_not_set_again_and_one_that_the_backup_has_is_lifted_by_people_only(
    backups: Backups, measured: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    at_maria = bram.ask()
    maria.grant(at_maria)
    known = raise_doubt(maria, at_maria)
    backups.dump()
    maria.call("doubt.retract", case_id=known["case_id"])
    case = raise_doubt(measured, granted)
    measured.call("doubt.retract", case_id=case["case_id"])
    put_back(backups, measured, maria, bram)
    assert bram.read(granted["permission_id"])["granted"]
    assert measured.call("doubt.list")["cases"] == []
    assert refusal(lambda: bram.read(at_maria["permission_id"])).code == "blocked"
    maria.call("doubt.retract", case_id=known["case_id"])
    assert bram.permission(at_maria["permission_id"])["state"] == "active"
