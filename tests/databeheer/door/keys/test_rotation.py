"""A rotation while the door goes on: in bounded steps, resumed after any death, and nothing is lost or left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest

from databeheer.door.keys.epochs import KEY_LENGTH, KeyStoreError
from databeheer.door.keys.files import write_new
from databeheer.door.keys.rotation import MOST_IN_A_STEP, Progress, Rotation
from databeheer.door.keys.store import KeyStore, Kind
from databeheer.door.keys.wrapped import wrap
from tests.databeheer.door.keys.conftest import Place
from tests.doors import CHECKOUT
from tests.epochs import begin_epoch

KEYS = 20


@pytest.fixture
def made(place: Place) -> dict[UUID, bytes]:
    """A store with twenty keys."""
    store = place.create()
    return {UUID(int=n): store.make(Kind.READINGS, UUID(int=n)) for n in range(KEYS)}


def opened(store: KeyStore, made: dict[UUID, bytes]) -> dict[UUID, bytes]:
    return {name: store.get(Kind.READINGS, name) for name in made}


def part(place: Place) -> Path:
    return place.folder / ".epoch-0002.part"


def test_each_step_is_bounded_and_keys_are_read_and_made_between_them(
    place: Place, made: dict[UUID, bytes]
) -> None:
    store, other = place.door(), place.door()
    rotation = Rotation(store)
    for step in range(1, 4):
        assert rotation.step(most=6) == Progress(1, 6 * step, KEYS + step - 1)
        late = UUID(int=100 + step)
        made[late] = other.make(Kind.READINGS, late)
        assert (store.epoch, other.epoch) == (1, 1)
        assert opened(store, made) == opened(other, made) == made
    while not (progress := rotation.step(most=6)).is_complete:
        pass
    assert progress == Progress(1, KEYS + 3, KEYS + 3)
    done = rotation.finish(1)
    assert done is not None
    assert (done.ended, done.begun, done.survivors, done.erased) == (1, 2, KEYS + 3, 0)
    for door in (store, other, place.door()):
        assert door.epoch == 2
        assert opened(door, made) == made
    assert place.keys().numbers() == [2]
    assert not part(place).exists()


def test_the_old_epoch_opens_nothing_afterwards(place: Place, made: dict[UUID, bytes]) -> None:
    old = place.keys().open(1)
    store = place.door()
    rotation = Rotation(store)
    rotation.step()
    rotation.finish(1)
    held = KeyStore.__new__(KeyStore)
    held.__dict__ |= store.__dict__ | {"_epoch_key": old}
    for name in made:
        with pytest.raises(KeyStoreError, match="does not open"):
            held.get(Kind.READINGS, name)
    with pytest.raises(KeyStoreError):
        place.keys().open(1)


def test_whoever_comes_after_goes_on_where_the_last_one_stopped(
    place: Place, made: dict[UUID, bytes]
) -> None:
    before = b""
    for done in range(5, KEYS + 1, 5):
        assert Rotation(place.door()).step(most=5).done == done  # a process that dies after each step
        assert part(place).read_bytes().startswith(before)
        before = part(place).read_bytes()
    store = place.door()
    assert Rotation(store).finish(1) is not None
    assert opened(store, made) == made


def test_doors_that_take_turns_do_nothing_twice(place: Place, made: dict[UUID, bytes]) -> None:
    rotations = [Rotation(place.door()) for _ in range(2)]
    assert [rotations[n % 2].step(most=4).done for n in range(5)] == [4, 8, 12, 16, 20]
    assert rotations[0].finish(1) is not None
    assert rotations[1].finish(1) is None  # it has ended already
    assert rotations[1].step(most=1) == Progress(2, 1, KEYS)  # that would be the next one
    assert opened(place.door(), made) == made


@pytest.mark.parametrize("cut", [1, 50, 112])
def test_a_step_that_was_cut_short_is_done_again(place: Place, made: dict[UUID, bytes], cut: int) -> None:
    Rotation(place.door()).step(most=3)
    content = part(place).read_bytes()
    part(place).write_bytes(content[:-cut])
    rotation = Rotation(place.door())
    assert rotation.step(most=1).done == 3
    while not rotation.step(most=5).is_complete:
        pass
    rotation.finish(1)
    assert opened(place.door(), made) == made


@pytest.mark.parametrize("damage", ["a flipped bit", "another store's", "no key"])
def test_a_preparation_that_does_not_fit_is_begun_again(
    place: Place, made: dict[UUID, bytes], tmp_path: Path, damage: str
) -> None:
    Rotation(place.door()).step(most=3)
    if damage == "a flipped bit":
        content = part(place).read_bytes()
        part(place).write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    elif damage == "no key":
        place.keys().destroy(2)
    else:
        other = Place(tmp_path / "other", place.token)
        other.create().make(Kind.READINGS, UUID(int=1))
        Rotation(other.door()).step()
        part(place).write_bytes(part(other).read_bytes())
    rotation = Rotation(place.door())
    assert rotation.step(most=2).done == 2
    while not rotation.step(most=9).is_complete:
        pass
    rotation.finish(1)
    assert opened(place.door(), made) == made


def test_what_was_prepared_for_another_key_or_for_none_is_not_gone_on_with(
    place: Place, made: dict[UUID, bytes]
) -> None:
    store = place.door()
    with store.preparing() as (number, old, records):
        write_new(part(place), b"")
        fresh, name = store.epoch_keys.put(number + 1, bytes(KEY_LENGTH)), next(iter(records))
        store.prepared(number, old, fresh, set()).bring({name: records[name]})
        for found in ({}, {name: wrap(name, bytes(KEY_LENGTH), old)}):
            with pytest.raises(KeyStoreError, match="not of this store"):
                store.prepared(number, old, fresh, set()).resume(found)


def test_an_erasure_in_the_middle_has_its_way(place: Place, made: dict[UUID, bytes]) -> None:
    store = place.door()
    rotation = Rotation(store)
    rotation.step(most=8)
    gone = next(iter(made))
    begin_epoch(place.door(), [(Kind.READINGS, gone)])
    del made[gone]
    assert rotation.finish(1) is None  # what the rotation was to end has ended
    assert store.epoch == 2
    assert not store.holds(Kind.READINGS, gone)
    assert opened(store, made) == made


def test_an_erasure_that_breaks_off_leaves_the_rotation_to_begin_again(
    place: Place, made: dict[UUID, bytes]
) -> None:
    store = place.door()
    rotation = Rotation(store)
    rotation.step(most=8)
    gone = next(iter(made))
    with pytest.raises(ZeroDivisionError), place.door().new_epoch([(Kind.READINGS, gone)]):
        raise ZeroDivisionError
    while not rotation.step(most=9).is_complete:
        pass
    rotation.finish(1)
    assert opened(store, made) == made  # nothing was decided in force


def test_a_rotation_is_not_put_in_force_before_its_time(
    place: Place, made: dict[UUID, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("databeheer.door.keys.rotation.MOST_IN_A_STEP", 5)
    store = place.door()
    rotation = Rotation(store)
    rotation.step(most=3)
    with pytest.raises(KeyStoreError, match="not that far"):
        rotation.finish(1)
    assert store.epoch == 1
    assert opened(store, made) == made
    assert MOST_IN_A_STEP > 5


def test_a_damaged_record_stops_the_rotation_and_the_old_epoch_holds(place: Place) -> None:
    store = place.create()
    store.make(Kind.READINGS, UUID(int=1))
    store.make(Kind.READINGS, UUID(int=2))
    stranger = Place(place.folder.parent / "stranger", place.token)
    stranger.create().make(Kind.READINGS, UUID(int=2))
    content = place.wrapped().read_bytes()
    place.wrapped().write_bytes(content[:113] + stranger.wrapped().read_bytes())
    rotation = Rotation(place.door())
    for _ in range(2):
        with pytest.raises(KeyStoreError, match="does not open"):
            rotation.step()
        with pytest.raises(KeyStoreError, match="does not open"):
            rotation.finish(1)
    assert place.door().epoch == 1
    assert place.door().get(Kind.READINGS, UUID(int=1)) == store.get(Kind.READINGS, UUID(int=1))


_ROTATES = """
import os, sys
from pathlib import Path
from databeheer.door.keys.place import epoch_keys
from databeheer.door.keys.rotation import Rotation
from databeheer.door.keys.store import KeyStore
folder = Path(sys.argv[1])
rotation = Rotation(KeyStore(folder, epoch_keys(folder, os.environ)))
while True:
    progress = rotation.step(most=3)
    print(progress.done, flush=True)
    sys.stdin.readline()
    if progress.is_complete:
        rotation.finish(progress.epoch)
        print("finished", flush=True)
        break
