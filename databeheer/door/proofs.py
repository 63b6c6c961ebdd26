"""The door takes a proof, never a word: who is asking, shown by a live token that the door itself minted."""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import UnauthenticatedError
from databeheer.identity.tokens import token_hash

LONGEST_PROOF = 512


class AskerKind(enum.Enum):
    """In which capacity somebody asks."""

    CUSTOMER = "customer"
    INSPECTOR = "inspector"
    PARTY = "party"
    OPERATOR = "operator"
    INTAKE = "intake"
    CLERK = "clerk"
    POSTMAN = "postman"


@dataclass(frozen=True)
class Proof:
    """What came with a request; `kind` is session, token, operator, intake, clerk, postman or none."""

    kind: str = "none"
    value: str = field(default="", repr=False)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the value: all that the database knows of it."""
        return token_hash(self.value)


@dataclass(frozen=True)
class Asker:
    """Who asks, proven under the ledger's lock."""

    kind: AskerKind
    person_id: UUID | None = None
    party_id: UUID | None = None
    profile: str = ""
    staff: str = ""


_SESSION = text(
    "SELECT role, person_id, encode(staff_hash, 'hex') AS staff FROM identity.session"
    " WHERE token_hash = :hash AND ended_at IS NULL AND created_at <= :now AND expires_at > :now"
)
_TOKEN = text(
    "SELECT t.party_id, t.profile FROM identity.access_token t JOIN identity.client c USING (client_id)"
    " JOIN registry.party p ON p.party_id = t.party_id WHERE t.token_hash = :hash AND t.revoked_at IS NULL"
    " AND t.expires_at > :now AND c.ended_at IS NULL AND p.suspended_at IS NULL"
)


def check(connection: Connection, proof: Proof, now: datetime, operator_key_hash: bytes) -> Asker:
    """Return who the proof shows, as of `now`.

    Called in the same transaction as what the asker then does, so that a log-out or a revoked token counts.

    Raises:
        UnauthenticatedError: missing, unknown, ended or expired; the answer does not say which.
    """
    asker: Asker | None = None
    if len(proof.value) <= LONGEST_PROOF:
        if proof.kind == "session":
            asker = _of_session(connection.execute(_SESSION, {"hash": proof.hash, "now": now}).one_or_none())
        elif proof.kind == "token":
            row = connection.execute(_TOKEN, {"hash": proof.hash, "now": now}).one_or_none()
            asker = Asker(AskerKind.PARTY, party_id=row.party_id, profile=row.profile) if row else None
        elif proof.kind == "operator" and hmac.compare_digest(proof.hash, operator_key_hash):
            asker = Asker(AskerKind.OPERATOR)
    if asker is None:
        raise UnauthenticatedError("log in again: the session or token is missing, ended or expired")
    return asker


def check_intake(proof: Proof, intake_key_hash: bytes) -> Asker:
    """Return intake where the proof is intake's own key.

    Apart from `check`, so that this key is a proof of nothing in any other command: whoever takes files in can
    make no party and no client, and the operator's key needs not lie where files are taken in.

    Raises:
        UnauthenticatedError: anything else, the operator's key included.
    """
    if not _is_key(proof, "intake", intake_key_hash):
        raise UnauthenticatedError("taking in needs the intake's own key")
    return Asker(AskerKind.INTAKE)


def check_clerk(proof: Proof, clerk_key_hash: bytes) -> Asker:
    """Return the clerk where the proof is the clerk's own key: good for having written down what time did, no more.

    Raises:
        UnauthenticatedError: anything else.
    """
    if not _is_key(proof, "clerk", clerk_key_hash):
        raise UnauthenticatedError("this needs the clerk's own key")
    return Asker(AskerKind.CLERK)


def check_postman(proof: Proof, postman_key_hash: bytes | None) -> Asker:
    """Return the postman where the proof is the postman's own key: it opens what is to be delivered, and no more.

    Raises:
        UnauthenticatedError: anything else, and everything where no postman was set up.
    """
    if postman_key_hash is None or not _is_key(proof, "postman", postman_key_hash):
        raise UnauthenticatedError("this needs the postman's own key")
    return Asker(AskerKind.POSTMAN)


def _is_key(proof: Proof, kind: str, key_hash: bytes) -> bool:
    return (
        proof.kind == kind and len(proof.value) <= LONGEST_PROOF and hmac.compare_digest(proof.hash, key_hash)
    )


def _of_session(row: Any) -> Asker | None:
    if row is None:
        return None
    if row.role == "inspector":
        return Asker(AskerKind.INSPECTOR, staff=row.staff)
    return Asker(AskerKind.CUSTOMER, person_id=row.person_id)
