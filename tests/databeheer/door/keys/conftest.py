"""Two places for the epoch keys of one store: files, and a token. Contract tests run over both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from databeheer.door.keys.epochs import EpochKeys
from databeheer.door.keys.files import FileEpochKeys
from databeheer.door.keys.store import KeyStore
from databeheer.door.keys.token_keys import TokenEpochKeys
from tests.tokens import Shelf, SoftToken, make_shelf


@dataclass
class Place:
    """A folder for a store, and where its epoch keys lie."""

    folder: Path
    token: SoftToken | None

    def keys(self, folder: Path | None = None) -> EpochKeys:
        """The place as a door of its own sees it; of another folder beside the same token."""
        folder = folder or self.folder
        return FileEpochKeys(folder) if self.token is None else TokenEpochKeys(folder, self.token.settings)

    def create(self) -> KeyStore:
        return KeyStore.create(self.folder, self.keys())

    def door(self, folder: Path | None = None) -> KeyStore:
        """Another door on the store, or on a copy of its folder."""
        return KeyStore(folder or self.folder, self.keys(folder))

    def epoch_file(self, number: int = 1, folder: Path | None = None) -> Path:
        """What of an epoch key lies in the folder."""
        suffix = "key" if self.token is None else "sealed"
        return (folder or self.folder) / f"epoch-{number:04}.{suffix}"

    def wrapped(self, number: int = 1) -> Path:
        return self.folder / f"epoch-{number:04}.wrapped"

    def copy(self, name: str) -> Path:
        """A copy of the folder, as a backup makes it."""
        return Path(shutil.copytree(self.folder, self.folder.parent / name))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", "")
        yield make_shelf(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture
def token(shelf: Shelf) -> SoftToken:
    return shelf.token()


@pytest.fixture(params=["files", "token"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    token = request.getfixturevalue("token") if request.param == "token" else None
    return Place(tmp_path / "keys", token)
