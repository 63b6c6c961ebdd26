"""How often may be asked: counts a minute, in the web's own table, shared by all its processes.

Two things are counted. Whoever can be told apart by what he brings (the party of a token, a session, the client that a
token request names) has a count of his own. The address that asks has a larger one, over everything that comes from
it: what is brought can be made up for every request. One client that runs wild so leaves the others behind its address
alone, and nobody gains by changing names, or by another token of the same party.

Programs read on every answer how much they have left (`RateLimit`, `RateLimit-Policy`:
draft-ietf-httpapi-ratelimit-headers-10).

Only a keyed hash of either is kept, for a few minutes. The limits are for programs that run wild and for guessing;
who has a right to more asks in larger parts.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import Flask, Response, current_app, g, request
from sqlalchemy import text

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import MistypedCodeError
from databeheer.approval_letters.words import PAGE as LETTER_PAGE
from databeheer.clock import Clock
from databeheer.ean_codes.words import PAGE as EAN_PAGE
from databeheer.errors import RateLimitedError
from databeheer.storage.look import look
from web import known_tokens
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
LINK = Limit("link", 20, 60)
"""Linking an access point: behind it the door counts three attempts for each log-in and each EAN code (R92, R93)."""
EAN = Limit("ean", 5, 15)
"""Asking for an EAN code, by anybody: behind it the door counts three attempts for each meter number (R92, R93)."""
LETTER = Limit("letter", 10, 30)
"""Codes from letters; one identity is the part of a code by which its letter is found."""
GIVING = Limit("giving", 10, 30)
"""What a business gives for many access points at once, and all receipts of it: hundreds of entries in one turn of the
ledger, which everybody else waits for."""
ENDING = Limit("ending", 10, 30)
"""What it withdraws for many: apart, so that nothing that it gave keeps a withdrawal waiting."""
HISTORY = Limit("history", 5, 15)
"""Asking for a letter with the history of a home."""
LINK_PAGES = "/mijn/aansluiting"
FREE = ("/static/", "/ledger", "/health/", "/metrics")
"""Public files and probes: served from disk, cheap, and read by verifiers in bulk; they need no database."""

_SENT = (
    (re.compile(r"/mijn/kiezen/.+/aansluitingen/toestaan"), GIVING),
    (re.compile(r"/mijn/punten/intrekken/"), ENDING),
    (re.compile(r"/mijn/historiek"), HISTORY),
)
"""Forms that cost much each; the pages on which they stand do not."""
_RECEIPTS = "/mijn/punten/bewijzen.zip"


@dataclass
class Used:
    """How often was asked in the present minute, this time included; `by_party` where the party is known."""

    limit: Limit
    by_address: int
    seconds_left: int
    by_party: int | None = None

    def left(self) -> dict[str, int]:
        """Return what is left of each count that a program is told of."""
        left = {"address": self.limit.per_address - self.by_address}
        if self.by_party is not None:
            left = {"party": self.limit.per_identity - self.by_party, **left}
        return {name: max(0, count) for name, count in left.items()}


def register(app: Flask) -> None:
    """Count every request before its view runs, and tell programs what is left."""
    app.before_request(_count)
    app.after_request(_tell)


def limit_of(path: str, method: str = "GET") -> Limit | None:
    """Return the limit of a path; None where none is counted."""
    lowered = path.lower()
    if lowered.startswith(FREE):
        return None
    if lowered.startswith(_RECEIPTS):
        return GIVING
    if method == "POST" and (found := next((one for place, one in _SENT if place.match(lowered)), None)):
        return found
    if lowered.endswith(("/token", REVOKE_PATH)):
        return TOKEN
    if PROGRAM_PATHS.match(path):
        return PROGRAM
    if lowered.startswith(LETTER_PAGE):
        return LETTER
    if lowered.startswith(EAN_PAGE):
        return EAN
    if lowered.startswith(LINK_PAGES):
        return LINK
    return LOGIN if lowered.startswith(("/aanmelden", "/verbruik/dienstverlener")) else PERSON


def count_as(party_id: str) -> None:
    """Count this request as this party's too: whose token it is, was not known before.

    Raises:
        RateLimitedError: the party asked too often, with whatever token.
    """
    used: Used | None = g.get("rate_used")
    if used is None:
        return
    clock: Clock = current_app.config["WEB_CLOCK"]
    counted = {"identity": _hash(used.limit.group, "party", party_id), "window": _window(clock.now())}
    with engine().connect() as connection:
        used.by_party = int(connection.execute(_USE_ONE, counted).scalar_one())
    if used.by_party > used.limit.per_identity:
        raise _too_often(used)


def _count() -> None:
    limit = limit_of(request.path, request.method)
    if limit is None:
        return
    clock: Clock = current_app.config["WEB_CLOCK"]
    now = clock.now()
    who = _identity(limit)
    of_address = _hash(limit.group, "address", _address())
    of_identity = None if who is None else _hash(limit.group, *who)
    by_address, by_identity = _use(limit, of_address, of_identity, now)
    seconds_left = -((now - _window(now) - WINDOW) // timedelta(seconds=1))  # rounded up
    used = Used(limit, by_address, seconds_left)
    if who is not None and who[0] == "party":
        # Beyond the limit of its address it is not counted; what is left of its own was not looked up.
        used.by_party = by_identity
    g.rate_used = used
    if by_address > limit.per_address or (by_identity or 0) > limit.per_identity:
        raise _too_often(used)


def _too_often(used: Used) -> RateLimitedError:
    return RateLimitedError("too many requests in one minute; go on in the next one", used.seconds_left)


def _tell(response: Response) -> Response:
    limit = limit_of(request.path, request.method)
    if limit is None or limit.group != PROGRAM.group:
        return response
    proof = proof_of_request()
    if response.status_code == 401 and proof.kind == "token":
        known_tokens.forget(proof)
    seconds = int(WINDOW.total_seconds())
    response.headers["RateLimit-Policy"] = (
        f'"party";q={limit.per_identity};w={seconds}, "address";q={limit.per_address};w={seconds}'
    )
    used: Used | None = g.get("rate_used")
    if used is not None:
        response.headers["RateLimit"] = ", ".join(
            f'"{name}";r={left};t={used.seconds_left}' for name, left in used.left().items()
        )
    return response


def _identity(limit: Limit) -> tuple[str, ...] | None:
    """Return what tells this caller from others at his address; None where he brings nothing."""
    if limit is TOKEN:
        client = claimed_client()
        # With its address: who names another's client elsewhere does not lock it out.
        return None if client is None else ("client", _address(), client)
    if limit is LETTER:
        return _letter()
    proof = proof_of_request()
    if proof == NO_PROOF:
        return None
    known = known_tokens.recall(proof) if proof.kind == "token" else None
    return (proof.kind, proof.value) if known is None else ("party", known.party_id)


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


def _use(limit: Limit, of_address: bytes, of_identity: bytes | None, now: datetime) -> tuple[int, int | None]:
    """Count one request in the present minute; returns how many there were from the address, and of the identity."""
    window = _window(now)
    asked = {
        "address": of_address,
        "identity": of_identity,
        "window": window,
        "per_address": limit.per_address,
    }
    with engine().connect() as connection:
        [used] = look(connection, _USE, asked)
        if used.by_address == 1:  # a new minute for this address: a good moment to forget old ones
            connection.execute(_FORGET, {"before": window - _KEEP})
    return used.by_address, used.by_identity


def _window(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


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
_USE_ONE = text(
    "INSERT INTO web.rate (identity_hash, window_start, used) VALUES (:identity, :window, 1)"
    " ON CONFLICT (identity_hash, window_start) DO UPDATE SET used = web.rate.used + 1 RETURNING used"
)
_FORGET = text("DELETE FROM web.rate WHERE window_start < :before")
