"""The client's own keys: one signs what shows the provider who we are (RFC 7523), others open what it sends us.

One file with the private halves as a JWKS, mode 0600, the door's alone. The first key of use `sig` signs; every key of
use `enc` opens, so that keys can change: add the new one, have the provider take it, remove the old one.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from databeheer.identity import jose
from databeheer.identity.oidc.errors import ProviderSettingsError

ASSERTION_TERM = timedelta(minutes=1)
_ALGORITHMS = {"sig": ("ES256", "PS256", "RS256"), "enc": ("RSA-OAEP-256", "ECDH-ES")}
_PUBLIC = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg")
_RSA_BITS = 3072


@dataclass(frozen=True)
class OwnKeys:
    """The keys of one client, the private halves among them."""

    signing: Mapping[str, Any] = field(repr=False)
    opening: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, path: Path) -> OwnKeys:
        """Read the file.

        Raises:
            ProviderSettingsError: it is not there, open to others, or holds no key to sign with.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise ProviderSettingsError(f"{path} can be read by others: chmod 600 {path.name}")
            keys = [_usable(key) for key in json.loads(path.read_text(encoding="utf-8"))["keys"]]
        except FileNotFoundError as error:
            raise ProviderSettingsError(f"{path} is not there: `databeheer login keys` makes it") from error
        except OSError as error:
            raise ProviderSettingsError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, KeyError, JoseError) as error:
            raise ProviderSettingsError(
                f"{path} is not a JWKS of private keys, each with kid, use and alg; `databeheer login keys` makes one"
            ) from error
        signing = [key for key in keys if key["use"] == "sig"]
        if not signing:
            raise ProviderSettingsError(
                f"{path} has no key of use sig: nothing shows the provider who we are"
            )
        return cls(signing[0], tuple(key for key in keys if key["use"] == "enc"))

    @property
    def public(self) -> dict[str, Any]:
        """The public halves as a JWKS: what the provider must know."""
        return {"keys": [_public(key) for key in (self.signing, *self.opening)]}

    def assertion(self, client_id: str, audience: str, now: datetime) -> str:
        """Say who we are, for a minute, once (RFC 7523, 3)."""
        issued = int(now.timestamp())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(24),
            "iat": issued,
            "exp": issued + int(ASSERTION_TERM.total_seconds()),
        }
        algorithm = str(self.signing["alg"])
        header = {"alg": algorithm, "kid": self.signing["kid"], "typ": "JWT"}
        key = import_key(dict(self.signing))
        return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=[algorithm])


def make(path: Path, encrypted_with: str | None = None) -> None:
    """Make keys where there are none: one to sign (ES256), and one to open where tokens are to be encrypted.

    Raises:
        FileExistsError: there are; nothing is written over.
    """
    key = ECKey.generate_key("P-256", private=True).as_dict(private=True)
    keys = [_named(key, "sig", "ES256")]
    if encrypted_with is not None:
        keys.append(_opening(encrypted_with))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, keys)


def add_opening(path: Path, encrypted_with: str) -> None:
    """Add a key to open with, beside those that are there: the provider may go on with the one before for a while."""
    OwnKeys.read(path)
    keys = json.loads(path.read_text(encoding="utf-8"))["keys"]
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    _write(fresh, [*keys, _opening(encrypted_with)])
    fresh.replace(path)


def _write(path: Path, keys: list[dict[str, Any]]) -> None:
    # Never readable by others, not even between making and writing.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"keys": keys}, file, indent=2)


def _opening(encrypted_with: str) -> dict[str, Any]:
    if encrypted_with == "RSA-OAEP-256":
        return _named(
            RSAKey.generate_key(_RSA_BITS, private=True).as_dict(private=True), "enc", encrypted_with
        )
    return _named(ECKey.generate_key("P-256", private=True).as_dict(private=True), "enc", encrypted_with)


def _named(key: Mapping[str, Any], use: str, algorithm: str) -> dict[str, Any]:
    return {**key, "use": use, "alg": algorithm, "kid": jose.thumbprint(key)}


def _usable(key: dict[str, Any]) -> dict[str, Any]:
    if key["alg"] not in _ALGORITHMS[key["use"]] or not isinstance(key["kid"], str) or not key["d"]:
        raise ValueError("a key of another use")
    import_key(key)
    return key


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in _PUBLIC if name in key}
