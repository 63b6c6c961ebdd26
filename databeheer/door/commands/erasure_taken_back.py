"""A request to erase is taken back: by its customer, or by the operator for who wrote or rang; until a batch has it."""

from __future__ import annotations

from typing import Any

from databeheer import clocks
from databeheer.door.commands.base import Command, asker_of, found, identifier, schema
from databeheer.door.commands.erasure import CLOCK, statement_of, tell_whose
from databeheer.door.erasure.erasing import target_of
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.oversight import erasures


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a request back; the class can be asked anew. Never a representative in that name."""
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, AskerKind.OPERATOR)
        row = erasures.find(turn.connection, arguments["erasure_id"])
        is_own = row is not None and asker.kind is AskerKind.CUSTOMER and row.person_id == asker.person_id
        row = found(row if is_own or asker.kind is AskerKind.OPERATOR else None, "request of yours")
        by = "customer" if asker.kind is AskerKind.CUSTOMER else "operator"
        record = take_back(house, turn, row, {"by": by})
    return record.answer()


def take_back(house: House, turn: Turn, row: Any, said: dict[str, Any]) -> Record:
    """Take a request back in this turn, `row` locked; it goes into the journal of ends, for what is erased stays so."""
    erasures.take_back(turn.connection, row, turn.now, turn.next_index)
    clocks.drop(turn.connection, CLOCK, row.erasure_id, turn.now)
    turn.end(Ending.ERASURE_TAKEN_BACK, row.erasure_id)
    target = target_of(row)
    about = {"class": row.data_class, "erasure": str(row.erasure_id)}
    record = turn.record(statement_of("erasure.withdrawn", target, about | said))
    tell_whose(house, turn, "erasure.withdrawn", target, {})
    return record


COMMANDS = (Command("erasure.withdraw", schema(erasure_id=identifier()), withdraw),)
