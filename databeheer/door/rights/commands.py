"""A person's own commands: what did I ask, ask it, take it back (GDPR 15 to 21; R50)."""

from __future__ import annotations

from typing import Any

from databeheer.clocks import shipped
from databeheer.door.commands.base import (
    Command,
    asker_of,
    found,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.erasure import CLOCK as ERASURE_CLOCK
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.rights import steps
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import UnauthenticatedError
from databeheer.oversight import erasures
from databeheer.rights import requests
from databeheer.rights.requests import Channel, Fact, Kind
from databeheer.values import format_instant

LONGEST_WORDS = 2000


def mine(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Everything that this person asked, newest first, each with its due moment; requests to erase apart."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
            raise UnauthenticatedError("log in as a customer")
        term = shipped().get(ERASURE_CLOCK).term
        return {
            "requests": [steps.view(house, row) for row in requests.of_person(connection, asker.person_id)],
            "erasures": [
                erasures.view(row) | {"due_at": format_instant(term.due_at(row.asked_at))}
                for row in erasures.listed(connection, asker.person_id)
                if row.asked_at is not None
            ],
        }


def ask(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask to put something right, or object; also a representative in somebody's name, which is recorded."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        person_id = found(asker.person_id, "person")
        request_id, record = steps.file(house, turn, person_id, arguments, channel=Channel.PORTAL)
    return {"request_id": str(request_id)} | record.answer()


def copy(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Begin a copy of everything: recorded and told before anything leaves. Never a representative in that name.

    What goes into it is asked by the commands that show it; each read of readings has an entry of its own.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        record = steps.copy(house, turn, found(asker.person_id, "person"))
    return record.answer()


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a request back, or an objection that was accepted; the operator for who wrote or rang.

    Of an accepted objection only the person: what he stopped nobody opens in his name.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, AskerKind.OPERATOR)
        row = requests.find(turn.connection, arguments["request_id"])
        is_own = row is not None and asker.kind is AskerKind.CUSTOMER and row.person_id == asker.person_id
        is_desk = row is not None and asker.kind is AskerKind.OPERATOR and row.state == "asked"
        row = found(row if is_own or is_desk else None, "request")
        by = "customer" if asker.kind is AskerKind.CUSTOMER else "operator"
        record = steps.take_back(house, turn, row, by)
    return record.answer()


COMMANDS = (
    Command("rights.mine", schema(), mine),
    Command(
        "rights.ask",
        schema(
            kind=one_of(Kind.RECTIFICATION.value, Kind.OBJECTION.value),
            fact=one_of(*(fact.value for fact in Fact), required=False),
            basis=short_text(required=False, longest=60),
            occupancy_id=identifier(required=False),
            words=long_text(longest=LONGEST_WORDS),
        ),
        ask,
    ),
    Command("rights.copy", schema(), copy),
    Command("rights.withdraw", schema(request_id=identifier()), withdraw),
)
