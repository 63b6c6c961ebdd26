"""Epoch keys under a token: each sealed by a root of its own, which was born in the token and never leaves it.

    store.token          which store this is, and in which token its roots are
    epoch-0001.sealed    the epoch key, sealed by the root of that epoch (AES-256-GCM, in the token)

Destroying the root destroys the epoch, whatever a disk or a backup kept of the sealed file. What is sealed is opened
when the door starts, and again every `LIFETIME_SECONDS`: pull the token out, and within that time nothing opens.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.types import Session

from databeheer.byte_rows import Bytes
from databeheer.door.keys.epochs import KEY_LENGTH, EpochKey, HeldKey, KeysAwayError, KeyStoreError
from databeheer.door.keys.files import numbered, overwrite, write_new
from databeheer.door.keys.token import TokenSettings, connection

LIFETIME_SECONDS = 60.0
_FORMAT = 1
_NONCE = 12
_SEALED_LENGTH = _NONCE + KEY_LENGTH + 16
_LABEL = re.compile(r"databeheer-[0-9a-f]{32}-epoch-([0-9]{4,})")


class Root(Protocol):
    """A key in the token, as the library gives it: something to ask of, never the key."""

    def __getitem__(self, attribute: Attribute) -> Any: ...

    def encrypt(self, data: bytes, **options: Any) -> bytes: ...

    def decrypt(self, data: bytes, **options: Any) -> bytes: ...

    def destroy(self) -> None: ...


class TokenEpochKeys:
    """Epoch keys of one store, sealed by roots in a token. Several doors may share store and token."""

    _NAME = re.compile(r"epoch-([0-9]{4,})\.sealed")

    def __init__(
        self, folder: Path, settings: TokenSettings, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`now` counts seconds, for how long an epoch key is held before the token is asked again."""
        self._folder, self._settings, self._now = folder, settings, now
        self._token = connection(settings)

    def put(self, number: int, key: bytes) -> EpochKey:
        self._make_store()
        self.destroy(number)
        held = HeldKey(key)
        sealed = self._token.use(partial(self._seal, number, key))
        write_new(self._path(number), sealed)
        self._unseal(number)  # what lies on the disk must open before anything depends on it
        return TokenEpochKey(held, lambda: self._unseal(number), self._now)

    def open(self, number: int) -> EpochKey:
        return TokenEpochKey(self._unseal(number), lambda: self._unseal(number), self._now)

    def destroy(self, number: int) -> None:
        with suppress(pkcs11.NoSuchKey):
            self._token.use(partial(self._destroy_roots, number))
        overwrite(self._path(number))

    def numbers(self) -> list[int]:
        in_token: list[int] = []
        if self._marker.exists():
            with suppress(pkcs11.NoSuchKey):
                in_token = self._token.use(self._root_numbers)
        return sorted({*numbered(self._folder, self._NAME), *in_token})

    @property
    def _marker(self) -> Path:
        return self._folder / "store.token"

    def _path(self, number: int) -> Path:
        return self._folder / f"epoch-{number:04}.sealed"

    def _make_store(self) -> None:
        if not self._marker.exists():
            said = {"format": _FORMAT, "token": self._settings.label, "store": secrets.token_hex(16)}
            write_new(self._marker, json.dumps(said).encode())

    def _store(self) -> bytes:
        """The id of this store, which its roots bear.

        Raises:
            KeyStoreError: this is no store with a token, or it is of another token.
        """
        try:
            said = json.loads(self._marker.read_bytes())
            known, token, store = said["format"], said["token"], bytes.fromhex(said["store"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyStoreError("this key store does not say in which token its roots are") from error
        if known != _FORMAT or len(store) != 16:
            raise KeyStoreError("this key store says in a way not known here where its roots are")
        if token != self._settings.label:
            raise KeyStoreError("the roots of this key store are in a token of another label")
        return store

    def _label(self, number: int) -> str:
        return f"databeheer-{self._store().hex()}-epoch-{number:04}"

    def _coordinates(self, number: int) -> bytes:
        return self._store() + number.to_bytes(4, "big")

    def _seal(self, number: int, key: bytes, session: Session) -> bytes:
        with suppress(pkcs11.NoSuchKey):  # of a first try, which the token carried out and did not answer
            for one in self._roots(number, session):
                one.destroy()
        made = session.generate_key(
            KeyType.AES,
            256,
            id=self._store(),
            label=self._label(number),
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template={
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.MODIFIABLE: False,
            },
        )
        return _sealed_by(cast(Root, made), key, self._coordinates(number))

    def _unseal(self, number: int) -> HeldKey:
        self._store()  # of another token this is said before one is looked for
        try:
            sealed = self._path(number).read_bytes()
        except OSError as error:
            raise KeyStoreError("the key store is not there: nothing sealed can be opened") from error
        if len(sealed) != _SEALED_LENGTH:
            raise KeyStoreError("the sealed epoch key is damaged; restore its backup")
        try:
            return HeldKey(self._token.use(partial(self._opened, number, sealed)))
        except pkcs11.NoSuchKey as error:
            raise KeyStoreError(
                "the token has no root of this epoch: destroyed, or in another token"
            ) from error

    def _opened(self, number: int, sealed: bytes, session: Session) -> bytes:
        root, coordinates = self._root(number, session), self._coordinates(number)
        try:
            return _opened_by(root, sealed, coordinates)
        except pkcs11.PKCS11Error as error:
            # Tokens say this in many ways, SoftHSM "general error". One that still opens what it seals is well.
            _opened_by(root, _sealed_by(root, bytes(KEY_LENGTH), coordinates), coordinates)
            raise KeyStoreError("the sealed epoch key does not open: changed, or of another epoch") from error

    def _root(self, number: int, session: Session) -> Root:
        """The root of an epoch, looked at before it is trusted: one that can be taken out is no root."""

        found = self._roots(number, session)
        if len(found) > 1:
            raise KeyStoreError("the token has two roots of this name; which one is meant cannot be known")
        root = found[0]
        if root[Attribute.EXTRACTABLE] or not root[Attribute.SENSITIVE] or not root[Attribute.LOCAL]:
            raise KeyStoreError(
                "the root in the token can be taken out of it, or was brought in: not trusted"
            )
        return root

    def _roots(self, number: int, session: Session) -> list[Root]:

        wanted = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.ID: self._store(),
            Attribute.LABEL: self._label(number),
        }
        found = [cast(Root, one) for one in session.get_objects(wanted)]
        if not found:
            raise pkcs11.NoSuchKey
        return found

    def _destroy_roots(self, number: int, session: Session) -> None:
        """Destroy what is there, until the token says that nothing is: it then raises NoSuchKey."""
        for _ in range(2):
            for root in self._roots(number, session):
                root.destroy()
        raise KeysAwayError("the token did not destroy the root of an epoch")

    def _root_numbers(self, session: Session) -> list[int]:
        roots = list(
            session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.ID: self._store()})
        )
        if not roots:
            raise pkcs11.NoSuchKey
        found = (_LABEL.fullmatch(str(root[Attribute.LABEL])) for root in roots)
        return [int(match[1]) for match in found if match]


