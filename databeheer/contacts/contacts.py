"""Contacts as rows: opened on a channel, identified at most once, and which EAN codes were asked in it."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

CASE_KIND = "contact"
"""What the case of a contact is called; nobody opens such a case but with a contact."""
MOST_EANS = 2
"""So many EAN codes go out in one contact; who wants more is answered in writing, by a case of the team (R85)."""


class Channel(enum.StrEnum):
    """How somebody reaches the desk."""

    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"
    EMAIL = "email"


class Caller(enum.StrEnum):
    """Who somebody says that he is."""

    CUSTOMER = "customer"
    MANDATED = "mandated"
    """By a court, or with a power of attorney of the customer."""
    LANDLORD = "landlord"
    SUPPLIER = "supplier"
    OTHER = "other"


IN_WRITING = frozenset({Channel.LETTER, Channel.EMAIL})
"""Who asks so is answered by letter (R84)."""
ON_PAPER = frozenset({Channel.LETTER, Channel.VISIT})
"""On these somebody hands in a signed paper."""
DAYS_OPEN = {Channel.CALL: 1, Channel.VISIT: 1, Channel.LETTER: 31, Channel.EMAIL: 31}
"""After how many days a contact ends by itself: who is on the line goes, what came in writing has its month."""
MOST_UNLOCKS = 3
"""So often something is unlocked on paper in one contact (R92)."""
KNOWN_HERE = frozenset({Caller.CUSTOMER, Caller.MANDATED})
"""Who can be identified. All others get a fixed answer, and no data (R79, R89)."""


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a new contact beside its case."""
    connection.execute(_ADD, values)


def of_case(connection: Connection, case_id: UUID) -> Any | None:
    """Return the contact of a case; None where it is another case."""
    return connection.execute(_OF_CASE, {"case": case_id}).one_or_none()


def identified(
    connection: Connection, case_id: UUID, stay: Any, representation_id: UUID | None, now: datetime
) -> None:
    """Make a contact, and its case, about the stay of who was identified."""
    members = {
        "case": case_id,
        "operator": stay.operator,
        "point": stay.access_point_id,
        "occupancy": stay.occupancy_id,
        "representation": representation_id,
        "now": now,
    }
    connection.execute(_IDENTIFIED, members)
    connection.execute(_ABOUT, members)


def eans_asked(connection: Connection, case_id: UUID) -> dict[bytes, Any]:
    """Return which EAN codes were asked in a contact, by the hash under which each counts once; also in vain."""
    rows = connection.execute(_ASKED, {"case": case_id})
    return {bytes(row.code_hash): row for row in rows}


def asked_ean(connection: Connection, case_id: UUID, code: bytes, *, answered_in: UUID | None = None) -> None:
    """Count an EAN code that was asked in a contact; `answered_in`: the case in which the team answers in writing."""
    connection.execute(_ADD_ASKED, {"case": case_id, "code": code, "answered_in": answered_in})
    if answered_in is None:
        connection.execute(_TOLD, {"case": case_id})


def tried_ean(connection: Connection, case_id: UUID, code: bytes) -> None:
    """Keep that the code of a meter was asked that is not the asker's own: it counts towards no number of codes."""
    connection.execute(_ADD_ASKED, {"case": case_id, "code": code, "answered_in": None})


def handled_by(connection: Connection, case_id: UUID, account_id: UUID) -> bool:
    """Whether somebody of the house did anything in a contact, and so spoke with who was identified in it."""
    return bool(connection.execute(_DID, {"case": case_id, "account": account_id}).scalar_one())


def answered_ean(connection: Connection, case_id: UUID, code: bytes, way: bytes) -> None:
    """Keep on which way an EAN code was answered: it does not go there again in this contact."""
    connection.execute(_ANSWERED, {"case": case_id, "code": code, "way": way})


def ends_at(channel: Channel, opened_at: datetime) -> datetime:
    """Return when a contact is over by the clock, whether or not anybody wrote that down."""
    return opened_at + timedelta(days=DAYS_OPEN[channel])


def over(connection: Connection, now: datetime, limit: int) -> list[Any]:
    """Return the cases of contacts that the clock ended and nobody closed yet, the oldest first."""
    return list(connection.execute(_OVER, {"now": now, "limit": limit}))


def log(connection: Connection, case_id: UUID) -> list[Any]:
    """Return what was done in a contact, the oldest first: each line is an entry of the ledger (R86)."""
    return list(connection.execute(_LOG, {"case": case_id}))


_ADD = text(
    "INSERT INTO staff.contact (case_id, operator, channel, caller, told_recorded)"
    " VALUES (:case, :operator, :channel, :caller, :told_recorded)"
)
_OF_CASE = text("SELECT * FROM staff.contact WHERE case_id = :case")
_IDENTIFIED = text(
    "UPDATE staff.contact SET identified_at = :now, representation_id = :representation, operator = :operator"
    " WHERE case_id = :case AND identified_at IS NULL"
)
_ABOUT = text(
    "UPDATE staff.case_file SET access_point_id = :point, occupancy_id = :occupancy, operator = :operator"
    " WHERE case_id = :case AND occupancy_id IS NULL"
)
_TOLD = text("UPDATE staff.contact SET eans_told = eans_told + 1 WHERE case_id = :case")
_ASKED = text(
    "SELECT a.*, f.reference FROM staff.ean_asked a LEFT JOIN staff.case_file f ON f.case_id = a.answered_in"
    " WHERE a.case_id = :case"
)
_ADD_ASKED = text(
    "INSERT INTO staff.ean_asked (case_id, code_hash, operator, way_hashes, answered_in)"
    " SELECT case_id, :code, operator, '{}', :answered_in FROM staff.contact WHERE case_id = :case"
)
_ANSWERED = text(
    "UPDATE staff.ean_asked SET way_hashes = way_hashes || CAST(:way AS bytea)"
    " WHERE case_id = :case AND code_hash = :code"
)
_OVER = text(
    "SELECT case_id, reference, occupancy_id, opened_by FROM staff.case_file"
    " WHERE closed_at IS NULL AND ends_at <= :now ORDER BY ends_at, case_id LIMIT :limit"
)
_DID = text("SELECT EXISTS (SELECT FROM staff.deed WHERE case_id = :case AND account_id = :account)")
_LOG = text("SELECT entry_index, at, event FROM staff.deed WHERE case_id = :case ORDER BY entry_index")
