"""Letters that unlock, as rows: which code is alive, which wait to be printed and posted, which are over.

A letter is asked for by a log-in and goes to the address of the installation; only that log-in can use its code. Where
none can go a row stands too, without a home: neither its asker nor a count of letters tells whether an EAN code exists.
"""

from __future__ import annotations

import enum
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.approval_letters.code import MOST_WRONG
from databeheer.brussels import day_of
from databeheer.errors import DatabeheerError
from databeheer.post import sealed_letters

MOST = 3
"""How many letters one log-in may ask for, and how many go to one stay, in LETTERS_COUNTED."""
LETTERS_COUNTED = timedelta(days=30)


class TooManyLettersError(DatabeheerError):
    """This log-in asked for as many letters as it may for now: the desk helps on."""

    code = "too-many-letters"


class EndReason(enum.StrEnum):
    """Why a code is dead."""

    USED = "used"
    REPLACED = "replaced"
    """By a newer letter that the same log-in asked for."""
    LINKED = "linked"
    """The stay was linked: there is nothing left to unlock."""
    NOT_HOLDER = "not_holder"
    """Whom it was written to does not live there any more."""
    GUESSED = "guessed"
    EXPIRED = "expired"
    RESTORED = "restored"
    """The database was restored since: what the code unlocks may be older than it."""


@dataclass(frozen=True)
class Letter:
    """A letter to be written; moments are aware UTC, hashes keyed; without a home where none can go."""

    letter_id: UUID
    operator: int | None
    occupancy_id: UUID | None
    person_id: UUID | None
    login_hash: bytes
    ean_hash: bytes
    code_hash: bytes
    written_at: datetime
    expires_at: datetime


def add(connection: Connection, letter: Letter) -> None:
    """Write a letter down; one of this log-in that stands is closed before."""
    connection.execute(_ADD, vars(letter))


def standing(connection: Connection, login_hash: bytes, now: datetime) -> Any | None:
    """Return the letter of a log-in that nobody closed, locked; `over` says why it is dead, None while it lives."""
    return connection.execute(_OF_LOGIN, _at(now, login=login_hash)).one_or_none()


def by_id(connection: Connection, letter_id: UUID, now: datetime) -> Any | None:
    """Return a letter, locked, with `over`."""
    return connection.execute(_BY_ID, _at(now, id=letter_id)).one_or_none()


def asked_lately(connection: Connection, login_hash: bytes, now: datetime) -> int:
    """Return how many letters a log-in asked for within LETTERS_COUNTED."""
    asked = {"login": login_hash, "since": now - LETTERS_COUNTED}
    count: int = connection.execute(_ASKED_LATELY, asked).scalar_one()
    return count


def sent_lately(connection: Connection, occupancy_id: UUID | None, now: datetime) -> int:
    """Return how many letters went to a stay within LETTERS_COUNTED, whoever asked."""
    asked = {"occupancy": occupancy_id, "since": now - LETTERS_COUNTED}
    count: int = connection.execute(_SENT_LATELY, asked).scalar_one()
    return count


def is_right(row: Any | None, code_hash: bytes) -> bool:
    """Say whether a letter is alive and holds this code."""
    return (
        hmac.compare_digest(code_hash, bytes(row.code_hash) if row is not None else bytes(32))
        and row is not None
        and row.over is None
    )


def count_wrong(connection: Connection, login_hash: bytes) -> None:
    """Count a wrong code against the letter that a log-in asked for, if one stands."""
    connection.execute(_WRONG, {"login": login_hash})