class TokenEpochKey:
    """An epoch key that was opened by the token, and is opened again when it has been held long enough."""

    def __init__(self, held: HeldKey, open_again: Callable[[], HeldKey], now: Callable[[], float]) -> None:
        self._held: HeldKey | None = held
        self._open_again, self._now, self._until = open_again, now, now() + LIFETIME_SECONDS

    def wrap(self, key: bytes, coordinates: bytes) -> bytes:
        return self._key().wrap(key, coordinates)

    def unwrap(self, wrapped: bytes, coordinates: bytes) -> bytes:
        return self._key().unwrap(wrapped, coordinates)

    def unwrap_rows(self, wrapped: Bytes, coordinates: Bytes) -> Bytes:
        return self._key().unwrap_rows(wrapped, coordinates)

    def secret(self) -> bytes:
        return self._key().secret()

    def _key(self) -> HeldKey:
        held = self._held
        if held is None or self._now() >= self._until:
            self._held = None  # where the token is away it is held no longer
            held = self._held = self._open_again()
            self._until = self._now() + LIFETIME_SECONDS
        return held


def _sealed_by(root: Root, key: bytes, coordinates: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    parameters = pkcs11.GCMParams(nonce, coordinates, 128)
    return nonce + bytes(root.encrypt(key, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters))


def _opened_by(root: Root, sealed: bytes, coordinates: bytes) -> bytes:
    parameters = pkcs11.GCMParams(sealed[:_NONCE], coordinates, 128)
    opened = root.decrypt(sealed[_NONCE:], mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters)
    return bytes(opened)
