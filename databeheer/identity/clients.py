"""The programs of market parties: who they are, shown by a signed assertion (RFC 7523), by a certificate (RFC 8705),
or by a mere secret.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NotFoundError, UnauthenticatedError
from databeheer.identity import assertions, client_keys
from databeheer.identity.client_keys import GivenKey
from databeheer.identity.tokens import new_token, token_hash

_PREFIX = "client-"
_WRONG = "the client is not known, or its secret, assertion or certificate is wrong"


@dataclass(frozen=True)
class Client:
    """One program of one party; `profiles` are the interfaces that it may use."""

    client_id: str
    party_id: UUID
    profiles: tuple[str, ...]
    role: str
    secret_hash: bytes | None = field(repr=False)


def find(connection: Connection, client_id: str, profile: str | None = None) -> Client | None:
    """Return the client that may use this interface, or any, now; None where there is none, for whatever reason."""
    row: Any = connection.execute(_CLIENT, {"client": client_id}).one_or_none()
    if row is None or profile not in (None, *row.profiles):
        return None
    secret = bytes(row.secret_hash) if row.secret_hash else None
    return Client(row.client_id, row.party_id, tuple(row.profiles), row.role, secret)


def check_secret(client: Client | None, secret: str) -> Client:
    """Return the client if this is its secret.

    Raises:
        UnauthenticatedError: not known, or not its secret; the answer does not say which.
    """
    stored = client.secret_hash if client and client.secret_hash else secrets.token_bytes(32)
    if not hmac.compare_digest(stored, token_hash(secret)) or client is None:
        raise UnauthenticatedError(_WRONG)
    return client


def check_assertion(
    connection: Connection, client: Client | None, assertion: str, audience: str, profile: str, now: datetime
) -> UUID:
    """Return the number of the key with which the client signed this assertion; it is used up by that.

    Raises:
        UnauthenticatedError: anything else; the answer does not say what.
    """
    try:
        if client is None:
            raise UnauthenticatedError(_WRONG)
        return assertions.check(connection, client.client_id, assertion, audience, profile, now).key_id
    except UnauthenticatedError as error:
        raise UnauthenticatedError(_WRONG) from error


def check_certificate(
    connection: Connection, client: Client | None, certificate_sha256: bytes | None, now: datetime
) -> UUID:
    """Return the number of the client's key that came in the certificate of this connection (RFC 8705, 2.2).

    Raises:
        UnauthenticatedError: not known, or not its certificate; the answer does not say which.
    """
    key = None
    if client is not None and certificate_sha256 is not None:
        key = client_keys.of_certificate(connection, client.client_id, certificate_sha256, now)
    if key is None:
        raise UnauthenticatedError(_WRONG)
    return key.key_id


@dataclass(frozen=True)
class Credentials:
    """What a party's program is given, shown once; no secret where it signs with its own key."""

    client_id: str
    secret: str | None = field(repr=False)
    subscription_key: str | None = field(repr=False)


def add(
    connection: Connection,
    party_id: UUID,
    profiles: frozenset[str],
    keys: Sequence[GivenKey],
    now: datetime,
    *,
    valid_from: datetime | None = None,
) -> Credentials:
    """Make a client for these interfaces, which signs with these keys, or else gets a secret.

    `valid_from`: from when on the keys count, where that is not at once.

    Raises:
        MalformedRequestError: a key would never be good.
    """
    made = Credentials(
        client_id=f"{_PREFIX}{secrets.token_hex(8)}",
        secret=None if keys else new_token(),
        subscription_key=secrets.token_hex(16) if "facade" in profiles else None,
    )
    connection.execute(
        text(
            "INSERT INTO identity.client (client_id, party_id, secret_hash, subscription_key_hash,"
            " profiles, created_at) VALUES (:client, :party, :secret, :subscription, :profiles, :now)"
        ),
        {
            "client": made.client_id,
            "party": party_id,
            "secret": token_hash(made.secret) if made.secret else None,
            "subscription": token_hash(made.subscription_key) if made.subscription_key else None,
            "profiles": sorted(profiles),
            "now": now,
        },
    )
    client_keys.add(connection, made.client_id, keys, now, valid_from=valid_from)
    return made


