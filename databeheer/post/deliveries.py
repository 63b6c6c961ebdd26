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
MOST_REPLAYS = 1000
"""How many of a party's web hooks that it asked for once more may wait at once."""


class Channel(enum.StrEnum):
    """On which way a message goes further than the inbox."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    LETTER = "letter"
    """On paper: the operator prints and posts it, and no postman sees it."""
    SMS = "sms"


class End(enum.StrEnum):
    """How an attempt ended, but for one that is made again."""

    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    """Nobody wants it any more: e-mail or web hook was turned off meanwhile."""


@dataclass(frozen=True)
class Claim:
    """A delivery that one postman tries now; `attempt` counts from 1, `party_id` is whose a web hook is."""

    delivery_id: UUID
    channel: Channel
    attempt: int
    party_id: UUID | None


def claim(
    connection: Connection,
    channel: Channel,
    now: datetime,
    limit: int,
    *,
    each: int,
    without: Collection[UUID] = (),
) -> list[Claim]:
    """Take deliveries that are due, the oldest first; nobody else gets them until the lease has run out.

    Of one party at most `each`, and none of those `without`: a party that lets us wait keeps no other waiting.
    E-mail all goes to one server, and is no party's.
    """
    asked = {"channel": channel, "now": now, "until": now + LEASE, "limit": limit}
    if channel is Channel.WEBHOOK:
        rows = connection.execute(_CLAIM_BY_PARTY, asked | {"each": each, "without": list(without)})
    else:
        rows = connection.execute(_CLAIM, asked)
    return [
        Claim(row.delivery_id, Channel(row.channel), row.attempts, row.party_id)
        for row in sorted(rows, key=lambda row: (row.due_at, row.delivery_id))
    ]


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
        ConflictError: it is on its way, or MOST_REPLAYS are.
    """
    row = connection.execute(_ONE_OF_PARTY, {"id": delivery_id, "party": party_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no such web hook of yours")
    if row.state == "waiting":
        raise ConflictError("this web hook is on its way already")
    if connection.execute(_REPLAYS, {"party": party_id}).scalar_one() >= MOST_REPLAYS:
        raise ConflictError(f"{MOST_REPLAYS} that you asked for again are on their way already")
    connection.execute(_REPLAY, {"id": delivery_id, "now": now})


def replay_since(
    connection: Connection, party_id: UUID, since: datetime, state: str | None, now: datetime
) -> tuple[int, datetime | None]:
    """Send what a party was told at a moment and later once more, the oldest first; or of that what is in one state.

    Returns how many are sent, and where there are more than may wait at once the moment of the first that is left.
    Those that are on their way go on as they are.

    Raises:
        ConflictError: MOST_REPLAYS are on their way.
    """
    room = MOST_REPLAYS - int(connection.execute(_REPLAYS, {"party": party_id}).scalar_one())
    if room <= 0:
        raise ConflictError(f"{MOST_REPLAYS} that you asked for again are on their way already")
    asked = {"party": party_id, "since": since, "state": state, "limit": room + 1}
    rows = connection.execute(_SINCE, asked).all()
    if not rows:
        return 0, None
    until: datetime | None = None
    if len(rows) > room:  # of one moment all or none, for the next request begins at a moment
        until = rows[room].told_at
        if until == rows[0].told_at:
            until = connection.execute(_NEXT_MOMENT, asked | {"after": until}).scalar_one()
    chosen = asked | {"until": until, "now": now}
    return connection.execute(_REPLAY_ALL, chosen).rowcount, until


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
    connection.execute(_TEST, {"id": number, "party": party_id, "now": now})
    return number


def content(connection: Connection, delivery_id: UUID) -> Any | None:
    """Return a delivery that is on its way, with its message or letter (a test has none); None where it is over."""
    return connection.execute(_CONTENT, {"id": delivery_id}).one_or_none()


_TAKE = """
    UPDATE post.delivery d SET attempts = d.attempts + 1, next_at = :until FROM mine
    WHERE d.delivery_id = mine.delivery_id
    RETURNING d.delivery_id, d.channel, d.attempts, d.party_id, mine.next_at AS due_at
"""
_CLAIM = text(
    """
    WITH mine AS (
        SELECT delivery_id, next_at FROM post.delivery
        WHERE state = 'waiting' AND next_at <= :now AND channel = :channel
        ORDER BY next_at, delivery_id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """  # noqa: S608  parts of our own
    + _TAKE
)
# Steps from party to party along the index: a long queue of one costs no more than a short one.
_CLAIM_BY_PARTY = text(
    """
    WITH RECURSIVE party (party_id) AS (
        (SELECT party_id FROM post.delivery WHERE state = 'waiting' AND party_id IS NOT NULL
            ORDER BY party_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.party_id FROM post.delivery d WHERE d.state = 'waiting' AND d.party_id > party.party_id
            ORDER BY d.party_id LIMIT 1)
        FROM party WHERE party.party_id IS NOT NULL
    ), due AS (
        SELECT d.delivery_id FROM party CROSS JOIN LATERAL (
            SELECT delivery_id FROM post.delivery
            WHERE party_id = party.party_id AND state = 'waiting' AND next_at <= :now
            ORDER BY next_at, delivery_id LIMIT :each) d
        WHERE party.party_id <> ALL(CAST(:without AS uuid[]))
    ), mine AS (
        SELECT d.delivery_id, d.next_at FROM post.delivery d JOIN due USING (delivery_id)
        WHERE d.state = 'waiting' AND d.next_at <= :now AND d.channel = :channel
        ORDER BY d.next_at, d.delivery_id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
    )
    """  # noqa: S608  parts of our own
    + _TAKE
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
    SELECT d.*, coalesce(m.kind, CASE WHEN l.what = 'goodbye' THEN 'webhook.changed' ELSE 'webhook.test' END) AS kind
    FROM post.delivery d LEFT JOIN post.message m USING (message_id) LEFT JOIN post.letter l USING (delivery_id)
    WHERE d.party_id = :party
"""
_OF_PARTY = text(
    _OWN
    + " AND (CAST(:state AS text) IS NULL OR d.state = :state) ORDER BY d.told_at DESC, d.delivery_id LIMIT :limit"
)
_ONE_OF_PARTY = text(_OWN + " AND d.delivery_id = :id FOR UPDATE OF d")
_REPLAY = text(
    "UPDATE post.delivery SET state = 'waiting', attempts = 0, next_at = :now, replayed_at = :now, ended_at = NULL"
    " WHERE delivery_id = :id"
)
_ENDED = "party_id = :party AND state <> 'waiting' AND (CAST(:state AS text) IS NULL OR state = :state)"
_SINCE = text(
    f"SELECT told_at FROM post.delivery WHERE {_ENDED} AND told_at >= :since ORDER BY told_at LIMIT :limit"  # noqa: S608  our own
)
_NEXT_MOMENT = text(f"SELECT min(told_at) FROM post.delivery WHERE {_ENDED} AND told_at > :after")  # noqa: S608  our own
# Due since they happened, so they go out in that order.
_REPLAY_ALL = text(
    "UPDATE post.delivery SET state = 'waiting', attempts = 0, next_at = least(told_at, :now),"  # noqa: S608  our own
    f" replayed_at = :now, ended_at = NULL WHERE {_ENDED} AND told_at >= :since"
    " AND (CAST(:until AS timestamptz) IS NULL OR told_at < :until)"
)
_REPLAYS = text(
    "SELECT count(*) FROM post.delivery"
    " WHERE party_id = :party AND state = 'waiting' AND replayed_at IS NOT NULL"
)
_TESTS = text(
    "SELECT EXISTS (SELECT FROM post.webhook WHERE party_id = :party) AS is_there,"
    " (SELECT count(*) FROM post.delivery d LEFT JOIN post.letter l USING (delivery_id) WHERE d.party_id = :party"
    "  AND d.state = 'waiting' AND d.message_id IS NULL AND l.delivery_id IS NULL) AS tests"
)
_TEST = text(
    "INSERT INTO post.delivery (delivery_id, operator, channel, party_id, told_at, next_at)"
    " VALUES (:id, (SELECT min(operator) FROM registry.operator), 'webhook', :party, :now, :now)"
)
_CONTENT = text(
    "SELECT d.delivery_id, d.channel, d.told_at, d.person_id AS to_person_id, d.party_id AS to_party_id,"
    " m.message_id, m.kind, m.recipient, m.person_id, m.party_id, m.operator, m.about, m.said_sealed, m.at,"
    " l.what, l.letter_sealed FROM post.delivery d LEFT JOIN post.message m USING (message_id)"
    " LEFT JOIN post.letter l USING (delivery_id)"
    " WHERE d.delivery_id = :id AND d.state = 'waiting' AND d.attempts > 0 AND d.channel <> 'letter'"
)
