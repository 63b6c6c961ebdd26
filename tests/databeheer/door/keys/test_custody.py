"""Custody: k of n shares put an epoch key back; wrong ones are told apart in words and change nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.door.keys import custody
from databeheer.door.keys import shares as spelling
from databeheer.door.keys.custody import recover, split
from databeheer.door.keys.epochs import KeysAwayError, KeyStoreError
from databeheer.door.keys.rotation import Rotation
from databeheer.door.keys.shares import ALPHABET, Share, ShareError, read
from databeheer.door.keys.store import KeyStore, Kind
from tests.databeheer.door.keys.conftest import Place
from tests.tokens import SoftToken

ONE = UUID(int=101)
SHARE = Share(b"\x01" * 8, b"\x02" * 4, 7, 5, 3, 2, bytes(range(32)))


@pytest.fixture
def store(place: Place) -> KeyStore:
    store = place.create()
    store.make(Kind.READINGS, ONE)
    return store


def lost(place: Place) -> Place:
    """The machine burnt: what is left is a backup of the folder without its epoch key."""
    folder = place.copy("left")
    for number in place.keys().numbers():
        if place.token is None:
            place.epoch_file(number, folder).unlink()
        place.keys().destroy(number)
    return Place(folder, place.token)


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_any_three_of_five_put_the_key_back(place: Place, store: KeyStore) -> None:
    key = store.get(Kind.READINGS, ONE)
    shares = split(place.folder, place.keys(), 3, 5)
    assert [share.number for share in shares] == [1, 2, 3, 4, 5]
    left = lost(place)
    with pytest.raises(KeyStoreError):
        left.door()
    for number, chosen in enumerate(combinations(shares, 3)):
        one = Place(Path(shutil.copytree(left.folder, left.folder.parent / str(number))), place.token)
        assert recover(one.folder, one.keys(), [read(share.text()) for share in chosen]) == 1
        assert one.door().get(Kind.READINGS, ONE) == key
        one.keys().destroy(1)


def test_a_share_holds_no_key_and_the_store_no_share(place: Place, store: KeyStore) -> None:
    shares = split(place.folder, place.keys(), 2, 3)
    secret = place.keys().open(1).secret()
    assert all(share.value != secret for share in shares)
    whole = b"".join(files_of(place.folder).values())
    assert not any(share.value in whole or share.value.hex().encode() in whole for share in shares)


def test_too_few_the_same_twice_of_another_split_store_or_epoch_and_forged_are_told_apart(
    place: Place, store: KeyStore, tmp_path: Path
) -> None:
    earlier = split(place.folder, place.keys(), 3, 5)
    shares = split(place.folder, place.keys(), 3, 5)
    other = Place(tmp_path / "other", place.token)
    other.create()
    strange = split(other.folder, other.keys(), 3, 5)
    left = lost(place)
    before = files_of(left.folder)
    forged = replace(shares[2], value=bytes(32))
    for given_, words in (
        ([], "0 shares are given, and 3 are needed"),
        (shares[:2], "2 shares are given, and 3 are needed"),
        ([shares[0], shares[1], shares[1]], "share 2 is given twice"),
        ([shares[0], shares[1], earlier[2]], "share 3 is of another split"),
        (earlier[:3], "share 1 is of another split"),
        ([shares[0], strange[1], shares[2]], "share 2 is of another key store"),
        ([shares[0], shares[1], forged], "share 3 is forged"),
        ([*shares[:4], replace(shares[4], number=6, count=6)], "share 6 is forged"),
        ([shares[0], shares[1], replace(shares[2], number=4)], "share 4 is forged"),
        ([shares[0], shares[1], replace(shares[2], needed=2)], "share 3 is forged"),
        (
            [shares[0], shares[1], replace(shares[2], epoch=2)],
            "share 3 is of epoch 2; this store is in epoch 1",
        ),
    ):
        with pytest.raises(ShareError, match=words):
            recover(left.folder, left.keys(), given_)
        assert files_of(left.folder) == before
        with pytest.raises(KeyStoreError):
            left.door()
    assert recover(left.folder, left.keys(), shares[2:]) == 1


def test_shares_of_an_epoch_that_was_rotated_away_are_good_for_nothing(place: Place, store: KeyStore) -> None:
    shares = split(place.folder, place.keys(), 2, 2)
    rotation = Rotation(store)
    rotation.step()
    rotation.finish(1)
    assert not (place.folder / "epoch-0001.custody").exists()
    backup = place.copy("backup")
    fresh = split(place.folder, place.keys(), 2, 2)
    left = lost(place)
    with pytest.raises(ShareError, match="is of epoch 1; this store is in epoch 2"):
        recover(left.folder, left.keys(), [shares[0], fresh[1]])
    with pytest.raises(KeyStoreError, match="was ever split"):
        recover(backup, place.keys(backup), shares)
    assert recover(left.folder, left.keys(), fresh) == 1


def test_a_store_that_opens_is_not_recovered(place: Place, store: KeyStore) -> None:
    shares = split(place.folder, place.keys(), 2, 3)
    before = files_of(place.folder)
    with pytest.raises(KeyStoreError, match="there already"):
        recover(place.folder, place.keys(), shares)
    assert files_of(place.folder) == before


def test_a_key_that_does_not_open_what_is_stored_is_not_put_there(
    place: Place, store: KeyStore, tmp_path: Path
) -> None:
    """The folder was put together from two backups: the shares fit, the wrapped keys are another store's."""
    shares = split(place.folder, place.keys(), 2, 3)
    other = Place(tmp_path / "other", place.token)
    other.create().make(Kind.READINGS, ONE)
    left = lost(place)
    shutil.copy(other.wrapped(), left.wrapped())
    before = files_of(left.folder)
    with pytest.raises(KeyStoreError, match="does not open"):
        recover(left.folder, left.keys(), shares)
    assert files_of(left.folder) == before


