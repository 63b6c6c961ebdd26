"""Explanations of decisions that were made: each is opened for whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.access.bases import CatalogueError
from databeheer.access.decision import Decision, Granted, Refused
from databeheer.access.intervals import IntervalSet
from databeheer.access.reasons import ReasonCode
from databeheer.door.bodies.opened import shared_body, subject_body, subject_of_statement
from databeheer.door.commands.base import Command, asker_of, looking, schema
from databeheer.door.commands.receipts import entitled
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.reads.bulk_statements import EVENT as BULK_EVENT
from databeheer.door.reads.explanations import Asked, told
from databeheer.door.reads.statements import span_of
from databeheer.door.statement import Statement, Subject
from databeheer.errors import NotFoundError
from databeheer.oversight import erasures
from databeheer.storage.engine import driver
from databeheer.values import Period, parse_instant
from ledger.postgres import size

DECISIONS = ("data.read", "data.refused", "decision.explained")


def explain_past(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Explain the decision of an entry: to the customer or the party that it concerns, or to the operator.

    By a power of attorney, of the stays that it reaches.

    The operator's look reveals a customer's facts, so it is an entry of its own, which that customer sees.

    Raises:
        NotFoundError: no such entry of the asker's, or one that is no decision.
    """
    index = arguments["index"]
    if proof.kind == "operator":
        with house.turn() as turn:
            asker_of(turn, house, proof, AskerKind.OPERATOR)
            said = _said(house, turn.connection, index)
            subjects = [
                Subject(occupancy, {"entry": str(index)})
                for occupancy in _subjects_of_entry(house, turn.connection, index)
            ]
            turn.record(
                Statement("decision.explained", {"asker": "operator", "entry": str(index)}, subjects=subjects)
            )
        return _past(house, index, said)
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        found = entitled(house, connection, asker, index)
        leaf = None if found is None else found[0]
        return _past(house, index, _said(house, connection, index, leaf))


def _said(house: House, connection: Connection, index: int, leaf: int | None = None) -> dict[str, Any]:
    """What an entry says of its decision: to the subject of a leaf, or to the party and the operator.

    What came of a read by access point stands in its subjects' halves only. The party of a read in bulk got a decision
    for each that it asked, and its half of the entry holds none.
    """
    body = connection.execute(_BODY, {"index": index}).one_or_none()
    if body is None:
        end = size(driver(connection))
        if index >= end:
            raise NotFoundError(f"there is no entry {index}: the ledger has {end}, the first of them is 0")
        raise NotFoundError(f"what entry {index} says is lost: see `databeheer ledger audit`")
    erased = erasures.entry_erased(connection, index)
    if erased is not None:
        raise erased.error()
    if body.event == BULK_EVENT and leaf is None:
        raise NotFoundError(
            f"entry {index} is a read of many access points at once, with a decision for each of them. What would be"
            " decided now is explained by permission (decision.wish); what was decided then, each customer reads"
            " in the portal"
        )
    said: dict[str, Any] = {}
    if body.event in (*DECISIONS, BULK_EVENT):
        said = shared_body(house, body).said
        if leaf is not None:
            row = connection.execute(_STATEMENT, {"index": index, "leaf": leaf}).one()
            said |= _of_subject(subject_body(house, row).said)
        elif "asked" in said and "granted" not in said:
            rows = connection.execute(_STATEMENTS, {"index": index}).all()
            said |= _of_all(said, [_of_subject(subject_body(house, row).said) for row in rows])
    if "asked" not in said or "granted" not in said:
        raise NotFoundError(
            f"entry {index} is no decision about data: it records {body.event}; decisions are data.read and"
            " data.refused"
        )
    return said


def _of_subject(own: dict[str, Any]) -> dict[str, Any]:
    if "bases" not in own:  # an entry from before each half said what came of it: the shared one does
        return {name: own[name] for name in ("reader",) if name in own}
    both = zip(own["granted"], own["bases"], strict=True)
    return own | {"granted": [[*span, basis] for span, basis in both]}


def _of_all(shared: dict[str, Any], halves: list[dict[str, Any]]) -> dict[str, Any]:
    """What the party got of an access point: all that its occupants were told left, and nothing of whose it was.

    Why the rest was refused is said in one word only: where the reasons change, somebody moved.
    """
    granted = sorted((tuple(one), fact) for own in halves for one, fact in _with_facts(own))
    given = IntervalSet.of(*(_period(start, stop) for (start, stop, _), _ in granted))
    left = IntervalSet.of(_period(*shared["asked"])) - given
    reason = shared["ground"] if shared["ground"] in set(ReasonCode) else ReasonCode.NO_LEGAL_BASIS.value
    return {
        "granted": [list(one) for one, _ in granted],
        "facts": [fact for _, fact in granted],
        "refused": [[*span_of(period), reason] for period in left.periods()],
    }


def _with_facts(own: dict[str, Any]) -> Iterator[tuple[list[str], str]]:
    yield from zip(own.get("granted", []), own.get("facts", []), strict=True)


def _subjects_of_entry(house: House, connection: Connection, index: int) -> list[UUID]:
    rows = connection.execute(_STATEMENTS, {"index": index})
    return [subject_of_statement(house, row) for row in rows]


def _past(house: House, index: int, said: dict[str, Any]) -> dict[str, Any]:
    facts = said.get("facts") or [said.get("permission") or ""] * len(said["granted"])
    granted = tuple(
        Granted(_period(start, stop), *_rule(house, basis), fact, "", frozenset(), said["catalogue"])
        for (start, stop, basis), fact in zip(said["granted"], facts, strict=True)
    )
    refused = tuple(
        Refused(_period(start, stop), ReasonCode(reason)) for start, stop, reason in said["refused"]
    )
    decision = Decision(granted, refused, said["catalogue"])
    asked = Asked(_period(*said["asked"]), said["granularity"], said["directions"])
    return told(house, decision, asked) | {
        "index": index,
        "at": said["at"],
        "event": said["event"],
        "reader": said.get("reader"),
    }


def _rule(house: House, code: str) -> tuple[str, Any]:
    try:
        return code, house.catalogue.row(code).citation
    except CatalogueError as error:
        raise NotFoundError(
            "the rule of this decision is not in the catalogue any more; its version tells which file to read"
        ) from error


def _period(start: str, stop: str) -> Period:
    return Period(parse_instant(start), parse_instant(stop))


_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
_STATEMENTS = text("SELECT * FROM ledger.statement WHERE index = :index ORDER BY leaf")
_STATEMENT = text("SELECT * FROM ledger.statement WHERE index = :index AND leaf = :leaf")

COMMANDS = (
    Command(
        "decision.explain",
        schema(index=fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**53))),
        explain_past,
    ),
)
