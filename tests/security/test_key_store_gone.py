"""The keys lie outside the database: with the key store taken away, nothing that is sealed opens again."""

from __future__ import annotations

import shutil

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.door.house import make_keys
from tests.doors import PATIENCE_SECONDS, door_environment, door_process, launch
from tests.house import Customer, Party, TheHouse

HOUSE_KEYS, RECORD = 3, 113


def start_and_end(house: TheHouse) -> str:
    """Start a door that should not start; returns what it says."""
    log = house.folder / "door.log"
    process = launch(door_environment(house), log)
    assert process.wait(PATIENCE_SECONDS) == 2
    assert not (house.folder / "process.sock").exists()
    return log.read_text()


def test_without_the_key_store_the_door_does_not_start(house: TheHouse, measured: Customer) -> None:
    (house.folder / "keys").rename(house.folder / "taken")
    assert start_and_end(house) == (
        "the door does not start: the key store is not there: nothing sealed can be opened\n"
    )


def test_a_fresh_key_store_in_the_place_of_the_lost_one_is_refused(
    house: TheHouse, measured: Customer
) -> None:
    shutil.rmtree(house.folder / "keys")
    make_keys(house.folder / "keys")
    assert "not the one that this database was filled with" in start_and_end(house)


def test_a_damaged_key_store_is_refused_in_plain_words(house: TheHouse, measured: Customer) -> None:
    wrapped = house.folder / "keys" / "epoch-0001.wrapped"
    stored = bytearray(wrapped.read_bytes())
    stored[200] ^= 1
    wrapped.write_bytes(stored)
    assert "the key store is damaged at byte 113" in start_and_end(house)


@pytest.mark.machine_time
def test_without_the_keys_of_occupancies_nothing_opens_and_no_new_key_takes_their_place(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    asked = bram.ask()
    measured.grant(asked)
    assert bram.read(asked["permission_id"])["channels"]
    wrapped = house.folder / "keys" / "epoch-0001.wrapped"
    wrapped.write_bytes(wrapped.read_bytes()[: HOUSE_KEYS * RECORD])
    with door_process(house):
        for attempt in (
            lambda: bram.read(asked["permission_id"]),
            lambda: measured.call("me"),
            measured.statements,
        ):
            with pytest.raises(DoorRefusedError) as refused:
                attempt()
            assert refused.value.code == "unavailable"
            assert not refused.value.promise
    assert wrapped.stat().st_size == HOUSE_KEYS * RECORD
