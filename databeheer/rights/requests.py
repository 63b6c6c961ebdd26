"""The rows of requests: asked, extended, answered, taken back. Every function works in the caller's transaction.

A request is due in a month after it was received; once, with a reason that is told within that month, in three
(GDPR 12(3)). What people wrote comes sealed under the key of who asks, and goes with it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.errors import ConflictError
from databeheer.values import format_instant

MOST_OPEN = 10
"""Open requests of one person; who has more to ask writes it in one."""
MOST_COPIES, COPIES_WITHIN = 3, timedelta(days=1)
"""Copies of everything that one person takes on the portal: each costs the house a read of all readings."""
CLOCK, EXTENDED_CLOCK = "right_request", "right_extended"


class Kind(enum.StrEnum):
    """What is asked."""

    RECTIFICATION = "rectification"
    OBJECTION = "objection"
    COPY = "copy"
    """All that the house holds of the person: on the portal at once, on paper within the month."""


class Fact(enum.StrEnum):
    """What is wrong, of a rectification."""

    NAME = "name"
    ADDRESS = "address"
    STAY = "stay"
    METER = "meter"
    READINGS = "readings"
    PERMISSION = "permission"
    OTHER = "other"


class State(enum.StrEnum):
    """How far a request is."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Channel(enum.StrEnum):
    """How a request came; what it writes is the same (R43)."""

    PORTAL = "portal"
    PAPER = "paper"


@dataclass(frozen=True)
class Asking:
    """A request as it comes in; `received_at` (aware UTC) is when the house got it, and what its month counts from.

    `occupancy_id` is the stay that it is about, always of an objection. `document_sha256` is the scan of the paper.
    """

    request_id: UUID
    operator: int
    person_id: UUID
    occupancy_id: UUID | None
    kind: Kind
    fact: Fact | None
    basis: str | None
    channel: Channel
    document_sha256: bytes | None
    words_sealed: bytes | None
    received_at: datetime


def ask(connection: Connection, asked: Asking, now: datetime, index: int) -> None:
    """Write a request down.

    Raises:
        ConflictError: the same was asked and waits for its answer, stands accepted as an objection, or too many wait.
    """
    members = {
        "id": asked.request_id,
        "operator": asked.operator,
        "person": asked.person_id,
        "occupancy": asked.occupancy_id,
        "kind": asked.kind.value,
        "fact": asked.fact.value if asked.fact else None,
        "basis": asked.basis,
        "channel": asked.channel.value,
        "document": asked.document_sha256,
        "words": asked.words_sealed,
        "received": asked.received_at,
        "now": now,
        "index": index,
    }
    if connection.execute(_SAME, members).first() is not None:
        raise ConflictError("this was asked already, and stands")
    if connection.execute(_OPEN, {"person": asked.person_id}).scalar_one() >= MOST_OPEN:
        raise ConflictError(
            f"{MOST_OPEN} requests of this person wait for their answer: wait for one of those"
        )
    connection.execute(_INSERT, members)


def copy(
    connection: Connection, request_id: UUID, person_id: UUID, operator: int, now: datetime, index: int
) -> None:
    """Write down that a person takes a copy of everything on the portal: asked and given in one.

    Raises:
        ConflictError: the most copies of a day were taken.
    """
    asked = {"person": person_id, "since": now - COPIES_WITHIN}
    if connection.execute(_COPIES, asked).scalar_one() >= MOST_COPIES:
        raise ConflictError(f"{MOST_COPIES} copies were taken in a day: take the next one tomorrow")
    members = {"id": request_id, "person": person_id, "operator": operator, "now": now, "index": index}
    connection.execute(_COPY, members)


def find(connection: Connection, request_id: UUID) -> Any | None:
    """One request, locked; None where there is none."""
    return connection.execute(_FIND, {"id": request_id}).one_or_none()


def of_person(connection: Connection, person_id: UUID) -> list[Any]:
    """A person's requests, newest first."""
    return list(connection.execute(_OF_PERSON, {"person": person_id}))


def listed(connection: Connection, *, is_open: bool, limit: int) -> list[Any]:
    """All requests that wait, the oldest first; or those that do not, the newest first."""
    return list(connection.execute(_WAITING if is_open else _CLOSED, {"limit": limit}))


def extend(connection: Connection, row: Any, words_sealed: bytes | None, now: datetime, index: int) -> None:
    """Give a request two months more; `row` locked before.

    Raises:
        ConflictError: it was answered, taken back or extended before, or its first month is over.
    """
    require_open(row)
    if row.extended_at is not None:
        raise ConflictError("this request was extended before; once is all that the law gives")
    if now >= due_at(row):
        raise ConflictError("the first month is over: an extension must be told within it; answer now")
    connection.execute(_EXTEND, {"id": row.request_id, "words": words_sealed, "now": now, "index": index})


def answer(
    connection: Connection,
    row: Any,
    state: State,
    *,
    words_sealed: bytes | None,
    by: str,
    now: datetime,
    index: int,
) -> None:
    """Write the answer down; `row` locked before.

    Raises:
        ConflictError: it was answered or taken back before.
    """
    require_open(row)
    members = {"id": row.request_id, "state": state.value, "words": words_sealed, "by": by}
    connection.execute(_ANSWER, members | {"now": now, "index": index})


def take_back(connection: Connection, row: Any, now: datetime, index: int) -> None:
    """Write down that its person took a request, or an objection that was accepted, back; `row` locked before.

    Raises:
        ConflictError: it was refused, carried out or taken back before.
    """
    if not can_be_taken_back(row):
        raise ConflictError("this request was answered, or taken back, before")
    connection.execute(_TAKE_BACK, {"id": row.request_id, "now": now, "index": index})


