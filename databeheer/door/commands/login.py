"""Sessions and tokens: minted here, against a signed answer or an assertion, so that no other process can forge one."""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from sqlalchemy import Connection, text

from databeheer.door.commands.base import Command, looking, one_of, schema, short_text
from databeheer.door.house import House
from databeheer.door.keystore import Kind
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.seals import derive
from databeheer.errors import UnauthenticatedError, UnavailableError
from databeheer.identity.provider import Identity
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.values import format_instant

LOGIN_TERM = timedelta(minutes=10)
SESSION_TERM = timedelta(hours=1)
TOKEN_TERM = timedelta(hours=1)
LONGEST_ASSERTION = {"own": timedelta(minutes=5), "facade": timedelta(hours=1)}
_SKEW = timedelta(seconds=10)


def begin(house: House, _: Proof, __: dict[str, Any]) -> dict[str, Any]:
    """Give a nonce for one log-in; only an answer that bears it is taken, once."""
    if house.provider is None:
        raise UnavailableError("no identity provider is set up")
    nonce = secrets.token_urlsafe(32)
    now = house.clock.now()
    with house.engine.begin() as connection:
        connection.execute(text("DELETE FROM identity.login WHERE expires_at < :now"), {"now": now})
        connection.execute(
            text(
                "INSERT INTO identity.login (nonce_hash, created_at, expires_at) VALUES (:hash, :now, :expires)"
            ),
            {"hash": _hash(nonce), "now": now, "expires": now + LOGIN_TERM},
        )
    return {"nonce": nonce, "authorize_url": house.provider.authorize_url}


