"""Minting an access token (RFC 9068), bound to client, party, role and interface; and ending one (RFC 7009).

The token is signed, so that others can check it against the published keys. What makes it good here is its hash in the
database: it is good from then on and until its client, its party, a revocation or its hour ends it, at once.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jws
from sqlalchemy import Connection, text

from databeheer.door.tokens.ring import ALGORITHM, TokenRing
from databeheer.errors import DatabeheerError
from databeheer.identity import jose
from databeheer.identity.clients import Client
from databeheer.identity.tokens import token_hash

TOKEN_TERM = timedelta(hours=1)
AUDIENCE = {"own": "/api/v1", "facade": "/esco"}
"""What a token is for, by interface, under the house's address."""


class ForeignTokenError(DatabeheerError):
    """The token was issued to another client, which alone can revoke it (RFC 7009, 2.1)."""

    code = "forbidden"


@dataclass(frozen=True)
class Minted:
    """A new token, and how many seconds it has."""

    token: str
    expires_in: int


def mint(
    connection: Connection,
    ring: TokenRing,
    issuer: str,
    client: Client,
    profile: str,
    now: datetime,
    *,
    key_id: UUID | None = None,
    certificate_sha256: bytes | None = None,
) -> Minted:
    """Mint a token for one interface, for an hour at most.

    `key_id`: the client's key against which it is minted; it ends with that. `certificate_sha256`: of the connection
    that asked for it; it is good only over connections with the same one (RFC 8705, 3).
    """
    key = ring.in_force(connection, ALGORITHM[profile], now)
    issued = int(now.timestamp())
    expires = issued + int(TOKEN_TERM.total_seconds())
    claims = {
        "iss": issuer,
        "aud": issuer + AUDIENCE[profile],
        "sub": client.client_id,
        "client_id": client.client_id,
        "iat": issued,
        "exp": expires,
        "jti": secrets.token_urlsafe(16),
        "party": str(client.party_id),
        "role": client.role,
    }
    if certificate_sha256 is not None:
        claims["cnf"] = {"x5t#S256": jose.encode(certificate_sha256)}
    header = {"typ": "at+jwt", "alg": key.algorithm, "kid": key.kid}
    payload = json.dumps(claims, separators=(",", ":")).encode()
    token = jws.serialize_compact(header, payload, key.private, algorithms=[key.algorithm])
    connection.execute(
        _ADD,
        {
            "hash": token_hash(token),
            "client": client.client_id,
            "party": client.party_id,
            "profile": profile,
            "now": now,
            "expires": datetime.fromtimestamp(expires, UTC),
            "key": key_id,
            "certificate": certificate_sha256,
        },
    )
    return Minted(token, int(expires - now.timestamp()))


def revoke(connection: Connection, client_id: str, token: str, now: datetime) -> None:
    """End a token of this client; one that has ended, or that never was, changes nothing.

    Raises:
        ForeignTokenError: it is another client's.
    """
    owner = connection.execute(_OWNER, {"hash": token_hash(token)}).scalar_one_or_none()
    if owner is not None and owner != client_id:
        raise ForeignTokenError("this token was issued to another client")
    connection.execute(_REVOKE, {"hash": token_hash(token), "now": now})


def end_of_key(connection: Connection, key_id: UUID, now: datetime) -> None:
    """End the tokens that were minted against one key of a client."""
    connection.execute(_END_OF_KEY, {"key": key_id, "now": now})


_ADD = text(
    "INSERT INTO identity.access_token (token_hash, client_id, party_id, profile, issued_at, expires_at, key_id,"
    " certificate_sha256) VALUES (:hash, :client, :party, :profile, :now, :expires, :key, :certificate)"
)
_OWNER = text("SELECT client_id FROM identity.access_token WHERE token_hash = :hash")
_REVOKE = text(
    "UPDATE identity.access_token SET revoked_at = :now WHERE token_hash = :hash AND revoked_at IS NULL"
)
_END_OF_KEY = text(
    "UPDATE identity.access_token SET revoked_at = :now WHERE key_id = :key AND revoked_at IS NULL"
)
