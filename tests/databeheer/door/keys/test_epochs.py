"""A new epoch: the survivors come along, the erased do not, and no crash loses a survivor or keeps both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from databeheer.door.keys.epochs import EpochKey, HeldKey
from databeheer.door.keys.store import Epochs, KeyStore, KeyStoreError, Kind
from tests.doors import CHECKOUT
from tests.epochs import begin_epoch

STAYS, GOES, LATER = UUID(int=101), UUID(int=102), UUID(int=103)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a key that stays and one that goes, under several kinds."""
    store = KeyStore.create(tmp_path / "keys")
    for kind in Kind:
        store.make(kind, STAYS)
    store.make(Kind.READINGS, GOES)
    return tmp_path / "keys"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_survivors_open_under_the_new_epoch_and_the_erased_key_nowhere(folder: Path) -> None:
    store = KeyStore(folder)
    kept = {kind: store.get(kind, STAYS) for kind in Kind}
    assert begin_epoch(store, [(Kind.READINGS, GOES)]) == Epochs(1, 2, survivors=len(Kind), erased=1)
    for door in (store, KeyStore(folder)):
        assert {kind: door.get(kind, STAYS) for kind in Kind} == kept
        assert door.epoch == 2
        assert not door.holds(Kind.READINGS, GOES)
        with pytest.raises(KeyStoreError, match="erased, or never made"):
            door.get(Kind.READINGS, GOES)
    assert names(folder) == ["epoch-0002.key", "epoch-0002.wrapped"]
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_only_the_named_kind_goes(folder: Path) -> None:
    store = KeyStore(folder)
    begin_epoch(store, [(Kind.READINGS, STAYS)])
    assert [kind for kind in Kind if store.holds(kind, STAYS)] == [
        Kind.PERSON,
        Kind.OCCUPANCY_LEDGER,
        Kind.HOUSE,
        Kind.DOCUMENT,
    ]


def test_a_copy_of_the_old_wrapped_keys_opens_under_no_key_that_is_left(folder: Path, tmp_path: Path) -> None:
    thief = tmp_path / "thief"
    shutil.copytree(folder, thief)
    (thief / "epoch-0001.key").unlink()
    begin_epoch(KeyStore(folder), [(Kind.READINGS, GOES)])
    shutil.copy(folder / "epoch-0002.key", thief / "epoch-0001.key")
    stolen = KeyStore(thief)
    for kind, name in ((Kind.READINGS, GOES), (Kind.READINGS, STAYS)):
        with pytest.raises(KeyStoreError, match="does not open"):
            stolen.get(kind, name)


def test_the_old_epoch_key_is_overwritten_before_its_name_goes(folder: Path) -> None:
    old = (folder / "epoch-0001.key").read_bytes()
    with (folder / "epoch-0001.key").open("rb") as open_file:
        begin_epoch(KeyStore(folder), [])
        assert not (folder / "epoch-0001.key").exists()
        assert open_file.read() != old


def test_another_door_that_runs_notices_and_opens_the_erased_key_no_more(folder: Path) -> None:
    first, second = KeyStore(folder), KeyStore(folder)
    kept = second.get(Kind.READINGS, STAYS)
    second.get(Kind.READINGS, GOES)
    begin_epoch(first, [(Kind.READINGS, GOES)])
    with pytest.raises(KeyStoreError):
        second.get(Kind.READINGS, GOES)
    assert second.get(Kind.READINGS, STAYS) == kept
    made = second.make(Kind.READINGS, LATER)
    assert first.get(Kind.READINGS, LATER) == KeyStore(folder).get(Kind.READINGS, LATER) == made


def test_a_door_that_slept_through_two_epochs_finds_the_third(folder: Path) -> None:
    sleeper, store = KeyStore(folder), KeyStore(folder)
    begin_epoch(store, [(Kind.READINGS, GOES)])
    begin_epoch(store, [])
    assert sleeper.epoch == 3
    assert sleeper.get(Kind.HOUSE, STAYS) == store.get(Kind.HOUSE, STAYS)


