"""How often may be asked: counts a minute, in the web's own table, shared by all its processes.

Two things are counted. Whoever can be told apart by what he brings (a token, a session, the client that a token
request names) has a count of his own. The address that asks has a larger one, over everything that comes from
it: what is brought can be made up, or fetched anew, for every request. One client that runs wild so leaves the
others behind its address alone, and nobody gains by changing names.

Only a keyed hash of either is kept, for a few minutes. The limits are for programs that run wild and for guessing;
who has a right to more asks in larger parts.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import Flask, current_app, request
from sqlalchemy import text

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import MistypedCodeError
from databeheer.approval_letters.words import PAGE as LETTER_PAGE
from databeheer.clock import Clock
from databeheer.errors import RateLimitedError
from web.database import engine
from web.door import NO_PROOF, proof_of_request
from web.errors import PROGRAM_PATHS
from web.settings import WebSettings
from web.tokens import REVOKE_PATH, claimed_client

WINDOW = timedelta(minutes=1)
_KEEP = timedelta(minutes=10)
_ONE_PARTY_BITS = 64  # of an IPv6 address: all that lies below belongs to one connection


@dataclass(frozen=True)
class Limit:
    """At most so many requests a minute in one group of routes: for one identity, and for one address."""

    group: str
    per_identity: int
    per_address: int


TOKEN = Limit("token", 60, 600)
LOGIN = Limit("login", 60, 300)
PROGRAM = Limit("program", 1200, 3000)
PERSON = Limit("person", 300, 600)
LETTER = Limit("letter", 10, 30)
"""Codes from letters; one identity is the part of a code by which its letter is found."""
FREE = ("/static/", "/ledger", "/health/", "/metrics")
"""Public files and probes: served from disk, cheap, and read by verifiers in bulk; they need no database."""


def register(app: Flask) -> None:
    """Count every request before its view runs."""
    app.before_request(_count)


def limit_of(path: str) -> Limit | None:
    """Return the limit of a path; None where none is counted."""
    lowered = path.lower()
    if lowered.startswith(FREE):
        return None
    if lowered.endswith(("/token", REVOKE_PATH)):
        return TOKEN
    if PROGRAM_PATHS.match(path):
        return PROGRAM
    if lowered.startswith(LETTER_PAGE):
        return LETTER
    return LOGIN if lowered.startswith(("/aanmelden", "/verbruik/dienstverlener")) else PERSON


def _count() -> None:
    limit = limit_of(request.path)
    if limit is None:
        return
    clock: Clock = current_app.config["WEB_CLOCK"]
    who = _identity(limit)
    of_address = _hash(limit.group, "address", _address())
    of_identity = None if who is None else _hash(limit.group, *who)
    if not _use(limit, of_address, of_identity, clock.now()):
        raise RateLimitedError("too many requests in one minute; wait a minute and go on")


def _identity(limit: Limit) -> tuple[str, ...] | None:
    """Return what tells this caller from others at his address; None where he brings nothing."""
    if limit is TOKEN:
        client = claimed_client()
        # With its address: who names another's client elsewhere does not lock it out.
        return None if client is None else ("client", _address(), client)
    if limit is LETTER:
        return _letter()
    proof = proof_of_request()
    return None if proof == NO_PROOF else (proof.kind, proof.value)


def _letter() -> tuple[str, ...] | None:
    """Which letter a code is for, right or wrong; whoever is logged in gains nothing by it."""
    try:
        return ("letter", codes.parse(request.form.get("code", "")).finder)
    except MistypedCodeError:
        return None


def _address() -> str:
    """Return the address that counts: of IPv6 the network, since one caller has all addresses in it."""
    remote = request.remote_addr or ""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _ONE_PARTY_BITS), strict=False))


def _hash(*parts: str) -> bytes:
    """Hash with a key of the web: there are so few addresses that a bare hash could be undone by trying all."""
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    key = hmac.digest(settings.secret_key.encode(), b"databeheer web limits", "sha256")
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.digest(key, message, "sha256")


def _use(limit: Limit, of_address: bytes, of_identity: bytes | None, now: datetime) -> bool:
    """Count one request in the present minute and say whether it is within the limits."""
    window = now.replace(second=0, microsecond=0)
    asked = {
        "address": of_address,
        "identity": of_identity,
        "window": window,
        "per_address": limit.per_address,
    }
    with engine().begin() as connection:
        used = connection.execute(_USE, asked).one()
        if used.by_address == 1:  # a new minute for this address: a good moment to forget old ones
            connection.execute(_FORGET, {"before": window - _KEEP})
    return used.by_address <= limit.per_address and (used.by_identity or 0) <= limit.per_identity


# Beyond its address's limit an identity is not counted: made-up ones do not fill the table.
_USE = text(
    """
    WITH address AS (
        INSERT INTO web.rate (identity_hash, window_start, used) VALUES (:address, :window, 1)
        ON CONFLICT (identity_hash, window_start) DO UPDATE SET used = web.rate.used + 1 RETURNING used
    ), identity AS (
        INSERT INTO web.rate (identity_hash, window_start, used)
        SELECT CAST(:identity AS bytea), :window, 1 FROM address
        WHERE used <= :per_address AND CAST(:identity AS bytea) IS NOT NULL
        ON CONFLICT (identity_hash, window_start) DO UPDATE SET used = web.rate.used + 1 RETURNING used
    )
    SELECT address.used AS by_address, identity.used AS by_identity FROM address LEFT JOIN identity ON true
    """
)
_FORGET = text("DELETE FROM web.rate WHERE window_start < :before")
