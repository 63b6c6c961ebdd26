"""Dumps of a house's database, and what `ledger restore` notes and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from databeheer.cli import main
from databeheer.errors import ConflictError, UnavailableError
from databeheer.site.home import Home
from databeheer.site.house import Site, Storage, prepare
from databeheer.site.restoring import dump_database, load_database, restore_ledger
from databeheer.storage.dumps import DumpError
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.errors import InconsistentError
from tests.homes import operate, publish

DESCRIBED = (
    "SELECT tablename, tableowner FROM pg_tables WHERE schemaname <> 'pg_catalog' ORDER BY 1, 2",
    """SELECT grantee, table_schema, table_name, privilege_type FROM information_schema.role_table_grants
    WHERE grantee LIKE 'databeheer%' ORDER BY 1, 2, 3, 4""",
    "SELECT schemaname, tablename, policyname, roles::text, qual FROM pg_policies ORDER BY 1, 2, 3",
    "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    """SELECT proname FROM pg_proc p, aclexplode(proacl) a WHERE pronamespace = 'pg_catalog'::regnamespace
    AND a.grantee = 0 ORDER BY 1""",
    "SELECT index, entry FROM ledger.entry ORDER BY index",
)
"""What a database is, told by its catalogue: owners, grants, row-level security, triggers, closed functions."""


class Estate:
    """A house of which the door can be ended and started."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.storage = Storage(self.home)
        prepare(self.home, self.storage)
        self.site = Site(self.home, self.storage)
        self.dump = path / "backup.dump"

    def record(self, *names: str) -> None:
        """Let the door append an entry for each name."""
        self.site.start_door()
        for name in names:
            operate(self.home, "registry.party.add", name=name, role="energy_service")
        self.site.end_all()

    def publish(self) -> None:
        publish(self.home, self.storage)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.storage.url("superuser")) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    made = Estate(tmp_path_factory.mktemp("home"))
    made.record("Bram")
    made.publish()
    yield made
    made.site.end_all()
    EmbeddedPostgreSQL(made.home.postgres).remove()


def test_a_dump_is_private_and_comes_back_with_owners_roles_and_rules(estate: Estate) -> None:
    before = [estate.ask(query) for query in DESCRIBED]
    dump_database(estate.home, estate.dump)
    assert estate.dump.stat().st_mode & 0o777 == 0o600
    kept = load_database(estate.home, estate.dump)
    assert [estate.ask(query) for query in DESCRIBED] == before
    assert estate.ask(f"SELECT 1 FROM pg_database WHERE datname = '{kept}'") == [(1,)]


def test_what_is_no_dump_leaves_the_database_as_it_was(estate: Estate, tmp_path: Path) -> None:
    before = estate.ask("SELECT * FROM ledger.head")
    (tmp_path / "letter").write_text("Dear operator")
    for file in (tmp_path / "letter", tmp_path / "nowhere"):
        with pytest.raises(DumpError):
            load_database(estate.home, file)
    assert estate.ask("SELECT * FROM ledger.head") == before


def test_nothing_is_loaded_or_refilled_while_the_door_runs(estate: Estate) -> None:
    dump_database(estate.home, estate.dump)
    estate.site.start_door()
    try:
        for attempt in (lambda: load_database(estate.home, estate.dump), lambda: restore_ledger(estate.home)):
            with pytest.raises(ConflictError, match="the door runs"):
                attempt()
    finally:
        estate.site.end_all()


def test_a_house_that_lost_nothing_has_nothing_to_reconcile(estate: Estate) -> None:
    done = restore_ledger(estate.home)
    assert (done.first, done.reconcile, done.unpublished) == (done.until, False, 0)
    assert estate.ask("SELECT 1 FROM oversight.gap") == []


def test_entries_that_were_never_published_are_counted_and_waited_for(estate: Estate) -> None:
    dump_database(estate.home, estate.dump)
    estate.record("Lost", "Lost too")
    load_database(estate.home, estate.dump)
    done = restore_ledger(estate.home)
    assert (done.until - done.first, done.unpublished, done.reconcile) == (0, 2, True)
    assert restore_ledger(estate.home).reconcile  # again: still to be reconciled, and noted once
    assert estate.ask("SELECT first, until, found_by FROM oversight.gap") == [
        (done.first, done.until, "restore")
    ]


def test_a_database_that_went_another_way_is_refused_by_its_index(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = len(estate.ask("SELECT 1 FROM ledger.entry"))
    dump_database(estate.home, estate.dump)
    estate.record("One history")
    estate.publish()
    load_database(estate.home, estate.dump)
    (estate.home.keys / "ends.journal").unlink()
    published = (estate.home.ledger / "checkpoint").read_bytes()
    (estate.home.ledger / "checkpoint").unlink()  # or the door would not start
    estate.record("Another history")
    (estate.home.ledger / "checkpoint").write_bytes(published)
    with pytest.raises(InconsistentError) as caught:
        restore_ledger(estate.home)
    assert caught.value.index == size
    monkeypatch.setenv("DATABEHEER_HOME", str(estate.home.path))
    assert main(["ledger", "restore"]) == 1
    assert f"entry {size} in the database is not the published one" in capsys.readouterr().err


def test_no_house_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="there is no house"):
        dump_database(Home(tmp_path / "nowhere"), tmp_path / "dump")
