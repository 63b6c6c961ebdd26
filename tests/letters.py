"""What was told to whom, as the database has it, and a postman that takes it further."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.clock import Clock
from databeheer.door.client import DoorClient
from databeheer.door.post.telling import addressee_of, open_said
from databeheer.post.carrying import Carrier
from databeheer.post.deliveries import Channel
from databeheer.post.outbox import Addressee
from databeheer.post.postman import Postman
from databeheer.site.postman import DoorLetters
from databeheer.storage.engine import make_engine
from tests.doors import query
from tests.house import POSTMAN_KEY, Customer, TheHouse


@dataclass(frozen=True)
class Told:
    """One message, opened."""

    message_id: UUID
    kind: str
    to: Addressee
    about: UUID | None
    said: dict[str, str]
    index: int
    at: datetime


def told(house: TheHouse, kind: str | None = None) -> list[Told]:
    """Every message, oldest first, or those of one kind."""
    with house.house.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM post.message ORDER BY index, recipient, message_id")
        ).all()
    return [
        Told(
            row.message_id,
            row.kind,
            addressee_of(row),
            row.about,
            open_said(house.house, row),
            row.index,
            row.at,
        )
        for row in rows
        if kind is None or row.kind == kind
    ]


def to_whom(house: TheHouse, kind: str) -> set[tuple[str, UUID | None]]:
    """To whom messages of a kind went; fails where anybody got two."""
    found = [(one.to.recipient.value, one.to.id) for one in told(house, kind)]
    assert len(found) == len(set(found)), found
    return set(found)


def postman(
    house: TheHouse,
    *,
    email: Carrier | None = None,
    webhook: Carrier | None = None,
    sms: Carrier | None = None,
    clock: Clock | None = None,
) -> Postman:
    """A postman of this house, with its own login and key."""
    given = {Channel.EMAIL: email, Channel.WEBHOOK: webhook, Channel.SMS: sms}
    carriers = {channel: carrier for channel, carrier in given.items() if carrier is not None}
    letters = DoorLetters(DoorClient(house.socket), POSTMAN_KEY)
    engine = make_engine(house.database.url("postman"), pool_size=2, max_overflow=0)  # as the process has it
    house._engines.append(engine)
    return Postman(engine, letters, carriers, clock or house.clock)


def deliveries(house: TheHouse) -> list[tuple[str, str, int, str]]:
    """Channel, state, attempts and last error of every delivery."""
    return [
        (row[0], row[1], row[2], row[3])
        for row in query(
            house,
            "SELECT channel, state, attempts, last_error FROM post.delivery ORDER BY told_at, delivery_id",
        )
    ]


class Pouch:
    """A carrier that only keeps letters; `fails` says how it fails, if it does."""

    def __init__(self, fails: Callable[[], None] = lambda: None) -> None:
        self.letters: list[tuple[UUID, dict[str, Any]]] = []
        self.fails = fails

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        self.letters.append((delivery_id, letter))
        self.fails()


def confirm_email(house: TheHouse, customer: Customer, address: str, language: str = "nl") -> None:
    """Let a customer give an address and the code that was sent there."""
    customer.call("contact.ask", email=address, language=language)
    pouch = Pouch()
    with closing(postman(house, email=pouch)) as carrier:
        carrier.round(Channel.EMAIL)
    own = [letter["body"] for _, letter in pouch.letters if letter["to"] == address]
    found = [re.search(r"\b[0-9]{8}\b", body) for body in own]
    code = [one for one in found if one is not None][-1]
    house.clock.advance(timedelta(seconds=1))  # so that the code stands before all else
    customer.call("contact.confirm", code=code.group())
