"""The list of roles is checked whole, is the same in the database, and gives nobody a commercial task."""

from __future__ import annotations

import psycopg
import pytest

from databeheer.access import catalogue
from databeheer.staff import roles
from databeheer.staff.roles import RolesError
from databeheer.values import Role
from tests.databases import Database

SHIPPED = roles.SHIPPED.read_text(encoding="utf-8")


@pytest.mark.requirement("R168")
def test_the_database_refuses_the_same_pairs(database: Database) -> None:
    with psycopg.connect(database.url("owner")) as owner:
        known = set(owner.execute("SELECT role, other FROM staff.incompatible").fetchall())
    assert known == {
        (role.code, other) for role in roles.load().by_code.values() for other in role.incompatible
    }


@pytest.mark.requirement("R168")
def test_who_works_for_a_supplier_sees_nothing_here_and_has_no_role_of_the_grid() -> None:
    supplier = roles.load().by_code["supplier_desk"]
    assert supplier.reads == supplier.writes == frozenset()
    assert {"desk", "metering_clerk", "market_clerk"} <= supplier.incompatible


@pytest.mark.requirement("R155", "R200")
def test_the_state_of_market_processes_is_one_roles_to_see() -> None:
    assert roles.load().reading("market_processes") == {"market_clerk"}
    assert roles.load().reading("readings") == {"metering_clerk"}


@pytest.mark.requirement("R10")
def test_no_basis_lets_staff_look_for_anything_but_a_case() -> None:
    purposes = {purpose.value for row in catalogue.load().rows_of(Role.STAFF) for purpose in row.purposes}
    assert purposes == {"case_handling"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "2026-11"', ""),
        ('reads = ["people", "cases", "contacts"]', 'reads = ["people", "cases", "secrets"]'),
        ('writes = ["metering", "cases"]', 'writes = ["metering", "cases", "people_data"]'),
        ('code = "manager"', 'code = "desk"'),
        ('opens = ["missing_values", "wrong_values"]', 'opens = ["missing_values", "contact"]'),
        ('opens = ["missing_values", "wrong_values"]', 'opens = "missing_values"'),
        ('reads = ["people", "readings", "metering", "cases"]', 'reads = ["readings", "metering", "cases"]'),
        ("longest_days = 30", "longest_days = 0"),
        ("longest_days = 30", 'longest_days = "30"'),
        ("longest_days = 30", "forever = true"),
        ('incompatible = ["supplier_desk", "administrator"]', 'incompatible = ["administrator"]'),
        ('name = "Loket"', 'name = ""'),
        ('task = "helpt', 'tasks = "helpt'),
    ],
)
def test_a_list_with_a_fault_stops_the_start(old: str, new: str) -> None:
    assert old in SHIPPED
    with pytest.raises(RolesError):
        roles.parse(SHIPPED.replace(old, new, 1).encode())


def test_what_is_no_toml_is_refused() -> None:
    for content in (b"", b"\xff", b"version = ", b'version = "1"\ntopics = {}\nrole = 3\n'):
        with pytest.raises(RolesError):
            roles.parse(content)
