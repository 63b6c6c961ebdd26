"""A database from an older dump: a block stays a block, a case that closed without a proof stays closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.door.restore.ends import NAME
from databeheer.values import format_instant
from tests.databeheer.doubt.acts import contact, later, lift, raise_doubt, show
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


def restore(backups: Backups, *people: Customer | Party) -> None:
    """Lose the database, put the dump back, and make the ledger whole."""
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    backups.house.operator("reconcile.status")
    backups.log_in_again(*people)


def put_back(backups: Backups, *people: Customer | Party) -> dict[str, Any]:
    """Restore, and reconcile."""
    restore(backups, *people)
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


def test_a_doubt_of_which_a_backup_lost_who_raised_it_is_nobodys_to_take_back(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    backups.dump()
    case = raise_doubt(measured, granted)
    put_back(backups, measured, bram)
    for again in (False, True):  # nor once one's own doubt is added to what was lost
        if again:
            backups.house.clock.advance(timedelta(minutes=1))
            raise_doubt(measured, granted)
        refused = refusal(lambda: measured.call("doubt.retract", case_id=case["case_id"]))
        assert (refused.code, "a backup was put back" in str(refused)) == ("conflict", True)
    assert refusal(lambda: bram.read(permission)).code == "blocked"


def join(house: TheHouse, bram: Party, permission: str, who: str) -> str:
    """Somebody else than Lotte doubts too; returns the number of the signal."""
    number = str(uuid4())
    said = {"permission_id": permission, "concern": "not_given"}
    if who == "the party itself":
        told = {
            "customer": "unsatisfied",
            "received_at": format_instant(house.clock.now()),
            "words": "Lotte rang",
        }
        bram.call("doubt.report_own", **said, **told)
    else:
        house.operator("doubt.signal", **said, origin="authority", source="VREG", signal_id=number)
    return number


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("who", ["an authority", "the party itself"])
def test_who_joined_a_doubt_after_the_backup_still_holds_the_block(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any], who: str
) -> None:
    house, permission = backups.house, granted["permission_id"]
    case = raise_doubt(measured, granted)
    backups.dump()
    number = join(house, bram, permission, who)  # in the same instant: the clock stands still
    assert put_back(backups, measured, bram)["ended_again"] == 1
    assert signals_of(measured) == ["customer", "journal"]
    refused = refusal(lambda: measured.call("doubt.retract", case_id=case["case_id"]))
    assert (refused.code, "somebody else doubts" in str(refused)) == ("conflict", True)
    assert refusal(lambda: bram.read(permission)).code == "blocked"
    if who == "an authority":  # what was lost is given again, under the number that it had
        said = {"permission_id": permission, "concern": "not_given", "origin": "authority", "source": "VREG"}
        house.operator("doubt.signal", **said, signal_id=number)
        assert signals_of(measured) == ["authority", "customer", "journal"]
    contact(house, case)
    show(bram, case)
    lift(house, case)
    assert bram.read(permission)["granted"]


def test_who_joined_a_doubt_before_the_backup_is_there_once(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    raise_doubt(measured, granted)
    backups.dump()
    join(backups.house, bram, granted["permission_id"], "an authority")
    put_back(backups, measured, bram)
    backups.dump()
    bram.ask()  # so that something is lost
    assert put_back(backups, measured, bram)["ended_again"] == 0
    assert signals_of(measured) == ["customer", "journal"]


def test_a_doubt_taken_back_and_raised_anew_by_another_after_the_backup_is_not_of_one_alone(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    backups.dump()
    measured.call("doubt.retract", case_id=case["case_id"])
    join(backups.house, bram, granted["permission_id"], "an authority")
    put_back(backups, measured, bram)
    [again] = measured.call("doubt.list")["cases"]
    assert (again["case_id"], again["state"], again["can_retract"]) == (case["case_id"], "restored", False)
    assert refusal(lambda: measured.call("doubt.retract", case_id=case["case_id"])).code == "conflict"
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"


def signals_of(customer: Customer) -> list[str]:
    """From whom the signals of the only case come, as its customer sees them."""
    [case] = customer.call("doubt.list")["cases"]
    return sorted(one["origin"] for one in case["signals"])


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


@pytest.mark.requirement("R103", "R105")
@pytest.mark.parametrize("answer", ["shown", "lifted", "retracted"])
def test_hours_that_were_answered_in_the_lost_time_run_out_for_nobody_and_people_decide_anew(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any], answer: str
) -> None:
    house, permission = backups.house, granted["permission_id"]
    case = raise_doubt(measured, granted)
    contact(house, case)
    backups.dump()
    later(house, timedelta(hours=1), measured, bram)
    if answer == "retracted":
        measured.call("doubt.retract", case_id=case["case_id"])
    else:
        show(bram, case)
    if answer == "lifted":
        lift(house, case)
    later(house, timedelta(hours=72), measured, bram)
    restore(backups, measured, bram)
    # Before it is reconciled, nobody knows: the clerk's beat ends nothing, and nobody is told that it ended.
    assert measured.call("doubt.list")["cases"][0]["state"] == "contacted"
    assert house.operator("doubt.sweep") == {"recorded": {}, "failed": 0, "more": False}
    house.operator("reconcile.finish")
    assert house.operator("doubt.sweep")["recorded"] == {}
    [again] = measured.call("doubt.list")["cases"]
    assert (again["state"], again["is_blocked"], again["gap"]) == ("restored", True, None)
    assert again["contact_due_at"]
    assert bram.permission(permission)["state"] == "blocked"
    assert refusal(lambda: bram.read(permission)).code == "blocked"
    due = contact(house, again)["evidence_due_at"]
    assert due == format_instant(house.clock.now() + timedelta(hours=72))
    show(bram, again)
    lift(house, again)
    assert bram.read(permission)["granted"]
    assert clocks_of(house, "doubt_evidence")[0] == (False, True)  # dropped in time: nobody missed it


def test_where_the_journal_does_not_reach_no_hours_run_out_either(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    house = backups.house
    case = raise_doubt(measured, granted)
    contact(house, case)
    backups.dump()
    bram.ask()
    later(house, timedelta(hours=73), measured, bram)
    (house.house.keys.folder / NAME).unlink()
    restore(backups, measured, bram)
    house.operator("reconcile.finish", lapse=True)
    assert house.operator("doubt.sweep")["recorded"] == {}
    assert measured.call("doubt.list")["cases"][0]["state"] == "restored"


@pytest.mark.requirement("R100")
def test_two_blocks_that_a_backup_does_not_know_are_both_set_again_each_about_its_permission(
    backups: Backups, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    other = bram.ask(purpose="energy_monitoring")
    measured.grant(other)
    backups.dump()
    for one in (granted, other):
        raise_doubt(measured, one)
    put_back(backups, measured, bram)
    about = {one["permission_id"] for one in measured.call("doubt.list")["cases"]}
    assert about == {granted["permission_id"], other["permission_id"]}


def clocks_of(house: TheHouse, kind: str) -> list[tuple[bool, bool]]:
    """Of each clock of a kind: was it missed, was it dropped."""
    return [
        tuple(row)
        for row in query(
            house,
            "SELECT due_at <= coalesce(met_at, dropped_at), dropped_at IS NOT NULL FROM clocks.clock"
            " WHERE kind = %s ORDER BY clock_no",
            kind,
        )
    ]
