"""What was told to whom, as the database has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from databeheer.door.telling import addressee_of, open_said
from databeheer.post.outbox import Addressee
from tests.house import TheHouse


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
