"""Databases for tests: one migrated template a run, a clone of it a test.

The door is a process of its own and would not see a fixture that is rolled back, so every test commits for
real in a database that is dropped after it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from databeheer.storage import migrate, provision
from databeheer.storage.embedded import EmbeddedPostgreSQL

SERVER_VARIABLE = "DATABEHEER_TEST_DATABASE_URL"
_PREFIX = "databeheer-test-"


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
        self._template = self._new("template")
        migrate.upgrade(self._template.url("owner"))

    @contextmanager
    def clone(self) -> Iterator[Database]:
        """Yield a database like the template, dropped at the end with whoever is still connected."""
        database = self._new("test", self._template.name)
        try:
            yield database
        finally:
            provision.drop_database(self.superuser_url, database.name)

    def close(self) -> None:
        """Drop the template."""
        provision.drop_database(self.superuser_url, self._template.name)

    def _new(self, kind: str, template: str | None = None) -> Database:
        name = f"databeheer_{kind}_{secrets.token_hex(6)}"
        provision.create_database(self.superuser_url, name, template)
        return Database(name, self.superuser_url, self._passwords)


@contextmanager
def running() -> Iterator[Databases]:
    """Yield the databases of one test run: on the server of the environment variable, else on an own one.

    The variable names a server that tests may do with as they like: the process roles get new passwords.
    """
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        databases = Databases(given)
        yield databases
        databases.close()
        return
    _remove_abandoned()
    server = EmbeddedPostgreSQL(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")), durable=False)
    try:
        url = server.start()
        provision.close_other_databases(url)
        yield Databases(url)
    finally:
        server.remove()


def _remove_abandoned() -> None:
    """Remove the servers of runs that were killed: their directories carry the run's process number."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = directory.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            with suppress(OSError):
                EmbeddedPostgreSQL(directory).remove()
        except (ValueError, PermissionError):
            continue
