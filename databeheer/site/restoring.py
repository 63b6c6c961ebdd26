"""A house's database from a dump, and its ledger up to what was published (docs/how-to/restore.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from databeheer.clock import Clock, SystemClock
from databeheer.door.restore.ends import EndsJournal
from databeheer.errors import ConflictError
from databeheer.oversight import gaps
from databeheer.site.home import Home
from databeheer.site.house import DATABASE, Storage, door_answers
from databeheer.storage import dumps, provision
from databeheer.storage.embedded import EmbeddedPostgreSQL
from databeheer.storage.engine import driver, make_engine
from ledger.restore import restore
from ledger.sources import open_source


@dataclass(frozen=True)
class LedgerRestored:
    """What `ledger restore` did: entries [first, until) are back.

    `reconcile` says whether reads are blocked until somebody reconciles. `unpublished` is how many more
    entries a door may have recorded that were never published: at most so many are gone for good.
    """

    first: int
    until: int
    reconcile: bool
    unpublished: int


@contextmanager
def database_of(home: Home, *, alone: bool) -> Iterator[Storage]:
    """Reach the database of a house, started for the while where it does not run.

    Raises:
        UnavailableError: there is no house.
        ConflictError: `alone`, and its door runs.
    """
    home.require()
    if alone and door_answers(home.door_socket):
        raise ConflictError("the door runs; end it, the publisher and the web first (of the demo: Ctrl-C)")
    storage = Storage(home)
    was_running = EmbeddedPostgreSQL(home.postgres).is_running()
    try:
        storage.reach()
        yield storage
    finally:
        if not was_running:
            storage.stop()


def dump_database(home: Home, file: Path) -> None:
    """Write a consistent dump of the house's database."""
    with database_of(home, alone=False) as storage:
        dumps.dump(storage.url("owner"), file)


def load_database(home: Home, file: Path, clock: Clock | None = None) -> str | None:
    """Make the house's database anew from a dump; returns the name under which the one before is kept.

    Raises:
        ConflictError: the door runs.
        DumpError: the dump cannot be read; the database is as it was.
    """
    now = (clock or SystemClock()).now()
    with database_of(home, alone=True) as storage:
        storage.provision()
        fresh = f"{DATABASE}_fresh"
        provision.drop_database(storage.superuser_url, fresh)
        provision.create_database(storage.superuser_url, fresh)
        try:
            dumps.load(storage.url("owner", fresh), file)
        except dumps.DumpError:
            provision.drop_database(storage.superuser_url, fresh)
            raise
        kept = None
        if provision.database_exists(storage.superuser_url, DATABASE):
            kept = f"{DATABASE}_until_{now:%Y%m%d%H%M%S}"
            provision.rename_database(storage.superuser_url, DATABASE, kept)
        provision.rename_database(storage.superuser_url, fresh, DATABASE)
    return kept


def restore_ledger(home: Home, place: str | None = None, clock: Clock | None = None) -> LedgerRestored:
    """Append the published entries that the database lacks, and note what is to be reconciled.

    With the login of the role `owner`, in one transaction. `place` is a directory or web address of the published
    log, such as a mirror; the house's own where it is left out.

    Raises:
        ledger.errors.LedgerError: database and published log differ, or the log cannot be read.
        ConflictError: the door runs.
    """
    home.require()
    now = (clock or SystemClock()).now()
    source = open_source(place or str(home.ledger))
    memory = home.publisher_memory if home.publisher_memory.exists() else None
    reach = EndsJournal(home.keys, lambda: b"").reach()
    with database_of(home, alone=True) as storage:
        storage.prepare()  # an older dump has an older schema
        engine = make_engine(storage.url("owner"), pool_size=1)
        try:
            with engine.begin() as connection:
                done = restore(driver(connection), source, home.published_log_keys(), memory=memory)
                unpublished = max(0, reach.seen - done.until) if reach else 0
                noted = _note(connection, done.first, done.until, bool(unpublished), now)
        finally:
            engine.dispose()
    return LedgerRestored(done.first, done.until, noted, unpublished)


def _note(connection: Connection, first: int, until: int, lacks_more: bool, now: datetime) -> bool:
    if (first < until or lacks_more) and not gaps.standing(connection):
        gaps.record(connection, first, until, "restore", now)
    return bool(gaps.standing(connection))
