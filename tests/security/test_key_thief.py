"""What a thief of one key, or of the key store without its token, makes of the whole database and all backups."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from databeheer.brussels import day_of
from databeheer.door.house import LEDGER_HOUSE
from databeheer.door.keys import seals
from databeheer.door.keys.custody import split
from databeheer.door.keys.epochs import HeldKey, KeyStoreError
from databeheer.door.keys.store import KeyStore, Kind
from databeheer.door.keys.token_keys import TokenEpochKeys
from databeheer.door.keys.wrapped import read_records, unwrap
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.sealing import Coordinates
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.databeheer.door.conftest import DAYS, export
from tests.databeheer.door.keys.conftest import shelf as shelf  # a fixture
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.doors import query
from tests.house import Customer, TheHouse
from tests.tokens import Shelf

KEY = 32


def rows(house: TheHouse) -> list[Any]:
    """Every row of readings, as a dump has it."""
    return query(
        house,
        "SELECT pseudonym, channel, day, version, fingerprint, values_sealed, total_sealed FROM metering.profile",
    )


def opened(house: TheHouse, key: bytes) -> set[tuple[bytes, Any]]:
    """Which rows open to whoever has this key, by every way in which a row's keys come from one."""
    found = set()
    for pseudonym, channel, day, version, mark, *sealed in rows(house):
        where = Coordinates(bytes(pseudonym), bytes(channel), day, version)
        for part, content in zip(("values", "total"), sealed, strict=True):
            for one in (key, seals.profile_key(key, part, bytes(channel), day, version)):
                try:
                    unseal_profile(one, bytes(content), bytes(mark), where, part)
                except SealError:
                    continue
                found.add((bytes(pseudonym), day))
    return found


@pytest.fixture
@setting_up
def neighbours(house: TheHouse, lotte: Customer, maria: Customer) -> dict[str, UUID]:
    """Lotte, who moved out; Noor, who came after her at the same point and meter; Maria, at another."""
    house.ingest(export())
    house.ingest(english(*day_rows(DAYS[0], row=Row(ean=f'="{MARIAS_EAN}"', meter="2SAG9990000003"))))
    stays = {"lotte": UUID(lotte.occupancy()), "maria": UUID(maria.occupancy())}
    noor = house.customer("noor", "Noor Claes")
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAYS[-1].isoformat())
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(noor.person_id),
        from_day=DAYS[-1].isoformat(),
    )
    return stays | {"noor": UUID(noor.occupancy())}


def roots(house: TheHouse, stays: dict[str, UUID]) -> dict[str, bytes]:
    """The root keys of the stays, by the name under which each is kept now."""
    return {
        name: house.house.readings_root(
            query(house, "SELECT root_id FROM registry.occupancy WHERE occupancy_id = %s", stay)[0][0]
        )
        for name, stay in stays.items()
    }


def test_with_one_occupancys_key_nothing_of_another_opens(
    house: TheHouse, neighbours: dict[str, UUID]
) -> None:
    found = roots(house, neighbours)
    whose = {name: seals.pseudonym(root) for name, root in found.items()}
    everything = {(bytes(pseudonym), day) for pseudonym, _, day, *_ in rows(house)}
    assert len(set(whose.values())) == 3
    for name, root in found.items():
        own = {(pseudonym, day) for pseudonym, day in everything if pseudonym == whose[name]}
        assert own  # that there is something to steal
        assert opened(house, root) == own
    assert {day for pseudonym, day in everything if pseudonym == whose["lotte"]} == set(DAYS[:-1])
    assert {day for pseudonym, day in everything if pseudonym == whose["noor"]} == {DAYS[-1]}


