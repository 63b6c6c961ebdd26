"""The opening half: only the door imports this."""

from __future__ import annotations

from nacl import bindings, exceptions

from databeheer.errors import DatabeheerError
from databeheer.metering.profile import SIZES
from databeheer.metering.sealing import (
    NONCE_LENGTH,
    TAG_LENGTH,
    Coordinates,
    coordinates_of_before,
    profile_coordinates,
    profile_nonce,
)
from databeheer.metering.totals import SIZE as TOTAL_SIZE
from databeheer.metering.totals import WIDE_SIZE as WIDE_TOTAL_SIZE

_LENGTHS = {
    "values": frozenset(size + TAG_LENGTH for size in SIZES),
    "total": frozenset({TOTAL_SIZE + TAG_LENGTH, WIDE_TOTAL_SIZE + TAG_LENGTH}),
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
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, coordinates, nonce, key)
    except (exceptions.CryptoError, ValueError, TypeError) as error:
        raise SealError("a sealed value does not open") from error
