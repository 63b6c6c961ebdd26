"""The stand-in provider's own signing key: an Ed25519 seed in a file, its public half beside it."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from joserfc import jwt
from joserfc.jwk import OKPKey
from nacl.signing import SigningKey

from databeheer.errors import DatabeheerError

SEED_LENGTH = 32


class ProviderKeyError(DatabeheerError):
    """The file does not hold a provider's key."""

    code = "settings"


@dataclass(frozen=True)
class ProviderKey:
    """Signs answers as compact JWTs with EdDSA over Ed25519 (`alg` "Ed25519", RFC 9864)."""

    _key: OKPKey
    public: bytes

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the key (base64url, 32 bytes), or make one there; write `<path>.pub`, what the door must know.

        Raises:
            ProviderKeyError: the file holds something else.
        """
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Never readable by others, not even between making and writing.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_encode(bytes(SigningKey.generate())).encode())
        try:
            text = path.read_text(encoding="ascii").strip()
            seed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError as error:
            raise ProviderKeyError("the provider's key file is not base64url") from error
        if len(seed) != SEED_LENGTH:
            raise ProviderKeyError("the provider's key file does not hold 32 bytes")
        public = bytes(SigningKey(seed).verify_key)
        Path(f"{path}.pub").write_text(_encode(public) + "\n", encoding="ascii")
        jwk: dict[str, str | list[str]] = {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": _encode(seed),
            "x": _encode(public),
        }
        return cls(OKPKey.import_key(jwk), public)

    def sign(self, claims: dict[str, str | int]) -> str:
        """Return `claims` as a compact JWT."""
        return jwt.encode({"alg": "Ed25519"}, dict(claims), self._key, algorithms=["Ed25519"])


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