def of_party(connection: Connection, party_id: UUID) -> list[Any]:
    """Return the clients that a party has, the oldest first; none that has ended."""
    return list(connection.execute(_OF_PARTY, {"party": party_id}))


def standing(connection: Connection, client_id: str) -> Any:
    """Return the row of a client.

    Raises:
        NotFoundError: there is none that has not ended.
    """
    return _standing(connection.execute(_CLIENT, {"client": client_id}).one_or_none())


def end(connection: Connection, client_id: str, now: datetime) -> Any:
    """End a client, and its tokens; returns its row. It can be made again only as another.

    Raises:
        NotFoundError: there is none that has not ended.
    """
    row = _standing(connection.execute(_END, {"client": client_id, "now": now}).one_or_none())
    connection.execute(_END_TOKENS, {"client": client_id, "now": now})
    return row


def renew(connection: Connection, client_id: str, now: datetime) -> tuple[Any, str]:
    """Give a client another secret, shown once; the old one and its tokens are dead at once. Returns its row too.

    Raises:
        NotFoundError: there is none that has not ended.
        ConflictError: it signs with a key of its own, and has no secret.
    """
    row = standing(connection, client_id)
    if row.secret_hash is None:
        raise ConflictError("this client signs with its own key; give it another key instead")
    secret = new_token()
    connection.execute(_RENEW, {"client": client_id, "secret": token_hash(secret)})
    connection.execute(_END_TOKENS, {"client": client_id, "now": now})
    return row, secret


def forget_secret(connection: Connection, client_id: str, now: datetime) -> Any:
    """Make the secret of a client good for nothing that a restored database took for good; a new one is to be given.

    Raises:
        NotFoundError: there is none that has not ended.
        ConflictError: it signs with a key of its own, and has no secret.
    """
    return renew(connection, client_id, now)[0]


def number_of(client_id: str) -> UUID:
    """What names a client in the journal of ends."""
    return UUID(int=int(client_id.removeprefix(_PREFIX), 16))


def of_number(number: UUID) -> str:
    """The client that `number_of` named."""
    return f"{_PREFIX}{number.int:016x}"


def _standing(row: Any | None) -> Any:
    if row is None:
        raise NotFoundError("there is no such client, or it has ended")
    return row


def subscription_key_hash(connection: Connection, access_token_hash: bytes) -> bytes | None:
    """Return the hash of the subscription key of the client that an access token was minted for."""
    row: Any = connection.execute(_SUBSCRIPTION, {"hash": access_token_hash}).one_or_none()
    return bytes(row.subscription_key_hash) if row and row.subscription_key_hash else None


# Locked: what ends a client or its secret waits for a token that is being minted, and ends it too.
_CLIENT = text(
    "SELECT c.*, p.role FROM identity.client c JOIN registry.party p USING (party_id)"
    " WHERE c.client_id = :client AND c.ended_at IS NULL FOR SHARE OF c"
)
_OF_PARTY = text(
    "SELECT * FROM identity.client WHERE party_id = :party AND ended_at IS NULL ORDER BY created_at, client_id"
)
_END = text(
    "UPDATE identity.client SET ended_at = :now WHERE client_id = :client AND ended_at IS NULL RETURNING *"
)
_RENEW = text("UPDATE identity.client SET secret_hash = :secret WHERE client_id = :client")
_END_TOKENS = text(
    "UPDATE identity.access_token SET revoked_at = :now WHERE client_id = :client AND revoked_at IS NULL"
)
_SUBSCRIPTION = text(
    "SELECT c.subscription_key_hash FROM identity.access_token t JOIN identity.client c USING (client_id)"
    " WHERE t.token_hash = :hash"
)
