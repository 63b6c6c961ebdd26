"""Every store has its label, nothing confidential is published, and of people nothing is kept without a purpose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

import databeheer.storage
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.databases import Database
from tests.house import Customer, Party, TheHouse

LABELS = tomllib.loads((Path(databeheer.storage.__file__).parent / "labels.toml").read_text(encoding="utf-8"))
TABLES: dict[str, str] = LABELS["tables"]
PEOPLE: dict[str, dict[str, str]] = LABELS["people"]
CONFIDENTIAL = sorted(table for table, label in TABLES.items() if label == "confidential")
ABOUT_PEOPLE = ("person_id", "representative_id", "applicant_id", "subject_hash", "staff_hash")


def columns(database: Database) -> dict[str, list[str]]:
    """The columns of every table; partitions are their table."""
    with psycopg.connect(database.url("superuser")) as server:
        rows = server.execute(
            "SELECT n.nspname || '.' || c.relname, array_agg(a.attname::text ORDER BY a.attnum)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
        ).fetchall()
    return dict(rows)


@pytest.mark.requirement("R16")
def test_every_table_is_labelled_public_or_confidential(database: Database) -> None:
    assert columns(database).keys() == TABLES.keys()
    assert set(TABLES.values()) == {"public", "confidential"}


@pytest.mark.requirement("R16")
def test_the_job_that_publishes_the_log_can_read_nothing_confidential(database: Database) -> None:
    with psycopg.connect(database.url("publisher"), autocommit=True) as publisher:
        for table in CONFIDENTIAL:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                publisher.execute(f"SELECT count(*) FROM {table}".encode())
        assert publisher.execute("SELECT count(*) FROM ledger.entry").fetchone()


@pytest.mark.requirement("R16")
def test_the_web_without_anybodys_session_reads_nothing_confidential(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    found: dict[str, int] = {}
    with psycopg.connect(house.database.url("web"), autocommit=True) as web:
        for table in CONFIDENTIAL:
            try:
                (rows,) = web.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() or (0,)
            except psycopg.errors.InsufficientPrivilege:
                rows = _of_readable_columns(web, table)
            found[table] = rows
        assert set(found.values()) == {0}
        (parties,) = web.execute("SELECT count(*) FROM registry.party").fetchone() or (0,)
    assert parties


def _of_readable_columns(web: psycopg.Connection[Any], table: str) -> int:
    """How many rows show where only some columns may be read; none may, none show."""
    schema, name = table.split(".")
    try:
        readable = web.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND has_column_privilege(attrelid, attnum, 'SELECT') LIMIT 1",
            [table],
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege:  # the schema itself is closed
        return 0
    if readable is None:
        return 0
    (rows,) = web.execute(f"SELECT count({readable[0]}) FROM {schema}.{name}".encode()).fetchone() or (0,)
    return int(rows)


@pytest.mark.requirement("R17")
def test_each_field_about_people_has_its_purpose_and_none_is_kept_without(database: Database) -> None:
    known = columns(database)
    about_people = {
        table
        for table, names in known.items()
        if any(name.endswith("_sealed") or name in ABOUT_PEOPLE for name in names)
    }
    assert about_people == PEOPLE.keys()
    for table, fields in PEOPLE.items():
        assert sorted(known[table]) == sorted(fields), table
        assert all(purpose.strip() for purpose in fields.values())


@pytest.mark.requirement("R17")
def test_what_nobody_needs_to_know_of_a_person_is_refused(house: TheHouse, lotte: Customer) -> None:
    for command, arguments in (
        ("registry.person.add", {"subject": "x", "name": "X", "national_register_number": "85.07.30-033.61"}),
        ("registry.person.add", {"subject": "x", "name": "X", "birth_date": "1985-07-30"}),
        (
            "registry.occupancy.begin",
            {
                "ean": LOTTES_EAN,
                "person_id": str(lotte.person_id),
                "from_day": "2024-01-01",
                "household_size": 3,
            },
        ),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            house.operator(command, **arguments)
        assert (refused.value.code, "Unknown field" in str(refused.value)) == ("malformed-request", True)