"""


def test_killed_in_the_middle_the_next_process_goes_on_and_the_door_never_stops(
    place: Place, made: dict[UUID, bytes]
) -> None:
    store, seen = place.door(), list[str]()
    while "finished" not in seen:
        with subprocess.Popen(
            [sys.executable, "-c", _ROTATES, str(place.folder)],
            cwd=CHECKOUT,
            env={"PATH": "/usr/bin:/bin"} | (place.token.environment if place.token else {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            seen.append(process.stdout.readline().strip())
            assert opened(store, made) == made
            process.stdin.write("go on\n")
            process.stdin.flush()
            if seen[-1] != str(KEYS):
                seen.append(process.stdout.readline().strip())
                process.send_signal(signal.SIGKILL)
            else:
                seen.append(process.stdout.readline().strip())
    assert [int(one) for one in seen[:-1]] == [3, 6, 9, 12, 15, 18, 20]
    assert (store.epoch, place.keys().numbers()) == (2, [2])
    assert opened(store, made) == made


def test_reads_and_new_keys_go_on_in_other_threads_and_doors_all_the_while(
    place: Place, made: dict[UUID, bytes]
) -> None:
    store, other, stop, faults = place.door(), place.door(), threading.Event(), list[BaseException]()
    fresh: dict[UUID, bytes] = {}

    def read() -> None:
        try:
            while not stop.is_set():
                assert opened(store, made) == made
                assert store.get_many(Kind.READINGS, [name.bytes for name in made]) == {
                    name.bytes: key for name, key in made.items()
                }
        except BaseException as error:
            faults.append(error)

    def make() -> None:
        try:
            number = 1000
            while not stop.is_set():
                fresh[UUID(int=number)] = other.make(Kind.READINGS, UUID(int=number))
                number += 1
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=act) for act in (read, read, make)]
    for thread in threads:
        thread.start()
    rotation = Rotation(store)
    for epoch in range(1, 4):
        while not rotation.step(most=7).is_complete:
            pass
        assert rotation.finish(epoch) is not None
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(fresh) > 3
    assert opened(place.door(), made | fresh) == made | fresh
    assert place.keys().numbers() == [4]