def accept_again(connection: Connection, asked: Asking, at: datetime, index: int) -> bool:
    """Write an accepted objection into a database that forgot it; False where that knows how it stands."""
    members = {
        "id": asked.request_id,
        "operator": asked.operator,
        "person": asked.person_id,
        "occupancy": asked.occupancy_id,
        "basis": asked.basis,
        "at": at,
        "index": index,
    }
    return connection.execute(_ACCEPT_AGAIN, members).first() is not None


def require_open(row: Any) -> None:
    """Raise ConflictError where a request waits for no answer any more."""
    if row.state != State.ASKED:
        raise ConflictError("this request was answered, or taken back, before")


def can_be_taken_back(row: Any) -> bool:
    """Whether its person may still take it back: while it waits, and an accepted objection at any time."""
    return row.state == State.ASKED or (row.state, row.kind) == (State.ACCEPTED, Kind.OBJECTION)


def due_at(row: Any) -> datetime:
    """The first moment (aware UTC) at which the answer is too late."""
    kind = EXTENDED_CLOCK if row.extended_at is not None else CLOCK
    return clocks.shipped().get(kind).term.due_at(row.received_at)


def view(row: Any) -> dict[str, Any]:
    """One request as its person and the desk see it, without what was written."""
    return {
        "request_id": str(row.request_id),
        "kind": row.kind,
        "fact": row.fact,
        "basis": row.basis,
        "occupancy_id": str(row.occupancy_id) if row.occupancy_id else None,
        "channel": row.channel,
        "document_sha256": bytes(row.document_sha256).hex() if row.document_sha256 else None,
        "received_at": format_instant(row.received_at),
        "asked_index": row.asked_index,
        "due_at": format_instant(due_at(row)),
        "extended_at": format_instant(row.extended_at) if row.extended_at else None,
        "state": row.state,
        "decided_at": format_instant(row.decided_at) if row.decided_at else None,
        "decided_index": row.decided_index,
        "withdrawn_at": format_instant(row.withdrawn_at) if row.withdrawn_at else None,
        "can_be_taken_back": can_be_taken_back(row),
    }


_SAME = text(
    "SELECT 1 FROM oversight.right_request WHERE person_id = :person AND kind = :kind"
    " AND fact IS NOT DISTINCT FROM CAST(:fact AS text) AND basis IS NOT DISTINCT FROM CAST(:basis AS text)"
    " AND occupancy_id IS NOT DISTINCT FROM CAST(:occupancy AS uuid)"
    " AND (state = 'asked' OR state = 'accepted' AND kind = 'objection')"
)
_OPEN = text("SELECT count(*) FROM oversight.right_request WHERE person_id = :person AND state = 'asked'")
_INSERT = text(
    "INSERT INTO oversight.right_request (request_id, operator, person_id, occupancy_id, kind, fact, basis, channel,"
    " document_sha256, words_sealed, received_at, asked_at, asked_index, state) VALUES (:id, :operator, :person,"
    " :occupancy, :kind, :fact, :basis, :channel, :document, :words, :received, :now, :index, 'asked')"
)
_COPIES = text(
    "SELECT count(*) FROM oversight.right_request WHERE person_id = :person AND kind = 'copy' AND channel = 'portal'"
    " AND asked_at > :since"
)
_COPY = text(
    "INSERT INTO oversight.right_request (request_id, operator, person_id, kind, channel, received_at, asked_at,"
    " asked_index, state, decided_at, decided_index) VALUES (:id, :operator, :person, 'copy', 'portal', :now, :now,"
    " :index, 'accepted', :now, :index)"
)
_FIND = text("SELECT * FROM oversight.right_request WHERE request_id = :id FOR UPDATE")
_OF_PERSON = text(
    "SELECT * FROM oversight.right_request WHERE person_id = :person ORDER BY asked_at DESC, request_id"
)
_WAITING = text(
    "SELECT * FROM oversight.right_request WHERE state = 'asked' ORDER BY received_at, request_id LIMIT :limit"
)
_CLOSED = text(
    "SELECT * FROM oversight.right_request WHERE state <> 'asked' ORDER BY asked_at DESC, request_id LIMIT :limit"
)
_EXTEND = text(
    "UPDATE oversight.right_request SET extended_at = :now, extended_index = :index, extension_sealed = :words"
    " WHERE request_id = :id"
)
_ANSWER = text(
    "UPDATE oversight.right_request SET state = :state, decided_at = :now, decided_by = :by, decided_index = :index,"
    " answer_sealed = :words WHERE request_id = :id"
)
_TAKE_BACK = text(
    "UPDATE oversight.right_request SET state = 'withdrawn', withdrawn_at = :now, withdrawn_index = :index"
    " WHERE request_id = :id"
)
_ACCEPT_AGAIN = text(
    "INSERT INTO oversight.right_request (request_id, operator, person_id, occupancy_id, kind, basis, channel,"
    " received_at, asked_at, asked_index, state, decided_at, decided_index)"
    " VALUES (:id, :operator, :person, :occupancy, 'objection', :basis, 'portal', :at, :at, :index, 'accepted', :at,"
    " :index) ON CONFLICT (request_id) DO UPDATE SET state = 'accepted', decided_at = :at, decided_index = :index"
    " WHERE oversight.right_request.state = 'asked' RETURNING 1"
)
