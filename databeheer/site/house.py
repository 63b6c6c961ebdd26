"""All processes of one machine's house: database, door, publisher, clerk; the web comes on top."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from databeheer.errors import ConflictError, DatabeheerError, UnavailableError
from databeheer.site import processes
from databeheer.site.home import HOME_VARIABLE, Home
from databeheer.storage import migrate, provision
from databeheer.storage.embedded import EmbeddedPostgreSQL

DATABASE = "databeheer"
DATABASE_VARIABLE = "DATABEHEER_DATABASE_URL"
OF_TOKEN = (
    "DATABEHEER_PKCS11_MODULE",
    "DATABEHEER_PKCS11_TOKEN",
    "DATABEHEER_PKCS11_PIN_FILE",
    "DATABEHEER_PKCS11_MOVE",
    "SOFTHSM2_CONF",
)
"""Which token holds the roots of the key store, and where SoftHSM finds its own."""
_PATIENCE_SECONDS = 120.0
"""A process that failed has ended long before; this is for machines that do much else."""
_TAIL = 4096


class ProcessEndedError(UnavailableError):
    """A process of the house ended when it should not; its log is named."""


@dataclass
class Storage:
    """The database of the house: embedded, or a server that the operator named.

    `DATABEHEER_DATABASE_URL` names a role that may create roles and databases; it is used to prepare only.
    """

    home: Home
    _embedded: EmbeddedPostgreSQL | None = None
    superuser_url: str = field(default="", repr=False)
    _passwords: dict[str, str] = field(default_factory=dict, repr=False)

    def reach(self) -> None:
        """Start the embedded server, or take the one that the operator named."""
        given = os.environ.get(DATABASE_VARIABLE)
        embedded = EmbeddedPostgreSQL(self.home.postgres)
        self.superuser_url = given or embedded.start()
        self._passwords = embedded.passwords(provision.ROLES)
        self._embedded = None if given else embedded

    def start(self) -> None:
        """Reach the server, prepare roles and database, migrate."""
        self.reach()
        self.prepare()

    def provision(self) -> None:
        """Make the process roles, or give them their passwords.

        Raises:
            ConflictError: the database is another house's, whose processes would be locked out; nothing was changed.
        """
        self._require_own()
        provision.provision_roles(self.superuser_url, self._passwords)
        if self.is_embedded:
            provision.close_other_databases(self.superuser_url)

    def _require_own(self) -> None:
        owner = provision.house_of(self.superuser_url, DATABASE)
        own = self.home.origin if self.home.exists() else "a house that is not made yet"
        if owner is not None and owner != own:
            raise ConflictError(
                f"the database is that of the house {owner}, and {self.home.path} is {own}: see that"
                f" {DATABASE_VARIABLE} and {HOME_VARIABLE} name the same one; nothing was changed"
            )

    def prepare(self) -> None:
        """Prepare roles and database of a server that was reached, and migrate."""
        self.provision()
        if not provision.database_exists(self.superuser_url, DATABASE):
            provision.create_database(self.superuser_url, DATABASE)
        elif self.is_embedded:  # one that was made before this was closed
            provision.close_functions(self.superuser_url, DATABASE)
        migrate.upgrade(self.url("owner"))
        provision.name_house(self.url("owner"), self.home.origin)

    def revive(self) -> bool:
        """Start the embedded server again where it has ended by itself; says whether it had."""
        if self._embedded is None or self._embedded.is_running():
            return False
        self._embedded.start()
        return True

    @property
    def is_embedded(self) -> bool:
        return self._embedded is not None

    def url(self, role: str, database: str = DATABASE) -> str:
        """The libpq URL of a process role."""
        url = make_url(self.superuser_url).set(database=database)
        if role != "superuser":
            url = url.set(username=provision.role_name(role), password=self._passwords[role])
        return url.render_as_string(hide_password=False)

    def drop(self) -> None:
        """Drop the database (the reset of the demo and of a served sandbox).

        Raises:
            ConflictError: it is another house's.
        """
        self._require_own()
        provision.drop_database(self.superuser_url, DATABASE)

    def stop(self) -> None:
        if self._embedded is not None:
            self._embedded.stop()


@dataclass
class Site:
    """The running processes of one home. Only one supervisor runs a home at a time."""

    home: Home
    storage: Storage
    base_url: str = "http://127.0.0.1:8000"
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _began: dict[str, int] = field(default_factory=dict)

    def start_door(self, extra: dict[str, str] | None = None) -> None:
        """Start the door and wait until it answers."""
        self.run("door", ["-m", "databeheer.door.main"], self.door_environment() | (extra or {}))
        self.wait_until("door", self.door_answers)

    def door_environment(self) -> dict[str, str]:
        """What a door of this house is told: where everything is that it works with."""
        return {
            "DATABEHEER_DOOR_DATABASE_URL": self.storage.url("door"),
            "DATABEHEER_DOOR_SOCKET": str(self.home.door_socket),
            "DATABEHEER_KEYS": str(self.home.keys),
            "DATABEHEER_PROMISE_KEY": str(self.home.promise_key),
            "DATABEHEER_OPERATOR_KEY_HASH": str(self.home.operator_key_hash),
            "DATABEHEER_INTAKE_KEY_HASH": str(self.home.intake_key_hash),
            "DATABEHEER_CLERK_KEY_HASH": str(self.home.clerk_key_hash),
            "DATABEHEER_POSTMAN_KEY_HASH": str(self.home.postman_key_hash),
            "DATABEHEER_LEDGER_ORIGIN": self.home.origin,
            "DATABEHEER_LEDGER_DIRECTORY": str(self.home.ledger),
            "DATABEHEER_BASE_URL": self.base_url,
            **{name: os.environ[name] for name in OF_TOKEN if name in os.environ},
        }

    def start_publisher(self, extra: dict[str, str] | None = None) -> None:
        """Start the publisher: it alone gets the log's key."""
        environment = {
            "DATABEHEER_PUBLISHER_DATABASE_URL": self.storage.url("publisher"),
            "DATABEHEER_LEDGER_DIRECTORY": str(self.home.ledger),
            "DATABEHEER_LOG_KEY": str(self.home.log_key),
            "DATABEHEER_LEDGER_ORIGIN": self.home.origin,
            "DATABEHEER_PUBLISHER_MEMORY": str(self.home.publisher_memory),
            **(extra or {}),
        }
        self.run("publisher", ["-m", "databeheer.site.publisher"], environment)

    def start_clerk(self) -> None:
        """Start the clerk: it gets its own key and the way to the door, no login to the database."""
        environment = {
            "DATABEHEER_DOOR_SOCKET": str(self.home.door_socket),
            "DATABEHEER_CLERK_KEY": str(self.home.clerk_key),
        }
        self.run("clerk", ["-m", "databeheer.site.clerk"], environment)

    def start_postman(self, extra: dict[str, str] | None = None) -> None:
        """Start the postman: its own login and key; `extra` says through which SMTP server e-mail leaves."""
        environment = {
            "DATABEHEER_POSTMAN_DATABASE_URL": self.storage.url("postman"),
            "DATABEHEER_DOOR_SOCKET": str(self.home.door_socket),
            "DATABEHEER_POSTMAN_KEY": str(self.home.postman_key),
            **(extra or {}),
        }
        self.run("postman", ["-m", "databeheer.site.postman"], environment)

    def run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Start one process of the site."""
        log = self.home.logs / f"{name}.log"
        self._began[name] = log.stat().st_size if log.exists() else 0
        self._processes[name] = processes.start(name, command, environment, self.home.logs)

    def end(self, *names: str) -> None:
        """End these processes, in this order."""
        for name in names:
            process = self._processes.pop(name, None)
            if process is not None:
                processes.end(process)

    def end_all(self) -> None:
        """End everything, the last started first."""
        self.end(*reversed(self._processes))

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """The running process of that name."""
        return self._processes[name]

    def wait_until(
        self, name: str, ready: Callable[[], bool], patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        """Wait until `ready()` holds.

        Raises:
            ProcessEndedError: the process ended, or did not get ready in time.
        """
        deadline = time.monotonic() + patience_seconds
        while not ready():
            log = self.home.logs / f"{name}.log"
            if self._processes[name].poll() is not None:
                said = last_line(log, self._began.get(name, 0))
                raise ProcessEndedError(f"the {name} did not start{said}; see {log}")
            if time.monotonic() > deadline:
                raise ProcessEndedError(
                    f"the {name} was not ready after {patience_seconds:.0f} s: is this machine busy with much else? "
                    f"Start again, it goes on with what is there; its log is {log}"
                )
            time.sleep(0.05)

    def ended(self) -> str | None:
        """The name of a process that has ended by itself, if any."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), None)

    def door_answers(self) -> bool:
        """Say whether a door answers on this home's socket."""
        return door_answers(self.home.door_socket)


