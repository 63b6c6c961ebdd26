"""Messages to the access register that were taken: under which number of its sender, and what was answered.

A number is good once. What was refused changed nothing and is not kept: it may come again under its number, and is
judged by what stands then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

KEPT_FOR = timedelta(days=731)
"""How long a number is remembered: longer than anybody repeats a message. Our design."""


@dataclass(frozen=True)
class Taken:
    """A message that was taken. `number_hash` finds it for its sender alone; `answer_sealed` is what it was told."""

    message_id: UUID
    operator: int
    party_id: UUID
    number_hash: bytes
    number_sealed: bytes
    content_hash: bytes
    kind: str
    taken_at: datetime
    taken_index: int
    answer_sealed: bytes


def find(connection: Connection, party_id: UUID, number_hash: bytes) -> Any | None:
    """Return the message of a party that has this number."""
    return connection.execute(_FIND, {"party": party_id, "hash": number_hash}).one_or_none()


def keep(connection: Connection, message: Taken) -> None:
    """Keep a message in the turn that carries it out; some of those that are older than `KEPT_FOR` go."""
    connection.execute(_FORGET, {"before": message.taken_at - KEPT_FOR})
    connection.execute(_KEEP, vars(message))


def page(connection: Connection, party_id: UUID, before: int | None, limit: int) -> list[Any]:
    """Return messages of a party, newest first, from a place in the list on."""
    return list(connection.execute(_PAGE, {"party": party_id, "before": before, "limit": limit}))


_FIND = text("SELECT * FROM registry.register_message WHERE party_id = :party AND number_hash = :hash")
_FORGET = text(
    "DELETE FROM registry.register_message WHERE message_no IN (SELECT message_no FROM registry.register_message"
    " WHERE taken_at < :before ORDER BY taken_at LIMIT 100)"
)
_KEEP = text(
    "INSERT INTO registry.register_message (message_id, operator, party_id, number_hash, number_sealed, content_hash,"
    " kind, taken_at, taken_index, answer_sealed) VALUES (:message_id, :operator, :party_id, :number_hash,"
    " :number_sealed, :content_hash, :kind, :taken_at, :taken_index, :answer_sealed)"
)
_PAGE = text(
    "SELECT * FROM registry.register_message WHERE party_id = :party"
    " AND (CAST(:before AS bigint) IS NULL OR message_no < :before) ORDER BY message_no DESC LIMIT :limit"
)
