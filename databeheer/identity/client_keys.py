"""The public keys with which a party's programs sign: given as a JSON Web Key, a set of them, or a certificate.

A client has up to four at a time, so that the next one is there before the last one ends. Of a certificate its own
days of validity hold too; who issued it does not matter, for the operator saw it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid4

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.identity import jose

MOST_LIVE = 4
_RSA_BITS = 2048
_MOST_RSA_BITS = 8192
"""Beyond it a verification takes long: nobody needs that of us."""
_KINDS: dict[type, Literal["RSA", "EC", "OKP"]] = {
    rsa.RSAPublicKey: "RSA",
    ec.EllipticCurvePublicKey: "EC",
    ed25519.Ed25519PublicKey: "OKP",
}
_CURVES = {"RSA": None, "EC": "P-256", "OKP": "Ed25519"}
_ALGORITHMS = {"RSA": ("PS256", "RS256"), "EC": ("ES256",), "OKP": ("EdDSA", "Ed25519")}
_PUBLIC = {"kty", "crv", "x", "y", "n", "e"}
_LONGEST_NAME = 200
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_SHAPE = "is a public JSON Web Key: RSA of 2048 bits or more, EC on P-256, or Ed25519; a set of them, or a certificate"


@dataclass(frozen=True)
class GivenKey:
    """A public key as its owner gave it; with a certificate, that one's print and days."""

    public_key: Mapping[str, Any]
    kid: str | None = None
    certificate_sha256: bytes | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True)
class ClientKey:
    """A key of a client that is good now."""

    key_id: UUID
    client_id: str
    public_key: Mapping[str, Any]
    names: frozenset[str]
    certificate_sha256: bytes | None


def parse(value: str) -> list[GivenKey]:
    """Read what a party sends as its keys: one JSON Web Key, a set of them (JWKS), or a certificate (PEM).

    Raises:
        MalformedRequestError: something else, a key that no assertion could rest on, or the private half of one.
    """
    if value.lstrip().startswith(_CERTIFICATE):
        return [_of_certificate(value)]
    try:
        members = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(f"public_key: {_SHAPE}") from error
    if isinstance(members, dict) and "keys" in members:
        given = members["keys"]
        if not isinstance(given, list) or not 0 < len(given) <= MOST_LIVE:
            raise MalformedRequestError(f"public_key: a set holds 1 to {MOST_LIVE} keys")
        return _unlike([_of_jwk(one) for one in given])
    return [_of_jwk(members)]