def test_what_the_store_says_of_its_shares_may_be_damaged_or_changed(place: Place, store: KeyStore) -> None:
    shares = split(place.folder, place.keys(), 2, 3)
    left = lost(place)
    file = left.folder / "epoch-0001.custody"
    whole = file.read_text()
    for damaged in ("", "[]", "{}", whole[:-10], whole.replace('"format": 1', '"format": 9')):
        file.write_text(damaged)
        with pytest.raises(KeyStoreError, match="damaged"):
            recover(left.folder, left.keys(), shares)
    file.write_text(whole.replace('"needed": 2', '"needed": 1'))
    with pytest.raises(ShareError, match="do not give the key back"):
        recover(left.folder, left.keys(), shares[:1])
    file.write_text(whole)
    assert recover(left.folder, left.keys(), shares[:2]) == 1


def test_while_the_token_is_away_nothing_is_recovered(tmp_path: Path, token: SoftToken) -> None:
    place = Place(tmp_path / "keys", token)
    place.create().make(Kind.READINGS, ONE)
    shares = split(place.folder, place.keys(), 2, 3)
    left = lost(place)
    token.pull()
    before = files_of(left.folder)
    with pytest.raises(KeysAwayError):
        recover(left.folder, left.keys(), shares)
    assert files_of(left.folder) == before


@pytest.mark.parametrize(("needed", "count"), [(1, 3), (0, 0), (4, 3), (2, 100), (-1, 2)])
def test_a_split_that_one_could_open_or_nobody_is_refused(
    place: Place, store: KeyStore, needed: int, count: int
) -> None:
    with pytest.raises(KeyStoreError, match="at least two"):
        split(place.folder, place.keys(), needed, count)
    assert custody.custody_of(place.folder) is None


def test_a_share_reads_as_it_was_printed_and_as_people_type() -> None:
    text = SHARE.text()
    assert read(text) == SHARE
    typed = "\n".join(
        f"{number}. {characters.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}"
        for number, characters in (line.split(": ") for line in lines_of(text))
    )
    assert read(typed) == SHARE
    assert "share 2 of 5" in text
    assert "epoch 7" in text
    assert "Any 3 shares" in text
    assert SHARE.fingerprint.hex() in text
    assert max(map(len, text.splitlines())) <= 100


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:3].strip().isdigit()]


def test_a_mistyped_character_is_named_by_its_line() -> None:
    """Of all single mistakes in a line one in a thousand passes its two check characters; none passes the whole."""
    text, missed = SHARE.text(), 0
    for line in lines_of(text):
        number, characters = line.split(": ")
        for at, was in enumerate(characters):
            if was == "-":
                continue
            typed = ALPHABET[(ALPHABET.index(was) + 1 + at) % 32]
            if typed == was:
                continue
            wrong = text.replace(line, f"{number}: {characters[:at]}{typed}{characters[at + 1 :]}")
            with pytest.raises(ShareError) as caught:
                read(wrong)
            missed += f"line {number.strip()} of the share is mistyped" not in str(caught.value)
    assert missed <= 2


def test_lines_that_are_missing_doubled_exchanged_or_strange_are_named() -> None:
    text = SHARE.text()
    lines = lines_of(text)
    third, fourth = lines[2].split(": ")[1], lines[3].split(": ")[1]
    for wrong, words in (
        ("", "this is no share"),
        ("any text at all", "this is no share"),
        (text.replace(lines[5], ""), "line 6 of the share is not there"),
        (text + lines[5] + "\n", "line 6 stands there twice"),
        (text + " 12: " + third + "\n", "line 12 of the share is mistyped"),
        (text + f" 12: {spelling._spelled(12, bytes(spelling._LINE))}\n", "too many lines"),
        (text.replace(third, "x").replace(fourth, third).replace("x", fourth), "is mistyped"),
        (text.replace(third, third[:-1]), "line 3 of the share is mistyped"),
        (text.replace(third, "U" + third[1:]), "none of them U"),
    ):
        with pytest.raises(ShareError, match=words):
            read(wrong)


def test_lines_of_two_shares_make_no_share_though_each_of_them_is_right() -> None:
    text, of_another = (
        SHARE.text(),
        lines_of(replace(SHARE, number=3, value=b"another custodian's paper\0\0\0\0\0\0\0").text()),
    )
    differing = [
        (mine, theirs) for mine, theirs in zip(lines_of(text), of_another, strict=True) if mine != theirs
    ]
    assert len(differing) > 3
    for mine, theirs in differing:
        with pytest.raises(ShareError, match="do not belong together"):
            read(text.replace(mine, theirs))


@pytest.mark.parametrize("numbers", [{"needed": 1}, {"needed": 6}, {"number": 0}, {"number": 6}], ids=str)
def test_a_share_that_no_split_gives_is_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(ShareError, match="counts in a way that no split does"):
        read(replace(SHARE, **numbers).text())  # type: ignore[arg-type]


def test_a_share_of_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_FORMAT", spelling._FORMAT + 1)
    text = SHARE.text()
    monkeypatch.undo()
    with pytest.raises(ShareError, match="a format that is not known here"):
        read(text)


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_no_text_but_a_share_is_read_as_one(text: str) -> None:
    with pytest.raises(ShareError):
        read(text)


@given(st.binary(min_size=32, max_size=32), st.integers(1, 99), st.integers(0, 2**32 - 1))
def test_every_share_comes_back_as_it_went(value: bytes, number: int, epoch: int) -> None:
    share = replace(SHARE, value=value, number=number, count=99, epoch=epoch)
    assert read(share.text()) == share
