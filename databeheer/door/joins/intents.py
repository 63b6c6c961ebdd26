"""Joins that wait for more people: the wish by a keyed hash, who agreed to it, and its end.

Nothing is opened for it. Who asked runs it by asking the very same again, and then it is decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.joins.lists import adopt
from databeheer.door.joins.scope import JoinAsked
from databeheer.door.proofs import Asker
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.joins.necessity import as_one_person, in_latin
from databeheer.joins.signature import SignedJoinList
from databeheer.values import format_instant

TERM = timedelta(days=7)
"""How long a wish waits to be agreed to and run; then it lapses."""


@dataclass(frozen=True)
class Waiting:
    """A wish that waits: `agreed` of the `needed` people agree, who asked included; `index` is its entry."""

    intent_id: UUID
    agreed: int
    needed: int
    index: int
    lapses_at: datetime


def mark_of(asker: Asker, name: str | None = None) -> str:
    """Who somebody is, as far as the house can know: an inspector by his account, its own people by name.

    However a name is spelled or drawn, it is one person's (`as_one_person`): four eyes are not two spellings.

    Raises:
        MalformedRequestError: the operator's key without a name, or with one of another script, whose letters look
            like ours and differ; or a name beside a proof that says who it is.
    """
    is_named = name is not None and bool(name.strip())
    if is_named is (bool(asker.staff) or asker.party_id is not None):
        raise MalformedRequestError("by: a name, with the operator's key and with nothing else")
    if name is not None:
        if not in_latin(name):
            raise MalformedRequestError("by: a name in Latin letters")
        return f"name {as_one_person(name)}"
    return f"inspector {asker.staff}" if asker.staff else f"party {asker.party_id}"


def wish_hash(house: House, asked: JoinAsked, asked_by: str, signed: SignedJoinList) -> bytes:
    """Name a wish to its last member, with who asks and the list that it is under."""
    period = (format_instant(asked.period.start), format_instant(asked.period.end))
    eans = sorted({ean.digits for ean in asked.eans}) if asked.eans is not None else ["area"]
    words = (asked_by, asked.case_id, asked.purpose, asked.requester_note, *period, *eans)
    return house.join_wish(signed.joins.sha256, *(word.encode() for word in words))


def find(turn: Turn, wish: bytes) -> Waiting | None:
    """Return the intent of this wish; None where none waits, or it lapsed."""
    row = turn.connection.execute(_BY_WISH, {"wish": wish, "now": turn.now}).one_or_none()
    return _waiting(row) if row is not None else None


def begin(turn: Turn, wish: bytes, asked_by: str, needed: int, **about: Any) -> Waiting:
    """Let the wish wait that the turn's next entry tells of; `about`: `operator`, `party` and `version` of the list."""
    waiting = Waiting(uuid4(), 1, needed, turn.next_index, turn.now + TERM)
    members = {
        "id": waiting.intent_id,
        "wish": wish,
        "by": asked_by,
        "needed": needed,
        "index": waiting.index,
    }
    turn.connection.execute(_BEGIN, about | members | {"now": turn.now, "lapses": waiting.lapses_at})
    return waiting


def agree(turn: Turn, intent_id: UUID, by: str, signed: SignedJoinList | None) -> tuple[Record, Waiting]:
    """Write down that one person more agrees.

    Raises:
        NotFoundError: no such wish.
        ConflictError: it ended or lapsed, who agrees asked it or agreed already, or its list is not in force.
    """
    row = _held(turn, intent_id)
    if by == row.asked_by:
        raise ConflictError("somebody else than who asked for the join agrees to it (four eyes)")
    if by in row.agreed_by:
        raise ConflictError("this person agreed already: one more has to")
    if signed is None or not adopt(turn, signed) or signed.joins.version != row.list_version:
        raise ConflictError("the list under which this was asked is not in force: it is to be asked anew")
    known = {"id": intent_id, "by": by, "index": turn.next_index, "now": turn.now}
    turn.connection.execute(_AGREE, known)
    waiting = _waiting(turn.connection.execute(_BY_ID, {"id": intent_id, "now": turn.now}).one())
    # Of the house alone: the party that asked need not know who in it agreed.
    said = {"intent": row.index, "agreed": waiting.agreed, "needed": waiting.needed, "by": by}
    return turn.record(Statement("join.agreed", said, operator=row.operator)), waiting