def last_line(log: Path, since: int) -> str:
    """What a process wrote last since it was started, as a tail of a sentence; empty where it wrote nothing."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - _TAIL))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""


def door_answers(path: Path) -> bool:
    """Say whether a door answers on this socket."""
    client = DoorClient(path)
    try:
        client.call("ping")
    except DoorUnreachableError:
        return False
    except DatabeheerError:
        return True
    finally:
        client.close()
    return True


def free_port() -> int:
    """A TCP port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(home: Home, *, may_make: bool = False, origin: str | None = None) -> Iterator[Storage]:
    """Reach the house of `home`, for one command: the one that runs, or one that is started for the while.

    With `may_make` it is made where there is none; its log then gets the name `origin`, or a new one.

    Raises:
        UnavailableError: there is no house; nothing was made.
    """
    if not may_make:
        home.require()
    storage = Storage(home)
    if door_answers(home.door_socket):
        storage.reach()
        yield storage
        return
    site = Site(home, storage)
    try:
        prepare(home, storage, origin)
        site.start_door()
        _name_grid_operator(home)
        yield storage
    finally:
        site.end_all()
        storage.stop()


def _name_grid_operator(home: Home) -> None:
    """Every row carries its grid operator: a new house has one, named by DATABEHEER_GRID_OPERATOR."""
    door = DoorClient(home.door_socket)
    name = os.environ.get("DATABEHEER_GRID_OPERATOR") or "Netbeheerder"
    try:
        door.call("registry.operator.add", Proof.operator(home.operator_key.read_text()), code="1", name=name)
    except DoorRefusedError as error:
        if error.code != ConflictError.code:
            raise
    finally:
        door.close()


