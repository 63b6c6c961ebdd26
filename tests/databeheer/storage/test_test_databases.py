"""The databases of the tests themselves: every role gets in, and no test sees another's."""

from __future__ import annotations

import psycopg
import pytest

from databeheer.storage import provision
from tests.databases import Database, Databases


@pytest.mark.parametrize("role", provision.ROLES)
def test_every_process_role_logs_in_under_its_own_name(database: Database, role: str) -> None:
    with psycopg.connect(database.url(role)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (f"databeheer_{role}",)


def test_a_test_never_sees_what_another_committed(databases: Databases) -> None:
    with databases.clone() as one, databases.clone() as other:
        with psycopg.connect(one.url("superuser")) as connection:
            connection.execute("CREATE TABLE mine ()")
        with psycopg.connect(other.url("superuser")) as connection:
            assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
