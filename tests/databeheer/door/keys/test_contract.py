"""The contract of the key store, over each place that its epoch keys may lie in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databeheer.door.keys.epochs import KeyStoreError, fingerprint
from databeheer.door.keys.rotation import Rotation
from databeheer.door.keys.store import KeyStore, Kind
from tests.databeheer.door.keys.conftest import Place
from tests.epochs import begin_epoch

STAYS, GOES, LATER = UUID(int=101), UUID(int=102), UUID(int=103)
RECORD = 113


@pytest.fixture
def store(place: Place) -> KeyStore:
    """A store with a key that stays and one that goes."""
    store = place.create()
    store.make(Kind.READINGS, STAYS)
    store.make(Kind.READINGS, GOES)
    return store


def test_a_key_is_the_same_after_a_restart_and_for_a_second_door(place: Place, store: KeyStore) -> None:
    second = place.door()
    key = store.make(Kind.PERSON, LATER)
    assert second.get(Kind.PERSON, LATER) == place.door().get(Kind.PERSON, LATER) == key
    assert second.make(Kind.HOUSE, LATER) == store.get(Kind.HOUSE, LATER) != key


def test_a_store_is_not_made_over_another(place: Place, store: KeyStore) -> None:
    before = {file.name: file.read_bytes() for file in place.folder.iterdir()}
    with pytest.raises(KeyStoreError, match="already"):
        place.create()
    assert {file.name: file.read_bytes() for file in place.folder.iterdir()} == before
    assert place.door().holds(Kind.READINGS, STAYS)


def test_no_key_lies_in_the_folder_in_clear(place: Place, store: KeyStore) -> None:
    whole = b"".join(file.read_bytes() for file in place.folder.iterdir())
    assert store.get(Kind.READINGS, STAYS) not in whole
    secret = place.keys().open(1).secret()
    assert (secret in whole) == (place.token is None)  # that is what a token is for


def test_what_goes_with_an_epoch_is_gone_and_what_stays_opens(place: Place, store: KeyStore) -> None:
    kept, second = store.get(Kind.READINGS, STAYS), place.door()
    begin_epoch(store, [(Kind.READINGS, GOES)])
    for door in (store, second, place.door()):
        assert door.epoch == 2
        assert door.get(Kind.READINGS, STAYS) == kept
        with pytest.raises(KeyStoreError, match="erased, or never made"):
            door.get(Kind.READINGS, GOES)
    assert place.keys().numbers() == [2]


def test_a_backup_of_the_wrapped_keys_opens_by_nothing_that_is_left(place: Place, store: KeyStore) -> None:
    backup = place.copy("backup")
    begin_epoch(store, [(Kind.READINGS, GOES)])
    place.epoch_file(1, backup).unlink()
    with pytest.raises(KeyStoreError):
        place.door(backup)
    shutil.copy(place.epoch_file(2), place.epoch_file(1, backup))
    with pytest.raises(KeyStoreError):
        place.door(backup).get(Kind.READINGS, GOES)


def test_the_wrapped_keys_of_an_older_epoch_in_the_place_of_the_newer_do_not_open(
    place: Place, store: KeyStore
) -> None:
    older = place.wrapped(1).read_bytes()
    begin_epoch(store, [(Kind.READINGS, GOES)])
    place.wrapped(2).write_bytes(older)
    for name in (GOES, STAYS):
        with pytest.raises(KeyStoreError, match="does not open"):
            place.door().get(Kind.READINGS, name)


def test_an_epoch_key_under_another_number_opens_nothing(place: Place, store: KeyStore) -> None:
    place.epoch_file(1).rename(place.epoch_file(7))
    place.wrapped(1).rename(place.wrapped(7))
    if place.token is None:  # a file is the key itself; what a file cannot tell, the newest wrapped keys do
        assert place.door().epoch == 7
    else:
        with pytest.raises(KeyStoreError, match="no root of this epoch"):
            place.door()


def test_of_two_stores_in_one_place_none_opens_the_other(
    place: Place, store: KeyStore, tmp_path: Path
) -> None:
    other = Place(tmp_path / "other", place.token)
    strange = other.create().make(Kind.READINGS, STAYS)
    assert strange != store.get(Kind.READINGS, STAYS)
    shutil.copy(other.epoch_file(), place.epoch_file())
    with pytest.raises(KeyStoreError, match="does not open"):
        place.door().get(Kind.READINGS, STAYS)
    begin_epoch(other.door(), [])
    assert other.door().get(Kind.READINGS, STAYS) == strange


@pytest.mark.parametrize("length", [0, 1, 31, 33, 59, 61])
def test_an_epoch_key_of_another_length_is_refused(place: Place, store: KeyStore, length: int) -> None:
    whole = place.epoch_file().read_bytes()
    place.epoch_file().write_bytes((whole + bytes(40))[:length])
    with pytest.raises(KeyStoreError, match="damaged"):
        place.door()
    place.epoch_file().write_bytes(whole)
    assert place.door().get(Kind.READINGS, STAYS) == store.get(Kind.READINGS, STAYS)


def test_an_epoch_key_with_any_byte_flipped_opens_nothing(place: Place, store: KeyStore) -> None:
    whole = place.epoch_file().read_bytes()
    for at in range(len(whole)):
        place.epoch_file().write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(KeyStoreError, match="does not open"):
            place.door().get(Kind.READINGS, STAYS)


@pytest.mark.parametrize("cut", [1, RECORD - 1])
def test_a_record_that_was_cut_short_is_not_there_and_the_next_one_takes_its_place(
    place: Place, store: KeyStore, cut: int
) -> None:
    kept = store.get(Kind.READINGS, STAYS)
    os.truncate(place.wrapped(), 2 * RECORD - cut)
    door = place.door()
    with pytest.raises(KeyStoreError, match="erased, or never made"):
        door.get(Kind.READINGS, GOES)
    made = door.make(Kind.READINGS, LATER)
    assert (place.door().get(Kind.READINGS, STAYS), place.door().get(Kind.READINGS, LATER)) == (kept, made)


def test_a_store_that_became_shorter_under_a_running_door_is_refused(place: Place, store: KeyStore) -> None:
    os.truncate(place.wrapped(), RECORD)
    with pytest.raises(KeyStoreError, match="shorter than it was"):
        store.get(Kind.READINGS, LATER)
    with pytest.raises(KeyStoreError, match="shorter than it was"):
        store.make(Kind.READINGS, LATER)


def test_a_store_without_its_epoch_key_does_not_open_and_makes_none(place: Place, store: KeyStore) -> None:
    place.epoch_file().unlink()
    with pytest.raises(KeyStoreError, match="not there"):
        place.door()
    assert not place.epoch_file().exists()


def test_destroying_is_safe_to_repeat_and_leaves_the_others(place: Place, store: KeyStore) -> None:
    keys = place.keys()
    keys.put(2, bytes(32))
    for _ in range(2):
        keys.destroy(2)
    assert keys.numbers() == [1]
    with pytest.raises(KeyStoreError):
        keys.open(2)
    assert place.door().holds(Kind.READINGS, STAYS)


def test_what_an_attempt_left_is_destroyed_by_the_next(place: Place, store: KeyStore) -> None:
    keys = place.keys()
    keys.put(2, b"a" * 32)
    left = place.epoch_file(2).read_bytes()
    keys.put(2, b"b" * 32)
    assert keys.open(2).secret() == b"b" * 32
    place.epoch_file(2).write_bytes(left)
    if place.token is not None:  # under its root; a file that somebody kept is the key itself
        with pytest.raises(KeyStoreError, match="does not open"):
            keys.open(2)
    begin_epoch(store, [(Kind.READINGS, GOES)])
    assert fingerprint(keys.open(2).secret()) not in (fingerprint(b"a" * 32), fingerprint(b"b" * 32))


class Cut(BaseException):
    """The power goes."""


def test_cut_off_at_any_step_either_epoch_opens_what_survives(place: Place, store: KeyStore) -> None:
    kept, step, epochs = store.get(Kind.READINGS, STAYS), 0, list[int]()
    while True:
        begun = store.epoch
        if not store.holds(Kind.READINGS, GOES):
            store.make(Kind.READINGS, GOES)
        ended = cut_after(step, lambda: begin_epoch(place.door(), [(Kind.READINGS, GOES)]))
        store = place.door()
        epochs.append(store.epoch - begun)
        assert store.get(Kind.READINGS, STAYS) == kept, step
        assert store.holds(Kind.READINGS, GOES) == (store.epoch == begun), step
        if store.epoch > begun:
            assert place.keys().numbers() == [store.epoch], step
        if ended:
            break
        step += 1
    assert step > 8
    assert epochs == sorted(epochs)
    assert set(epochs) == {0, 1}


def cut_after(steps: int, act: Callable[[], Any]) -> bool:
    """Let the power go at one of the calls that change the disk; says whether `act` was through before."""
    taken = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            nonlocal taken
            if taken >= steps:
                raise Cut
            taken += 1
            return call(*arguments, **options)

        return counting

    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "rename", "unlink"):
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            act()
        except Cut:
            return False
    return True


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["make", "erase", "step", "finish", "restart", "get"]),
        st.integers(0, 7),
        st.booleans(),
    ),
    min_size=4,
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_any_sequence_of_acts_of_two_doors_ends_in_what_was_made_and_not_erased(
    place: Place, acts: list[tuple[str, int, bool]]
) -> None:
    shutil.rmtree(place.folder, ignore_errors=True)
    doors = [place.create(), place.door()]
    rotations = [Rotation(door) for door in doors]
    made: dict[UUID, bytes] = {}
    for act, number, which in acts:
        door, name = doors[which], UUID(int=number + 1)
        if act == "make" and name not in made:
            made[name] = door.make(Kind.READINGS, name)
        elif act == "erase":
            begin_epoch(door, [(Kind.READINGS, name)])
            made.pop(name, None)
        elif act == "step":
            rotations[which].step(most=2)
        elif act == "finish":
            epoch = door.epoch
            assert rotations[which].finish(epoch) is not None
            assert door.epoch == epoch + 1
        elif act == "restart":
            doors[which] = place.door()
            rotations[which] = Rotation(doors[which])
        elif name in made:
            assert door.get(Kind.READINGS, name) == made[name]
        else:
            with pytest.raises(KeyStoreError):
                door.get(Kind.READINGS, name)
    for door in (*doors, place.door()):
        assert {name: door.get(Kind.READINGS, name) for name in made} == made
        assert [n for n in range(8) if door.holds(Kind.READINGS, UUID(int=n + 1))] == sorted(
            n.int - 1 for n in made
        )
    epoch = doors[0].epoch
    assert [number for number in place.keys().numbers() if number <= epoch] == [epoch]


def test_keys_as_rows_are_those_of_their_names_in_their_order(place: Place, store: KeyStore) -> None:
    names = [GOES.bytes, STAYS.bytes, GOES.bytes]
    rows = store.get_rows(Kind.READINGS, names)
    assert [row.tobytes() for row in rows] == [store.get(Kind.READINGS, UUID(bytes=one)) for one in names]
    assert store.get_rows(Kind.READINGS, []).shape == (0, 32)


def test_one_key_that_went_with_its_epoch_and_no_rows_are_given(place: Place, store: KeyStore) -> None:
    second = place.door()
    begin_epoch(store, [(Kind.READINGS, GOES)])
    for door in (store, second):
        with pytest.raises(KeyStoreError, match="not there"):
            door.get_rows(Kind.READINGS, [STAYS.bytes, GOES.bytes])
        assert len(door.get_rows(Kind.READINGS, [STAYS.bytes])) == 1
