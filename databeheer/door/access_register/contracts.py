"""What a supplier reports of its own contracts, and what the grid operator of the point says to it.

A supplier announces; nothing follows from that but a line on the worklist of whose grid it is. The grid operator
accepts, and from there on the supplier reads its own period (R72). So one that claims a contract has it from nobody
alone, and what two did the grid operator calls off, and the supplier itself.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from databeheer.brussels import day_of
from databeheer.door.access_register.sender import Effect, Sender, own_point
from databeheer.door.commands.base import found
from databeheer.door.commands.market import FARTHEST, begin_contract, call_off_contract, record_end
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.registry import announcements, occupancies, parties, points, supply

LONGEST_AGO = timedelta(days=366)
"""How long after its day a switch may still be announced: the last yearly bill can be set right by it."""


def announce(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A supplier says from when on it supplies a point; the answer is the same whatever it names (R77, R78, R98).

    Nothing is looked up but its own announcements.

    Raises:
        ConflictError: one of its own waits for that point.
    """
    first, today = content["from"], day_of(turn.now)
    if not today - LONGEST_AGO <= first <= today + FARTHEST:
        raise MalformedRequestError("from: lies within a year of today")
    named = ean_hash(house, content["ean"])
    if announcements.waits(turn.connection, sender.party_id, named):
        raise ConflictError("an announcement of yours for this access point waits; withdraw that one first")
    request_id = supply.request(turn.connection, sender.row, named, 1, first, turn.now)
    said = {"request": str(request_id), "from": first.isoformat()}
    turn.record(Statement("supply.requested", said, party_id=sender.party_id))
    return Effect(answer={"announcement": str(request_id)})


def withdraw(_: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A supplier takes its announcement back."""
    request_id = content["announcement"]
    supply.refuse(turn.connection, request_id, "withdrawn", sender.party_id, turn.now)
    said = {"request": str(request_id)}
    turn.record(Statement("supply.request_withdrawn", said, party_id=sender.party_id))
    return Effect()


def end_own(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A supplier ends its own contract at the beginning of a day; on its first day, it never ran.

    Not once it has begun: the supplier before would have days back, and read them, on another supplier's word alone.
    The grid operator calls it off then.

    Raises:
        NotFoundError: it has no contract there that lasts until then; also where there is no such point.
        ConflictError: it is to have never run, and its first day is over.
    """
    until = content["until"]
    point = points.find(turn.connection, ean_hash(house, content["ean"]))
    contract = found(None if point is None else _own(turn, point, sender, until), "contract of yours")
    if until <= contract.from_day < day_of(turn.now):
        raise ConflictError("that contract has begun; ask the grid operator to call it off")
    return Effect(_end(house, turn, point, contract, until))


def call_off(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """A supplier's contract that begins on a day never ran: accepted by mistake, or claimed without a customer.

    The one whose place it took runs on.

    Raises:
        ConflictError: that supplier has none there from that day on.
    """
    point, first = own_point(house, turn, sender, content["ean"]), content["from"]
    contract = supply.beginning(turn.connection, point.access_point_id, first)
    if contract is None or contract.party_id != content["supplier"]:
        raise ConflictError("that supplier has no contract there that begins on that day")
    return Effect(_end(house, turn, point, contract, first))


def accept(house: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """The grid operator accepts an announcement: who supplied on that day does so until then.

    Raises:
        NotFoundError: none of its own grid waits by that name.
        ConflictError: another contract begins on that day.
    """
    waiting = _waiting(turn, sender, content["announcement"])
    point = points.by_id(turn.connection, waiting.access_point_id)
    party = parties.get(turn.connection, waiting.party_id)
    return Effect([begin_contract(house, turn, point, party, waiting.from_day, None, is_switch=True)])


def refuse(_: House, turn: Turn, sender: Sender, content: dict[str, Any]) -> Effect:
    """The grid operator does not accept an announcement."""
    waiting = _waiting(turn, sender, content["announcement"])
    row = supply.refuse(turn.connection, waiting.supply_request_id, "refused", None, turn.now)
    said = {"request": str(row.supply_request_id), "reason": content["reason"]}
    turn.record(Statement("supply.refused", said, party_id=row.party_id))
    return Effect()


def _waiting(turn: Turn, sender: Sender, request_id: UUID) -> Any:
    if sender.operator is None:
        return found(None, "announcement")
    return found(announcements.waiting(turn.connection, request_id, sender.operator), "announcement")


def _own(turn: Turn, point: Any, sender: Sender, until: date) -> Any | None:
    contract = supply.lasting(turn.connection, point.access_point_id, until)
    return contract if contract is not None and contract.party_id == sender.party_id else None


def _end(house: House, turn: Turn, point: Any, contract: Any, until: date) -> list[UUID]:
    """End a contract, or call it off where it would hold no day; returns whose it was."""
    last = max(contract.from_day, until - timedelta(days=1))
    stays = occupancies.within(turn.connection, point.access_point_id, last, last + timedelta(days=1))
    if until <= contract.from_day:
        call_off_contract(house, turn, point, contract.from_day)
    else:
        ended = found(supply.end_by_id(turn.connection, contract.supply_contract_id, until), "contract")
        record_end(house, turn, ended)
    return stays
