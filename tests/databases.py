"""Databases for tests: one migrated template a run, a clone of it a test.

The door is a process of its own and would not see a fixture that is rolled back, so every test commits for
real in a database that is dropped after it. A server of the tests' own lives in memory where the machine has
room there: most of what a fresh database costs is making its files.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from databeheer.clock import SystemClock
from databeheer.storage import migrate, provision
from databeheer.storage.embedded import EmbeddedPostgreSQL

SERVER_VARIABLE = "DATABEHEER_TEST_DATABASE_URL"
MONTH_OF_READINGS = date(2023, 10, 1)
"""The month in which clocks went back: nearly all readings of the tests are of its last days."""
_PREFIX = "databeheer-test-"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 * 1024**3
"""What must be free in memory before a server is put there; it takes some 700 MB, most of it houses to copy."""


@dataclass(frozen=True)
class Database:
    """One database for one test, reached as any of the process roles."""

    name: str
    superuser_url: str
    passwords: dict[str, str] = field(repr=False)

    def url(self, role: str) -> str:
        """Return the libpq URL for `role`: superuser, or one of `provision.ROLES` (owner, web, door, ...)."""
        url = make_url(self.superuser_url).set(database=self.name)
        if role != "superuser":
            url = url.set(username=provision.role_name(role), password=self.passwords[role])
        return url.render_as_string(hide_password=False)


class Databases:
    """A server with a migrated template; makes and drops clones."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self._passwords = {role: secrets.token_urlsafe(18) for role in provision.ROLES}
        provision.provision_roles(superuser_url, self._passwords)
        self._server = psycopg.connect(superuser_url, autocommit=True)
        self._left: deque[Database] = deque()
        self._template = self._name("template")
        provision.create_database(superuser_url, self._template.name)
        migrate.upgrade(self._template.url("owner"))
        self._begin_months()

    @classmethod
    def on_own_server(cls, superuser_url: str, *, vacuums: bool) -> Databases:
        """The databases of a server that nobody else uses: closed to the process roles but for theirs, and quick."""
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            # Nobody guesses at passwords here, and a log-in with the usual rounds outlasts most statements.
            connection.execute("ALTER SYSTEM SET scram_iterations = 1")
            if not vacuums:
                connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("SET scram_iterations = 1")
            password = make_url(superuser_url).password
            connection.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(password)))
        provision.close_other_databases(superuser_url)
        return cls(superuser_url)

    @contextmanager
    def clone(self, like: Database | None = None) -> Iterator[Database]:
        """Yield a database like the template, or like one that nobody uses.

        Who was connected leaves a moment after closing; PostgreSQL sleeps a tenth of a second where one has not yet.
        So a clone is dropped when the next one is left, with whoever is still in it.
        """
        database = self.copy(like)
        try:
            yield database
        finally:
            self._left.append(database)
            if len(self._left) > 1:
                self.drop(self._left.popleft())

    def copy(self, like: Database | None = None) -> Database:
        """Make what `clone` yields; the caller drops it."""
        database = self._name("test")
        provision.copy_database(self._server, database.name, (like or self._template).name)
        return database

    def drop(self, database: Database) -> None:
        provision.drop(self._server, database.name)

    def until_left(self, database: Database) -> None:
        """Wait until the last connection has ended, which is a moment after its client closed it."""
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        while self._server.execute(count, [database.name]).fetchone() != (0,):
            time.sleep(0.001)  # who leaves needs the processor

    def close(self) -> None:
        """Drop what is left, and the template."""
        while self._left:
            self.drop(self._left.popleft())
        provision.drop(self._server, self._template.name)
        self._server.close()

    def _begin_months(self) -> None:
        """Make the partitions that nearly every test comes to need; a door and an intake make all others."""
        with psycopg.connect(self._template.url("owner")) as connection:
            connection.execute("SELECT ledger.ensure_month(%s)", [SystemClock().now().date()])
            connection.execute("SELECT metering.ensure_month(%s)", [MONTH_OF_READINGS])

    def _name(self, kind: str) -> Database:
        return Database(f"databeheer_{kind}_{secrets.token_hex(6)}", self.superuser_url, self._passwords)


@contextmanager
def running(*, vacuums: bool = True) -> Iterator[Databases]:
    """Yield the databases of one test run: on the server of the environment variable, else on an own one.

    Where databases live for a second, vacuum comes to dozens that nobody uses, and is in the way of who copies one:
    `vacuums=False` leaves it out on an own server.
    The variable names a server that tests may do with as they like: the process roles get new passwords.
    """
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        databases = Databases(given)
        yield databases
        databases.close()
        return
    _remove_abandoned()
    directory = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=quick_folder())
    server = EmbeddedPostgreSQL(Path(directory), durable=False)
    try:
        databases = Databases.on_own_server(server.start(), vacuums=vacuums)
        yield databases
        databases.close()
    finally:
        server.remove()


def quick_folder() -> Path:
    """Where files of tests go that need not outlive the machine: in memory, where there is room."""
    try:
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
            return _MEMORY
    except OSError:
        pass
    return Path(tempfile.gettempdir())


def _remove_abandoned() -> None:
    """Remove the servers of runs that were killed: their directories carry the run's process number."""
    for directory in [*Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"), *_MEMORY.glob(f"{_PREFIX}*")]:
        pid = directory.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            with suppress(OSError):
                EmbeddedPostgreSQL(directory).remove()
        except (ValueError, PermissionError):
            continue
