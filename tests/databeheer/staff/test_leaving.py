"""Who leaves is cut off at once; what nobody confirms stops to count; what nobody uses goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.site.clerk import Clerk
from databeheer.staff import accounts, hr
from tests.databases import Databases
from tests.doors import query
from tests.house import Colleague, TheHouse, open_house
from tests.restores import Backups


def refused(act: Callable[..., Any], *given: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(DoorRefusedError) as error:
        act(*given, **arguments)
    return error.value.code, str(error.value)


def today(house: TheHouse) -> str:
    return day_of(house.clock.now()).isoformat()


def clerk(house: TheHouse) -> dict[str, int]:
    return dict(Clerk(house.client, house.clerk_key).round())


def later(house: TheHouse, days: int, *people: Colleague) -> None:
    """Days go by; these log in again."""
    house.clock.advance(timedelta(days=days))
    for one in people:
        one.log_in()


def manager(house: TheHouse, name: str) -> Colleague:
    """Somebody who manages, trained for years."""
    until = (day_of(house.clock.now()) + timedelta(days=4000)).isoformat()
    return house.colleague(name, "manager", trained_until=until)


@pytest.mark.requirement("R158")
def test_a_leaver_is_cut_off_in_the_middle_of_a_session_and_his_cases_go_to_his_team(house: TheHouse) -> None:
    boss, gone, mate = manager(house, "tom"), house.colleague("gone", "desk"), house.colleague("mate", "desk")
    case = gone.call("staff.case.open", kind="question", what="half done")["reference"]
    content = f"left_on;employee\n{today(house)};{gone.employee}\n{today(house)};E-nobody\n"
    told = boss.call("staff.hr.leavers", content=content)
    assert (told["leavers"], told["ended"], told["unknown"]) == (2, 1, 1)
    assert refused(gone.call, "staff.me")[0] == "unauthenticated"
    assert refused(gone.call, "staff.case.list")[0] == "unauthenticated"
    assert refused(gone.log_in)[0] == "no-staff-account"
    assert case in {one["reference"] for one in mate.call("staff.case.list")["cases"]}
    again = boss.call("staff.hr.leavers", content=content)
    assert (again["ended"], again["unknown"]) == (0, 2)


@pytest.mark.requirement("R158")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "line 1"),
        ("employee,left_on\n", "between 1"),
        ("employee\nE-stays\n", "line 1"),
        ("employee,left_on,name\nE-stays,2023-01-01,x\n", "line 1"),
        ("employee,left_on\nE-stays,2023-01-01\nE-other\n", "line 3: it has not 2 fields"),
        ("employee,left_on\nE-stays,2023-02-30\n", "line 2: left_on"),
        ("employee,left_on\nE-stays,2099-01-01\n", "line 2: left_on: lies ahead"),
        ("employee,left_on\nE-stays,2023-01-01\ne-STAYS,2023-01-02\n", "line 3: employee: stands on line 2"),
        ("employee,left_on\nE-stays,2023-01-01\nEstays,2023-01-02\n", "line 3: employee: stands on line 2"),
        ("employee,left_on\nE-stays,2023-01-01\nE-st\u0430ys,2023-01-01\n", "line 3: employee: not an"),
        ("employee,left_on\nE-stays,2023-01-01\n=cmd(),2023-01-01\n", "line 3: employee"),
        ('employee,left_on\nE-stays,2023-01-01\n"E-x,2023-01-01\n', "line 3"),
        ("employee,left_on\nE-stays,2023-01-01\n\n", "line 3"),
    ],
)
def test_a_file_of_leavers_with_one_wrong_line_is_refused_whole(
    house: TheHouse, content: str, says: str
) -> None:
    if not query(house, "SELECT FROM staff.account WHERE team = 'stays'"):
        house.colleague("stays", "desk", team="stays")
    before = query(house, "SELECT size FROM ledger.head")
    code, words = refused(house.operator, "staff.hr.leavers", by="E-1", content=content)
    assert code == "malformed-request"
    assert says in words or content == ""
    assert "E-stays" not in words
    assert query(house, "SELECT size FROM ledger.head") == before
    assert query(house, "SELECT ended_at FROM staff.account WHERE team = 'stays'") == [(None,)]


def test_a_file_that_is_too_large_is_refused_by_its_size(house: TheHouse) -> None:
    content = "employee\n" + "E-1\n" * (hr.LARGEST // 4)
    assert refused(house.operator, "staff.hr.check", by="E-1", content=content, ends=0)[0] == (
        "malformed-request"
    )


def test_who_is_no_manager_hands_in_no_leavers(house: TheHouse) -> None:
    desk = house.colleague("no-manager", "desk")
    content = f"employee,left_on\n{desk.employee},{today(house)}\n"
    assert refused(desk.call, "staff.hr.leavers", content=content)[0] == "role-needed"
    assert refused(desk.call, "staff.hr.check", content="employee\nE-1\n", ends=0)[0] == "role-needed"
    assert refused(desk.call, "staff.account.end", account_id=desk.account_id)[0] == "role-needed"


@pytest.mark.requirement("R160")
def test_the_weekly_check_ends_whom_hr_does_not_know_if_as_many_as_was_said(databases: Databases) -> None:
    with databases.clone() as database, open_house(database) as house:
        stays, gone = house.colleague("stays", "desk"), house.colleague("gone", "desk")
        content = f"employee\n{stays.employee}\nE-without-account\n"
        code, words = refused(house.operator, "staff.hr.check", by="E-1", content=content, ends=0)
        assert (code, "1 accounts would end" in words) == ("conflict", True)
        cut_off = "employee\nE-without-account\n"
        assert refused(house.operator, "staff.hr.check", by="E-1", content=cut_off, ends=1)[0] == "conflict"
        assert gone.call("staff.me")["roles"] == ["desk"]
        told = house.operator("staff.hr.check", by="E-1", content=content, ends=1)
        assert (told["in_service"], told["with_account"], told["ended"]) == (2, 1, 1)
        assert refused(gone.call, "staff.me")[0] == "unauthenticated"
        assert stays.call("staff.me")["roles"] == ["desk"]
        house.clock.advance(timedelta(days=8))
        overdue = house.operator("clocks.report")["overdue"]
        assert [one["kind"] for one in overdue] == ["staff_hr_check"]
        house.operator("staff.hr.check", by="E-1", content=content, ends=0)
        assert house.operator("clocks.report")["overdue"] == []


@pytest.mark.requirement("R160", "R161")
def test_what_no_manager_confirmed_in_half_a_year_is_suspended(house: TheHouse) -> None:
    boss, other = manager(house, "boss"), manager(house, "other-boss")
    until = (day_of(house.clock.now()) + timedelta(days=4000)).isoformat()
    kept, left = (house.colleague(name, trained_until=until) for name in ("kept", "left"))
    keeps, leaves = kept.is_given("desk"), left.is_given("desk")
    clerk(house)
    later(house, 80, boss, other, kept, left)
    later(house, 80, boss, other, kept, left)
    boss.call("staff.role.confirm", grant_id=keeps)
    for who in (boss, other):  # each by the other
        held = boss.call("staff.me") if who is boss else other.call("staff.me")
        for grant in held["grants"]:
            assert refused(who.call, "staff.role.confirm", grant_id=grant["grant_id"])[0] == "conflict"
            (other if who is boss else boss).call("staff.role.confirm", grant_id=grant["grant_id"])
    assert refused(kept.call, "staff.role.confirm", grant_id=leaves)[0] == "role-needed"
    later(house, 30, boss, other, kept, left)
    # Time did it; whether the clerk wrote it down does not matter.
    assert (kept.call("staff.me")["roles"], left.call("staff.me")["roles"]) == (["desk"], [])
    assert clerk(house)["staff_role_suspended"] >= 1
    assert clerk(house).get("staff_role_suspended") is None
    assert left.call("staff.me")["roles"] == []
    [(state,)] = query(
        house, "SELECT suspended_at IS NOT NULL FROM staff.role_grant WHERE grant_id = %s", leaves
    )
    assert state
    boss.call("staff.role.confirm", grant_id=leaves)
    assert left.call("staff.me")["roles"] == ["desk"]


@pytest.mark.requirement("R160")
def test_the_database_lets_nobody_confirm_his_own_role(house: TheHouse) -> None:
    one = house.colleague("own")
    grant = one.is_given("desk")
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.CheckViolation):
        door.execute("UPDATE staff.role_grant SET confirmed_by = employee_hash WHERE grant_id = %s", [grant])
    waits = house.colleague("never").asked("desk")
    boss = manager(house, "confirms")
    assert refused(boss.call, "staff.role.confirm", grant_id=waits)[0] == "conflict"


@pytest.mark.requirement("R157")
def test_a_period_that_is_over_is_written_down_and_can_be_asked_anew(house: TheHouse) -> None:
    one = house.colleague("jonas")
    one.is_given("administrator")
    later(house, 31)
    assert clerk(house)["staff_role_ended"] == 1
    one.is_given("administrator")
    one.log_in()
    assert one.call("staff.me")["roles"] == ["administrator"]


@pytest.mark.requirement("R169")
def test_an_account_that_nobody_uses_is_blocked_then_ended_then_forgotten(databases: Databases) -> None:
    with databases.clone() as database, open_house(database) as house:
        one = house.colleague("idle", "desk")
        house.clock.advance(accounts.BLOCKED_AFTER - timedelta(seconds=1))
        assert "staff_account_blocked" not in clerk(house)
        house.clock.advance(timedelta(seconds=1))
        assert clerk(house)["staff_account_blocked"] == 1
        assert refused(one.log_in)[0] == "no-staff-account"
        [(what, reason)] = query(house, "SELECT what, reason FROM staff.refusal")
        assert (what, reason) == ("log-in", "blocked")
        house.clock.advance(accounts.ENDED_AFTER - accounts.BLOCKED_AFTER)
        assert clerk(house)["staff_account_ended"] == 1
        house.clock.advance(accounts.DELETED_AFTER)
        assert clerk(house)["staff_account_deleted"] == 1
        rows = query(house, "SELECT name_sealed, subject_hash FROM staff.account")
        assert rows == [(None, None)]
        assert not any(name.startswith("staff_account") for name in clerk(house))


@pytest.mark.requirement("R158")
def test_who_left_after_a_backup_is_not_back_at_work_in_it(databases: Databases, tmp_path: Any) -> None:
    with databases.clone() as database, open_house(database) as house:
        gone, ended = house.colleague("gone", "desk"), house.colleague("ended")
        role = ended.is_given("desk")
        backups = Backups(house, tmp_path)
        backups.dump()
        house.operator(
            "staff.hr.leavers", by="E-1", content=f"employee,left_on\n{gone.employee},{today(house)}\n"
        )
        house.operator("staff.role.end", by="E-1", grant_id=role)
        backups.publish()
        backups.put_back()
        backups.refill()
        backups.restart_door()
        house.operator("reconcile.finish")
        assert refused(gone.log_in)[0] == "no-staff-account"
        ended.log_in()
        assert ended.call("staff.me")["roles"] == []
        backups.close()
