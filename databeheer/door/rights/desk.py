"""The desk's commands: which requests wait, enter one that came on paper, give it more time, answer it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import (
    SHA256,
    Command,
    Instant,
    asker_of,
    flag,
    found,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.house import House
from databeheer.door.keys.store import Kind as KeyKind
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.rights import steps
from databeheer.door.rights.commands import LONGEST_WORDS
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import NotFoundError, UnauthenticatedError
from databeheer.identity import lives
from databeheer.rights import requests
from databeheer.rights.requests import Channel, Fact, Kind, State

MOST_LISTED = 500


def list_all(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The worklist: requests that wait, the oldest first; or those that were answered or taken back."""
    with looking(house, proof) as (connection, asker, _):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
        rows = requests.listed(connection, is_open=not arguments["closed"], limit=arguments["limit"])
        return {
            "requests": [
                steps.view(house, row) | {"person_id": str(row.person_id), "decided_by": row.decided_by}
                for row in rows
            ]
        }


def enter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down a request that came on paper: the same events as on the portal (R43), with the hash of its scan.

    Its month counts from `received_at`, the day's moment on which the paper came in.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        person_id = arguments["person_id"]
        if not lives.exists(turn.connection, person_id) or not house.keys.holds(KeyKind.PERSON, person_id):
            raise NotFoundError("there is no such person")
        request_id, record = steps.file(
            house,
            turn,
            person_id,
            arguments,
            channel=Channel.PAPER,
            received_at=arguments["received_at"],
            document=bytes.fromhex(arguments["document_sha256"]),
        )
    return {"request_id": str(request_id)} | record.answer()


def extend(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a request two months more, once, with the reason, told within the first month (GDPR 12(3))."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(requests.find(turn.connection, arguments["request_id"]), "request")
        record = steps.extend(house, turn, row, arguments["reason"])
    return record.answer()


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Accept or refuse a request, with the words that its person reads.

    An objection that is accepted stops its basis at its stay, whoever looks by it, from this turn on.
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(requests.find(turn.connection, arguments["request_id"]), "request")
        state = State(arguments["decision"])
        record = steps.answer(house, turn, row, state, arguments["words"], arguments["decided_by"])
    return record.answer()


COMMANDS = (
    Command(
        "rights.list",
        schema(
            closed=flag(),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, MOST_LISTED)),
        ),
        list_all,
    ),
    Command(
        "rights.enter",
        schema(
            person_id=identifier(),
            kind=one_of(*(kind.value for kind in Kind)),
            fact=one_of(*(fact.value for fact in Fact), required=False),
            basis=short_text(required=False, longest=60),
            occupancy_id=identifier(required=False),
            words=long_text(required=False, longest=LONGEST_WORDS, missing=""),
            document_sha256=fields.String(required=True, validate=SHA256),
            received_at=Instant(load_default=None, allow_none=True),
        ),
        enter,
    ),
    Command(
        "rights.extend",
        schema(request_id=identifier(), reason=long_text(longest=LONGEST_WORDS)),
        extend,
    ),
    Command(
        "rights.answer",
        schema(
            request_id=identifier(),
            decision=one_of(State.ACCEPTED.value, State.REFUSED.value),
            words=long_text(longest=LONGEST_WORDS),
            decided_by=short_text(),
        ),
        judge,
    ),
)
