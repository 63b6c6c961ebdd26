"""The key store: what a crash, a flipped bit, another epoch's key or a second door does to it."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from databeheer.door.keys.store import KeyStore, KeyStoreError, Kind
from tests.doors import CHECKOUT, until

RECORD = 113
ONE, OTHER = UUID(int=101), UUID(int=102)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyStore.create(tmp_path / "keys")
    return tmp_path / "keys"


def wrapped(folder: Path) -> Path:
    return folder / "epoch-0001.wrapped"


def test_a_key_is_there_again_after_a_restart(folder: Path) -> None:
    key = KeyStore(folder).make(Kind.READINGS, ONE)
    assert KeyStore(folder).get(Kind.READINGS, ONE) == key
    assert len(key) == 32


def test_each_kind_has_keys_of_its_own(folder: Path) -> None:
    store = KeyStore(folder)
    assert len({store.make(kind, ONE) for kind in Kind}) == len(Kind) == 5


def test_a_key_is_never_made_twice(folder: Path) -> None:
    store = KeyStore(folder)
    key = store.make(Kind.PERSON, ONE)
    with pytest.raises(KeyStoreError):
        store.make(Kind.PERSON, ONE)
    assert store.get(Kind.PERSON, ONE) == key


def test_an_unknown_key_is_an_error_not_a_new_key(folder: Path) -> None:
    size = wrapped(folder).stat().st_size
    with pytest.raises(KeyStoreError):
        KeyStore(folder).get(Kind.READINGS, OTHER)
    assert wrapped(folder).stat().st_size == size


def test_no_key_lies_there_in_clear(folder: Path) -> None:
    store = KeyStore(folder)
    keys = [store.make(Kind.READINGS, uuid4()) for _ in range(20)]
    stored = wrapped(folder).read_bytes()
    assert not any(key in stored for key in keys)


def test_only_the_owner_reads_the_store(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_store_is_never_made_over_another(folder: Path) -> None:
    key = KeyStore(folder).make(Kind.READINGS, ONE)
    with pytest.raises((KeyStoreError, FileExistsError)):
        KeyStore.create(folder)
    assert KeyStore(folder).get(Kind.READINGS, ONE) == key


def test_what_one_door_makes_another_that_runs_already_finds(folder: Path) -> None:
    first, second = KeyStore(folder), KeyStore(folder)
    key = first.make(Kind.READINGS, ONE)
    assert second.get(Kind.READINGS, ONE) == key
    other = second.make(Kind.READINGS, OTHER)
    assert first.get(Kind.READINGS, OTHER) == other


def test_of_two_doors_that_make_the_same_key_one_wins(folder: Path) -> None:
    first, second = KeyStore(folder), KeyStore(folder)
    key = first.make(Kind.READINGS, ONE)
    with pytest.raises(KeyStoreError):
        second.make(Kind.READINGS, ONE)
    assert second.get_or_make(Kind.READINGS, ONE) == key


def test_processes_that_make_keys_at_once_lose_none_and_agree(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from uuid import UUID; "
        "from databeheer.door.keys.store import KeyStore, Kind; "
        "store = KeyStore(Path(sys.argv[1])); sys.stdin.read(1); "
        "print(*(store.get_or_make(Kind.READINGS, UUID(int=n)).hex() for n in range(1, 61)))"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("g")
        maker.stdin.flush()
    said = {maker.communicate()[0] for maker in makers}
    assert {maker.returncode for maker in makers} == {0}
    assert len(said) == 1  # all three have the same sixty keys
    assert wrapped(folder).stat().st_size == 60 * RECORD
    store = KeyStore(folder)
    [keys] = said
    assert [store.get(Kind.READINGS, UUID(int=n)).hex() for n in range(1, 61)] == keys.split()


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who waits for a file's lock")
def test_who_makes_a_key_waits_for_another_door_and_sees_what_it_made(folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    key = KeyStore(twin).make(Kind.READINGS, ONE)
    with wrapped(folder).open("ab") as other_door, ThreadPoolExecutor(1) as pool:
        fcntl.flock(other_door, fcntl.LOCK_EX)
        making = pool.submit(KeyStore(folder).make, Kind.READINGS, ONE)
        inode = str(wrapped(folder).stat().st_ino)
        waits = re.compile(rf"-> FLOCK .*:{inode} ")
        until(lambda: making.done() or bool(waits.search(Path("/proc/locks").read_text())), "the door waits")
        assert not making.done()
        other_door.write(wrapped(twin).read_bytes())
        other_door.flush()
        fcntl.flock(other_door, fcntl.LOCK_UN)
        with pytest.raises(KeyStoreError, match="exists already"):
            making.result(60)
    assert KeyStore(folder).get(Kind.READINGS, ONE) == key


@pytest.mark.parametrize("left", [1, 40, RECORD - 1])
def test_a_record_that_a_crash_cut_short_is_as_if_never_made(folder: Path, left: int) -> None:
    store = KeyStore(folder)
    key = store.make(Kind.READINGS, ONE)
    store.make(Kind.READINGS, OTHER)
    with wrapped(folder).open("r+b") as file:
        file.truncate(wrapped(folder).stat().st_size - RECORD + left)
    again = KeyStore(folder)
    assert again.get(Kind.READINGS, ONE) == key
    with pytest.raises(KeyStoreError):
        again.get(Kind.READINGS, OTHER)
    made = again.make(Kind.READINGS, OTHER)
    assert KeyStore(folder).get(Kind.READINGS, OTHER) == made
    assert wrapped(folder).stat().st_size % RECORD == 0


@pytest.mark.parametrize("place", [0, 1, 16, 17, 40, 41, 88, 89, 112])
def test_a_flipped_bit_is_found_at_the_start_and_nothing_is_made_of_it(folder: Path, place: int) -> None:
    KeyStore(folder).make(Kind.READINGS, ONE)
    stored = bytearray(wrapped(folder).read_bytes())
    stored[-RECORD + place] ^= 1
    wrapped(folder).write_bytes(stored)
    with pytest.raises(KeyStoreError, match="damaged"):
        KeyStore(folder)
    assert wrapped(folder).read_bytes() == stored


def test_a_record_moved_to_another_name_does_not_open(folder: Path) -> None:
    """Even with its check made right again: the name is sealed in."""
    KeyStore(folder).make(Kind.READINGS, ONE)
    record = bytearray(wrapped(folder).read_bytes()[-RECORD:])
    record[1:17] = OTHER.bytes
    record[-24:] = hashlib.blake2b(bytes(record[:-24]), digest_size=24).digest()
    with wrapped(folder).open("ab") as file:
        file.write(record)
    with pytest.raises(KeyStoreError, match="does not open"):
        KeyStore(folder).get(Kind.READINGS, OTHER)


def test_under_another_epochs_key_nothing_opens(folder: Path, tmp_path: Path) -> None:
    KeyStore(folder).make(Kind.READINGS, ONE)
    KeyStore.create(tmp_path / "other")
    (folder / "epoch-0001.key").write_bytes((tmp_path / "other" / "epoch-0001.key").read_bytes())
    with pytest.raises(KeyStoreError, match="does not open"):
        KeyStore(folder).get(Kind.READINGS, ONE)


@pytest.mark.parametrize("content", [b"", b"\0" * 31, b"\0" * 33])
def test_an_epoch_key_of_another_length_is_refused(folder: Path, content: bytes) -> None:
    (folder / "epoch-0001.key").write_bytes(content)
    with pytest.raises(KeyStoreError, match="damaged"):
        KeyStore(folder)


@pytest.mark.parametrize("missing", ["epoch-0001.key", "epoch-0001.wrapped"])
def test_a_missing_file_is_the_stores_own_error(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(KeyStoreError, match="not there"):
        KeyStore(folder)


def test_a_store_that_is_taken_away_while_the_door_runs_is_the_stores_own_error(folder: Path) -> None:
    store = KeyStore(folder)
    wrapped(folder).unlink()
    with pytest.raises(KeyStoreError):
        store.get(Kind.READINGS, ONE)
    with pytest.raises(KeyStoreError):
        store.make(Kind.READINGS, ONE)
    assert not wrapped(folder).exists()  # and no new one begins in silence


def test_an_older_copy_put_back_under_a_running_door_is_noticed(folder: Path) -> None:
    store = KeyStore(folder)
    store.make(Kind.READINGS, ONE)
    before = wrapped(folder).read_bytes()
    store.make(Kind.READINGS, OTHER)
    wrapped(folder).write_bytes(before)
    with pytest.raises(KeyStoreError, match="shorter than it was"):
        store.make(Kind.READINGS, UUID(int=103))
    assert wrapped(folder).read_bytes() == before