def test_the_other_keys_of_a_stay_and_a_person_open_no_reading_and_no_other_wrapped_key(
    house: TheHouse, neighbours: dict[str, UUID]
) -> None:
    keys, person = house.house.keys, house.people[0]
    stolen = [
        keys.get(Kind.OCCUPANCY_LEDGER, neighbours["lotte"]),
        keys.get(Kind.PERSON, person.person_id),
        *roots(house, neighbours).values(),
    ]
    for key in stolen[:2]:
        assert opened(house, key) == set()
    with (house.folder / "keys" / "epoch-0001.wrapped").open("rb") as file:
        records = list(read_records(file))
    assert len(records) > 5
    for key in stolen:
        for _, record in records:
            with pytest.raises(KeyStoreError):
                unwrap(record, HeldKey(key))


def windows(folder: Path) -> set[bytes]:
    """Every run of 32 bytes in the files of a folder: what may be a key."""
    return {
        content[at : at + KEY]
        for file in folder.iterdir()
        if file.is_file()
        for content in (file.read_bytes(),)
        for at in range(len(content) - KEY + 1)
    }


def opening(folder: Path) -> list[bytes]:
    """Those of them that open a wrapped key of the store in that folder."""
    [wrapped] = folder.glob("epoch-*.wrapped")
    with wrapped.open("rb") as file:
        _, record = next(iter(read_records(file)))
    found = []
    for window in windows(folder):
        try:
            unwrap(record, HeldKey(window))
        except KeyStoreError:
            continue
        found.append(window)
    return found


def test_the_store_of_files_holds_what_opens_it_and_under_a_token_it_does_not(
    house: TheHouse, neighbours: dict[str, UUID], shelf: Shelf
) -> None:
    """Why the folder is kept apart from every dump, and what a token changes: the same search finds the key, or not."""
    folder = house.folder / "keys"
    [epoch_key] = opening(folder)
    assert epoch_key == (folder / "epoch-0001.key").read_bytes()

    token = shelf.token()
    moved = house.folder / "moved"
    store = KeyStore.create(moved, TokenEpochKeys(moved, token.settings))
    for kind, name in ((Kind.HOUSE, LEDGER_HOUSE), (Kind.READINGS, neighbours["lotte"])):
        store.make(kind, name)
    shares = split(moved, TokenEpochKeys(moved, token.settings), 3, 5)
    backup = Path(shutil.copytree(moved, house.folder / "backup"))
    for number, share in enumerate(shares[:2]):
        (backup / f"share-{number}").write_bytes(share.value)  # two custodians are bribed
    assert opening(backup) == []
    token.pull()
    assert opening(backup) == []
    token.put_back()
    assert KeyStore(moved, TokenEpochKeys(moved, token.settings)).get(Kind.HOUSE, LEDGER_HOUSE)


def test_a_dump_of_before_an_erasure_and_todays_key_store_open_nothing_of_the_erased(
    house: TheHouse, neighbours: dict[str, UUID], lotte: Customer
) -> None:
    """The rows as the old dump has them, and every key that there is today."""
    old_rows = rows(house)
    whose = {name: seals.pseudonym(root) for name, root in roots(house, neighbours).items()}
    house.clock.set(house.clock.now() + timedelta(days=366 * 4))
    assert day_of(house.clock.now()) > DAYS[-1]
    house.operator(
        "erasure.decide",
        data_class="readings",
        occupancy_id=str(neighbours["lotte"]),
        reason="authority_order",
        decided_by="DPO",
    )
    house.operator("erasure.execute")
    store = KeyStore(house.folder / "keys")
    with (house.folder / "keys" / "epoch-0002.wrapped").open("rb") as file:
        today = [store.get(Kind(name[0]), UUID(bytes=name[1])) for name, _ in read_records(file)]
    found = set()
    for pseudonym, channel, day, version, mark, values, _ in old_rows:
        where = Coordinates(bytes(pseudonym), bytes(channel), day, version)
        for key in today:
            try:
                derived = seals.profile_key(key, "values", bytes(channel), day, version)
                unseal_profile(derived, bytes(values), bytes(mark), where, "values")
            except SealError:
                continue
            found.add(bytes(pseudonym))
    assert found == {whose["noor"], whose["maria"]}
