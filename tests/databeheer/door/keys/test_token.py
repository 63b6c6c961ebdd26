"""The token: its roots never leave it, a destroyed one is gone, and every way in which it says no has its words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

from databeheer.door.keys import token as tokens
from databeheer.door.keys import token_keys
from databeheer.door.keys.epochs import EpochKeys, KeysAwayError, KeyStoreError
from databeheer.door.keys.files import FileEpochKeys
from databeheer.door.keys.place import MovingEpochKeys, epoch_keys
from databeheer.door.keys.store import KeyStore, Kind
from databeheer.door.keys.token import connection, read_pin
from databeheer.door.keys.token_keys import LIFETIME_SECONDS, TokenEpochKeys
from tests.epochs import begin_epoch
from tests.tokens import Shelf, SoftToken, write_pin

ONE, OTHER = UUID(int=101), UUID(int=102)


@pytest.fixture
def folder(tmp_path: Path, token: SoftToken) -> Path:
    """A store whose root is in the token, with a key in it."""
    folder = tmp_path / "keys"
    KeyStore.create(folder, TokenEpochKeys(folder, token.settings)).make(Kind.READINGS, ONE)
    return folder


def door(folder: Path, token: SoftToken, now: Callable[[], float] = lambda: 0.0) -> KeyStore:
    return KeyStore(folder, TokenEpochKeys(folder, token.settings, now))


def on(token: SoftToken, act: Callable[[Any], Any]) -> Any:
    """Do something on the token as whoever knows its PIN can."""
    return connection(token.settings).use(act)


def roots(session: Any) -> list[Any]:
    return list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))


def test_the_root_cannot_be_taken_out_of_the_token(folder: Path, token: SoftToken) -> None:
    def look(session: Any) -> None:
        (root,) = roots(session)
        assert root[Attribute.SENSITIVE]
        assert root[Attribute.ALWAYS_SENSITIVE]
        assert root[Attribute.NEVER_EXTRACTABLE]
        assert root[Attribute.LOCAL]
        assert not root[Attribute.EXTRACTABLE]
        with pytest.raises((pkcs11.AttributeSensitive, pkcs11.AttributeTypeInvalid)):
            root[Attribute.VALUE]
        with pytest.raises(pkcs11.PKCS11Error):
            root[Attribute.EXTRACTABLE] = True
        with pytest.raises(pkcs11.PKCS11Error):
            root[Attribute.SENSITIVE] = False
        with pytest.raises(pkcs11.PKCS11Error):
            root.copy({Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False})
        wrapping = session.generate_key(
            KeyType.AES, 256, capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP
        )
        with pytest.raises(pkcs11.PKCS11Error):
            wrapping.wrap_key(root)
        assert not hasattr(root, "wrap_key") or not root[Attribute.WRAP]

    on(token, look)
    whole = b"".join(file.read_bytes() for file in folder.iterdir())
    key = door(folder, token).get(Kind.READINGS, ONE)
    secret = TokenEpochKeys(folder, token.settings).open(1).secret()
    assert key not in whole
    assert secret not in whole


def test_an_epoch_that_was_destroyed_in_the_token_opens_from_no_backup(
    folder: Path, token: SoftToken
) -> None:
    backup = shutil.copytree(folder, folder.parent / "backup")
    store = door(folder, token)
    kept = store.get(Kind.READINGS, ONE)
    store.make(Kind.READINGS, OTHER)
    begin_epoch(store, [(Kind.READINGS, OTHER)])
    assert len(on(token, roots)) == 1
    with pytest.raises(KeyStoreError, match="no root of this epoch"):
        door(backup, token)
    for file in backup.iterdir():
        shutil.copy(file, folder / file.name)  # what the disk kept, or somebody put back
    again = door(folder, token)
    assert (again.epoch, again.get(Kind.READINGS, ONE)) == (2, kept)
    assert not again.holds(Kind.READINGS, OTHER)


def test_a_token_that_is_pulled_out_stops_the_door_within_a_minute_and_back_it_goes_on(
    folder: Path, token: SoftToken
) -> None:
    seconds = 0.0
    store = door(folder, token, lambda: seconds)
    key = store.get(Kind.READINGS, ONE)
    token.pull()
    seconds = LIFETIME_SECONDS - 0.1
    assert store.get(Kind.READINGS, ONE) == key
    seconds = LIFETIME_SECONDS
    size = (folder / "epoch-0001.wrapped").stat().st_size
    for _ in range(2):
        with pytest.raises(KeysAwayError):
            store.get(Kind.READINGS, ONE)
        with pytest.raises(KeysAwayError):
            store.make(Kind.READINGS, OTHER)
        with pytest.raises(KeysAwayError):
            store.get_or_make(Kind.READINGS, OTHER)
        with pytest.raises(KeysAwayError):
            begin_epoch(store, [])
        seconds = 0.0  # no clock brings it back
    assert store.holds(Kind.READINGS, ONE)  # away is not erased
    assert (folder / "epoch-0001.wrapped").stat().st_size == size
    with pytest.raises(KeysAwayError, match="token"):
        door(folder, token)
    token.put_back()
    assert store.get(Kind.READINGS, ONE) == key
    begin_epoch(store, [])
    assert (store.epoch, door(folder, token).get(Kind.READINGS, ONE)) == (2, key)


def test_an_epoch_that_ends_between_the_look_and_the_opening_is_no_lost_key(
    folder: Path, token: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    store = door(folder, token, lambda: seconds)
    key, find = store.get(Kind.READINGS, ONE), store._find

    def found(names: Any) -> Any:
        nonlocal seconds
        answer = find(names)
        if store.epoch == 1:
            begin_epoch(door(folder, token), [])
            seconds = LIFETIME_SECONDS  # and what this door held of the old one is held no longer
        return answer

    monkeypatch.setattr(store, "_find", found)
    assert store.get(Kind.READINGS, ONE) == key
    assert store.epoch == 2


def test_a_session_that_somebody_ended_is_opened_again(folder: Path, token: SoftToken) -> None:
    seconds = 0.0
    store = door(folder, token, lambda: seconds)
    key = store.get(Kind.READINGS, ONE)
    pkcs11.lib(str(token.settings.module)).reinitialize()
    seconds = LIFETIME_SECONDS
    assert store.get(Kind.READINGS, ONE) == key


def test_a_wrong_pin_is_tried_once_and_not_again_until_it_changes(
    folder: Path, token: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, library = list[str](), pkcs11.lib

    def counted(module: str) -> Any:
        asked.append(module)
        return library(module)

    write_pin(token.pin_file, "not the PIN")
    tokens._CONNECTIONS.clear()
    monkeypatch.setattr(pkcs11, "lib", counted)
    for words in ("refuses this PIN", "not tried again", "not tried again"):
        with pytest.raises(KeysAwayError, match=words):
            door(folder, token)
    assert len(asked) == 1
    write_pin(token.pin_file, token.pin)
    assert door(folder, token).holds(Kind.READINGS, ONE)


def test_who_is_logged_in_lets_nobody_in_with_another_pin(
    folder: Path, token: SoftToken, tmp_path: Path
) -> None:
    assert door(folder, token).holds(Kind.READINGS, ONE)
    other = tmp_path / "other.pin"
    write_pin(other, "not the PIN")
    stranger = SoftToken(token.shelf, token.label, "", token.inside, other)
    with pytest.raises(KeysAwayError, match="refuses this PIN"):
        door(folder, stranger)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (pkcs11.PinLocked, "is locked"),
        (pkcs11.PinExpired, "has expired"),
        (pkcs11.UserPinNotInitialized, "no PIN yet"),
        (pkcs11.TokenWriteProtected, "write-protected"),
        (pkcs11.DeviceError, "DeviceError"),
    ],
)
def test_what_the_token_answers_is_said_in_words_and_nothing_opens(
    folder: Path, token: SoftToken, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], words: str
) -> None:
    """SoftHSM never locks: what another token would answer is put in its mouth."""

    def answers(self: tokens.Token) -> Any:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(tokens.Token, "_connect", answers)
        tokens._CONNECTIONS.clear()
        with pytest.raises(KeysAwayError, match=words):
            door(folder, token)
    assert door(folder, token).holds(Kind.READINGS, ONE)


def test_a_token_of_another_label_is_refused(folder: Path, token: SoftToken, shelf: Shelf) -> None:
    nowhere = SoftToken(token.shelf, "no such token", token.pin, token.inside, token.pin_file)
    with pytest.raises(KeyStoreError, match="another label"):
        door(folder, nowhere)
    with pytest.raises(KeyStoreError, match="another label"):
        door(folder, shelf.token())
    with pytest.raises(KeysAwayError, match="is not there"):
        KeyStore.create(folder.parent / "new", TokenEpochKeys(folder.parent / "new", nowhere.settings))


def test_of_two_tokens_of_one_label_none_is_taken(folder: Path, token: SoftToken, shelf: Shelf) -> None:
    twin = shelf.token(token.label)
    tokens._CONNECTIONS.clear()
    with pytest.raises(KeysAwayError, match="two tokens bear this label"):
        door(folder, token)
    twin.pull()
    assert door(folder, token).holds(Kind.READINGS, ONE)


def test_another_token_in_the_place_of_the_one_that_was_lost_opens_nothing(
    folder: Path, token: SoftToken, shelf: Shelf
) -> None:
    token.pull()
    another = shelf.token(token.label)
    with pytest.raises(KeyStoreError, match="no root of this epoch"):
        door(folder, another)


def test_two_roots_of_one_name_are_refused_and_both_are_destroyed_with_the_epoch(
    folder: Path, token: SoftToken
) -> None:
    plant(token, extractable=False)
    with pytest.raises(KeyStoreError, match="two roots of this name"):
        door(folder, token)
    TokenEpochKeys(folder, token.settings).destroy(1)
    assert on(token, roots) == []


def test_a_root_that_the_token_made_and_did_not_answer_for_is_not_left_beside_the_next(
    folder: Path, token: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal, faults = token_keys._sealed_by, [pkcs11.DeviceError]

    def sealed(*arguments: Any) -> bytes:
        if faults:
            raise faults.pop()
        return seal(*arguments)

    monkeypatch.setattr(token_keys, "_sealed_by", sealed)
    keys = TokenEpochKeys(folder, token.settings)
    keys.put(2, bytes(32))
    assert keys.open(2).secret() == bytes(32)
    assert len(on(token, roots)) == 2  # one for each epoch


def test_a_root_that_could_be_taken_out_is_not_trusted(folder: Path, token: SoftToken) -> None:
    plant(token, extractable=True)
    on(token, lambda session: next(one for one in roots(session) if not one[Attribute.EXTRACTABLE]).destroy())
    with pytest.raises(KeyStoreError, match="can be taken out"):
        door(folder, token)


def plant(token: SoftToken, *, extractable: bool) -> None:
    """A second key beside the root, under the same name."""

    def make(session: Any) -> None:
        (root,) = roots(session)
        session.generate_key(
            KeyType.AES,
            256,
            id=root[Attribute.ID],
            label=root[Attribute.LABEL],
            store=True,
            template={Attribute.EXTRACTABLE: extractable, Attribute.SENSITIVE: not extractable},
        )

    on(token, make)


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n", "x" * 257, "a\x00b", "é"])
def test_a_file_that_holds_no_pin_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "pin"
    file.touch(mode=0o600)
    file.write_text(content)
    with pytest.raises(KeysAwayError, match="holds no PIN"):
        read_pin(file)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o610, 0o601])
def test_a_pin_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "pin"
    write_pin(file, "1234")
    file.chmod(mode)
    with pytest.raises(KeysAwayError, match="mode 0600"):
        read_pin(file)
    file.chmod(0o400)
    assert read_pin(file) == "1234"


def test_a_pin_in_a_link_a_folder_a_pipe_or_nowhere_is_refused(tmp_path: Path) -> None:
    write_pin(tmp_path / "pin", "1234")
    (tmp_path / "link").symlink_to(tmp_path / "pin")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, words in (
        ("link", "cannot be read"),
        ("folder", "no plain file"),
        ("pipe", "no plain file"),
        ("nowhere", "cannot be read"),
    ):
        with pytest.raises(KeysAwayError, match=words):
            read_pin(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_pin_of_another_account_is_refused(tmp_path: Path) -> None:
    write_pin(tmp_path / "pin", "1234")
    os.chown(tmp_path / "pin", 12345, 12345)
    with pytest.raises(KeysAwayError, match="no plain file of this account"):
        read_pin(tmp_path / "pin")


SETTINGS = ("DATABEHEER_PKCS11_MODULE", "DATABEHEER_PKCS11_TOKEN", "DATABEHEER_PKCS11_PIN_FILE")


@pytest.mark.parametrize("missing", SETTINGS)
def test_a_token_that_is_named_by_half_is_refused_by_the_name_of_the_missing_half(
    tmp_path: Path, missing: str
) -> None:
    with pytest.raises(KeyStoreError, match=missing):
        epoch_keys(tmp_path, {name: "x" for name in SETTINGS if name != missing})


def test_a_module_that_is_none_is_refused(tmp_path: Path, token: SoftToken) -> None:
    (tmp_path / "module.so").write_text("not a library")
    settings = token.environment | {"DATABEHEER_PKCS11_MODULE": str(tmp_path / "module.so")}
    with pytest.raises(KeysAwayError):
        KeyStore.create(tmp_path / "keys", epoch_keys(tmp_path / "keys", settings))


def test_a_store_of_the_one_kind_is_not_taken_for_the_other(
    folder: Path, token: SoftToken, tmp_path: Path
) -> None:
    with pytest.raises(KeyStoreError, match="in a token: name it by DATABEHEER_PKCS11_MODULE"):
        epoch_keys(folder, {})
    KeyStore.create(tmp_path / "files")
    with pytest.raises(KeyStoreError, match="are files, and a token is named"):
        epoch_keys(tmp_path / "files", token.environment)
    assert KeyStore(tmp_path / "files").epoch == 1


def test_the_next_epoch_of_a_store_in_files_may_come_under_a_token(tmp_path: Path, token: SoftToken) -> None:
    store = KeyStore.create(tmp_path / "keys")
    key = store.make(Kind.READINGS, ONE)
    old = (tmp_path / "keys" / "epoch-0001.key").read_bytes()
    moving: EpochKeys = epoch_keys(tmp_path / "keys", token.environment | {"DATABEHEER_PKCS11_MOVE": "1"})
    assert isinstance(moving, MovingEpochKeys)
    store = KeyStore(tmp_path / "keys", moving)
    begin_epoch(store, [])
    assert FileEpochKeys(tmp_path / "keys").numbers() == []
    assert all(old not in file.read_bytes() for file in (tmp_path / "keys").iterdir())
    after = epoch_keys(tmp_path / "keys", token.environment)
    assert isinstance(after, TokenEpochKeys)
    assert KeyStore(tmp_path / "keys", after).get(Kind.READINGS, ONE) == key
