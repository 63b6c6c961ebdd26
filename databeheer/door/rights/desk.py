"""The desk's commands: which requests wait, read one, enter one that came on paper, give it more time, answer it.

Under the operator's key, or logged in as staff in a role that reads or writes about rights.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer import clocks
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
    without_ean,
)
from databeheer.door.commands.erasure import CLOCK as ERASURE_CLOCK
from databeheer.door.house import House
from databeheer.door.keys.store import Kind as KeyKind
from databeheer.door.names import open_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.rights import steps
from databeheer.door.rights.commands import LONGEST_WORDS
from databeheer.door.staff.asking import Doer, require_role, staff_name
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.identity import lives
from databeheer.oversight import erasures
from databeheer.rights import requests
from databeheer.rights.requests import Channel, Fact, Kind, State
from databeheer.staff import accounts, roles
from databeheer.values import format_instant

MOST_LISTED = 500
OF_STAFF = "staff "
"""What stands before an account where somebody who logged in answered."""
READERS, WRITERS = roles.load().reading("rights"), roles.load().writing("rights")


def list_all(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The worklist: requests that wait, the oldest first; or those that were answered or taken back.

    Staff in a role that reads them see here what is asked and until when, and nobody's words: those `rights.open`
    shows, on record. `erasures` are the requests to erase that wait (`erasure.decide`).
    """
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind not in (AskerKind.OPERATOR, AskerKind.STAFF):
            raise UnauthenticatedError("this proof does not give this command")
        require_role(asker, *READERS)
        rows = requests.listed(connection, is_open=not arguments["closed"], limit=arguments["limit"])
        is_operator = asker.kind is AskerKind.OPERATOR
        return {
            "at": format_instant(now),
            "requests": [
                _named(house, connection, row)
                if is_operator
                else requests.view(row) | {"decided_by": _who(house, connection, row.decided_by)}
                for row in rows
            ],
            "erasures": [] if arguments["closed"] else _erasures(connection),
        }


def open_one(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Read one request with what was written: recorded before it is shown, and its person sees it (R155).

    The request is the case of this look: somebody asked the house, and waits for its answer.
    """
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *READERS)
        row = found(requests.find(turn.connection, arguments["request_id"]), "request")
        record = steps.look(house, turn, row, Doer(asker, asker.employee, asker.account_id))
    with house.engine.connect() as connection:
        seen = _named(house, connection, row) | {"address": _address(house, connection, row.occupancy_id)}
        return {"at": format_instant(turn.now), "request": seen} | record.answer()


def _named(house: House, connection: Connection, row: Any) -> dict[str, Any]:
    decided_by = _who(house, connection, row.decided_by)
    return steps.view(house, row) | {"person_id": str(row.person_id), "decided_by": decided_by}


def _who(house: House, connection: Connection, decided_by: str | None) -> str | None:
    """Who answered, by name."""
    if decided_by is None or not decided_by.startswith(OF_STAFF):
        return decided_by
    return staff_name(house, accounts.by_id(connection, UUID(decided_by.removeprefix(OF_STAFF))))


def _address(house: House, connection: Connection, occupancy_id: UUID | None) -> str:
    """Where the stay is that a request is about; empty where it is about none, or that was erased."""
    row = connection.execute(_PLACE, {"stay": occupancy_id}).one_or_none()
    if row is None or row.address_sealed is None:
        return ""
    return open_text(house, "address", row.access_point_id, bytes(row.address_sealed))


def _erasures(connection: Connection) -> list[dict[str, Any]]:
    """Requests to erase that wait, the oldest first, each with the moment at which its answer is too late."""
    term = clocks.shipped().get(ERASURE_CLOCK).term
    return [
        erasures.view(row) | {"due_at": format_instant(term.due_at(row.asked_at))}
        for row in reversed(erasures.listed(connection))
        if row.state == "asked" and row.asked_at is not None
    ]


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
        doer = _answerer(turn, house, proof)
        row = found(requests.find(turn.connection, arguments["request_id"]), "request")
        record = steps.extend(house, turn, row, arguments["reason"], doer)
    return record.answer()


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Accept or refuse a request, with the words that its person reads.

    An objection that is accepted stops its basis at its stay, whoever looks by it, from this turn on.

    Raises:
        MalformedRequestError: the operator's key without `decided_by`, or a log-in with it.
    """
    with house.turn(TurnLane.ENDS) as turn:
        doer = _answerer(turn, house, proof)
        by = arguments["decided_by"]
        if (doer is None) is (by is None):
            raise MalformedRequestError("decided_by: a name with the operator's key, and none with a log-in")
        row = found(requests.find(turn.connection, arguments["request_id"]), "request")
        state = State(arguments["decision"])
        by = by if doer is None else f"{OF_STAFF}{doer.account_id}"
        record = steps.answer(house, turn, row, state, arguments["words"], by, doer)
    return record.answer()


def _answerer(turn: Turn, house: House, proof: Proof) -> Doer | None:
    """Who of the house answers, in a role that writes about rights; None under the operator's key."""
    asker = asker_of(turn, house, proof, AskerKind.OPERATOR, AskerKind.STAFF)
    require_role(asker, *WRITERS, writing=True)
    if asker.kind is AskerKind.OPERATOR:
        return None
    return Doer(asker, asker.employee, asker.account_id)


_PLACE = text(
    "SELECT a.access_point_id, a.address_sealed FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.occupancy_id = :stay"
)


COMMANDS = (
    Command(
        "rights.list",
        schema(
            closed=flag(),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, MOST_LISTED)),
        ),
        list_all,
    ),
    Command("rights.open", schema(request_id=identifier()), open_one),
    Command(
        "rights.enter",
        schema(
            person_id=identifier(),
            kind=one_of(*(kind.value for kind in Kind)),
            fact=one_of(*(fact.value for fact in Fact), required=False),
            basis=short_text(required=False, longest=60),
            occupancy_id=identifier(required=False),
            words=without_ean(long_text(required=False, longest=LONGEST_WORDS, missing="")),
            document_sha256=fields.String(required=True, validate=SHA256),
            received_at=Instant(load_default=None, allow_none=True),
        ),
        enter,
    ),
    Command(
        "rights.extend",
        schema(request_id=identifier(), reason=without_ean(long_text(longest=LONGEST_WORDS))),
        extend,
    ),
    Command(
        "rights.answer",
        schema(
            request_id=identifier(),
            decision=one_of(State.ACCEPTED.value, State.REFUSED.value),
            words=without_ean(long_text(longest=LONGEST_WORDS)),
            decided_by=short_text(required=False),
        ),
        judge,
    ),
)
