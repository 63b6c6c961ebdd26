"""One PostgreSQL cluster on disk: make it, run its postmaster, recognise a running one, stop it.

Source: PostgreSQL 18 documentation, initdb and "Shutting Down the Server"; `postmaster.pid` as
src/include/utils/pidfile.h lays it out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from databeheer.errors import UnavailableError
from databeheer.storage.system_account import SystemAccount

MAJOR_VERSION = "18"
PORT = 5432
IMPOSSIBLE_PID = 2**30  # Linux and macOS number their processes far below
# The longest path of a Unix socket is 104 bytes on macOS, 108 on Linux; the server adds `/.s.PGSQL.5432`.
LONGEST_SOCKET_DIRECTORY = 80
# Servers that this program started. They outlive it by intent; forgetting one would be reported as a leak.
_children: dict[int, subprocess.Popen[bytes]] = {}


class EmbeddedPostgreSQLError(UnavailableError):
    """The embedded server cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its `postmaster.pid` tells: process id, socket, and the cluster it serves."""

    data: Path
    pid: int
    port: int
    socket_directory: Path
    status: str

    def when_ready(self, patience_seconds: float) -> Postmaster:
        """Return this server once it takes connections.

        Raises:
            EmbeddedPostgreSQLError: it ended, or did not get ready in time.
        """
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            now = read_postmaster(self.data)
            if now is None:
                raise EmbeddedPostgreSQLError("the embedded PostgreSQL ended while it started")
            if now.status == "ready":
                return now
            time.sleep(0.01)
        raise EmbeddedPostgreSQLError(f"the embedded PostgreSQL is not ready after {patience_seconds:.0f} s")

    def stopped_by(self, stop_signal: signal.Signals, patience_seconds: float) -> bool:
        """Send the signal and say whether the server has ended within the time."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, stop_signal)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if read_postmaster(self.data) is None:
                child = _children.pop(self.pid, None)
                if child is not None:
                    child.wait(patience_seconds)
                with suppress(OSError):  # not empty, or already gone
                    self.socket_directory.rmdir()
                return True
            time.sleep(0.01)
        return False


def read_postmaster(data: Path) -> Postmaster | None:
    """Return the server that runs on the cluster, or None; a stale pid file counts as none.

    The pid file may be left by a crash, and its number may since belong to another program.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return None
    if not _is_postgres(pid, data):
        return None
    if len(lines) < 8:
        return Postmaster(data, pid, PORT, Path(), "starting")
    return Postmaster(data, pid, int(lines[3]), Path(lines[4]), lines[7].strip())


def _is_postgres(pid: int, data: Path) -> bool:
    """Say whether the process is a postmaster of this cluster; `serve` names the cluster in its arguments."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        listing = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        )
        command = listing.stdout
    except ProcessLookupError:  # ended between open and read
        return False
    return b"postgres" in command and os.fsencode(data) in command