def finish(house: House, _: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check the provider's answer and mint a session.

    The nonce is used up even where the answer is then refused: a replayed answer finds nothing.
    """
    if house.provider is None:
        raise UnavailableError("no identity provider is set up")
    now = house.clock.now()
    with house.engine.begin() as connection:
        used = connection.execute(
            text(
                "UPDATE identity.login SET used_at = :now WHERE nonce_hash = :hash AND used_at IS NULL"
                " AND expires_at > :now RETURNING 1"
            ),
            {"hash": _hash(arguments["nonce"]), "now": now},
        ).one_or_none()
    if used is None:
        raise UnauthenticatedError("this log-in has been used or has expired; log in again")
    identity = house.provider.check(arguments["answer"], arguments["nonce"], now)
    token = secrets.token_urlsafe(32)
    expires = now + SESSION_TERM
    with house.engine.begin() as connection:
        person_id = person_of(house, connection, identity, now) if identity.role == "customer" else None
        connection.execute(
            text(
                "INSERT INTO identity.session (token_hash, role, person_id, staff_hash, created_at, expires_at)"
                " VALUES (:hash, :role, :person, :staff, :now, :expires)"
            ),
            {
                "hash": _hash(token),
                "role": identity.role,
                "person": person_id,
                "staff": None if person_id else subject_hash(house, identity.subject),
                "now": now,
                "expires": expires,
            },
        )
    return {
        "session": token,
        "expires_at": format_instant(expires),
        "role": identity.role,
        "name": identity.name,
    }


def end(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """End a session; ending one that has ended changes nothing."""
    with house.engine.begin() as connection:
        connection.execute(
            text("UPDATE identity.session SET ended_at = :now WHERE token_hash = :hash AND ended_at IS NULL"),
            {"hash": proof.hash, "now": house.clock.now()},
        )
    return {}


def mint_token(house: House, _: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Mint an access token for a party's client, against its signed assertion (RFC 7523) or its secret.

    A client known by a mere secret is the documented exception (threat model). The answer to a wrong
    identifier and to a wrong secret is the same.
    """
    now = house.clock.now()
    with house.engine.begin() as connection:
        client: Any = connection.execute(_CLIENT, {"client": arguments["client_id"]}).one_or_none()
        profile = arguments["profile"]
        secret, assertion = arguments["client_secret"], arguments["client_assertion"]
        known = client is not None and profile in client.profiles
        if assertion:
            expected = client.public_key if known and client.public_key else None
            _check_assertion(house, connection, assertion, arguments["client_id"], expected, profile, now)
        else:
            stored = bytes(client.secret_hash) if known and client.secret_hash else secrets.token_bytes(32)
            if not hmac.compare_digest(stored, _hash(secret or "")):
                raise UnauthenticatedError("the client is not known, or its secret or assertion is wrong")
        token = secrets.token_urlsafe(32)
        connection.execute(
            text(
                "INSERT INTO identity.access_token (token_hash, client_id, party_id, profile, issued_at, expires_at)"
                " VALUES (:hash, :client, :party, :profile, :now, :expires)"
            ),
            {
                "hash": _hash(token),
                "client": client.client_id,
                "party": client.party_id,
                "profile": profile,
                "now": now,
                "expires": now + TOKEN_TERM,
            },
        )
    return {"access_token": token, "expires_in": int(TOKEN_TERM.total_seconds())}


def check_subscription(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check that a subscription key belongs to the client of this access token (the facade sends both)."""
    with looking(house, proof) as (connection, asker, _now):
        row: Any = connection.execute(_SUBSCRIPTION, {"hash": proof.hash}).one_or_none()
    stored = (
        bytes(row.subscription_key_hash) if row and row.subscription_key_hash else secrets.token_bytes(32)
    )
    if asker.kind is not AskerKind.PARTY or not hmac.compare_digest(
        stored, _hash(arguments["subscription_key"])
    ):
        raise UnauthenticatedError("the token or the subscription key is wrong")
    return {"profile": asker.profile}


def person_of(house: House, connection: Connection, identity: Identity, now: datetime) -> UUID:
    """Return the person behind a provider's subject; a first log-in makes one."""
    hashed = subject_hash(house, identity.subject)
    known = connection.execute(_PERSON, {"hash": hashed}).scalar_one_or_none()
    if known is None:
        person_id = uuid4()
        key = house.keys.make(Kind.PERSON, person_id)
        connection.execute(
            text(
                "INSERT INTO identity.person (person_id, subject_hash, name_sealed, created_at)"
                " VALUES (:id, :hash, :name, :now) ON CONFLICT (subject_hash) DO NOTHING"
            ),
            {"id": person_id, "hash": hashed, "name": seal_name(key, person_id, identity.name), "now": now},
        )
        # Of two first log-ins at once one makes the person, and the other finds that one here.
        known = connection.execute(_PERSON, {"hash": hashed}).scalar_one()
    person: UUID = known
    return person


def seal_name(key: bytes, person_id: UUID, name: str) -> bytes:
    """Seal a person's name under that person's key."""
    return seal(key, name.encode(), b"person/v1|name|" + person_id.bytes)


def open_name(house: House, person_id: UUID, sealed: bytes) -> str:
    """Open a person's name."""
    return unseal(
        house.keys.get(Kind.PERSON, person_id), sealed, b"person/v1|name|" + person_id.bytes
    ).decode()


def subject_hash(house: House, subject: str) -> bytes:
    """The keyed hash under which a provider's subject is found."""
    return derive(house.registry_key("subject"), "subject-hash", subject.encode())


def _check_assertion(
    house: House,
    connection: Connection,
    assertion: str,
    client_id: str,
    public_key: str | None,
    profile: str,
    now: datetime,
) -> None:
    """RFC 7523: signed by the client's key, for us, short-lived, used once.

    The facade's clients sign for the audience that they were configured with, an hour at a time.
    """
    wrong = UnauthenticatedError("the client is not known, or its secret or assertion is wrong")
    if public_key is None:
        raise wrong
    try:
        key = import_key(json.loads(public_key))
        token = jws.deserialize_compact(assertion, key, algorithms=["RS256", "PS256", "ES256", "Ed25519"])
        claims = json.loads(token.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(claims, dict):
        raise wrong
    audience, ours = claims.get("aud"), house.facade_audience if profile == "facade" else house.public_url
    expires, identifier = claims.get("exp"), claims.get("jti")
    # Only a single string: a list could name another server too, which might then replay it (FAPI 2.0).
    if (
        claims.get("iss") != client_id
        or claims.get("sub") != client_id
        or not isinstance(audience, str)
        or not ours
        or audience != ours
        or not isinstance(identifier, str)
        or not 8 <= len(identifier) <= 200
        or type(expires) is not int
        or not now.timestamp()
        < expires
        <= (now + LONGEST_ASSERTION[profile]).timestamp() + _SKEW.total_seconds()
        or not _is_past(claims.get("iat"), now)
        or not _is_past(claims.get("nbf"), now)
    ):
        raise wrong
    connection.execute(text("DELETE FROM identity.assertion WHERE expires_at < :now"), {"now": now})
    fresh = connection.execute(
        text(
            "INSERT INTO identity.assertion (assertion_hash, expires_at) VALUES (:hash, :expires)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"hash": _hash(f"{client_id}\n{identifier}"), "expires": datetime.fromtimestamp(expires, UTC)},
    ).one_or_none()
    if fresh is None:
        raise wrong


def _is_past(value: Any, now: datetime) -> bool:
    return value is None or (type(value) is int and value <= (now + _SKEW).timestamp())


def _hash(value: str) -> bytes:
    return sha256(value.encode(errors="surrogatepass")).digest()


_PERSON = text("SELECT person_id FROM identity.person WHERE subject_hash = :hash")
_SUBSCRIPTION = text(
    "SELECT c.subscription_key_hash FROM identity.access_token t JOIN identity.client c USING (client_id)"
    " WHERE t.token_hash = :hash"
)
_CLIENT = text(
    "SELECT c.* FROM identity.client c JOIN registry.party p USING (party_id)"
    " WHERE c.client_id = :client AND c.ended_at IS NULL AND p.suspended_at IS NULL"
)

COMMANDS = (
    Command("login.begin", schema(), begin),
    Command("login.finish", schema(answer=short_text(longest=4096), nonce=short_text()), finish),
    Command("session.end", schema(), end),
    Command(
        "token.mint",
        schema(
            client_id=short_text(),
            client_secret=short_text(required=False, longest=512),
            client_assertion=short_text(required=False, longest=8192),
            profile=one_of("own", "facade"),
        ),
        mint_token,
    ),
    Command("subscription.check", schema(subscription_key=short_text()), check_subscription),
)
