"""Letters that are no messages, for they tell of nothing in the inbox: sealed whole, to an address of their own.

A code goes to an address that is not confirmed yet; a goodbye to one that was left, so that whoever had it learns of a
change that he did not make. On paper go an approval (`databeheer.approval_letters`) and what unlocks linking
(`databeheer.identity.linking`); by text message an EAN code (`databeheer.ean_codes`).
"""

from __future__ import annotations

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.post.deliveries import Channel


class What(enum.StrEnum):
    """What a letter is."""

    CODE = "code"
    GOODBYE = "goodbye"
    APPROVAL = "approval"
    LINK = "link"
    EAN_SMS = "ean_sms"


def to_person(
    connection: Connection, delivery_id: UUID, what: What, person_id: UUID, sealed: bytes, now: datetime
) -> None:
    """Put an e-mail to an address of a person on its way."""
    _write(connection, delivery_id, Channel.EMAIL, what, sealed, now, person_id=person_id)


def by_sms(connection: Connection, delivery_id: UUID, person_id: UUID, sealed: bytes, now: datetime) -> None:
    """Put a text message on its way; whose it is, not whose telephone, is `person_id`."""
    _write(connection, delivery_id, Channel.SMS, What.EAN_SMS, sealed, now, person_id=person_id)


def forget_sent_sms(connection: Connection) -> None:
    """Delete the numbers and words of text messages that are not on their way any more."""
    connection.execute(_FORGET_SMS)


def to_party(
    connection: Connection, delivery_id: UUID, what: What, party_id: UUID, sealed: bytes, now: datetime
) -> None:
    """Put a web hook to an address of a party on its way."""
    _write(connection, delivery_id, Channel.WEBHOOK, what, sealed, now, party_id=party_id)


def on_paper(
    connection: Connection, delivery_id: UUID, what: What, person_id: UUID, sealed: bytes, now: datetime
) -> None:
    """Let a letter wait for the operator, who prints and posts it."""
    _write(connection, delivery_id, Channel.LETTER, what, sealed, now, person_id=person_id)


def content(connection: Connection, delivery_id: UUID) -> bytes | None:
    """Return the sealed text of a letter on paper that waits; None where it is over."""
    sealed: bytes | None = connection.execute(_CONTENT, {"id": delivery_id}).scalar_one_or_none()
    return sealed


def delivered(connection: Connection, delivery_id: UUID, now: datetime) -> None:
    """Note that a letter on paper is in the post; its sealed text is destroyed."""
    _end(connection, delivery_id, "delivered", now)


def dropped(connection: Connection, delivery_id: UUID, now: datetime) -> None:
    """Note that a letter on paper does not leave any more, where it waits; its sealed text is destroyed."""
    _end(connection, delivery_id, "dropped", now)


def forget_codes(connection: Connection, person_id: UUID) -> None:
    """Delete a person's codes; a goodbye stays, or a thief would take it back."""
    connection.execute(_FORGET_CODES, {"person": person_id})


def _end(connection: Connection, delivery_id: UUID, state: str, now: datetime) -> None:
    ended = {"id": delivery_id, "state": state, "now": now}
    for statement in (_ENDED, _FORGET):
        connection.execute(statement, ended)


def _write(
    connection: Connection,
    delivery_id: UUID,
    channel: Channel,
    what: What,
    sealed: bytes,
    now: datetime,
    *,
    person_id: UUID | None = None,
    party_id: UUID | None = None,
) -> None:
    members = {"id": delivery_id, "channel": channel, "person": person_id, "party": party_id, "now": now}
    connection.execute(_DELIVERY, members)
    connection.execute(_LETTER, members | {"what": what, "sealed": sealed})


_DELIVERY = text(
    "INSERT INTO post.delivery (delivery_id, operator, channel, person_id, party_id, told_at, next_at)"
    " VALUES (:id, (SELECT min(operator) FROM registry.operator), :channel, :person, :party, :now, :now)"
)
_LETTER = text(
    "INSERT INTO post.letter (delivery_id, what, person_id, party_id, letter_sealed)"
    " VALUES (:id, :what, :person, :party, :sealed)"
)
_CONTENT = text(
    "SELECT l.letter_sealed FROM post.letter l JOIN post.delivery d USING (delivery_id)"
    " WHERE l.delivery_id = :id AND d.state = 'waiting' AND d.channel = 'letter'"
)
_FORGET_CODES = text(
    "DELETE FROM post.delivery d USING post.letter l"
    " WHERE l.delivery_id = d.delivery_id AND l.person_id = :person AND l.what = 'code'"
)
_FORGET_SMS = text(
    "DELETE FROM post.letter l USING post.delivery d"
    " WHERE d.delivery_id = l.delivery_id AND l.what = 'ean_sms' AND d.state <> 'waiting'"
)
_ENDED = text(
    "UPDATE post.delivery SET state = :state, ended_at = :now WHERE delivery_id = :id AND state = 'waiting'"
)
_FORGET = text("DELETE FROM post.letter WHERE delivery_id = :id")
