"""Opening many rows of one size at once: what `opening.unseal_profile` and `unseal` open, without a copy a call.

Only the door imports this.
"""

from __future__ import annotations

from itertools import repeat

import numpy as np
import numpy.typing as npt
from nacl._sodium import ffi, lib

from databeheer.byte_rows import Bytes, places
from databeheer.metering.sealing import KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH
from databeheer.metering.sealing_rows import nonces

_OPEN = lib.crypto_aead_xchacha20poly1305_ietf_decrypt


def open_rows(keys: Bytes, sealed: Bytes, marks: Bytes, where: Bytes) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Open one part of each row: keys (n, 32), sealed (n, size + 16), marks (n, 16), where (n, 42).

    Returns what they hold, (n, size), and of which rows it is true: zeros stand in the place of what does not open.
    """
    rows, length = sealed.shape
    size = length - TAG_LENGTH
    if size < 0 or keys.shape != (rows, KEY_LENGTH):
        raise ValueError("keys and sealed rows do not fit together")
    plain = np.zeros((rows, size), np.uint8)
    held = (np.ascontiguousarray(array) for array in (sealed, where, nonces(marks, size), keys))
    text, context, nonce, key = map(places, held)
    nothing, lengths, step = repeat(ffi.NULL), repeat(length), repeat(where.shape[1])
    opens = (
        np.array([*map(_OPEN, places(plain), nothing, nothing, text, lengths, context, step, nonce, key)])
        == 0
    )
    plain[~opens] = 0
    return plain, opens


def unseal_rows(key: bytes, sealed: Bytes, where: Bytes) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Open rows that `sealing.seal` closed under one key: sealed (n, 24 + size + 16), where (n, any).

    Returns what they hold, (n, size), and of which rows it is true, as `open_rows`.
    """
    rows, length = sealed.shape
    size = length - NONCE_LENGTH - TAG_LENGTH
    if len(where) != rows or len(key) != KEY_LENGTH:
        raise ValueError("key, sealed rows and coordinates do not fit together")
    if size < 0:
        return np.zeros((rows, 0), np.uint8), np.zeros(rows, np.bool_)
    plain = np.zeros((rows, size), np.uint8)
    held = (np.ascontiguousarray(one) for one in (sealed[:, NONCE_LENGTH:], where, sealed[:, :NONCE_LENGTH]))
    text, context, nonce = map(places, held)
    nothing, lengths, step = repeat(ffi.NULL), repeat(size + TAG_LENGTH), repeat(where.shape[1])
    failed = map(_OPEN, places(plain), nothing, nothing, text, lengths, context, step, nonce, repeat(key))
    opens = np.array([*failed]) == 0
    plain[~opens] = 0
    return plain, opens
