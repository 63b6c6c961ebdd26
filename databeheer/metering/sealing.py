"""The sealing half: what intake may do with the write keys that the door hands it for one batch."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from nacl import bindings

NONCE_LENGTH = 24


def seal(key: bytes, plain: bytes, coordinates: bytes) -> bytes:
    """Seal bytes at their coordinates with XChaCha20-Poly1305.

    Returns 24 bytes of random nonce, then the sealed bytes with their tag: 40 bytes more than `plain`.
    """
    nonce = secrets.token_bytes(NONCE_LENGTH)
    return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, coordinates, nonce, key)


def profile_coordinates(part: str, pseudonym: bytes, channel: bytes, day: date, version: int) -> bytes:
    """Return the associated data of one part ("values" or "total") of a profile row.

    A row copied to another point, channel, day or version therefore does not open.
    """
    return f"profile/v1|{part}|{pseudonym.hex()}|{channel.hex()}|{day.isoformat()}|{version}".encode()


def fingerprint(key: bytes, plain: bytes) -> bytes:
    """Return 16 bytes that are equal for equal content of one channel and day, and tell nothing without the key."""
    return hashlib.blake2b(plain, key=key, digest_size=16).digest()
