"""Commands on grid operators, parties and their contracts: the operator's, each recorded with its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import (
    Command,
    Instant,
    asker_of,
    identifier,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.login import enterprise_person, person_of
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.enterprises import parse_enterprise
from databeheer.errors import MalformedRequestError
from databeheer.identity.provider import Identity
from databeheer.onboarding import keeping
from databeheer.registry import parties
from databeheer.values import NO_PARTY_ROLES, Role, format_instant


def add_operator(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Add a grid operator."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.add_operator(turn.connection, **arguments)
        turn.record(Statement("operator.added", {"code": arguments["code"]}, operator=arguments["operator"]))
    return {"operator": arguments["operator"]}


def add_party(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Onboard a party in one role of the closed list (R2); the public register shows it from now on (R5).

    For grid operators, authorities and whoever was here before; others apply, and two people approve them.
    `enterprise`: whose people act for it at the party pages.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if arguments["operator"] is not None:
            if arguments["role"] not in parties.OF_A_GRID_OPERATOR:
                raise MalformedRequestError(
                    "operator: only a dso and a data_manager are a grid operator's own"
                )
            parties.require_operator(turn.connection, arguments["operator"])
        enterprise = arguments.pop("enterprise")
        party_id = parties.add(turn.connection, arguments, turn.now)
        if enterprise is not None:
            keeping.name_enterprise(turn.connection, party_id, parse_enterprise(enterprise))
        said = {"role": arguments["role"]}
        turn.record(Statement("party.onboarded", said, party_id=party_id, operator=arguments["operator"]))
    return {"party_id": str(party_id)}


def add_contract(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record a party's data access contract with a grid operator (R12)."""
    if arguments["valid_until"] is not None and arguments["valid_until"] <= arguments["valid_from"]:
        raise MalformedRequestError("valid_until: lies after valid_from")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, arguments["party_id"])
        take_contract(turn, arguments)
    return {}


def take_contract(turn: Turn, contract: Mapping[str, Any]) -> None:
    """Put a data access contract on file, and record it: party_id, operator, number, valid_from, valid_until."""
    parties.require_operator(turn.connection, contract["operator"])
    parties.add_contract(turn.connection, contract)
    until = contract["valid_until"]
    said = {
        "number": contract["number"],
        "from": format_instant(contract["valid_from"]),
        "until": format_instant(until) if until else "",
    }
    of = {"party_id": contract["party_id"], "operator": contract["operator"]}
    turn.record(Statement("contract.signed", said, **of))


def end_contract(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a party's data access contract: at once, or at a later moment."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        until = arguments["valid_until"] or turn.now
        row = parties.end_contract(turn.connection, arguments["number"], until, turn.now)
        turn.end(Ending.CONTRACT, row.contract_id, at=until)
        said = {"number": row.number, "until": format_instant(until)}
        turn.record(Statement("contract.ended", said, party_id=row.party_id, operator=row.operator))
    return {}


def name_enterprise(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say of which enterprise a party is; its people act for it at the party pages, and nobody else's any more."""
    enterprise = parse_enterprise(arguments["enterprise"])
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, arguments["party_id"])
        keeping.name_enterprise(turn.connection, arguments["party_id"], enterprise)
        said = {"enterprise": enterprise}
        turn.record(Statement("party.enterprise_named", said, party_id=arguments["party_id"]))
    return {"enterprise": enterprise}


def add_person(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make the person behind a provider's subject known, so that an occupancy can name him."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        identity = Identity(arguments["subject"], arguments["name"], "customer")
        person_id = person_of(house, turn.connection, identity, turn.now)
        turn.record(Statement("person.registered", {"person": str(person_id)}))
    return {"person_id": str(person_id)}


def add_enterprise(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make an enterprise known as a customer, by its number, so that an occupancy can name it.

    Raises:
        MalformedRequestError: that is no enterprise number.
    """
    enterprise = parse_enterprise(arguments["enterprise"])
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        person_id = enterprise_person(house, turn.connection, enterprise, arguments["name"], turn.now)
        turn.record(Statement("person.registered", {"person": str(person_id)}))
    return {"person_id": str(person_id)}


_OPERATOR = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32000))

COMMANDS = (
    Command(
        "registry.operator.add",
        schema(operator=_OPERATOR, code=short_text(longest=40), name=short_text()),
        add_operator,
    ),
    Command(
        "registry.party.add",
        schema(
            name=short_text(),
            role=one_of(*(role.value for role in Role if role not in NO_PARTY_ROLES)),
            about=short_text(required=False, longest=1000, missing=""),
            website=short_text(required=False, missing=""),
            processing_url=short_text(required=False, missing=""),
            enterprise=short_text(required=False, longest=40),
            operator=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 32000)
            ),
        ),
        add_party,
    ),
    Command(
        "registry.contract.add",
        schema(
            party_id=identifier(),
            number=short_text(longest=40),
            valid_from=Instant(required=True),
            valid_until=Instant(load_default=None, allow_none=True),
            operator=_OPERATOR,
        ),
        add_contract,
    ),
    Command(
        "registry.contract.end",
        schema(number=short_text(longest=40), valid_until=Instant(load_default=None, allow_none=True)),
        end_contract,
    ),
    Command(
        "registry.party.enterprise",
        schema(party_id=identifier(), enterprise=short_text(longest=40)),
        name_enterprise,
    ),
    Command("registry.person.add", schema(subject=short_text(), name=short_text()), add_person),
    Command(
        "registry.enterprise.add",
        schema(enterprise=short_text(longest=40), name=short_text()),
        add_enterprise,
    ),
)
