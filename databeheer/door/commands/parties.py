"""Commands on grid operators, parties, their contracts and programs: the operator's, each recorded with its state."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import (
    Command,
    Instant,
    asker_of,
    identifier,
    long_text,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.login import person_of
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.turn import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError
from databeheer.identity import clients
from databeheer.identity.provider import Identity
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
    """Onboard a party in one role of the closed list (R2); the public register shows it from now on (R5)."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if arguments["operator"] is not None:
            if arguments["role"] not in parties.OF_A_GRID_OPERATOR:
                raise MalformedRequestError(
                    "operator: only a dso and a data_manager are a grid operator's own"
                )
            parties.require_operator(turn.connection, arguments["operator"])
        party_id = parties.add(turn.connection, arguments, turn.now)
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
        parties.require_operator(turn.connection, arguments["operator"])
        parties.add_contract(turn.connection, arguments)
        until = arguments["valid_until"]
        said = {
            "number": arguments["number"],
            "from": format_instant(arguments["valid_from"]),
            "until": format_instant(until) if until else "",
        }
        of = {"party_id": arguments["party_id"], "operator": arguments["operator"]}
        turn.record(Statement("contract.signed", said, **of))
    return {}


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


def add_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a party credentials. With its public key it signs assertions; else it gets a secret, shown once."""
    profiles, key = frozenset(arguments["profiles"]), arguments["public_key"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, arguments["party_id"])
        made = clients.add(turn.connection, arguments["party_id"], profiles, key, turn.now)
        said = {"profiles": sorted(profiles), "by": "key" if key else "secret"}
        turn.record(Statement("client.added", said, party_id=arguments["party_id"]))
    return {
        "client_id": made.client_id,
        "client_secret": made.secret,
        "subscription_key": made.subscription_key,
    }


def end_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a program of a party: its secret or key, and the tokens it has, are good for nothing from now on."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = clients.end(turn.connection, arguments["client_id"], turn.now)
        turn.end(Ending.CLIENT, clients.number_of(row.client_id))
        turn.record(Statement("client.ended", {}, party_id=row.party_id))
    return {}


def renew_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a program of a party another secret, shown once; the old one and its tokens are dead at once."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row, secret = clients.renew(turn.connection, arguments["client_id"], turn.now)
        turn.end(Ending.CLIENT_SECRET, clients.number_of(row.client_id))
        turn.record(Statement("client.renewed", {}, party_id=row.party_id))
    return {"client_id": row.client_id, "client_secret": secret}


def add_person(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make the person behind a provider's subject known, so that an occupancy can name him."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        identity = Identity(arguments["subject"], arguments["name"], "customer")
        person_id = person_of(house, turn.connection, identity, turn.now)
        turn.record(Statement("person.registered", {"person": str(person_id)}))
    return {"person_id": str(person_id)}


_OPERATOR = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32000))

_CLIENT = fields.String(required=True, validate=validate.Regexp(r"client-[0-9a-f]{16}\Z"))

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
        "registry.client.add",
        schema(
            party_id=identifier(),
            profiles=fields.List(one_of("own", "facade"), required=True, validate=validate.Length(1, 2)),
            public_key=long_text(required=False, longest=4096),
        ),
        add_client,
    ),
    Command("registry.client.end", schema(client_id=_CLIENT), end_client),
    Command("registry.client.renew", schema(client_id=_CLIENT), renew_client),
    Command("registry.person.add", schema(subject=short_text(), name=short_text()), add_person),
)
