"""Rows of bytes in arrays, one row a thing: laid side by side, compared whole, and hashed all at once.

Making hashlib's objects takes most of the time of a short hash. `hash_rows` calls libsodium's BLAKE2b with places in
arrays, and gives what `hashlib.blake2b` gives for each row (PyNaCl is locked with its hash; a test holds the two
together).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from nacl._sodium import ffi, lib

Bytes = npt.NDArray[np.uint8]
"""(n, width)"""
KEY_LENGTH = 32
_PERSON_LENGTH = 16


def rows_of(parts: Sequence[bytes], width: int) -> Bytes:
    """Return parts of `width` bytes each as rows."""
    return np.frombuffer(b"".join(parts), np.uint8).reshape(len(parts), width)


def whole(rows: Bytes) -> npt.NDArray[np.void]:
    """Return each row as one item: to sort, to compare, to copy; `tolist` gives their bytes."""
    held = np.ascontiguousarray(rows)
    return held.view(np.dtype((np.void, held.shape[1]))).reshape(-1)


def beside(rows: int, *parts: bytes | Bytes) -> Bytes:
    """Lay parts side by side: those that each of `rows` rows has of its own (n, width), and those that all have."""
    return np.hstack(
        [
            part
            if isinstance(part, np.ndarray)
            else np.broadcast_to(np.frombuffer(part, np.uint8), (rows, len(part)))
            for part in parts
        ]
    )


def places(rows: Bytes) -> Any:
    """Return where each row of some width begins, to be gone through and handed to libsodium; it keeps the rows alive.

    A row that a function of libsodium writes is written in place, so `rows` must be contiguous.
    """
    if not rows.shape[1]:
        return repeat(ffi.NULL, len(rows))
    return ffi.from_buffer(f"unsigned char[][{rows.shape[1]}]", rows)


def hash_rows(keys: Bytes, content: Bytes, length: int, person: bytes = b"") -> Bytes:
    """Return the keyed BLAKE2b of each row: keys (n, 32), content (n, size), result (n, length)."""
    rows, size = content.shape
    if keys.shape != (rows, KEY_LENGTH) or len(person) > _PERSON_LENGTH:
        raise ValueError("keys, content and purpose do not fit together")
    hashed = np.empty((rows, length), np.uint8)
    purpose = ffi.new("unsigned char[]", person.ljust(_PERSON_LENGTH, b"\0"))
    failed = map(  # a loop without a line of Python in it
        lib.crypto_generichash_blake2b_salt_personal,
        places(hashed),
        repeat(length),
        places(np.ascontiguousarray(content)),
        repeat(size),
        places(np.ascontiguousarray(keys)),
        repeat(KEY_LENGTH),
        repeat(ffi.NULL),
        repeat(purpose),
    )
    if any(failed):
        raise RuntimeError("libsodium did not hash")
    return hashed
