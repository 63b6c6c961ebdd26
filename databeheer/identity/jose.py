"""Signed JSON tokens as strangers send them: one spelling, or refused before any key is looked at (RFC 7515, RFC 8725).

Compact form only. No JWE, no nesting, no `crit`, no unencoded payload, no key or address of a key in the header, no
member twice, no number that is none. Times are whole seconds of Unix time.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from databeheer.errors import UnauthenticatedError

LONGEST = 8192
_SHAPE = re.compile(r"[A-Za-z0-9_-]{2,2048}\.[A-Za-z0-9_-]{2,4096}\.[A-Za-z0-9_-]{2,2048}")
_LONGEST_NUMBER = 18
_THUMBED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


class UnfitTokenError(UnauthenticatedError):
    """The text is no signed token of the form that is taken here; the message is for tests and never sent on."""


@dataclass(frozen=True)
class Unverified:
    """A token that is well formed, and no more than that: nobody has looked at its signature yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def algorithm(self) -> str:
        """What it says it is signed with."""
        return str(self.header["alg"])


def read(text: str, *, types: Collection[str], ignored: Collection[str] = ()) -> Unverified:
    """Read a token without believing it. `types` are what `typ` may say, in small letters; absent is taken too.

    `ignored` are members that the header may have beside `alg`, `typ` and `kid`, and that nobody looks at.

    Raises:
        UnfitTokenError: it is no such token.
    """
    if len(text) > LONGEST or _SHAPE.fullmatch(text) is None:
        raise UnfitTokenError("not three parts of base64url")
    head, body, signature = text.split(".")
    header, claims = parse_object(decode(head)), parse_object(decode(body))
    decode(signature)
    if set(header) - {"alg", "typ", "kid", *ignored}:
        raise UnfitTokenError("the header has a member that is not taken here")
    if not isinstance(header.get("alg"), str) or not isinstance(header.get("kid", ""), str):
        raise UnfitTokenError("alg and kid are texts")
    kind = header.get("typ", "jwt")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise UnfitTokenError("a token of another type")
    return Unverified(text, header, claims)


def verify(token: Unverified, public_key: Mapping[str, Any], algorithms: Collection[str]) -> None:
    """See that this key signed the token, with one of these algorithms.

    Raises:
        UnfitTokenError: it did not.
    """
    if token.algorithm not in algorithms:
        raise UnfitTokenError("signed in a way that is not taken from this key")
    if token.algorithm == "EdDSA":
        _verify_eddsa(token, public_key)
        return
    try:
        jws.deserialize_compact(token.text, import_key(dict(public_key)), algorithms=[token.algorithm])
    except (JoseError, ValueError, TypeError) as error:
        raise UnfitTokenError("not signed by this key") from error


def _verify_eddsa(token: Unverified, public_key: Mapping[str, Any]) -> None:
    """Verify what is signed under the older name of Ed25519, which the library takes under protest (RFC 9864)."""
    signed, _, signature = token.text.rpartition(".")
    try:
        VerifyKey(decode(public_key["x"])).verify(signed.encode(), decode(signature))
    except (BadSignatureError, ValueError, TypeError) as error:
        raise UnfitTokenError("not signed by this key") from error


def decode(part: str) -> bytes:
    """Decode base64url without padding, in its only spelling.

    Raises:
        UnfitTokenError: another one: padded, another alphabet, or bits beyond the last byte.
    """
    try:
        data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise UnfitTokenError("not base64url") from error
    if encode(data) != part:
        raise UnfitTokenError("not the one spelling of base64url")
    return data


def encode(data: bytes) -> str:
    """Encode as base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def thumbprint(public_key: Mapping[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638), by which it can be named whatever else it is called."""
    members = {name: public_key[name] for name in _THUMBED[public_key["kty"]]}
    return encode(sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def parse_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object: no member twice, no number that is none or too long.

    Raises:
        UnfitTokenError: it is no such object.
    """
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number, parse_int=_integer
        )
    except UnfitTokenError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnfitTokenError("not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise UnfitTokenError("not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnfitTokenError("a member is given twice")
    return members


def _no_number(_: str) -> NoReturn:
    raise UnfitTokenError("NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise UnfitTokenError("a number is too long")
    return int(digits)
