"""The web of a house, or a peer of it, served for the benches as an installation serves it."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from databeheer.site.front import THREADS, WORKERS
from tests.doors import CHECKOUT, PATIENCE_SECONDS, until
from tests.house import TheHouse


@dataclass(frozen=True)
class Served:
    """Where it listens on this machine, and the process that has its workers as children."""

    port: int
    process_id: int


@contextmanager
def served(house: TheHouse, application: str, environment: dict[str, str]) -> Iterator[Served]:
    """Serve an application as an installation does."""
    log = house.folder / f"{application.partition(':')[0]}.log"
    command = ["-m", "gunicorn", "--config", "python:web.gunicorn_settings", "--bind", "127.0.0.1:0"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--worker-class", "gthread"]
    command += ["--no-control-socket", "--worker-tmp-dir", str(house.folder), application]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Served(_port(process, log), process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return where it listens, once it answers."""

    def answering() -> int | None:
        said = log.read_text()
        assert process.poll() is None, said
        found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", said)
        if found is None:
            return None
        with closing(http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=5)) as connection:
            try:
                connection.request("GET", "/health/live")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return None
        return int(found[1])

    until(lambda: answering() is not None, "gunicorn answers")
    return answering() or 0


def web_environment(house: TheHouse, door: Path) -> dict[str, str]:
    """What a web of this house is told, whose door listens there."""
    return {
        "DATABEHEER_WEB_DATABASE_URL": house.database.url("web"),
        "DATABEHEER_DOOR_SOCKET": str(door),
        "DATABEHEER_LEDGER_DIRECTORY": str(house.folder / "public"),
        "DATABEHEER_WEB_SECRET_KEY": "a secret of forty characters for benches",
        "DATABEHEER_BASE_URL": "http://127.0.0.1:8000",
        "DATABEHEER_CONTACT": "databeheer@voorbeeld.be",
    }
