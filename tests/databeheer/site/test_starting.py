"""A process that cannot start says why: which setting it lacks, what it said last, or that it took too long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from databeheer.site.home import Home
from databeheer.site.house import ProcessEndedError, Site, Storage


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


def test_a_process_that_is_not_ready_in_time_is_told_apart_from_one_that_ended(tmp_path: Path) -> None:
    home = Home(tmp_path)
    site = Site(home, Storage(home))
    site.run("sleeper", ["-c", "import time; time.sleep(600)"], {})
    site.run("loser", ["-c", "raise SystemExit('its key is gone')"], {})
    try:
        with pytest.raises(ProcessEndedError, match=r"the sleeper was not ready after 0 s: .* Start again"):
            site.wait_until("sleeper", lambda: False, patience_seconds=0.1)
        with pytest.raises(ProcessEndedError, match="the loser did not start: its key is gone; see"):
            site.wait_until("loser", lambda: False)
    finally:
        site.end_all()
