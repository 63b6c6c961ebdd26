"""The opening half: only the door imports this."""

from __future__ import annotations

from nacl._sodium import ffi, lib

from databeheer.errors import DatabeheerError
from databeheer.metering.profile import SIZES
from databeheer.metering.sealing import (
    KEY_LENGTH,
    NONCE_LENGTH,
    TAG_LENGTH,
    Coordinates,
    coordinates_of_before,
    profile_coordinates,
    profile_nonce,
)
from databeheer.metering.totals import SIZES as TOTAL_SIZES

_LENGTHS = {
    "values": frozenset(size + TAG_LENGTH for size in SIZES),
    "total": frozenset(size + TAG_LENGTH for size in TOTAL_SIZES),
}


class SealError(DatabeheerError):
    """What is sealed does not open with this key at these coordinates."""

    code = "seal"


def unseal(key: bytes, sealed: bytes, coordinates: bytes) -> bytes:
    """Open what `sealing.seal` closed.

    Raises:
        SealError: another key, other coordinates, or a changed bit.
    """
    return _unseal(key, sealed[NONCE_LENGTH:], coordinates, sealed[:NONCE_LENGTH])


def unseal_profile(key: bytes, sealed: bytes, mark: bytes, row: Coordinates, part: str) -> bytes:
    """Open what `sealing.seal_profile` closed, or what stood in its place before (it is 24 bytes longer).

    Raises:
        SealError: another key, other coordinates, another fingerprint, or a changed bit.
    """
    if len(sealed) in _LENGTHS[part]:
        return _unseal(
            key, sealed, profile_coordinates(row, part), profile_nonce(mark, len(sealed) - TAG_LENGTH)
        )
    return unseal(key, sealed, coordinates_of_before(row, part))


def _unseal(key: bytes, sealed: bytes, coordinates: bytes, nonce: bytes) -> bytes:
    size = len(sealed) - TAG_LENGTH
    if size < 0 or len(nonce) != NONCE_LENGTH or len(key) != KEY_LENGTH:
        raise SealError("a sealed value does not open")
    plain = ffi.new("unsigned char[]", size + 1)
    # libsodium itself, as in `sealing.seal`.
    if lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, ffi.NULL, ffi.NULL, sealed, len(sealed), coordinates, len(coordinates), nonce, key
    ):
        raise SealError("a sealed value does not open")
    return bytes(ffi.buffer(plain, size))
