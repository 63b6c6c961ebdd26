"""The clerk as a process: it works by itself, survives whatever happens to it and to the door, and holds one key."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.client import DoorClient, DoorRefusedError
from databeheer.site.clerk import Clerk, main
from databeheer.site.home import Home
from databeheer.site.house import Site, Storage
from tests.doors import CHECKOUT, held, query, until
from tests.house import Customer, Party, TheHouse

MISSED = "SELECT count(*) FROM ledger.body WHERE event = 'clock.missed'"


@pytest.fixture
def withdrawn(house: TheHouse, lotte: Customer, bram: Party) -> None:
    """A permission that was withdrawn; its party has thirty days to delete."""
    asked = bram.ask()
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])


def environment(house: TheHouse, **changes: str) -> dict[str, str]:
    key = house.folder / "clerk.key"
    key.write_text(house.clerk_key)
    return {
        "DATABEHEER_DOOR_SOCKET": str(house.socket),
        "DATABEHEER_CLERK_KEY": str(key),
        "DATABEHEER_CLERK_BEAT_SECONDS": "0.05",
    } | changes


def launch(house: TheHouse, **changes: str) -> subprocess.Popen[bytes]:
    """Start the clerk with this environment and nothing else of ours."""
    return subprocess.Popen(
        [sys.executable, "-m", "databeheer.site.clerk"], cwd=CHECKOUT, env=environment(house, **changes)
    )


def missed(house: TheHouse) -> int:
    return int(query(house, MISSED)[0][0])


def test_it_works_by_itself_is_killed_and_works_on(house: TheHouse, withdrawn: None) -> None:
    process = launch(house)
    try:
        house.clock.advance(timedelta(days=31))
        until(lambda: missed(house) == 1, "the clerk has the miss recorded")
        process.send_signal(signal.SIGKILL)
        process.wait()
        again = launch(house)
        house.clock.advance(timedelta(days=731))
        until(lambda: missed(house) == 2, "the next clerk has the DPIA recorded, and nothing twice")
        again.terminate()
        assert again.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_killed_while_the_door_works_for_it_nothing_is_recorded_twice(
    house: TheHouse, withdrawn: None
) -> None:
    house.clock.advance(timedelta(days=31))
    with held(house) as lock:
        process = launch(house, DATABEHEER_CLERK_BEAT_SECONDS="3600")
        lock.until_waiting(1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lock.release()
    with DoorClient(house.socket) as door:
        Clerk(door, house.clerk_key).round()
        assert Clerk(door, house.clerk_key).round() == {}
    assert missed(house) == 1


class Beats(threading.Event):
    """Stops after so many beats, and does something at each."""

    def __init__(self, *acts: Any) -> None:
        super().__init__()
        self._acts = list(acts)

    def wait(self, timeout: float | None = None) -> bool:
        if not self._acts:
            return True
        self._acts.pop(0)()
        return False


def test_a_door_that_is_away_is_asked_again(house: TheHouse, withdrawn: None) -> None:
    house.clock.advance(timedelta(days=31))
    with DoorClient(house.folder / "door-to-come.sock") as door:
        come = house.folder / "door-to-come.sock"
        Clerk(door, house.clerk_key).run(Beats(lambda: come.symlink_to(house.socket)))
    assert missed(house) == 1


def test_a_key_that_the_door_does_not_know_ends_it(house: TheHouse) -> None:
    with DoorClient(house.socket) as door, pytest.raises(DoorRefusedError) as refused:
        Clerk(door, "another").run(threading.Event())
    assert refused.value.code == "unauthenticated"


def test_its_process_says_so(house: TheHouse, capfd: pytest.CaptureFixture[str]) -> None:
    (house.folder / "wrong.key").write_text("another")
    process = launch(house, DATABEHEER_CLERK_KEY=str(house.folder / "wrong.key"))
    assert process.wait(60) == 1
    assert "the clerk ends" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["DATABEHEER_DOOR_SOCKET", "DATABEHEER_CLERK_KEY"])
def test_without_a_setting_it_does_not_start_and_names_it(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clerk.key").write_text("key")
    settings = {"DATABEHEER_DOOR_SOCKET": "x", "DATABEHEER_CLERK_KEY": str(tmp_path / "clerk.key")}
    settings.pop(name)
    assert main(settings) == 2
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("beat", ["0", "-1", "nan", "soon", "100000"])
def test_a_beat_that_is_none_is_refused(
    tmp_path: Path, beat: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clerk.key").write_text("key")
    settings = {"DATABEHEER_DOOR_SOCKET": "x", "DATABEHEER_CLERK_KEY": str(tmp_path / "clerk.key")}
    assert main(settings | {"DATABEHEER_CLERK_BEAT_SECONDS": beat}) == 2
    assert "does not start" in capsys.readouterr().err


def test_the_site_gives_it_its_key_and_the_door_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    started: dict[str, dict[str, str]] = {}
    site = Site(home, Storage(home))
    monkeypatch.setattr(site, "run", lambda name, _command, told: started.update({name: told}))
    site.start_clerk()
    assert started == {
        "clerk": {
            "DATABEHEER_DOOR_SOCKET": str(home.door_socket),
            "DATABEHEER_CLERK_KEY": str(home.clerk_key),
        }
    }