def refuse(turn: Turn, intent_id: UUID, by: str) -> Record:
    """End a wish that somebody else does not agree to; raises as `agree`, but for the list."""
    row = _held(turn, intent_id)
    if by == row.asked_by:
        raise ConflictError("who asked for the join takes it back (joins.withdraw)")
    end(turn, intent_id, "refused")
    return turn.record(Statement("join.disagreed", {"intent": row.index, "by": by}, operator=row.operator))


def withdraw(turn: Turn, intent_id: UUID, by: str) -> Record:
    """Take a wish back, by who asked it; another's is as one that is not there."""
    row = _held(turn, intent_id, asked_by=by)
    end(turn, intent_id, "withdrawn")
    said = {"intent": row.index}
    return turn.record(Statement("join.withdrawn", said, party_id=row.party_id, operator=row.operator))


def end(turn: Turn, intent_id: UUID, ending: str) -> None:
    """End a wish: `run`, `refused` or `withdrawn`; it never comes back."""
    turn.connection.execute(_END, {"id": intent_id, "ending": ending, "now": turn.now})


def recent(connection: Connection, asked_by: str | None, now: datetime) -> list[Any]:
    """Return what was asked within the term, newest first: of everybody, or of one asker."""
    return list(connection.execute(_RECENT, {"by": asked_by, "now": now}))


def _held(turn: Turn, intent_id: UUID, asked_by: str | None = None) -> Any:
    row = turn.connection.execute(_BY_ID, {"id": intent_id, "now": turn.now}).one_or_none()
    if row is None or asked_by not in (None, row.asked_by):
        raise NotFoundError("there is no such join that waits")
    if not row.is_live:
        raise ConflictError(
            "this join does not wait any more: it ran, was ended, lapsed, or a restore lost its end"
        )
    return row


def _waiting(row: Any) -> Waiting:
    return Waiting(row.intent_id, 1 + len(row.agreed_by), row.needed, row.index, row.lapses_at)


# Of a wish from before a restore nobody knows whether it ended in what was lost: it is asked anew.
_IS_LIVE = (
    "i.ended_at IS NULL AND i.lapses_at > :now"
    " AND NOT EXISTS (SELECT FROM oversight.gap g WHERE g.until > i.index)"
)
_AGREED_BY = "ARRAY(SELECT a.agreed_by FROM joins.agreement a WHERE a.intent_id = i.intent_id)"
_COLUMNS = f"SELECT i.*, {_AGREED_BY} AS agreed_by, ({_IS_LIVE}) AS is_live FROM joins.intent i"  # noqa: S608  parts of our own
_BY_ID = text(f"{_COLUMNS} WHERE i.intent_id = :id")
_BY_WISH = text(f"{_COLUMNS} WHERE i.wish = :wish AND {_IS_LIVE}")
_RECENT = text(
    f"{_COLUMNS} WHERE i.lapses_at > :now AND (CAST(:by AS text) IS NULL OR i.asked_by = :by) ORDER BY i.index DESC"
)
_BEGIN = text(
    "INSERT INTO joins.intent (intent_id, operator, party_id, wish, asked_by, list_version, needed, index, asked_at,"
    " lapses_at) VALUES (:id, :operator, :party, :wish, :by, :version, :needed, :index, :now, :lapses)"
)
_AGREE = text(
    "INSERT INTO joins.agreement (intent_id, agreed_by, index, agreed_at) VALUES (:id, :by, :index, :now)"
)
_END = text("UPDATE joins.intent SET ended_at = :now, ending = :ending WHERE intent_id = :id")