def initialise(
    data: Path, binaries: Path, account: SystemAccount | None, superuser_password: str, *, durable: bool
) -> None:
    """Make a new cluster with SCRAM-SHA-256 for every connection, checksums on, and one superuser.

    It is made beside its place and renamed, so that a crash half-way leaves no half cluster.
    """
    part = data.with_name(data.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    _give(part, account)
    # initdb reads the password under the server's account, which cannot read our files.
    descriptor, name = tempfile.mkstemp(prefix=".initdb-", dir=data.parent)
    password_file = Path(name)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(superuser_password + "\n")
        _give(password_file, account)
        arguments = [
            str(binaries / "initdb"),
            f"--pgdata={part}",
            "--username=postgres",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",  # the same order of words on every machine
            *([] if durable else ["--no-sync"]),
        ]
        made = subprocess.run(
            arguments,
            cwd=part,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            **_as(account),
        )
    finally:
        password_file.unlink()
    if made.returncode != 0:
        shutil.rmtree(part, ignore_errors=True)
        raise EmbeddedPostgreSQLError(f"initdb failed: {made.stderr.strip()}")
    part.rename(data)


def serve(
    data: Path, binaries: Path, account: SystemAccount | None, log: Path, *, durable: bool
) -> Postmaster:
    """Start the postmaster and return once it takes connections; recovery after a crash takes its time.

    Raises:
        EmbeddedPostgreSQLError: it ended at once; the message carries the end of its log.
    """
    version = (data / "PG_VERSION").read_text().strip()
    if version != MAJOR_VERSION:
        raise EmbeddedPostgreSQLError(
            f"{data} was made by PostgreSQL {version}, the embedded server is {MAJOR_VERSION}: "
            "dump it with the old one, or remove it to begin anew"
        )
    sockets = _socket_directory(data, account)
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in _settings(sockets, durable=durable).items():
        command += ["-c", f"{name}={value}"]
    deadline = time.monotonic() + 30
    while True:
        _forget_dead_server(data, sockets, account)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=data,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the program, which then stops the server in order
                **_as(account),
            )
        _children[process.pid] = process
        while process.poll() is None:
            running = read_postmaster(data)
            if running is not None and running.pid == process.pid and running.status == "ready":
                return running
            time.sleep(0.005)
        del _children[process.pid]
        ending = log.read_text(errors="replace")[-2000:].strip()
        # After a killed postmaster its last children take a moment to see that and leave.
        if "pre-existing shared memory block" not in ending or time.monotonic() > deadline:
            raise EmbeddedPostgreSQLError(f"the embedded PostgreSQL does not start: {ending}")
        time.sleep(0.2)


def _forget_dead_server(data: Path, sockets: Path, account: SystemAccount | None) -> None:
    """Clear what a dead server left and PostgreSQL would stumble over: a process number that is still taken.

    Another program may have it since a restart of the machine, or nobody has collected the dead process (a
    container without an init). The rest of the pid file stays, with a number that no process can have:
    PostgreSQL learns from it whether children of the dead server still use its memory.
    """
    for leftover in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (sockets / leftover).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        _, separator, rest = (data / "postmaster.pid").read_text().partition("\n")
        (data / "postmaster.pid").write_text(f"{IMPOSSIBLE_PID}{separator}{rest}")
        _give(data / "postmaster.pid", account)


def _settings(sockets: Path, *, durable: bool) -> dict[str, str]:
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0777",  # the directory is private, and every role needs its password
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "160",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        # An error and its statement may carry a person's data; only what ends the server is logged.
        "log_min_messages": "fatal",
        "log_min_error_statement": "panic",
    }
    if not durable:
        # Tests, which may lie in memory: no more log than they need, and no zeros before it.
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "wal_init_zero": "off",
            "max_wal_size": "512MB",
        }
    return settings


def _socket_directory(data: Path, account: SystemAccount | None) -> Path:
    """Return a short private directory for the socket: the cluster's own path may be too long for one.

    The inode tells a cluster from one that stood at the same path before and may still be served.
    """
    uid = account.uid if account is not None else os.getuid()
    identity = f"{data}:{data.stat().st_ino}"
    name = f"databeheer-{uid}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    places = [os.environ.get("XDG_RUNTIME_DIR") or "", tempfile.gettempdir()] if account is None else []
    for place in [*places, "/run", "/tmp"]:  # noqa: S108  ownership and mode are checked below
        sockets = Path(place) / name
        if not place or len(os.fsencode(sockets)) > LONGEST_SOCKET_DIRECTORY or not os.access(place, os.W_OK):
            continue
        with suppress(FileExistsError):
            sockets.mkdir(mode=0o700)
            _give(sockets, account)
        found = sockets.lstat()
        # Anyone may make a directory in /tmp beforehand; ours belongs to the server's account alone.
        if (
            found.st_uid == uid
            and found.st_mode & 0o077 == 0
            and sockets.is_dir()
            and not sockets.is_symlink()
        ):
            return sockets
    raise EmbeddedPostgreSQLError(
        "no private directory for the database socket could be made in /run or /tmp"
    )


def _environment() -> dict[str, str]:
    # Nothing of ours: no secret of this process, and no PG* variable that would change the server.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _as(account: SystemAccount | None) -> dict[str, Any]:
    return account.popen_arguments() if account is not None else {}


def _give(path: Path, account: SystemAccount | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)
