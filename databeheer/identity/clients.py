"""The programs of market parties: who they are, shown by a signed assertion (RFC 7523) or by a mere secret."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.identity.tokens import new_token, token_hash

TOKEN_TERM = timedelta(hours=1)
LONGEST_ASSERTION = {"own": timedelta(minutes=5), "facade": timedelta(hours=1)}
"""The facade's clients sign for an hour at a time; nothing of ours asks that of a client."""
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]
RSA_2048_DIGITS = 342
"""Base64url digits of the modulus of an RSA key of 2048 bits."""
_PREFIX = "client-"
_CURVES = {"RSA": None, "EC": "P-256", "OKP": "Ed25519"}
_SKEW = timedelta(seconds=10)
_WRONG = "the client is not known, or its secret or assertion is wrong"


@dataclass(frozen=True)
class Client:
    """One program of one party; `profiles` are the interfaces that it may use."""

    client_id: str
    party_id: UUID
    profiles: tuple[str, ...]
    secret_hash: bytes | None = field(repr=False)
    public_key: str | None = None


def find(connection: Connection, client_id: str, profile: str) -> Client | None:
    """Return the client that may use this interface now; None where there is none, for whatever reason."""
    row: Any = connection.execute(_CLIENT, {"client": client_id}).one_or_none()
    if row is None or profile not in row.profiles:
        return None
    secret = bytes(row.secret_hash) if row.secret_hash else None
    return Client(row.client_id, row.party_id, tuple(row.profiles), secret, row.public_key)


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
) -> Client:
    """Return the client if it signed this assertion: for us (`audience`), short-lived, used once.

    Raises:
        UnauthenticatedError: anything else; the answer does not say what.
    """
    if client is None or client.public_key is None:
        raise UnauthenticatedError(_WRONG)
    claims = _verified(assertion, client.public_key)
    expires, identifier = claims.get("exp"), claims.get("jti")
    latest = (now + LONGEST_ASSERTION[profile] + _SKEW).timestamp()
    # The audience is a single string: a list could name another server too, which might then replay it (FAPI 2.0).
    if (
        claims.get("iss") != client.client_id
        or claims.get("sub") != client.client_id
        or not audience
        or claims.get("aud") != audience
        or not isinstance(identifier, str)
        or not 8 <= len(identifier) <= 200
        or type(expires) is not int
        or not now.timestamp() < expires <= latest
        or not _is_past(claims.get("iat"), now)
        or not _is_past(claims.get("nbf"), now)
    ):
        raise UnauthenticatedError(_WRONG)
    _use_once(connection, f"{client.client_id}\n{identifier}", expires, now)
    return client


def check_public_key(value: str) -> None:
    """Take what a client's assertions can be verified with (RS256, PS256, ES256, Ed25519), public half only.

    Raises:
        MalformedRequestError: it is no such key, or it holds the private half too.
    """
    wrong = MalformedRequestError(
        "public_key: is a public JSON Web Key: RSA of 2048 bits or more, EC on P-256, or Ed25519"
    )
    try:
        members = json.loads(value)
        if not isinstance(members, dict) or members.get("kty") not in _CURVES:
            raise wrong
        if members.get("crv") != _CURVES[members["kty"]]:
            raise wrong
        if members["kty"] == "RSA" and len(members["n"]) < RSA_2048_DIGITS:
            raise wrong
        is_private = import_key(members).is_private
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise wrong from error
    if is_private:
        raise MalformedRequestError("public_key: give the public half only")


@dataclass(frozen=True)
class Credentials:
    """What a party's program is given, shown once; no secret where it signs with its own key."""

    client_id: str
    secret: str | None = field(repr=False)
    subscription_key: str | None = field(repr=False)


def add(
    connection: Connection, party_id: UUID, profiles: frozenset[str], public_key: str | None, now: datetime
) -> Credentials:
    """Make a client for these interfaces; raises MalformedRequestError for a key that no assertion could rest on."""
    if public_key is not None:
        check_public_key(public_key)
    made = Credentials(
        client_id=f"{_PREFIX}{secrets.token_hex(8)}",
        secret=None if public_key else new_token(),
        subscription_key=secrets.token_hex(16) if "facade" in profiles else None,
    )
    connection.execute(
        text(
            "INSERT INTO identity.client (client_id, party_id, secret_hash, public_key, subscription_key_hash,"
            " profiles, created_at) VALUES (:client, :party, :secret, :key, :subscription, :profiles, :now)"
        ),
        {
            "client": made.client_id,
            "party": party_id,
            "secret": token_hash(made.secret) if made.secret else None,
            "key": public_key,
            "subscription": token_hash(made.subscription_key) if made.subscription_key else None,
            "profiles": sorted(profiles),
            "now": now,
        },
    )
    return made


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
    row = _standing(connection.execute(_CLIENT, {"client": client_id}).one_or_none())
    if row.secret_hash is None:
        raise ConflictError("this client signs with its own key; end it, and add one with another key")
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


def mint_token(connection: Connection, client: Client, profile: str, now: datetime) -> str:
    """Return a new access token of a client for one interface, good for TOKEN_TERM."""
    token = new_token()
    connection.execute(
        text(
            "INSERT INTO identity.access_token (token_hash, client_id, party_id, profile, issued_at, expires_at)"
            " VALUES (:hash, :client, :party, :profile, :now, :expires)"
        ),
        {
            "hash": token_hash(token),
            "client": client.client_id,
            "party": client.party_id,
            "profile": profile,
            "now": now,
            "expires": now + TOKEN_TERM,
        },
    )
    return token


def subscription_key_hash(connection: Connection, access_token_hash: bytes) -> bytes | None:
    """Return the hash of the subscription key of the client that an access token was minted for."""
    row: Any = connection.execute(_SUBSCRIPTION, {"hash": access_token_hash}).one_or_none()
    return bytes(row.subscription_key_hash) if row and row.subscription_key_hash else None


def _verified(assertion: str, public_key: str) -> dict[str, Any]:
    try:
        token = jws.deserialize_compact(assertion, import_key(json.loads(public_key)), algorithms=ALGORITHMS)
        claims = json.loads(token.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise UnauthenticatedError(_WRONG) from error
    if not isinstance(claims, dict):
        raise UnauthenticatedError(_WRONG)
    return claims


def _use_once(connection: Connection, name: str, expires: int, now: datetime) -> None:
    connection.execute(text("DELETE FROM identity.assertion WHERE expires_at < :now"), {"now": now})
    fresh = connection.execute(
        text(
            "INSERT INTO identity.assertion (assertion_hash, expires_at) VALUES (:hash, :expires)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"hash": token_hash(name), "expires": datetime.fromtimestamp(expires, UTC)},
    ).one_or_none()
    if fresh is None:
        raise UnauthenticatedError(_WRONG)


def _is_past(value: Any, now: datetime) -> bool:
    return value is None or (type(value) is int and value <= (now + _SKEW).timestamp())


_CLIENT = text("SELECT * FROM identity.client WHERE client_id = :client AND ended_at IS NULL")
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
