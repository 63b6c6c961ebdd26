"""Approval letters as rows: which code is alive, which letters wait to be printed and posted, which are over.

A code is for one request alone. It is dead as soon as anything stands against it, whether or not anybody has written
that down yet: `over` is worked out from the facts of the moment, and a sweep closes what is over.
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
from databeheer.registry.residents import RESIDENTS

MOST_BY_ITSELF = 3
"""How many letters go to one stay in LETTERS_COUNTED by themselves; so nobody floods another's letter box."""
LETTERS_COUNTED = timedelta(days=30)
RECEIPT_TERM = timedelta(hours=24)
"""How long the receipt of an answer can be fetched without a log-in."""


class UnknownCodeError(DatabeheerError):
    """No letter that is alive holds this code: it never did, or not any more. The answer does not say which."""

    code = "letter-code-unknown"

    def __init__(self) -> None:
        super().__init__("this code is not known, or it is not valid any more")


class EndReason(enum.StrEnum):
    """Why a code is dead."""

    ANSWERED = "answered"
    """By this letter."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """The contract holder granted in the portal, and others have yet to."""
    REPLACED = "replaced"
    """By a newer letter about the same request."""
    REQUEST_OVER = "request_over"
    """Answered, given up by its party, or timed out."""
    NOT_HOLDER = "not_holder"
    """Whom it was written to is not the grid user there any more: moved, or died."""
    REPRESENTED = "represented"
    """A court appointed somebody to act for him."""
    GUESSED = "guessed"
    """Too many wrong attempts."""
    EXPIRED = "expired"
    RESTORED = "restored"
    """The database was restored since: a newer letter may have got lost with it."""


@dataclass(frozen=True)
class Letter:
    """A letter to be written; moments are aware UTC, hashes keyed."""

    letter_id: UUID
    operator: int
    permission_id: UUID
    occupancy_id: UUID
    person_id: UUID
    finder_hash: bytes
    code_hash: bytes
    is_asked: bool
    written_at: datetime
    expires_at: datetime


def add(connection: Connection, letter: Letter) -> None:
    """Write a letter down; one that stands for the same request is closed before."""
    connection.execute(_ADD, vars(letter))


def standing(connection: Connection, permission_id: UUID, now: datetime) -> Any | None:
    """Return the letter of a request that nobody closed, locked; `over` says why it is dead, None while it lives."""
    return connection.execute(_OF_REQUEST, _at(now, id=permission_id)).one_or_none()


def by_id(connection: Connection, letter_id: UUID, now: datetime) -> Any | None:
    """Return a letter, locked, with `over`."""
    return connection.execute(_BY_ID, _at(now, id=letter_id)).one_or_none()


def alive(connection: Connection, finder_hash: bytes, code_hash: bytes, now: datetime) -> Any:
    """Return the letter that holds this code and is alive, locked.

    Raises:
        UnknownCodeError: there is none.
    """
    row = connection.execute(_BY_FINDER, _at(now, finder=finder_hash)).one_or_none()
    is_right = hmac.compare_digest(code_hash, bytes(row.code_hash) if row is not None else bytes(32))
    if row is None or not is_right or row.over is not None:
        raise UnknownCodeError
    return row


def count_wrong(connection: Connection, finder_hash: bytes, code_hash: bytes) -> None:
    """Count an attempt with a wrong secret against the letter that its first part finds, if one stands there."""
    connection.execute(_WRONG, {"finder": finder_hash, "code": code_hash})


def by_itself_lately(connection: Connection, occupancy_id: UUID, now: datetime) -> int:
    """Return how many letters the house wrote to a stay by itself within LETTERS_COUNTED."""
    asked = {"occupancy": occupancy_id, "since": now - LETTERS_COUNTED}
    count: int = connection.execute(_LATELY, asked).scalar_one()
    return count


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


def answered(connection: Connection, letter_id: UUID, index: int, receipt_hash: bytes) -> None:
    """Note which entry of the ledger is the answer that a letter carried, and who may fetch its receipt."""
    connection.execute(_ANSWERED, {"id": letter_id, "index": index, "hash": receipt_hash})


def with_receipt(connection: Connection, receipt_hash: bytes, now: datetime) -> Any:
    """Return the letter whose answer's receipt may be fetched with this.

    Raises:
        UnknownCodeError: none, or RECEIPT_TERM is over.
    """
    asked = {"hash": receipt_hash, "since": now - RECEIPT_TERM}
    row = connection.execute(_WITH_RECEIPT, asked).one_or_none()
    if row is None:
        raise UnknownCodeError
    return row


def _at(now: datetime, **members: Any) -> dict[str, Any]:
    return {"now": now, "today": day_of(now), "most": MOST_WRONG} | members


# In the order in which it is said; a letter can be over for several reasons.
_OVER = """CASE
    WHEN l.ended_at IS NOT NULL THEN l.end_reason
    WHEN l.wrong_tries >= :most THEN 'guessed'
    WHEN p.state <> 'requested' OR p.link_expires_at <= :now OR p.addressed_to IS DISTINCT FROM l.occupancy_id
        THEN 'request_over'
    WHEN EXISTS (SELECT FROM permissions.signature s
        WHERE s.permission_id = l.permission_id AND s.for_person_id = l.person_id) THEN 'answered_elsewhere'
    WHEN NOT EXISTS (SELECT FROM resident r WHERE r.occupancy_id = l.occupancy_id AND r.person_id = l.person_id
        AND r.capacity = 'grid_user') THEN 'not_holder'
    WHEN EXISTS (SELECT FROM identity.representation a WHERE a.person_id = l.person_id AND a.kind = 'court'
        AND a.from_day <= :today
        AND (a.until_day IS NULL OR a.until_day > :today)) THEN 'represented'
    WHEN EXISTS (SELECT FROM oversight.gap g WHERE g.found_at >= l.written_at) THEN 'restored'
    WHEN l.expires_at <= :now THEN 'expired'
    END"""
# No word of a caller in these: what is put in are texts of ours.
_LETTER = f"SELECT l.*, {_OVER} AS over FROM permissions.approval_letter l"  # noqa: S608  parts of our own
_LETTERS = RESIDENTS + _LETTER + " JOIN permissions.permission p USING (permission_id) WHERE "
_LOCKED = " FOR UPDATE OF l"
_ADD = text(
    "INSERT INTO permissions.approval_letter (letter_id, operator, permission_id, occupancy_id, person_id, finder_hash,"
    " code_hash, is_asked, written_at, expires_at) VALUES (:letter_id, :operator, :permission_id, :occupancy_id,"
    " :person_id, :finder_hash, :code_hash, :is_asked, :written_at, :expires_at)"
)
_OF_REQUEST = text(_LETTERS + "l.permission_id = :id AND l.ended_at IS NULL" + _LOCKED)
_BY_ID = text(_LETTERS + "l.letter_id = :id" + _LOCKED)
_BY_FINDER = text(_LETTERS + "l.finder_hash = :finder AND l.ended_at IS NULL" + _LOCKED)
_QUEUE = text(
    _LETTERS
    + f"l.ended_at IS NULL AND l.posted_at IS NULL AND {_OVER} IS NULL ORDER BY l.written_at, l.letter_id LIMIT :limit"
)
_DEAD = text(
    _LETTERS + f"l.ended_at IS NULL AND {_OVER} IS NOT NULL ORDER BY l.written_at, l.letter_id LIMIT :limit"
)
_WRONG = text(
    "UPDATE permissions.approval_letter SET wrong_tries = wrong_tries + 1"
    " WHERE finder_hash = :finder AND ended_at IS NULL AND code_hash <> :code"
)
_LATELY = text(
    "SELECT count(*) FROM permissions.approval_letter"
    " WHERE occupancy_id = :occupancy AND written_at > :since AND NOT is_asked"
)
_OPENED = text(
    "UPDATE permissions.approval_letter SET opened_at = coalesce(opened_at, :now) WHERE letter_id = :id"
)
_POSTED = text("UPDATE permissions.approval_letter SET posted_at = :now WHERE letter_id = :id")
_CLOSE = text(
    "UPDATE permissions.approval_letter SET ended_at = :now, end_reason = :reason"
    " WHERE letter_id = :id AND ended_at IS NULL"
)
_ANSWERED = text(
    "UPDATE permissions.approval_letter SET answer_index = :index, receipt_hash = :hash WHERE letter_id = :id"
)
_WITH_RECEIPT = text(
    "SELECT * FROM permissions.approval_letter WHERE receipt_hash = :hash AND ended_at > :since"
)
