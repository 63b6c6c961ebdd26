"""The drill: what docs/how-to/keys.md prints is carried out, line by line, on a house that loses its epoch key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from databeheer.site.home import Home
from databeheer.site.house import Site, Storage, prepare
from databeheer.storage.embedded import EmbeddedPostgreSQL
from tests.databeheer.door.keys.conftest import shelf as shelf  # a fixture
from tests.databeheer.site.runbooks import Follower
from tests.homes import publish
from tests.tokens import Shelf, SoftToken


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def given_to(*numbers: int) -> str:
    return " ".join(f"shares/share-{number}.txt" for number in numbers)


@dataclass
class Drill(Follower):
    """A house and somebody who follows the runbook."""

    storage: Storage
    site: Site
    token: SoftToken | None

    def lose_the_key(self) -> None:
        """The machine burnt; what is left of the keys is the backup without the epoch key."""
        backup = self.folder / "backup"
        shutil.copytree(self.home.keys, backup, ignore=shutil.ignore_patterns("*.key"))
        shutil.rmtree(self.home.keys)
        shutil.copytree(backup, self.home.keys)


@pytest.fixture(params=["files", "token"])
def drill(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drill]:
    token = None
    if request.param == "token":
        shelf_: Shelf = request.getfixturevalue("shelf")
        token = shelf_.token()
        for name, value in token.environment.items():
            monkeypatch.setenv(name, value)
    home = Home(tmp_path / "home")
    monkeypatch.setenv("DATABEHEER_HOME", str(home.path))
    storage = Storage(home)
    prepare(home, storage)
    site = Site(home, storage)
    site.start_door()
    yield Drill("keys.md", home, tmp_path, storage, site, token)
    site.end_all()
    EmbeddedPostgreSQL(home.postgres).remove()


def test_the_key_is_split_rotated_lost_and_put_back(
    drill: Drill, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "5 shares are in shares" in drill.follow("databeheer keys split")
    shares = drill.folder / "shares"
    before = files_of(drill.home.keys)
    for line in (
        "--needed 2 --to new An an",
        "--needed 3 --to new An Bert",
        "--needed 1 --to new An Bert",
        "--needed 2 --to shares An Bert",
    ):
        assert drill.run(f".venv/bin/databeheer keys split {line}")[0] == 2
    failed, said = drill.run(f".venv/bin/databeheer keys recover --by An {given_to(1, 3, 5)}")
    assert (failed, "the door runs" in said) == (1, True)
    assert files_of(drill.home.keys) == before
    assert sorted(file.name for file in shares.iterdir()) == [f"share-{n}.txt" for n in range(1, 6)]
    assert {file.stat().st_mode & 0o777 for file in shares.iterdir()} == {0o600}
    status = drill.follow("databeheer keys status")
    assert "epoch 1, " in status
    assert "any 3 of 5 shares" in status
    assert "Asked" in drill.follow("databeheer keys rotate")
    assert drill.run('.venv/bin/databeheer keys rotate --by "an peeters"')[0] == 1  # the one who asked
    done = drill.follow("databeheer keys rotate")
    assert "Epoch 2 is in force" in done
    assert done.count("to be destroyed: ") == 5
    shares.rename(drill.folder / "of epoch 1")
    status_, said = drill.run(".venv/bin/databeheer keys split --needed 3 --to shares A B C D E")
    assert status_ == 0, said

    drill.site.end_all()
    failed, said = drill.run(f".venv/bin/databeheer keys recover --by An {given_to(1, 3, 5)}")
    assert (failed, "there already" in said) == (1, True)
    drill.lose_the_key()
    if drill.token is not None:
        drill.token.pull()
        lost = drill.token
        drill.token = request.getfixturevalue("shelf").token(lost.label)
        monkeypatch.setenv("DATABEHEER_PKCS11_PIN_FILE", str(drill.token.pin_file))
    before = files_of(drill.home.keys)
    for given, words in (
        (given_to(1, 3), "2 shares are given, and 3 are needed"),
        (given_to(1, 3, 3), "share 3 is given twice"),
        (
            "shares/share-1.txt shares/share-3.txt 'of epoch 1/share-5.txt'",
            "is of epoch 1; this store is in epoch 2",
        ),
    ):
        failed, said = drill.run(f'.venv/bin/databeheer keys recover --by "An" {given}')
        assert failed == 1
        assert words in said
        assert files_of(drill.home.keys) == before
    assert "The key store opens again" in drill.follow("databeheer keys recover")
    drill.storage.reach()
    drill.site.start_door()
    assert "Asked" in drill.follow("databeheer keys rotate")
    assert "Epoch 3 is in force" in drill.follow("databeheer keys rotate")
    assert "5 shares are in fresh" in drill.follow("databeheer keys split")
    publish(drill.home, drill.storage)
    assert "FAIL" not in drill.follow("databeheer ledger audit")
    assert drill.left == []
