"""How a person wants to be told: by e-mail beside the portal's inbox, or not, and in which language.

An address counts once its owner gave back the code that was sent there (double opt-in). Addresses come sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.errors import ConflictError
from databeheer.post import sealed_letters
from databeheer.post.languages import SOURCE
from databeheer.post.sealed_letters import What

CODE_TERM = timedelta(minutes=30)
MOST_TRIES = 5
MOST_CODES_A_DAY = 3
"""So that nobody fills another's mailbox with codes."""


@dataclass(frozen=True)
class Asked:
    """An address that waits for its code; `letter_sealed` is what the code's e-mail holds.

    `language` becomes that of who chose none yet.
    """

    address_sealed: bytes
    code_hash: bytes
    letter_sealed: bytes
    language: str


def find(connection: Connection, person_id: UUID) -> Any:
    """Return a person's choices, with the sealed address; members are None where none was made.

    `language` is in which we write, Dutch too where none was chosen; `chosen_language` is None there.
    """
    return connection.execute(_FIND, {"person": person_id, "source": SOURCE}).one()


def ask(connection: Connection, person_id: UUID, asked: Asked, delivery_id: UUID, now: datetime) -> None:
    """Write an address down that waits for its code, and the delivery of the code; an earlier code ends.

    Raises:
        ConflictError: MOST_CODES_A_DAY were asked today.
    """
    members = {"person": person_id, "now": now, "today": day_of(now), "until": now + CODE_TERM}
    row = connection.execute(_ASK, members | vars(asked) | {"most": MOST_CODES_A_DAY}).one_or_none()
    if row is None:
        raise ConflictError(f"{MOST_CODES_A_DAY} codes were sent today; ask for another one tomorrow")
    sealed_letters.forget_codes(connection, person_id)
    sealed_letters.to_person(connection, delivery_id, What.CODE, person_id, asked.letter_sealed, now)


def confirm(connection: Connection, person_id: UUID, code_hash: bytes, by: UUID, now: datetime) -> bool:
    """Take a code; True: it is right, and `take` follows. A wrong one counts as a try, and after MOST_TRIES none helps.

    `by` gives it: the person, or who acts for an enterprise.

    Raises:
        ConflictError: no code waits, or it has expired, or was tried too often.
    """
    row = connection.execute(_LOCKED, {"person": person_id}).one_or_none()
    if row is None or row.code_hash is None or row.code_expires_at <= now or row.code_tries >= MOST_TRIES:
        raise ConflictError("no code waits, or it has expired; ask for a new one")
    if bytes(row.code_hash) != code_hash:  # a keyed hash of both: nothing to learn from how long it takes
        connection.execute(_TRIED, {"person": person_id})
        return False
    connection.execute(_CONFIRMED, {"person": person_id, "by": by, "now": now})
    return True


def was_given_by(connection: Connection, person_id: UUID, by: UUID) -> bool:
    """Say whether somebody confirmed the address in use, or may have: of older ones that was not written down."""
    return connection.execute(_GIVEN_BY, {"person": person_id, "by": by}).one_or_none() is not None


def take(connection: Connection, person_id: UUID, address_sealed: bytes) -> None:
    """Write the confirmed address down."""
    connection.execute(_TAKE_ADDRESS, {"person": person_id, "address": address_sealed})


def remove(connection: Connection, person_id: UUID) -> bool:
    """Forget a person's address; False where there was none."""
    was_on: bool | None = connection.execute(_REMOVE, {"person": person_id}).scalar_one_or_none()
    connection.execute(_TAKE_ADDRESS, {"person": person_id, "address": None})
    sealed_letters.forget_codes(connection, person_id)
    return bool(was_on)


def forget_older(connection: Connection, person_id: UUID, before: datetime) -> bool:
    """Forget a person's address that was confirmed by a moment; False where there is none."""
    forgotten = connection.execute(_FORGET_OLDER, {"person": person_id, "before": before}).one_or_none()
    if forgotten is None:
        return False
    connection.execute(_TAKE_ADDRESS, {"person": person_id, "address": None})
    sealed_letters.forget_codes(connection, person_id)
    return True


def confirmed_before(connection: Connection, before: datetime) -> list[UUID]:
    """Return who is told by e-mail at an address that was confirmed by a moment."""
    return list(connection.execute(_CONFIRMED_BEFORE, {"before": before}).scalars())


