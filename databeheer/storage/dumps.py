"""A dump of the whole database in one file, and a database made from one, with the wheel's own PostgreSQL tools.

Both run as the role `owner`, which needs to be no superuser. A dump holds everything that the database holds, so it
is personal data: it is written with mode 0600. Keys are not in it (docs/adr/0005).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sqlalchemy.engine import make_url

from databeheer.errors import DatabeheerError
from databeheer.storage.system_account import reachable_binaries


class DumpError(DatabeheerError):
    """A dump could not be made or read; the tool's own words are in the message."""

    code = "dump"


def dump(owner_url: str, file: Path) -> None:
    """Write one consistent dump to `file`, whole or not at all; the house may run meanwhile.

    Raises:
        DumpError: it cannot be made.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        # What was closed in pg_catalog belongs to the server, which closes it again for a new database.
        _run("pg_dump", owner_url, "--format=custom", "--exclude-schema=pg_catalog", f"--file={part}")
        part.replace(file)
    except OSError as error:
        raise DumpError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def load(owner_url: str, file: Path) -> None:
    """Fill an empty database from a dump, all of it or nothing.

    Raises:
        DumpError: it is no dump, or does not fit.
    """
    if not file.is_file():
        raise DumpError(f"there is no file {file}")
    _run("pg_restore", owner_url, "--no-owner", "--exit-on-error", "--single-transaction", str(file))


def spell_out(file: Path, into: Path) -> None:
    """Write all that a dump holds to `into`, as text: a dump is compressed, and shows nothing to a search.

    Raises:
        DumpError: it is no dump.
    """
    os.close(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _call("pg_restore", f"--file={into}", str(file))


def _run(tool: str, url: str, *arguments: str) -> None:
    """Run a tool; the password goes by its environment, which other accounts cannot see."""
    parsed = make_url(url)
    shown = parsed.set(password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(parsed.password or "")}
    _call(tool, "--no-password", "--dbname", shown, *arguments, environment=secret)


def _call(tool: str, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    done = subprocess.run(
        [str(reachable_binaries(None) / tool), *arguments],
        env={"PATH": os.environ.get("PATH", ""), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DumpError(f"{tool}: {done.stderr.strip()}")
