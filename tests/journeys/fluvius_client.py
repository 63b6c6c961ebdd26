"""Finds a Python that has the PyPI client `fluvius-energy-api`, and runs the program with it.

The client is AGPL: it is installed apart, run as a separate program, never imported and no dependency.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "DATABEHEER_FLUVIUS_CLIENT"
REQUIREMENT = "fluvius-energy-api==0.2.2"
PROGRAM = Path(__file__).with_name("fluvius_client_program.py")
APART = Path(__file__).resolve().parents[2] / "build" / "fluvius-client"


@cache
def client_python() -> str:
    """Return the interpreter that has the client: the environment's, or one made apart in `build/`.

    Skips the test, visibly, where neither is there and nothing can be installed.
    """
    given = os.environ.get(VARIABLE)
    if given:
        if not _has_client(given):
            pytest.fail(f"{VARIABLE} names a Python without {REQUIREMENT}")
        return given
    python = APART / "bin" / "python"
    APART.parent.mkdir(exist_ok=True)
    with APART.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)  # one worker of the tests makes it, the others wait for it
        if not _has_client(str(python)):
            _install_apart(python)
    if not _has_client(str(python)):
        pytest.skip(
            f"left out: {REQUIREMENT} cannot be installed apart here; set {VARIABLE} to a Python that has it"
        )
    return str(python)


def run(
    port: int, credentials: dict[str, str], *calls: tuple[str, dict[str, Any]], base: str = "/esco/v3"
) -> list[dict[str, Any]]:
    """Let the unmodified client make these calls against 127.0.0.1:`port`; returns what it understood."""
    task = {"port": port, "base": base, "credentials": credentials, "calls": calls}
    done = subprocess.run(
        [client_python(), str(PROGRAM)], input=json.dumps(task), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)["answers"]
    return answers


def _has_client(python: str) -> bool:
    try:
        done = subprocess.run([python, "-c", "import fluvius_energy_api"], capture_output=True, timeout=60)
    except OSError:
        return False
    return done.returncode == 0


def _install_apart(python: Path) -> None:
    venv.create(APART, with_pip=True, clear=True)
    # It asks for Python 3.12 and runs on 3.11.
    options = (
        "--quiet --disable-pip-version-check --no-input --ignore-requires-python --retries 1 --timeout 15"
    )
    command = [str(python), "-m", "pip", "install", *options.split(), REQUIREMENT]
    subprocess.run(command, capture_output=True, timeout=300)
