"""Epoch keys: what wraps every other key, and what an erasure destroys.

`EpochKeys` is the contract of where they lie: in files (`files`) or sealed by a root that never leaves a token
(`token_keys`). Everything else of the key store is the same over both, and so are its tests.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

from nacl import bindings
from nacl._sodium import ffi, lib

from databeheer.byte_rows import Bytes
from databeheer.errors import DatabeheerError, UnavailableError
from databeheer.metering.opening_rows import unseal_rows

KEY_LENGTH = 32
WRAPPED_LENGTH = 24 + KEY_LENGTH + 16
PRINT_LENGTH = 8


class KeyStoreError(DatabeheerError):
    """The key store is missing, damaged, or does not hold the key."""

    code = "key-store"


class KeysAwayError(UnavailableError):
    """Where the epoch keys lie does not answer: away, locked, refused. Nothing is known to be lost.

    No KeyStoreError, so that nobody takes a token that was pulled out for a key that was erased.
    """


class EpochKey(Protocol):
    """The key of one epoch."""

    def wrap(self, key: bytes, coordinates: bytes) -> bytes:
        """Return WRAPPED_LENGTH bytes that open to `key` at these coordinates only."""

    def unwrap(self, wrapped: bytes, coordinates: bytes) -> bytes:
        """Return what was wrapped; raises KeyStoreError under another key, at other coordinates, or changed."""

    def unwrap_rows(self, wrapped: Bytes, coordinates: Bytes) -> Bytes:
        """Return what was wrapped in each row, (n, KEY_LENGTH); raises as `unwrap` where any row does not open."""

    def secret(self) -> bytes:
        """Return the KEY_LENGTH bytes themselves: for what custodians keep, and for nothing else."""


class EpochKeys(Protocol):
    """Where the epoch keys lie. An epoch has one key, and a number that is never used again.

    Every method raises KeysAwayError where the place is away or locked, and KeyStoreError where it is not the one
    that was meant; called again once it is back, it works.
    """

    def put(self, number: int, key: bytes) -> EpochKey:
        """Keep the key of an epoch, durably on return; what an attempt that broke off left is destroyed first."""

    def open(self, number: int) -> EpochKey:
        """Return the key of an epoch; raises KeyStoreError where it is not there, or not to be had."""

    def destroy(self, number: int) -> None:
        """Destroy the key of an epoch: gone on return, also from copies of the folder. Safe to repeat."""

    def numbers(self) -> list[int]:
        """The epochs of which anything is there, ascending."""


class HeldKey:
    """A key of 32 bytes in memory: XChaCha20-Poly1305 under a fresh nonce."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LENGTH:
            raise KeyStoreError("the epoch key is damaged")
        self._key = key

    def wrap(self, key: bytes, coordinates: bytes) -> bytes:
        nonce = secrets.token_bytes(24)
        return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(key, coordinates, nonce, self._key)

    def unwrap(self, wrapped: bytes, coordinates: bytes) -> bytes:
        # libsodium itself: PyNaCl's wrapping takes four times as long, and a batch of readings opens thousands.
        opened = ffi.new("unsigned char[32]")
        if len(wrapped) != WRAPPED_LENGTH or lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
            opened,
            ffi.NULL,
            ffi.NULL,
            wrapped[24:],
            WRAPPED_LENGTH - 24,
            coordinates,
            len(coordinates),
            wrapped[:24],
            self._key,
        ):
            raise KeyStoreError("a wrapped key does not open under this epoch")
        return bytes(ffi.buffer(opened))

    def unwrap_rows(self, wrapped: Bytes, coordinates: Bytes) -> Bytes:
        if wrapped.shape[1] == WRAPPED_LENGTH and len(coordinates) == len(wrapped):
            opened, opens = unseal_rows(self._key, wrapped, coordinates)
            if opens.all():
                return opened
        raise KeyStoreError("a wrapped key does not open under this epoch")

    def secret(self) -> bytes:
        return self._key


def fingerprint(secret: bytes) -> bytes:
    """Return the 8 bytes by which an epoch key is known; they tell nothing else of it."""
    return hashlib.blake2b(b"", key=secret, person=b"epoch-print", digest_size=PRINT_LENGTH).digest()
