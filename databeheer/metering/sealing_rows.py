"""Sealing many rows at once: the same bytes as `sealing.seal_profile` and `sealing.fingerprint`, without a copy a call.

PyNaCl's own functions spend four fifths of their time on Python objects around libsodium; these call the same
functions of libsodium with places in arrays (PyNaCl is locked with its hash, and a test holds the two together).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from itertools import repeat

import numpy as np
from nacl._sodium import ffi, lib

from databeheer.byte_rows import Bytes, beside, hash_rows, places
from databeheer.metering.sealing import (
    COORDINATES_LABEL,
    KEY_LENGTH,
    NONCE_LENGTH,
    PART_CODES,
    TAG_LENGTH,
)

MARK_LENGTH = 16


def fingerprints(keys: Bytes, content: Bytes) -> Bytes:
    """Return the fingerprint of each row's content: keys (n, 32), content (n, size), result (n, 16)."""
    return hash_rows(keys, content, MARK_LENGTH)


def coordinates(pseudonyms: Bytes, channels: Bytes, day: date, versions: Bytes, part: str) -> Bytes:
    """Return the associated data of one part of each row: (n, 42). `versions` (n, 2), big-endian."""
    head = COORDINATES_LABEL + bytes((PART_CODES[part],))
    return beside(len(pseudonyms), head, pseudonyms, channels, day.toordinal().to_bytes(4, "big"), versions)


def seal_rows(keys: Bytes, plain: Bytes, marks: Bytes, where: Bytes) -> Bytes:
    """Seal one part of each row: keys (n, 32), plain (n, size), marks (n, 16), where (n, 42); (n, size + 16)."""
    rows, size = plain.shape
    sealed = np.empty((rows, size + TAG_LENGTH), np.uint8)
    held = (np.ascontiguousarray(array) for array in (plain, where, nonces(marks, size), keys))
    seal_one, nothing, step = lib.crypto_aead_xchacha20poly1305_ietf_encrypt, ffi.NULL, where.shape[1]
    each = zip(places(sealed), *map(places, held), strict=True)
    for out, text, context, nonce, key in each:
        if seal_one(out, nothing, text, size, context, step, nothing, nonce, key) != 0:
            raise RuntimeError("libsodium did not seal")
    return sealed


def seal_many(keys: Sequence[bytes], plains: Sequence[bytes], where: Sequence[bytes]) -> list[bytes]:
    """Seal each with its key at its coordinates as `sealing.seal` does, of whatever lengths they are."""
    if any(len(key) != KEY_LENGTH for key in keys) or not len(keys) == len(plains) == len(where):
        raise ValueError("keys, what is sealed and coordinates do not fit together")
    room = max(map(len, plains), default=0) + TAG_LENGTH
    fresh, sealed = os.urandom(NONCE_LENGTH * len(plains)), np.empty((len(plains), room), np.uint8)
    drawn = np.frombuffer(fresh, np.uint8).reshape(-1, NONCE_LENGTH)
    nothing = repeat(ffi.NULL)
    failed = map(
        lib.crypto_aead_xchacha20poly1305_ietf_encrypt,
        *(
            places(sealed),
            nothing,
            plains,
            map(len, plains),
            where,
            map(len, where),
            nothing,
            places(drawn),
            keys,
        ),
    )
    if any(failed):
        raise RuntimeError("libsodium did not seal")
    held = sealed.tobytes()
    return [
        fresh[NONCE_LENGTH * row : NONCE_LENGTH * (row + 1)]
        + held[room * row : room * row + len(plain) + TAG_LENGTH]
        for row, plain in enumerate(plains)
    ]


def nonces(marks: Bytes, size: int) -> Bytes:
    """Return the nonce of each row, of which a part is so long before it is sealed: (n, 24)."""
    found = np.zeros((len(marks), NONCE_LENGTH), np.uint8)
    found[:, :MARK_LENGTH] = marks
    found[:, MARK_LENGTH:] = np.frombuffer(size.to_bytes(NONCE_LENGTH - MARK_LENGTH, "big"), np.uint8)
    return found