def algorithms_of(public_key: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a key signs with: what it says itself, or all that its kind can."""
    own = public_key.get("alg")
    return tuple(one for one in _ALGORITHMS[public_key["kty"]] if own in (None, one))


def live(connection: Connection, client_id: str, now: datetime) -> list[ClientKey]:
    """Return the keys of a client that are good now, the newest first."""
    rows = connection.execute(_LIVE, {"client": client_id, "now": now})
    return [_key(row) for row in rows]


def of_certificate(
    connection: Connection, client_id: str, certificate_sha256: bytes, now: datetime
) -> ClientKey | None:
    """Return the key of a client that came in this certificate, if it is good now (RFC 8705, 2.2)."""
    return next(
        (one for one in live(connection, client_id, now) if one.certificate_sha256 == certificate_sha256),
        None,
    )


def add(
    connection: Connection,
    client_id: str,
    given: Sequence[GivenKey],
    now: datetime,
    *,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> list[UUID]:
    """Add keys to a client, beside those it has; from now on, or as it says and as their certificates let.

    Raises:
        MalformedRequestError: they would never be good.
        ConflictError: the client has such a key, or more than it may have with these.
    """
    made = []
    for key in given:
        begins = max(filter(None, (valid_from, key.not_before)), default=None)
        ends = min(filter(None, (valid_until, key.not_after)), default=None)
        if ends is not None and ends <= max(filter(None, (begins, now))):
            raise MalformedRequestError(
                "public_key: it would never be good: its days are over before it begins"
            )
        made.append(uuid4())
        names = {"kid": key.kid, "thumbprint": jose.thumbprint(key.public_key)}
        taken = connection.execute(_TAKEN, {"client": client_id, "now": now, **names}).one_or_none()
        if taken is not None:
            raise ConflictError("the client has a key of this name, or this key, already")
        connection.execute(
            _ADD,
            {
                "id": made[-1],
                "client": client_id,
                **names,
                "key": json.dumps(dict(key.public_key), sort_keys=True),
                "certificate": key.certificate_sha256,
                "begins": begins,
                "ends": ends,
                "now": now,
            },
        )
    standing = connection.execute(_STANDING_COUNT, {"client": client_id, "now": now}).scalar_one()
    if standing > MOST_LIVE:
        raise ConflictError(f"a client has {MOST_LIVE} keys at most: end one first")
    return made


def end(connection: Connection, key_id: UUID, at: datetime, now: datetime) -> Any:
    """End a key at a moment that is not past; returns its row, with its client's party.

    Raises:
        NotFoundError: there is none that is still good, or it ends before that anyway.
    """
    row = connection.execute(_END, {"id": key_id, "at": at, "now": now}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such key, or it has ended, or it ends before that")
    return row


def of_client(connection: Connection, client_id: str) -> list[Any]:
    """Return every key that a client has or had, the newest first."""
    return list(connection.execute(_ALL, {"client": client_id}))


def _of_jwk(members: object) -> GivenKey:
    wrong = MalformedRequestError(f"public_key: {_SHAPE}")
    if not isinstance(members, dict) or members.get("kty") not in _CURVES:
        raise wrong
    kind, kid = members["kty"], members.get("kid")
    try:
        if members.get("crv") != _CURVES[kind]:
            raise wrong
        if kind == "RSA" and not _RSA_BITS <= _bits(members["n"]) <= _MOST_RSA_BITS:
            raise wrong
        key = import_key(members)
        is_private = key.is_private
    except (JoseError, jose.UnfitTokenError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise wrong from error
    if is_private:
        raise MalformedRequestError("public_key: give the public half only")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _LONGEST_NAME and kid.isprintable()):
        raise MalformedRequestError("public_key: kid is a text of 1 to 200 characters")
    if members.get("use", "sig") != "sig" or members.get("alg") not in (None, *_ALGORITHMS[kind]):
        raise MalformedRequestError("public_key: it is not a key to sign with, or for another algorithm")
    public = {name: value for name, value in members.items() if name in _PUBLIC}
    if members.get("alg") is not None:
        public["alg"] = members["alg"]
    return GivenKey(public, kid)


def _bits(modulus: str) -> int:
    """How long a modulus is as a number: zeros before it make a key no stronger."""
    return int.from_bytes(jose.decode(modulus)).bit_length()


def _of_certificate(value: str) -> GivenKey:
    try:
        (certificate,) = x509.load_pem_x509_certificates(value.encode())
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedRequestError("public_key: this is not one certificate (PEM)") from error
    kind = next((name for one, name in _KINDS.items() if isinstance(public, one)), None)
    if kind is None or (isinstance(public, rsa.RSAPublicKey) and public.key_size < _RSA_BITS):
        raise MalformedRequestError(f"public_key: the certificate's key {_SHAPE}")
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    members: dict[str, Any] = dict(import_key(pem, kind).as_dict(private=False))
    return GivenKey(
        _of_jwk({name: one for name, one in members.items() if name in _PUBLIC}).public_key,
        None,
        sha256(certificate.public_bytes(Encoding.DER)).digest(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _unlike(keys: list[GivenKey]) -> list[GivenKey]:
    prints = {jose.thumbprint(one.public_key) for one in keys}
    names = [one.kid for one in keys if one.kid is not None]
    if len(prints) != len(keys) or len(set(names)) != len(names):
        raise MalformedRequestError("public_key: a key, or its name, is given twice")
    return keys


def _key(row: Any) -> ClientKey:
    certificate = bytes(row.certificate_sha256) if row.certificate_sha256 else None
    names = frozenset(filter(None, (row.kid, row.thumbprint)))
    return ClientKey(row.key_id, row.client_id, json.loads(row.public_key), names, certificate)


# Locked: what ends a key waits for a token that is being minted by it, and ends it too.
_LIVE = text(
    "SELECT * FROM identity.client_key WHERE client_id = :client"
    " AND (valid_from IS NULL OR valid_from <= :now) AND (valid_until IS NULL OR valid_until > :now)"
    " ORDER BY added_at DESC, key_id FOR SHARE"
)
_STANDING_COUNT = text(
    "SELECT count(*) FROM identity.client_key WHERE client_id = :client"
    " AND (valid_until IS NULL OR valid_until > :now)"
)
_TAKEN = text(
    "SELECT 1 FROM identity.client_key WHERE client_id = :client AND (valid_until IS NULL OR valid_until > :now)"
    " AND (thumbprint IN (:thumbprint, :kid) OR kid IN (:thumbprint, :kid)) LIMIT 1"
)
_ADD = text(
    "INSERT INTO identity.client_key (key_id, client_id, kid, thumbprint, public_key, certificate_sha256, valid_from,"
    " valid_until, added_at) VALUES (:id, :client, :kid, :thumbprint, :key, :certificate, :begins, :ends, :now)"
)
_END = text(
    "UPDATE identity.client_key k SET valid_until = :at FROM identity.client c WHERE k.key_id = :id"
    " AND c.client_id = k.client_id AND c.ended_at IS NULL AND (k.valid_until IS NULL OR k.valid_until > :at)"
    " AND :at >= :now RETURNING k.*, c.party_id"
)
_ALL = text("SELECT * FROM identity.client_key WHERE client_id = :client ORDER BY added_at DESC, key_id")