def prepare(home: Home, storage: Storage, origin: str | None = None) -> None:
    """Start the database and make what is missing of keys and schema."""
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (
        not home.origin_file.exists()
    ):  # only with a new home: a lost key store must not be replaced in silence
        make_key_store(home)
    home.make_secrets(origin or new_origin())
    storage.start()


def make_key_store(home: Home) -> None:
    """Make the key store of a new home, whole or not at all: the token that is to hold its roots may be away.

    Raises:
        KeyStoreError, KeysAwayError: the settings of the token are not whole, or it does not answer; try again.
    """
    if home.keys.exists():
        return  # made, and broken off before the home was
    # Here, not above: only who makes a house waits for all that a door works with.
    from databeheer.door.house import make_keys

    fresh = home.path / "keys.new"
    shutil.rmtree(fresh, ignore_errors=True)
    make_keys(fresh, os.environ)
    fresh.rename(home.keys)


def new_origin() -> str:
    """A name for a new log; a name is never used for two logs."""
    return f"databeheer.example/ledger/{os.urandom(6).hex()}"


def wipe(home: Home, storage: Storage, story: Path) -> None:
    """Throw the database, the keys and the log of a house with invented people away.

    `story` is the file that tells that its story was told. It goes first, and the origin last: broken off in the
    middle, the next start sees a home whose story was not told, and wipes it again.
    """
    story.unlink(missing_ok=True)
    storage.reach()
    storage.drop()
    for name in ("publisher", "door", "witness"):
        shutil.rmtree(home.path / name, ignore_errors=True)
    for path in (home.keys, home.ledger):
        shutil.rmtree(path, ignore_errors=True)
    secrets = (home.operator_key, home.intake_key, home.clerk_key, home.postman_key)
    for file in (*secrets, home.origin_file):
        file.unlink(missing_ok=True)
