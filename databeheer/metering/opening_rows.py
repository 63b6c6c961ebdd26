"""Opening many profile rows of one size at once: what `opening.unseal_profile` opens, without a copy a call.

Only the door imports this.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from nacl._sodium import ffi, lib

from databeheer.byte_rows import Bytes, places
from databeheer.metering.sealing import KEY_LENGTH, TAG_LENGTH
from databeheer.metering.sealing_rows import nonces


def open_rows(keys: Bytes, sealed: Bytes, marks: Bytes, where: Bytes) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Open one part of each row: keys (n, 32), sealed (n, size + 16), marks (n, 16), where (n, 42).

    Returns what they hold, (n, size), and of which rows it is true: zeros stand in the place of what does not open.
    """
    rows, length = sealed.shape
    size = length - TAG_LENGTH
    if size < 0 or keys.shape != (rows, KEY_LENGTH):
        raise ValueError("keys and sealed rows do not fit together")
    plain, opens = np.zeros((rows, size), np.uint8), np.ones(rows, np.bool_)
    held = (np.ascontiguousarray(array) for array in (sealed, where, nonces(marks, size), keys))
    open_one, nothing, step = lib.crypto_aead_xchacha20poly1305_ietf_decrypt, ffi.NULL, where.shape[1]
    each = zip(places(plain), *map(places, held), strict=True)
    for row, (out, text, context, nonce, key) in enumerate(each):
        if open_one(out, nothing, nothing, text, length, context, step, nonce, key) != 0:
            opens[row] = False
    plain[~opens] = 0
    return plain, opens
