"""The properties of which `make test` tries a few examples, each with its full count."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.counts import FULL_COUNTS

TESTS = Path(__file__).parents[1]


def counted() -> list[Path]:
    """The modules with tests that have a full count."""
    return [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.parent.name != "soak" and "from tests.counts import" in path.read_text(encoding="utf-8")
    ]


def test_properties_hold_in_their_full_counts() -> None:
    modules = counted()
    assert modules
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, modules)]
    done = subprocess.run(command, cwd=TESTS.parent, env=os.environ | {FULL_COUNTS: "1"}, check=False)
    assert done.returncode == 0
