"""Web hooks: where a party wants to be told, and the signature by which it knows that it is us.

Source: Standard Webhooks 1.0 (headers webhook-id, webhook-timestamp, webhook-signature; `v1` is HMAC-SHA256 under a
`whsec_` secret, `v1a` is Ed25519 under our key, of which the party has the `whpk_` half).
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nacl.signing import SigningKey
from sqlalchemy import Connection, text

OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside a new one."""
SECRET_LENGTH = 32


class Scheme(enum.StrEnum):
    """How a web hook is signed."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True)
class Secret:
    """What we sign one party's web hooks with: 32 bytes, known to the party for HMAC, ours alone for Ed25519."""

    scheme: Scheme
    raw: bytes = field(repr=False)

    @classmethod
    def new(cls, scheme: Scheme) -> Secret:
        return cls(scheme, secrets.token_bytes(SECRET_LENGTH))

    @property
    def for_party(self) -> str:
        """What the party needs to check signatures: the secret itself, or the public half."""
        if self.scheme is Scheme.HMAC:
            return "whsec_" + b64encode(self.raw).decode()
        return "whpk_" + b64encode(bytes(SigningKey(self.raw).verify_key)).decode()

    def sign(self, content: bytes) -> str:
        if self.scheme is Scheme.HMAC:
            return "v1," + b64encode(hmac.digest(self.raw, content, hashlib.sha256)).decode()
        return "v1a," + b64encode(SigningKey(self.raw).sign(content).signature).decode()


def number(delivery_id: UUID) -> str:
    """The `webhook-id` of a delivery, the same in each attempt."""
    return f"msg_{delivery_id.hex}"


def headers(delivery_id: UUID, body: bytes, at: datetime, signers: Sequence[Secret]) -> dict[str, str]:
    """Return the headers of one attempt: the number stays the same in all attempts, the time is each one's own."""
    stamp = str(int(at.timestamp()))
    content = f"{number(delivery_id)}.{stamp}.".encode() + body
    return {
        "content-type": "application/json",
        "webhook-id": number(delivery_id),
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(secret.sign(content) for secret in signers),
    }


def find(connection: Connection, party_id: UUID, *, locked: bool = False) -> Any | None:
    """Return a party's web hook, sealed; None where it has none."""
    return connection.execute(_FIND_LOCKED if locked else _FIND, {"party": party_id}).one_or_none()


def put(connection: Connection, party_id: UUID, members: dict[str, Any], now: datetime) -> None:
    """Set where a party wants to be told: url_sealed, scheme, secret_sealed; what still signs too as old_*."""
    connection.execute(_PUT, members | {"party": party_id, "now": now})


def all_of(connection: Connection) -> list[UUID]:
    """Return the parties that have a web hook."""
    return list(connection.execute(_ALL).scalars())


def remove(connection: Connection, party_id: UUID) -> bool:
    """Forget a party's web hook; False where it had none."""
    return bool(connection.execute(_REMOVE, {"party": party_id}).rowcount)


_FIND = text("SELECT * FROM post.webhook WHERE party_id = :party")
_FIND_LOCKED = text("SELECT * FROM post.webhook WHERE party_id = :party FOR UPDATE")
_PUT = text(
    "INSERT INTO post.webhook (party_id, url_sealed, scheme, secret_sealed, old_scheme, old_secret_sealed, old_until,"
    " changed_at) VALUES (:party, :url_sealed, :scheme, :secret_sealed, :old_scheme, :old_secret_sealed, :old_until,"
    " :now) ON CONFLICT (party_id) DO UPDATE SET url_sealed = :url_sealed, scheme = :scheme,"
    " secret_sealed = :secret_sealed, old_scheme = :old_scheme, old_secret_sealed = :old_secret_sealed,"
    " old_until = :old_until, changed_at = :now"
)
_ALL = text("SELECT party_id FROM post.webhook ORDER BY party_id")
_REMOVE = text("DELETE FROM post.webhook WHERE party_id = :party")