def queue(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return the letters that are alive and wait to be posted, oldest first."""
    return connection.execute(_QUEUE, _at(now, limit=limit)).all()


def dead(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return the letters that are over and that nobody closed yet, oldest first."""
    return connection.execute(_DEAD, _at(now, limit=limit)).all()


def opened(connection: Connection, letter_id: UUID, now: datetime) -> None:
    """Note that the operator took the text of a letter, to print it."""
    connection.execute(_OPENED, {"id": letter_id, "now": now})


def posted(connection: Connection, letter_id: UUID, now: datetime) -> None:
    """Note that a letter is in the post; its sealed text goes."""
    connection.execute(_POSTED, {"id": letter_id, "now": now})
    sealed_letters.delivered(connection, letter_id, now)


def close(connection: Connection, letter_id: UUID, reason: EndReason, now: datetime) -> None:
    """Close a letter: its code is dead for good, and its sealed text goes, where it was not posted."""
    connection.execute(_CLOSE, {"id": letter_id, "reason": reason.value, "now": now})
    sealed_letters.dropped(connection, letter_id, now)


def _at(now: datetime, **members: Any) -> dict[str, Any]:
    return {"now": now, "today": day_of(now), "most": MOST_WRONG} | members


# In the order in which it is said. A row without a home is over by its time alone.
_OVER = """CASE
    WHEN l.ended_at IS NOT NULL THEN l.end_reason
    WHEN l.wrong_tries >= :most THEN 'guessed'
    WHEN l.occupancy_id IS NOT NULL AND EXISTS (SELECT FROM registry.occupancy o
        WHERE o.occupancy_id = l.occupancy_id AND o.reported_person_id = l.person_id) THEN 'linked'
    WHEN l.occupancy_id IS NOT NULL AND NOT EXISTS (SELECT FROM registry.occupancy o
        WHERE o.occupancy_id = l.occupancy_id AND o.person_id = l.person_id
        AND (o.until_day IS NULL OR o.until_day > :today)) THEN 'not_holder'
    WHEN EXISTS (SELECT FROM oversight.gap g WHERE g.found_at >= l.written_at) THEN 'restored'
    WHEN l.expires_at <= :now THEN 'expired'
    END"""
# No word of a caller in these: what is put in are texts of ours.
_LETTERS = f"SELECT l.*, {_OVER} AS over FROM identity.link_letter l WHERE "  # noqa: S608  parts of our own
_LOCKED = " FOR UPDATE OF l"
_ORDER = " ORDER BY l.written_at, l.letter_id LIMIT :limit"
_ADD = text(
    "INSERT INTO identity.link_letter (letter_id, operator, occupancy_id, person_id, login_hash, ean_hash, code_hash,"
    " written_at, expires_at) VALUES (:letter_id, :operator, :occupancy_id, :person_id, :login_hash, :ean_hash,"
    " :code_hash, :written_at, :expires_at)"
)
_OF_LOGIN = text(_LETTERS + "l.login_hash = :login AND l.ended_at IS NULL" + _LOCKED)
_BY_ID = text(_LETTERS + "l.letter_id = :id" + _LOCKED)
_ASKED_LATELY = text(
    "SELECT count(*) FROM identity.link_letter WHERE login_hash = :login AND written_at > :since"
)
_SENT_LATELY = text(
    "SELECT count(*) FROM identity.link_letter WHERE occupancy_id = CAST(:occupancy AS uuid) AND written_at > :since"
)
_WRONG = text(
    "UPDATE identity.link_letter SET wrong_tries = wrong_tries + 1 WHERE login_hash = :login AND ended_at IS NULL"
)
_QUEUE = text(
    _LETTERS
    + f"l.ended_at IS NULL AND l.posted_at IS NULL AND l.occupancy_id IS NOT NULL AND {_OVER} IS NULL"
    + _ORDER
)
_DEAD = text(_LETTERS + f"l.ended_at IS NULL AND {_OVER} IS NOT NULL" + _ORDER)
_OPENED = text("UPDATE identity.link_letter SET opened_at = coalesce(opened_at, :now) WHERE letter_id = :id")
_POSTED = text("UPDATE identity.link_letter SET posted_at = :now WHERE letter_id = :id")
_CLOSE = text(
    "UPDATE identity.link_letter SET ended_at = :now, end_reason = :reason WHERE letter_id = :id AND ended_at IS NULL"
)
