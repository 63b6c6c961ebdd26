"""How often one identity may ask: a count a minute, in the web's own table, shared by all its processes.

An identity is a token, a session, or where there is none the address that asks; its hash is kept, for a few
minutes. The limits are for programs that run wild and for guessing; who has a right to more asks in larger parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from flask import Flask, current_app, request
from sqlalchemy import text

from databeheer.clock import Clock
from databeheer.errors import RateLimitedError
from web.database import engine
from web.door import NO_PROOF, proof_of_request
from web.errors import PROGRAM_PATHS

WINDOW = timedelta(minutes=1)
_KEEP = timedelta(minutes=10)


@dataclass(frozen=True)
class Limit:
    """At most `count` requests a minute for one identity in one group of routes."""

    group: str
    count: int


TOKEN = Limit("token", 60)
LOGIN = Limit("login", 60)
PROGRAM = Limit("program", 1200)
PERSON = Limit("person", 300)
FREE = ("/static/", "/ledger", "/health/", "/metrics")
"""Public files and probes: served from disk, cheap, and read by verifiers in bulk."""


def register(app: Flask) -> None:
    """Count every request before its view runs."""
    app.before_request(_count)


def limit_of(path: str) -> Limit | None:
    """Return the limit of a path; None where none is counted."""
    lowered = path.lower()
    if lowered.startswith(FREE):
        return None
    if lowered.endswith("/token"):
        return TOKEN
    if PROGRAM_PATHS.match(path):
        return PROGRAM
    return LOGIN if lowered.startswith(("/aanmelden", "/verbruik/dienstverlener")) else PERSON


def _count() -> None:
    limit = limit_of(request.path)
    if limit is None:
        return
    clock: Clock = current_app.config["WEB_CLOCK"]
    proof = proof_of_request()
    # Guessing changes the proof each time: there the address is what stays.
    by_address = proof == NO_PROOF or limit in (TOKEN, LOGIN)
    who = request.remote_addr or "" if by_address else proof.value
    used = _use(sha256(f"{limit.group}|{who}".encode()).digest(), clock.now())
    if used > limit.count:
        raise RateLimitedError("too many requests in one minute; wait a minute and go on")


def _use(identity: bytes, now: datetime) -> int:
    """Count one request of an identity in the present minute and return the count so far."""
    window = now.replace(second=0, microsecond=0)
    with engine().begin() as connection:
        used: int = connection.execute(_USE, {"identity": identity, "window": window}).scalar_one()
        if used == 1:  # a new minute for this identity: a good moment to forget old ones
            connection.execute(_FORGET, {"before": window - _KEEP})
    return used


_USE = text(
    "INSERT INTO web.rate (identity_hash, window_start, used) VALUES (:identity, :window, 1)"
    " ON CONFLICT (identity_hash, window_start) DO UPDATE SET used = web.rate.used + 1 RETURNING used"
)
_FORGET = text("DELETE FROM web.rate WHERE window_start < :before")