def test_an_old_epoch_put_back_beside_the_new_one_is_destroyed_again(folder: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(folder, backup)
    begin_epoch(KeyStore(folder), [(Kind.READINGS, GOES)])
    for file in backup.iterdir():
        shutil.copy(file, folder / file.name)
    store = KeyStore(folder)
    assert store.epoch == 2
    assert not store.holds(Kind.READINGS, GOES)
    assert names(folder) == ["epoch-0002.key", "epoch-0002.wrapped"]


def test_a_damaged_record_stops_the_change_and_the_old_epoch_holds(folder: Path) -> None:
    """Rewrapping what does not open would lose it for good."""
    store = KeyStore(folder)
    wrong = HeldKey(bytes(32))
    store._epoch_key = wrong
    with pytest.raises(KeyStoreError, match="does not open"):
        begin_epoch(store, [(Kind.READINGS, GOES)])
    again = KeyStore(folder)
    assert again.epoch == 1
    assert again.get(Kind.READINGS, STAYS)
    begin_epoch(again, [(Kind.READINGS, GOES)])  # what the attempt left is in nobody's way
    assert names(folder) == ["epoch-0002.key", "epoch-0002.wrapped"]


_KILLED_AT_EACH_STEP = """
import os, signal, sys, shutil
from pathlib import Path
from uuid import UUID
from databeheer.door.keys.store import KeyStore, Kind
from tests.epochs import begin_epoch

whole, folder = Path(sys.argv[1]), Path(sys.argv[2])
stays, goes = UUID(int=101), UUID(int=102)
kept = {kind: KeyStore(whole).get(kind, stays) for kind in Kind}

def until_step(last):
    taken = 0
    def counted(step):
        def counting(*arguments, **options):
            nonlocal taken
            if taken == last:
                os.kill(os.getpid(), signal.SIGKILL)
            taken += 1
            return step(*arguments, **options)
        return counting
    for name in ("open", "fsync", "rename", "unlink", "close"):
        setattr(os, name, counted(getattr(os, name)))
    begin_epoch(KeyStore(folder), [(Kind.READINGS, goes)])
    os._exit(0)

epochs, step, ended = [], 0, False
while not ended:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    child = os.fork()
    if child == 0:
        until_step(step)
    ended = os.waitpid(child, 0)[1] == 0
    store = KeyStore(folder)
    epochs.append(store.epoch)
    assert {kind: store.get(kind, stays) for kind in Kind} == kept, step
    assert store.holds(Kind.READINGS, goes) == (store.epoch == 1), step
    if store.epoch == 2:
        assert sorted(os.listdir(folder)) == ["epoch-0002.key", "epoch-0002.wrapped"], step
    store.make(Kind.READINGS, UUID(int=103))
    begin_epoch(store, [(Kind.READINGS, goes)])
    again = KeyStore(folder)
    assert {kind: again.get(kind, stays) for kind in Kind} == kept, step
    assert again.holds(Kind.READINGS, UUID(int=103)) and not again.holds(Kind.READINGS, goes), step
    assert len(os.listdir(folder)) == 2, os.listdir(folder)
    step += 1
print(*epochs)
"""


def test_killed_at_any_step_either_epoch_opens_everything_that_survives(folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_EACH_STEP, str(folder), str(tmp_path / "copy")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    epochs = done.stdout.split()
    assert len(epochs) > 15
    assert set(epochs) == {"1", "2"}  # killed on both sides of the switch
    assert epochs == sorted(epochs)


_MAKES = """
import sys
from pathlib import Path
from uuid import UUID
from databeheer.door.keys.store import KeyStore, Kind
store, first = KeyStore(Path(sys.argv[1])), int(sys.argv[2])
sys.stdin.read(1)
for n in range(first, first + 40):
    print(n, store.make(Kind.READINGS, UUID(int=n)).hex())
"""


def test_keys_that_other_doors_make_while_epochs_change_are_not_lost(folder: Path) -> None:
    store = KeyStore(folder)
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", _MAKES, str(folder), str(first)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1000, 2000)
    ]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("g")
        maker.stdin.flush()
    while any(maker.poll() is None for maker in makers):
        begin_epoch(store, [(Kind.READINGS, GOES)])
    made = [line.split() for maker in makers for line in maker.communicate()[0].splitlines()]
    assert {maker.returncode for maker in makers} == {0}
    assert len(made) == 80
    assert store.epoch > 1
    assert all(store.get(Kind.READINGS, UUID(int=int(number))).hex() == key for number, key in made)


class Box:
    """Epoch keys that never leave their box, as hardware keeps them."""

    def __init__(self) -> None:
        self.inside: dict[int, HeldKey] = {}

    def put(self, number: int, key: bytes) -> EpochKey:
        self.inside[number] = HeldKey(key)
        return self.inside[number]

    def open(self, number: int) -> EpochKey:
        if number not in self.inside:
            raise KeyStoreError("the box has no such key")
        return self.inside[number]

    def destroy(self, number: int) -> None:
        self.inside.pop(number, None)

    def numbers(self) -> list[int]:
        return sorted(self.inside)


def test_epoch_keys_may_lie_in_another_form_than_files(tmp_path: Path) -> None:
    box = Box()
    store = KeyStore.create(tmp_path / "keys", box)
    kept, gone = store.make(Kind.PERSON, STAYS), store.make(Kind.PERSON, GOES)
    assert names(tmp_path / "keys") == ["epoch-0001.wrapped"]
    begin_epoch(store, [(Kind.PERSON, GOES)])
    assert box.numbers() == [2]
    again = KeyStore(tmp_path / "keys", box)
    assert again.get(Kind.PERSON, STAYS) == kept != gone
    assert not again.holds(Kind.PERSON, GOES)
    box.destroy(2)
    with pytest.raises(KeyStoreError, match="no such key"):
        KeyStore(tmp_path / "keys", box)
