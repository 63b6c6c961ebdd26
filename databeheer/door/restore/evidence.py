"""A lost body that somebody kept: a receipt opens its entry again, and what it ended ends again.

The entry itself came back from the published tiles, and it commits to the body: so whoever shows the opening need
not be believed. A receipt only ever narrows access here; a grant that got lost is the customer's to give again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.bodies.halves import shared_coordinates
from databeheer.door.house import House
from databeheer.door.restore import kept_openings
from databeheer.door.restore.ends import PERMISSION_ENDINGS, Ending
from databeheer.door.restore.reapplying import end_part, end_permission, suspend_party
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.metering.sealing import seal
from databeheer.values import parse_instant
from ledger import receipt
from ledger.commitment import Opening
from ledger.entry import parse
from ledger.errors import LedgerError

_ENDING_OF_EVENT = {
    (f"permission.{state}", reason): ending for ending, (state, reason) in PERMISSION_ENDINGS.items()
}
# Of entries from before they said why.
_WITHOUT_REASON = {
    "permission.revoked": Ending.REVOKED,
    "permission.terminated": Ending.TERMINATED,
    "permission.rejected": Ending.REJECTED,
    "permission.invalidated": Ending.INVALIDATED,
    "permission.lapsed": Ending.LAPSED,
}
_PARTS = {"past": Ending.PAST_PART, "future": Ending.FUTURE_PART}


@dataclass(frozen=True)
class Told:
    """What a receipt told: which entry, what happened, and whether it ended something just now."""

    index: int
    event: str
    ended: bool


def take(house: House, turn: Turn, document: bytes) -> Told:
    """Put the body of a lost entry back, and apply what it ended.

    Raises:
        MalformedRequestError: not a receipt with an opening, or the opening is not that of the entry.
        NotFoundError: the entry is not among the lost ones.
        ConflictError: its body was put back already.
    """
    index, opening = _opened(document)
    row = turn.connection.execute(_LOST, {"index": index}).one_or_none()
    if row is None:
        raise NotFoundError("the entry of this receipt is not among those whose bodies were lost")
    if row.has_body:
        raise ConflictError("the body of this entry is there already")
    try:
        opening.verify(parse(bytes(row.entry)).commitment)
    except LedgerError as error:
        raise MalformedRequestError("receipt: what it tells is not what this entry commits to") from error
    said: dict[str, Any] = json.loads(opening.shared_body)
    _put_back(house, turn, index, opening, said)
    ended = _apply(house, turn, said)
    # Without the subject's own half: that one is not kept where an erasure would not find it.
    kept_openings.keep(house, turn.connection, index, kept_openings.for_party(opening), turn.next_index)
    turn.record(Statement("restore.evidence", {"entry": index, "ended": int(ended)}))
    return Told(index, str(said["event"]), ended)


def _opened(document: bytes) -> tuple[int, Opening]:
    try:
        parsed = receipt.parse(document)
        opening = receipt.parse_extra(parsed.extra).opening if parsed.extra is not None else None
    except LedgerError as error:
        raise MalformedRequestError(f"receipt: {error}") from error
    if opening is None:
        raise MalformedRequestError("receipt: it does not open its entry; ask for the one with the opening")
    return parsed.index, opening


def _apply(house: House, turn: Turn, said: dict[str, Any]) -> bool:
    event = said["event"]
    if str(event).startswith("permission."):
        permission_id, at, reason = (
            UUID(said["permission"]),
            parse_instant(said["at"]),
            said.get("reason", ""),
        )
        if event == "permission.narrowed":
            return end_part(house, turn, permission_id, _PARTS[reason], at)
        ending = _ENDING_OF_EVENT.get((event, reason)) if reason else _WITHOUT_REASON.get(event)
        return ending is not None and end_permission(house, turn, permission_id, ending, at)
    return event == "party.suspended" and suspend_party(house, turn, UUID(said["party"]))


def _put_back(house: House, turn: Turn, index: int, opening: Opening, said: dict[str, Any]) -> None:
    at = parse_instant(said["at"])
    month = at.date().replace(day=1)
    turn.connection.execute(text("SELECT ledger.ensure_month(:month)"), {"month": month})
    plain = opening.shared_salt + opening.shared_body
    turn.connection.execute(
        _BODY,
        {
            "index": index,
            "month": month,
            "operator": said.get("operator", 1),
            "day": day_of(at),
            "party": UUID(said["party"]) if said.get("party") else None,
            "ground": said.get("ground", ""),
            "event": said["event"],
            "points": said.get("points", 1),
            "sealed": seal(house.ledger_key, plain, shared_coordinates(index)),
        },
    )


_LOST = text(
    "SELECT e.entry, EXISTS (SELECT FROM ledger.body b WHERE b.index = e.index) AS has_body FROM ledger.entry e"
    " WHERE e.index = :index AND EXISTS"
    " (SELECT FROM oversight.gap g WHERE e.index >= g.first AND e.index < g.until)"
)
_BODY = text(
    "INSERT INTO ledger.body (index, month, operator, day, party_id, ground, event, points, shared_sealed)"
    " VALUES (:index, :month, :operator, :day, :party, :ground, :event, :points, :sealed)"
)
