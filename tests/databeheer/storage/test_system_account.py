"""Where the data are when root starts the server: no house touches the data of another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from databeheer.storage import system_account
from databeheer.storage.system_account import SystemAccount, reachable_home


class _Outside(SystemAccount):
    """An account that reaches no directory of ours, as below /root."""

    def can(self, *command: str) -> bool:
        return False


@pytest.fixture
def system_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "system"
    monkeypatch.setattr(system_account, "SYSTEM_HOME", home)
    return home


def house_with_data(directory: Path) -> Path:
    """A house whose data stand at the system's place, with its link to them; returns that place."""
    directory.mkdir(parents=True)
    home = reachable_home(directory, _Outside(1, 1))
    (home / "data").mkdir()
    (home / "data" / "PG_VERSION").write_text("18\n")
    (directory / "data").symlink_to(home / "data")
    return home


@pytest.mark.parametrize("fate", ["moved", "unmounted", "link lost", "directory empty"])
def test_another_houses_start_never_removes_the_data_of_a_house_that_is_elsewhere(
    system_home: Path, tmp_path: Path, fate: str
) -> None:
    here = tmp_path / "house"
    home = house_with_data(here)
    if fate == "moved":
        here.rename(tmp_path / "moved")
    elif fate == "unmounted":
        shutil.rmtree(here)
    elif fate == "link lost":
        (here / "data").unlink()
    else:
        shutil.rmtree(here)
        here.mkdir()
    other = house_with_data(tmp_path / "other")
    assert other != home
    assert (home / "data" / "PG_VERSION").read_text() == "18\n"
    assert (home / "made-for").read_text() == str(here)


def test_what_the_account_reaches_keeps_its_data_where_it_is(system_home: Path, tmp_path: Path) -> None:
    assert reachable_home(tmp_path, None) == tmp_path
    assert not system_home.exists()
