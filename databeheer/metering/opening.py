"""The opening half: only the door imports this."""

from __future__ import annotations

from nacl import bindings, exceptions

from databeheer.errors import DatabeheerError
from databeheer.metering.sealing import NONCE_LENGTH


class SealError(DatabeheerError):
    """What is sealed does not open with this key at these coordinates."""

    code = "seal"


def unseal(key: bytes, sealed: bytes, coordinates: bytes) -> bytes:
    """Open what `sealing.seal` closed.

    Raises:
        SealError: another key, other coordinates, or a changed bit.
    """
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[NONCE_LENGTH:], coordinates, sealed[:NONCE_LENGTH], key
        )
    except (exceptions.CryptoError, ValueError, TypeError) as error:
        raise SealError("a sealed value does not open") from error
