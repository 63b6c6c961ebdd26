"""A new house on a token: its key store is made whole, or the house is not made."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from databeheer.door.keys import token as tokens
from databeheer.door.keys.epochs import KeysAwayError, KeyStoreError
from databeheer.door.keys.place import epoch_keys
from databeheer.door.keys.store import KeyStore, Kind
from databeheer.site.home import Home
from databeheer.site.house import Storage, make_key_store, prepare
from tests.databeheer.door.keys.conftest import shelf as shelf  # a fixture
from tests.tokens import Shelf, write_pin


def test_while_the_token_refuses_no_house_is_made_and_then_it_is_made_whole(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, home = shelf.token(), Home(tmp_path / "home")
    for name, value in token.environment.items():
        monkeypatch.setenv(name, value)
    write_pin(token.pin_file, "not the PIN")
    tokens._CONNECTIONS.clear()
    for words in ("refuses this PIN", "not tried again"):
        with pytest.raises(KeysAwayError, match=words):
            prepare(home, Storage(home))
        assert not home.exists()
        assert not home.keys.exists()
    write_pin(token.pin_file, token.pin)
    make_key_store(home)
    store = KeyStore(home.keys, epoch_keys(home.keys, token.environment))
    assert len(store) == 3
    make_key_store(home)  # the home was not made yet: what is there is kept
    again = KeyStore(home.keys, epoch_keys(home.keys, token.environment))
    for _, name in store._sealed:
        assert again.get(Kind.HOUSE, UUID(bytes=name)) == store.get(Kind.HOUSE, UUID(bytes=name))


def test_a_token_that_is_named_by_half_makes_no_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABEHEER_PKCS11_TOKEN", "some token")
    home = Home(tmp_path / "home")
    with pytest.raises(KeyStoreError, match="DATABEHEER_PKCS11_MODULE is not"):
        prepare(home, Storage(home))
    assert not home.exists()
    assert not home.keys.exists()
