"""Processes that begin with the programs' modules imported: of a door that starts, importing takes nine tenths.

Each is forked from a server of Python's own (`multiprocessing`) that imported them once and did nothing else, and gets
its environment, its output and its folder as a program that is started does. That each program starts by its command
line too is shown where nothing else is asked (`tests/databeheer/site/test_starting.py`, `tests/journeys`).
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAMS = ["databeheer.door.main"]

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["__main__", *PROGRAMS])


class Begun:
    """A process that runs, with what tests ask of one that `subprocess` started."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, seconds or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def begin(program: str, environment: dict[str, str], log: Path) -> Begun:
    """Run `main()` of one of `PROGRAMS` in a process of its own, with this environment and nothing else of ours."""
    process = _server.Process(target=_run, args=(program, environment, log), name=program)
    process.start()
    return Begun(process)


def _run(program: str, environment: dict[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(CHECKOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for ours, theirs in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(ours, theirs)
    sys.exit(importlib.import_module(program).main())
