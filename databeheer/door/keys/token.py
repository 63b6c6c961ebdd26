"""The token: a device, or software in its place, that keeps keys which never leave it (PKCS#11).

One connection a process and token, for PKCS#11 logs a whole process in or out. Calls go one after the other: the
library is not told that we have threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pkcs11
from pkcs11.types import Session

from databeheer.door.keys.epochs import KeysAwayError

T = TypeVar("T")
_LONGEST_PIN = 256


@dataclass(frozen=True)
class TokenSettings:
    """Which token: the vendor's PKCS#11 module (a path), the token's label, the file that holds its PIN."""

    module: Path
    label: str
    pin_file: Path


class Token:
    """A connection to a token; made by `connection`."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._session: Session | None = None
        self._refused: bytes | None = None

    def use(self, act: Callable[[Session], T]) -> T:
        """Do something on the token, connecting where that is needed; an `act` that failed half-way may run twice.

        An `act` raises NoSuchKey where what it looked for is not there: a session whose token was pulled out finds
        nothing, so that is believed of a fresh connection only, and then raised.

        Raises:
            KeysAwayError: the token is away, locked, or refuses; says which. A token that comes back is found again.
        """
        with _CALLS:
            if self._session is not None:
                with contextlib.suppress(
                    pkcs11.PKCS11Error
                ):  # it was away, or somebody logged us out: once more
                    self._session.generate_random(64)  # whether it answers, before anything is begun
                    return act(self._session)
                self._forget()
            try:
                self._session = self._connect()
                return act(self._session)
            except pkcs11.NoSuchKey:
                raise
            except pkcs11.PKCS11Error as error:
                self._forget()
                raise KeysAwayError(_said(error)) from error

    def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(pkcs11.PKCS11Error):
                session.close()

    def _connect(self) -> Session:
        pin = read_pin(self._settings.pin_file)
        known = hashlib.blake2b(pin.encode()).digest()
        if known == self._refused:
            # Each try counts: a door that kept trying would lock the token for good.
            raise KeysAwayError(
                "the token refused this PIN; it is not tried again until the PIN's file changes"
            )
        library = pkcs11.lib(str(self._settings.module))
        # Anew: the library remembers which tokens there were, and a login that outlived its session.
        library.reinitialize()
        try:
            return library.get_token(token_label=self._settings.label).open(rw=True, user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid):
            self._refused = known
            raise


def read_pin(file: Path) -> str:
    """Return the PIN that stands in a file, without the end of its line.

    Raises:
        KeysAwayError: there is no such file, it is somebody else's or a link, others may read it, or it is empty.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise KeysAwayError("the file of the token's PIN cannot be read") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()):
            raise KeysAwayError("the file of the token's PIN is no plain file of this account")
        if status.st_mode & 0o077:
            raise KeysAwayError("others may read the file of the token's PIN: give it mode 0600")
        pin = os.read(descriptor, _LONGEST_PIN + 2).removesuffix(b"\n")
    finally:
        os.close(descriptor)
    if not 0 < len(pin) <= _LONGEST_PIN or not pin.isascii() or not pin.decode("ascii").isprintable():
        raise KeysAwayError("the file of the token's PIN holds no PIN: one line of at most 256 characters")
    return pin.decode("ascii")


# Of all tokens: reconnecting to one ends the sessions of the others of its module, which then reconnect.
_CALLS = threading.RLock()
_CONNECTIONS: dict[tuple[Path, str, Path], Token] = {}


def connection(settings: TokenSettings) -> Token:
    """Return this process's connection to a token; it connects when it is first used."""
    with _CALLS:
        name = (settings.module, settings.label, settings.pin_file)
        return _CONNECTIONS.setdefault(name, Token(settings))


def _said(error: Exception) -> str:
    """What a token answered, in words; never what it was given."""
    for kinds, words in (
        ((pkcs11.NoSuchToken, pkcs11.TokenNotPresent, pkcs11.DeviceRemoved), "the token is not there"),
        ((pkcs11.MultipleTokensReturned,), "two tokens bear this label; which one is meant cannot be known"),
        ((pkcs11.PinLocked,), "the token is locked: too many wrong PINs. Its security officer unlocks it"),
        ((pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange), "the token refuses this PIN"),
        ((pkcs11.PinExpired,), "the token's PIN has expired"),
        ((pkcs11.UserPinNotInitialized,), "the token has no PIN yet: initialise it first"),
        ((pkcs11.TokenWriteProtected,), "the token is write-protected"),
    ):
        if isinstance(error, kinds):
            return f"{words}; nothing sealed can be opened"
    return f"the token does not do it ({type(error).__name__}); nothing sealed can be opened"
