"""Somebody who follows a runbook of docs/how-to: what it prints is carried out, line by line and in its order."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import databeheer.cli
import ledger.cli
from databeheer.site.home import CHECKOUT, Home

PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    ".venv/bin/databeheer": databeheer.cli.main,
    ".venv/bin/ledger": ledger.cli.main,
}


def printed(runbook: str) -> list[str]:
    """The commands of a runbook, in its order."""
    lines = (CHECKOUT / "docs" / "how-to" / runbook).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith("    .venv/bin/")]


@dataclass
class Follower:
    """Who stands in `folder` and carries a runbook out on the house of `home`; `left` is what is still to be done."""

    runbook: str
    home: Home
    folder: Path
    left: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.left = printed(self.runbook)

    def follow(self, words: str) -> str:
        """Carry out the next command, which begins with these words and succeeds; returns what it printed."""
        line = self.left.pop(0)
        assert line.removeprefix(".venv/bin/").startswith(words), f"the runbook says {line!r}"
        status, out, err = self._carry_out(line)
        assert status == 0, err
        return out

    def run(self, line: str) -> tuple[int, str]:
        """Carry out a line of one's own; returns its exit status and all that it said."""
        status, out, err = self._carry_out(line)
        return status, out + err

    def _carry_out(self, line: str) -> tuple[int, str, str]:
        program, *arguments = shlex.split(line.replace("$DATABEHEER_HOME", str(self.home.path)))
        out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setenv("DATABEHEER_HOME", str(self.home.path))
            os.chdir(self.folder)
            try:
                status = PROGRAMS[program](arguments)
            finally:
                os.chdir(before)
        return status, out.getvalue(), err.getvalue()
