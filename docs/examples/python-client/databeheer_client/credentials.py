"""How a program shows who it is: by a key of its own (RFC 7523), or, where it must, by a secret."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

LIFE = 60
"""Seconds that an assertion is good for; the house takes 300 at most."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credentials(Protocol):
    """What a token is asked with."""

    def form(self, issuer: str, now: int) -> dict[str, str]:
        """Return the fields of a token request that show who asks; `now` in seconds since 1970."""


@dataclass(frozen=True)
class ClientKey:
    """A private key of yours: Ed25519, EC on P-256, or RSA. The house has its public half, and never this one."""

    client_id: str
    algorithm: str
    key: OKPKey | ECKey | RSAKey = field(repr=False)

    @classmethod
    def from_pem(cls, client_id: str, pem: bytes) -> ClientKey:
        """Read a private key without a password.

        Raises:
            ValueError: it is none, or of a kind that is not taken.
        """
        key = load_pem_private_key(pem, None)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls(client_id, "Ed25519", OKPKey.import_key(pem))
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(client_id, "ES256", ECKey.import_key(pem))
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(client_id, "PS256", RSAKey.import_key(key))
        raise ValueError("a key is Ed25519, EC on P-256, or RSA")

    @classmethod
    def from_file(cls, client_id: str, file: str | Path) -> ClientKey:
        """Read a private key from a PEM file."""
        return cls.from_pem(client_id, Path(file).read_bytes())

    @property
    def public(self) -> str:
        """The public half as a JSON Web Key: what you send to the house's operator."""
        return json.dumps(self.key.as_dict(private=False))

    def form(self, issuer: str, now: int) -> dict[str, str]:
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,  # the issuer alone, as one text
            "jti": secrets.token_hex(16),  # never the same twice
            "iat": now,
            "exp": now + LIFE,
        }
        header = {"alg": self.algorithm, "typ": "JWT"}
        assertion = jwt.encode(header, claims, self.key, algorithms=[self.algorithm])
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


@dataclass(frozen=True)
class ClientSecret:
    """A secret that the house gave you: whoever has it is you, so take a key where you can."""

    client_id: str
    secret: str = field(repr=False)

    def form(self, issuer: str, now: int) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.secret}
