"""The sealing half: what intake may do with the write keys that the door hands it for one batch."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date

from nacl import bindings
from nacl._sodium import ffi, lib

KEY_LENGTH = 32
NONCE_LENGTH = 24
TAG_LENGTH = 16


def seal(key: bytes, plain: bytes, coordinates: bytes) -> bytes:
    """Seal bytes at their coordinates with XChaCha20-Poly1305.

    Returns 24 bytes of random nonce, then the sealed bytes with their tag: 40 bytes more than `plain`.
    """
    if len(key) != KEY_LENGTH:
        raise ValueError("a key has 32 bytes")
    nonce = secrets.token_bytes(NONCE_LENGTH)
    # libsodium itself: PyNaCl's wrapping takes several times as long, and a read in bulk seals thousands.
    sealed = ffi.new("unsigned char[]", len(plain) + TAG_LENGTH)
    if lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, ffi.NULL, plain, len(plain), coordinates, len(coordinates), ffi.NULL, nonce, key
    ):
        raise RuntimeError("libsodium did not seal")
    return nonce + bytes(ffi.buffer(sealed))


def seal_profile(key: bytes, plain: bytes, mark: bytes, row: Coordinates, part: str) -> bytes:
    """Seal one part ("values" or "total") of a profile row: 16 bytes more than `plain`.

    `mark` is the row's fingerprint. With the length it makes the nonce: the key of a day and version seals one content
    under one nonce, and an intake that broke off and comes back with another never uses a nonce twice.
    """
    return bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plain, profile_coordinates(row, part), profile_nonce(mark, len(plain)), key
    )


def profile_nonce(mark: bytes, length: int) -> bytes:
    """Return the nonce of a part of `length` bytes in a row of this fingerprint; each part has a key of its own."""
    return mark + length.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where a profile row stands. One copied to another point, channel, day or version does not open."""

    pseudonym: bytes
    channel: bytes
    day: date
    version: int


PART_CODES = {"values": 1, "total": 2}
COORDINATES_LABEL = b"profile/v2|"


def profile_coordinates(row: Coordinates, part: str) -> bytes:
    """Return the associated data of one part ("values" or "total") of a profile row: 42 bytes."""
    return b"".join(
        (
            COORDINATES_LABEL,
            bytes((PART_CODES[part],)),
            row.pseudonym,
            row.channel,
            row.day.toordinal().to_bytes(4, "big"),
            row.version.to_bytes(2, "big"),
        )
    )


def coordinates_of_before(row: Coordinates, part: str) -> bytes:
    """Return the associated data of rows sealed before: with a random nonce in front of them."""
    where = f"{row.pseudonym.hex()}|{row.channel.hex()}|{row.day.isoformat()}|{row.version}"
    return f"profile/v1|{part}|{where}".encode()


def fingerprint(key: bytes, plain: bytes) -> bytes:
    """Return 16 bytes that are equal for equal content of one channel and day, and tell nothing without the key."""
    return hashlib.blake2b(plain, key=key, digest_size=16).digest()
