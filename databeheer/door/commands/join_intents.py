"""Joins that wait for more people: who else agrees, who does not, who takes back (R130, R132)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.commands.base import Command, asker_of, identifier, looking, schema, short_text
from databeheer.door.house import House
from databeheer.door.joins import intents
from databeheer.door.joins.lists import read_list
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import UnauthenticatedError
from databeheer.values import format_instant

_ASK = (AskerKind.PARTY, AskerKind.INSPECTOR)
_ANSWER = (AskerKind.INSPECTOR, AskerKind.OPERATOR)


def agree(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Agree to a join that waits: another inspector, or by name one of the house's people."""
    signed = read_list(house)
    with house.turn() as turn:
        by = intents.mark_of(asker_of(turn, house, proof, *_ANSWER), arguments["by"])
        record, waiting = intents.agree(turn, arguments["intent_id"], by, signed)
    return record.answer() | {"agreed": waiting.agreed, "needed": waiting.needed}


def refuse(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do not agree: the join ends, whoever agreed before."""
    with house.turn(TurnLane.ENDS) as turn:
        by = intents.mark_of(asker_of(turn, house, proof, *_ANSWER), arguments["by"])
        record = intents.refuse(turn, arguments["intent_id"], by)
    return record.answer()


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take back a join that one asked for, and that did not run yet."""
    with house.turn(TurnLane.ENDS) as turn:
        by = intents.mark_of(asker_of(turn, house, proof, *_ASK, or_suspended=True))
        record = intents.withdraw(turn, arguments["intent_id"], by)
    return record.answer()


def waiting(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """What was asked within the term, newest first: a party sees its own, inspectors and the operator all.

    Which points it names nobody learns here.
    """
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in (*_ASK, *_ANSWER):
            raise UnauthenticatedError("this proof does not give this command")
        own = intents.mark_of(asker) if asker.kind is AskerKind.PARTY else None
        rows = intents.recent(connection, own, now)
        bodies = connection.execute(_BODIES, {"indices": [row.index for row in rows]})
        said = {body.index: shared_body(house, body).said for body in bodies}
    return {"joins": [_view(row, said[row.index]) for row in rows]}


def _view(row: Any, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "intent_id": str(row.intent_id),
        "state": row.ending or ("waiting" if row.is_live else "void"),
        "agreed": 1 + len(row.agreed_by),
        "needed": row.needed,
        "party_id": str(row.party_id),
        **{name: said[name] for name in ("case", "title_nl", "purpose", "note", "list", "asked", "points")},
        "index": row.index,
        "asked_at": format_instant(row.asked_at),
        "lapses_at": format_instant(row.lapses_at),
    }


_BODIES = text("SELECT index, key_sealed, shared_sealed FROM ledger.body WHERE index = ANY(:indices)")
_ONE = {"intent_id": identifier()}
_BY = {"by": short_text(required=False)}

COMMANDS = (
    Command("joins.waiting", schema(), waiting),
    Command("joins.agree", schema(**_ONE, **_BY), agree),
    Command("joins.refuse", schema(**_ONE, **_BY), refuse),
    Command("joins.withdraw", schema(**_ONE), withdraw),
)
