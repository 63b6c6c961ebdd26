"""What is on its way: claimed by one postman at a time, tried again later and later, given up in the end.

A claim is a lease. Who is killed between sending and marking leaves it to run out, and the next one sends again,
under the same number (Message-ID, webhook-id): the receiver can see that it has it already.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, NotFoundError

LEASE = timedelta(minutes=10)
"""Longer than a whole batch can take."""
RETRIES = tuple(
    timedelta(**step)
    for step in (
        {"seconds": 5},
        {"minutes": 5},
        {"minutes": 30},
        {"hours": 2},
        {"hours": 5},
        {"hours": 10},
        {"hours": 14},
        {"hours": 20},
        {"hours": 24},
    )
)
"""How long after each attempt the next one is; three days together (Standard Webhooks, retries)."""
MOST_ATTEMPTS = len(RETRIES) + 1
MOST_TESTS = 5
"""How many of a party's tests may wait at once."""


class Channel(enum.StrEnum):
    """On which way a message goes further than the inbox."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class End(enum.StrEnum):
    """How an attempt ended, but for one that is made again."""

    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    """Nobody wants it any more: e-mail or web hook was turned off meanwhile."""


@dataclass(frozen=True)
class Claim:
    """A delivery that one postman tries now; `attempt` counts from 1."""

    delivery_id: UUID
    channel: Channel
    attempt: int


def claim(connection: Connection, channels: Collection[Channel], now: datetime, limit: int) -> list[Claim]:
    """Take deliveries that are due, the oldest first; nobody else gets them until the lease has run out."""
    rows = connection.execute(
        _CLAIM, {"channels": list(channels), "now": now, "until": now + LEASE, "limit": limit}
    )
    return [Claim(row.delivery_id, Channel(row.channel), row.attempts) for row in rows]


def end(connection: Connection, claimed: Claim, how: End, error: str, now: datetime) -> bool:
    """Mark how a delivery ended; False where another postman has it by now, or it is over."""
    members = {"id": claimed.delivery_id, "attempt": claimed.attempt, "now": now, "error": error}
    return bool(connection.execute(_END, members | {"state": how.value}).rowcount)


def try_later(connection: Connection, claimed: Claim, error: str, now: datetime) -> bool:
    """Let a failed delivery wait for its next attempt; the last one makes it a dead letter."""
    if claimed.attempt >= MOST_ATTEMPTS:
        return end(connection, claimed, End.DEAD, error, now)
    members = {"id": claimed.delivery_id, "attempt": claimed.attempt, "error": error}
    return bool(connection.execute(_LATER, members | {"next": now + RETRIES[claimed.attempt - 1]}).rowcount)


def of_party(connection: Connection, party_id: UUID, state: str | None, limit: int) -> list[Any]:
    """Return a party's web hooks, newest first, or those in one state; dead ones are its dead letters."""
    return list(connection.execute(_OF_PARTY, {"party": party_id, "state": state, "limit": limit}))


def replay(connection: Connection, party_id: UUID, delivery_id: UUID, now: datetime) -> None:
    """Send a party's web hook once more, under its number.

    Raises:
        NotFoundError: it is no web hook of this party.
        ConflictError: it is on its way.
    """
    row = connection.execute(_ONE_OF_PARTY, {"id": delivery_id, "party": party_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such web hook of yours")
    if row.state == "waiting":
        raise ConflictError("this web hook is on its way already")
    connection.execute(_REPLAY, {"id": delivery_id, "now": now})


def test(connection: Connection, party_id: UUID, now: datetime) -> UUID:
    """Put a test on its way to a party's own web hook.

    Raises:
        ConflictError: the party has no web hook, or MOST_TESTS wait.
    """
    waiting = connection.execute(_TESTS, {"party": party_id}).one()
    if not waiting.is_there:
        raise ConflictError("set an address for web hooks first")
    if waiting.tests >= MOST_TESTS:
        raise ConflictError(f"{MOST_TESTS} tests are on their way already")
    number = uuid4()
    connection.execute(_DELIVERY, {"id": number, "now": now})
    connection.execute(_TEST, {"id": number, "party": party_id})
    return number


def content(connection: Connection, delivery_id: UUID) -> Any | None:
    """Return a delivery that is on its way, with its message, its code or its test; None where it is over."""
    return connection.execute(_CONTENT, {"id": delivery_id}).one_or_none()


_CLAIM = text(
    "UPDATE post.delivery SET attempts = attempts + 1, next_at = :until WHERE delivery_id IN ("
    " SELECT delivery_id FROM post.delivery WHERE state = 'waiting' AND next_at <= :now AND channel = ANY(:channels)"
    " ORDER BY next_at, delivery_id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING delivery_id, channel, attempts"
)
# Only the newest claim counts: who comes back after his lease ran out changes nothing.
_END = text(
    "UPDATE post.delivery SET state = :state, ended_at = :now, last_error = :error"
    " WHERE delivery_id = :id AND state = 'waiting' AND attempts = :attempt"
)
_LATER = text(
    "UPDATE post.delivery SET next_at = :next, last_error = :error"
    " WHERE delivery_id = :id AND state = 'waiting' AND attempts = :attempt"
)
_OWN = """
    WITH own AS (
        SELECT d.delivery_id, m.kind FROM post.message m JOIN post.delivery d USING (message_id)
            WHERE m.recipient = 'party' AND m.party_id = :party AND d.channel = 'webhook'
        UNION ALL SELECT d.delivery_id, m.kind FROM registry.party p
            JOIN post.message m ON m.recipient = 'data_manager' AND m.operator = p.operator
            JOIN post.delivery d USING (message_id) WHERE p.party_id = :party AND d.channel = 'webhook'
        UNION ALL SELECT t.delivery_id, 'webhook.test' FROM post.test t WHERE t.party_id = :party
    )
    SELECT d.*, own.kind FROM own JOIN post.delivery d USING (delivery_id)
"""
_OF_PARTY = text(
    _OWN
    + " WHERE CAST(:state AS text) IS NULL OR d.state = :state ORDER BY d.told_at DESC, d.delivery_id LIMIT :limit"
)
_ONE_OF_PARTY = text(_OWN + " WHERE d.delivery_id = :id FOR UPDATE OF d")
_REPLAY = text(
    "UPDATE post.delivery SET state = 'waiting', attempts = 0, next_at = :now, ended_at = NULL WHERE delivery_id = :id"
)
_TESTS = text(
    "SELECT EXISTS (SELECT FROM post.webhook WHERE party_id = :party) AS is_there, (SELECT count(*) FROM post.test"
    " JOIN post.delivery USING (delivery_id) WHERE party_id = :party AND state = 'waiting') AS tests"
)
_DELIVERY = text(
    "INSERT INTO post.delivery (delivery_id, operator, channel, told_at, next_at)"
    " VALUES (:id, (SELECT min(operator) FROM registry.operator), 'webhook', :now, :now)"
)
_TEST = text("INSERT INTO post.test (delivery_id, party_id) VALUES (:id, :party)")
_CONTENT = text(
    "SELECT d.delivery_id, d.channel, d.told_at, m.message_id, m.kind, m.recipient, m.person_id, m.party_id,"
    " m.operator, m.about, m.said_sealed, m.at, c.person_id AS code_of, c.letter_sealed, t.party_id AS test_of"
    " FROM post.delivery d LEFT JOIN post.message m USING (message_id) LEFT JOIN post.code c USING (delivery_id)"
    " LEFT JOIN post.test t USING (delivery_id) WHERE d.delivery_id = :id AND d.state = 'waiting' AND d.attempts > 0"
)