def chosen_language(connection: Connection, person_id: UUID) -> str | None:
    """Return the language that a person chose; None where none was."""
    chosen: str | None = find(connection, person_id).chosen_language
    return chosen


def speak(connection: Connection, person_id: UUID, language: str) -> None:
    """Choose the language in which we write, and in which the portal speaks from the next log-in on."""
    connection.execute(_SPEAK, {"person": person_id, "language": language})


def want_whole(connection: Connection, person_id: UUID, *, is_on: bool) -> None:
    """Choose whether e-mails hold the whole message, or only say that there is one."""
    connection.execute(_WHOLE, {"person": person_id, "whole": is_on})


def new_delivery() -> UUID:
    """A number for the delivery of a letter."""
    return uuid4()


_FIND = text(
    "SELECT p.email_sealed, c.language AS chosen_language, coalesce(c.language, :source) AS language,"
    " coalesce(c.wants_email, false) AS wants_email,"
    " coalesce(c.whole_email, false) AS whole_email, c.asked_sealed,"
    " c.confirmed_at, c.code_expires_at, c.code_tries, (SELECT max(d.ended_at) FROM post.delivery d"
    "  WHERE d.person_id = p.person_id AND d.message_id IS NOT NULL AND d.state = 'dead') AS failed_at,"
    " (SELECT max(d.ended_at) FROM post.delivery d"
    "  WHERE d.person_id = p.person_id AND d.message_id IS NOT NULL AND d.state = 'delivered') AS delivered_at"
    " FROM identity.person p LEFT JOIN post.contact c USING (person_id) WHERE p.person_id = :person"
)
_ASK = text(
    "INSERT INTO post.contact AS c (person_id, language, wants_email, asked_sealed, code_hash, code_expires_at,"
    " asked_count, asked_day) VALUES (:person, :language, false, :address_sealed, :code_hash, :until, 1, :today)"
    " ON CONFLICT (person_id) DO UPDATE SET language = coalesce(c.language, :language), asked_sealed = :address_sealed,"
    " code_hash = :code_hash, code_expires_at = :until, code_tries = 0, asked_day = :today,"
    " asked_count = CASE WHEN c.asked_day = :today THEN c.asked_count + 1 ELSE 1 END"
    " WHERE c.asked_day IS DISTINCT FROM :today OR c.asked_count < :most RETURNING 1"
)
_LOCKED = text("SELECT * FROM post.contact WHERE person_id = :person FOR UPDATE")
_TRIED = text("UPDATE post.contact SET code_tries = code_tries + 1 WHERE person_id = :person")
_TAKE_ADDRESS = text("UPDATE identity.person SET email_sealed = :address WHERE person_id = :person")
_CONFIRMED = text(
    "UPDATE post.contact SET wants_email = true, confirmed_at = :now, confirmed_by = :by, asked_sealed = NULL,"
    " code_hash = NULL, code_expires_at = NULL, code_tries = 0 WHERE person_id = :person"
)
_GIVEN_BY = text(
    "SELECT 1 FROM post.contact WHERE person_id = :person AND confirmed_at IS NOT NULL"
    " AND coalesce(confirmed_by, :by) = :by"
)
_REMOVE = text(
    "UPDATE post.contact c SET wants_email = false, confirmed_at = NULL, confirmed_by = NULL, asked_sealed = NULL,"
    " code_hash = NULL, code_expires_at = NULL FROM post.contact old"
    " WHERE old.person_id = c.person_id AND c.person_id = :person"
    " RETURNING old.wants_email OR old.code_hash IS NOT NULL"
)
_WHOLE = text(
    "INSERT INTO post.contact (person_id, wants_email, whole_email) VALUES (:person, false, :whole)"
    " ON CONFLICT (person_id) DO UPDATE SET whole_email = :whole"
)
_FORGET_OLDER = text(
    "UPDATE post.contact SET wants_email = false, confirmed_at = NULL, confirmed_by = NULL, asked_sealed = NULL,"
    " code_hash = NULL, code_expires_at = NULL WHERE person_id = :person AND confirmed_at <= :before RETURNING 1"
)
_CONFIRMED_BEFORE = text(
    "SELECT person_id FROM post.contact WHERE confirmed_at <= :before ORDER BY person_id"
)
_SPEAK = text(
    "INSERT INTO post.contact (person_id, language, wants_email) VALUES (:person, :language, false)"
    " ON CONFLICT (person_id) DO UPDATE SET language = :language"
)
