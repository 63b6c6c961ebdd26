"""A process that lacks a setting says so in one line, by the name of the setting."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("process", ["door.main", "site.publisher", "site.clerk", "site.postman"])
def test_a_process_without_settings_names_the_first_that_it_lacks(process: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABEHEER_")}
    done = subprocess.run(
        [sys.executable, "-m", f"databeheer.{process}"], env=kept, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stdout + done.stderr == done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "needs DATABEHEER_" in done.stderr
