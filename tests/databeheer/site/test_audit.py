"""`databeheer ledger audit` on a house that runs: log, database and bodies, and what becomes of each check."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from databeheer.site.audit import audit_home
from databeheer.site.home import Home
from databeheer.site.house import Storage, running
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger.errors import InconsistentError
from tests.homes import operate, publish

EAN = "541448899990000060"


@dataclass
class Audited:
    """A house with a vacant point, published."""

    home: Home
    storage: Storage

    def change(self, statement: str) -> int:
        """Change something with the login that owns every table; returns the number of rows."""
        with psycopg.connect(self.storage.url("owner")) as connection:
            return connection.execute(statement.encode()).rowcount


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    home = Home(tmp_path_factory.mktemp("home"))
    with running(home, may_make=True) as storage:
        operate(home, "registry.access_point.register", ean=EAN, commodity="gas")
        operate(home, "registry.party.add", name="Bram Energieadvies", role="energy_service")
        publish(home, storage)
        yield Audited(home, storage)
    EmbeddedPostgreSQL(home.postgres).remove()


def failed(house: Audited) -> tuple[str, int | None]:
    """The check that ends the audit, and the entry that it names."""
    with pytest.raises(InconsistentError) as caught:
        audit_home(house.home)
    assert caught.value.report is not None
    last = caught.value.report.checks[-1]
    assert not last.ok
    assert last.index == caught.value.index
    return last.name, last.index


def test_a_house_that_nobody_touched_passes_every_check(house: Audited) -> None:
    report = audit_home(house.home)
    assert [(check.name, check.ok) for check in report.checks] == [
        ("signature", True),
        ("database", True),
        ("bodies", True),
    ]


def test_what_the_databases_owner_changes_beside_the_log_is_named(house: Audited) -> None:
    party = "UPDATE ledger.body SET ground = '{}' WHERE event = 'party.onboarded'"
    assert house.change(party.format("supplier")) == 1
    assert failed(house) == ("bodies", 2)
    assert house.change(party.format("")) == 1
    assert audit_home(house.home).checks[-1].ok
    house.change("CREATE TABLE ledger.taken AS SELECT * FROM ledger.statement WHERE index = 1")
    assert house.change("DELETE FROM ledger.statement WHERE index = 1") == 1
    assert failed(house) == ("bodies", 1)
    house.change("INSERT INTO ledger.statement SELECT * FROM ledger.taken")
    house.change("DROP TABLE ledger.taken")
    assert audit_home(house.home).checks[-1].ok


def test_a_log_that_is_not_the_houses_ends_the_audit_before_a_body_is_opened(
    house: Audited, tmp_path: Path
) -> None:
    kept = shutil.copytree(house.home.ledger, tmp_path / "ledger")
    bundle = next((house.home.ledger / "tile" / "entries").glob("000.p/*"))
    damaged = bytearray(bundle.read_bytes())
    damaged[10] ^= 1
    bundle.chmod(0o644)
    bundle.write_bytes(damaged)
    assert failed(house)[0] == "database"
    shutil.copy(kept / bundle.relative_to(house.home.ledger), bundle)
