"""Whoever has every right on the machine, and the log's key, is found out all the same, and at which entry."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from databeheer.demo.copying import Original
from databeheer.demo.tamper import HEAD, KINDS, NAMES, TamperError, tamper
from ledger.audit import audit
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries, append, lock_head
from ledger.publisher import Publisher
from ledger.tiles import TileDirectory
from ledger.verifier import verify
from tests.databases import Database, Databases

ORIGIN = "ledger.example/tampered"
SIZES = (8, 40, 300)  # within one bundle, and over the edge of one


@pytest.fixture(scope="module", params=SIZES)
def sized(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Log]:
    with databases.clone() as database:
        log = Log(database, tmp_path_factory.mktemp("log"))
        log.grow_to(request.param)
        yield log
        log.entries.close()


@pytest.fixture(scope="module")
def grown(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    with databases.clone() as database:
        log = Log(database, tmp_path_factory.mktemp("log"))
        log.grow_to(300)
        yield log
        log.entries.close()


class Log:
    """A published log of a few hundred entries, by the real append and the real publisher."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.key = SigningKey(ORIGIN, secrets.token_bytes(32))
        self.public, self.scratch = folder / "public", folder / "scratch"
        self.entries = PostgresEntries(lambda: psycopg.connect(database.url("publisher")))
        self._publisher = Publisher(self.entries, self.public, [self.key], ORIGIN, folder / "memory")

    @property
    def original(self) -> Original:
        return Original(self.database.url("superuser"), self.public, self.key)

    def grow_to(self, size: int) -> None:
        with psycopg.connect(self.database.url("door")) as connection:
            head = lock_head(connection)
            append(connection, head, [secrets.token_bytes(32) for _ in range(size - head.size)])
        self._publisher.publish()

    def digest(self) -> str:
        """What the house has: every published file, and every row."""
        digest = hashlib.sha256()
        for path in sorted(self.public.rglob("*")):
            digest.update(path.read_bytes() if path.is_file() else path.name.encode())
        for entry in self.entries.read_entries(0, self.entries.read_head().size):
            digest.update(entry)
        return digest.hexdigest()


@pytest.mark.parametrize("kind", NAMES)
def test_verify_and_audit_together_name_the_entry_that_was_tampered_with(sized: Log, kind: str) -> None:
    shown = tamper(sized.original, kind, sized.scratch)
    assert shown["before"]["ok"]
    assert shown["found"] is not None
    assert shown["found"]["index"] == shown["index"], shown["found"]


@pytest.mark.parametrize("index", [0, 1, 150, 254, 255, 256, 257, 298])
@pytest.mark.parametrize("kind", ["change", "remove", "swap"])
def test_the_entry_is_named_wherever_it_stands(grown: Log, kind: str, index: int) -> None:
    shown = tamper(grown.original, kind, grown.scratch, index)
    assert (shown["found"]["by"], shown["found"]["index"]) == ("verify", index), shown["found"]


def test_against_the_real_key_only_a_memory_helps(grown: Log) -> None:
    for kind in ("rewrite", "rollback"):
        shown = tamper(grown.original, kind, grown.scratch)
        assert shown["without_memory"]["ok"], kind
        assert shown["audit"]["ok"], kind
        assert shown["found"]["by"] == "verify"


def test_a_head_row_that_was_set_back_is_found_by_the_audit(grown: Log) -> None:
    shown = tamper(grown.original, HEAD, grown.scratch)
    assert shown["verify"]["ok"]
    assert (shown["found"]["by"], shown["found"]["check"]) == ("audit", "database")


def test_the_house_itself_is_not_touched_and_no_copy_stays(grown: Log) -> None:
    before = grown.digest()
    for kind in NAMES:
        tamper(grown.original, kind, grown.scratch)
    assert grown.digest() == before
    assert list(grown.scratch.iterdir()) == []
    with psycopg.connect(grown.database.url("superuser")) as connection:
        copies = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'databeheer_copy%'")
        assert copies.fetchone() == (0,)
    vkeys = [grown.key.verifier]
    assert verify(TileDirectory(grown.public), vkeys, full=True).size
    assert audit(grown.entries, TileDirectory(grown.public), vkeys).size


def test_a_log_that_goes_on_growing_is_copied_as_it_was_signed(grown: Log) -> None:
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.001):
            grown.grow_to(grown.entries.read_head().size + 3)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for kind in KINDS:
            shown = tamper(grown.original, kind, grown.scratch)
            assert shown["before"]["ok"]
            assert shown["found"]["index"] == shown["index"]
    finally:
        stop.set()
        thread.join()


def test_an_unknown_kind_and_a_log_that_is_too_short_are_refused(
    databases: Databases, tmp_path: Path
) -> None:
    with databases.clone() as database:
        short = Log(database, tmp_path)
        short.grow_to(3)
        with pytest.raises(TamperError, match="too short"):
            tamper(short.original, "change", short.scratch)
        with pytest.raises(TamperError, match="no such"):
            tamper(short.original, "burn", short.scratch)
        short.entries.close()
