"""Keys by which the parties of a sandbox sign instead of showing a secret; in earnest a party makes its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey


@dataclass(frozen=True)
class PartyKey:
    """An RSA key, which both interfaces take: its private half as PEM, its public half as a JSON Web Key."""

    private_pem: str = field(repr=False)
    public: str


def make_key() -> PartyKey:
    """Make a key of 2048 bits."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return PartyKey(pem.decode(), json.dumps(RSAKey.import_key(private).as_dict(private=False)))
