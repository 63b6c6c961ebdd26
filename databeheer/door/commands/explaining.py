"""Explanations: of a decision that was made, and of one that somebody wishes to know beforehand.

A decision of the past is opened for whom it concerns. To ask what would be decided tells as much as a refusal does,
so it is recorded as one is: the customer sees who asked, and what was answered.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.access.bases import CatalogueError
from databeheer.access.decision import Decision, Granted, Refused
from databeheer.access.explain import Explained, Language, explain
from databeheer.access.reasons import ReasonCode
from databeheer.door.bodies import shared_body, subject_body, subject_of_statement
from databeheer.door.bulk_statements import EVENT as BULK_EVENT
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    asker_of,
    identifier,
    looking,
    one_of,
    schema,
)
from databeheer.door.commands.readings import LONGEST_PERIOD
from databeheer.door.commands.receipts import entitled
from databeheer.door.facts import Point, read_facts
from databeheer.door.house import House
from databeheer.door.judging import judge
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.read_request import ReadRequest
from databeheer.door.read_statements import registers_of, span_of, subjects_of
from databeheer.door.reads import Targets
from databeheer.door.turn import Statement, Subject
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.oversight import erasures
from databeheer.storage.engine import driver
from databeheer.values import Direction, Granularity, Period, Purpose, format_instant, parse_instant
from ledger.postgres import size

DECISIONS = ("data.read", "data.refused", "decision.explained")


def explain_past(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Explain the decision of an entry: to the customer or the party that it concerns, or to the operator.

    The operator's look reveals a customer's facts, so it is an entry of its own, which that customer sees.

    Raises:
        NotFoundError: no such entry of the asker's, or one that is no decision.
    """
    index = arguments["index"]
    if proof.kind == "operator":
        with house.turn(TurnLane.READS) as turn:
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
    with looking(house, proof) as (connection, asker, _now):
        found = entitled(house, connection, asker, index)
        leaf = None if found is None else found[0]
        return _past(house, index, _said(house, connection, index, leaf))


def explain_wish(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what would be decided, without handing anything over; the question is recorded.

    A party asks for itself, by permission or access point; a customer asks of any party, about the own time at
    an own access point; the operator of any party and access point.

    Raises:
        MalformedRequestError: the target does not fit who asks.
        NotFoundError: no such party, or no such own access point in that time.
    """
    period = Period(arguments["from"], arguments["until"])
    if period.end - period.start > LONGEST_PERIOD:
        raise MalformedRequestError("a period is three years at most; ask in parts")
    request = _request(house, proof, arguments, period)
    with house.turn(TurnLane.READS) as turn:
        kinds = (AskerKind.CUSTOMER, AskerKind.PARTY, AskerKind.OPERATOR)
        asker = asker_of(turn, house, proof, *kinds, or_representative=True)
        party_id = _party_asked_of(asker, arguments["party_id"])
        targets = Targets(turn, [request])
        permissions = {request.permission_id} if request.permission_id else set()
        book = read_facts(
            turn.connection, turn.now, points=targets.points, permissions=permissions, parties={party_id}
        )
        if party_id not in book.parties:
            raise NotFoundError("there is no such party")
        point = targets.point_of(request, book)
        if asker.kind is AskerKind.CUSTOMER:
            _require_own_time(asker, point, request)
        own = Asker(AskerKind.PARTY, party_id=party_id, profile="own")
        in_its_place = asker if asker.kind is AskerKind.PARTY else own
        directions, decision = judge(house, turn, book, point, request, in_its_place)
        said = {
            "asker": asker.kind.value,
            "asked": span_of(period),
            "granularity": request.granularity.value,
            "directions": sorted(directions),
            "permission": str(request.permission_id or ""),
            "catalogue": decision.catalogue_version,
            "granted": [[*span_of(g.interval), g.basis] for g in decision.granted],
            "refused": [[*span_of(r.interval), r.reason.value] for r in decision.refused],
        }
        home = book.permission_homes.get(request.permission_id) if request.permission_id else None
        registers = registers_of(point, directions, request.granularity)
        subjects = subjects_of(request, point, home, decision.granted, registers)
        record = turn.record(
            Statement(
                "decision.explained",
                said,
                ground=decision.granted[0].basis if decision.granted else decision.main_reason().value,
                party_id=party_id if asker.kind is AskerKind.PARTY else None,
                subjects=subjects,
            )
        )
    return _told(house, decision, said) | {"index": record.index}


# --- what was decided -----------------------------------------------------------------------------------------


def _said(house: House, connection: Connection, index: int, leaf: int | None = None) -> dict[str, Any]:
    """What an entry says of its decision; of a read in bulk, of the one that is told in this leaf.

    The party of a read in bulk got a decision for each that it asked, and its half of the entry holds none.
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
    said: dict[str, Any] = {}
    if body.event in DECISIONS:
        said = shared_body(house, body).said
    elif body.event == BULK_EVENT and leaf is not None:
        row = connection.execute(_STATEMENT, {"index": index, "leaf": leaf}).one()
        own = subject_body(house, row).said
        both = zip(own["granted"], own["bases"], strict=True)
        said = shared_body(house, body).said | own | {"granted": [[*span, basis] for span, basis in both]}
    elif body.event == BULK_EVENT:
        raise NotFoundError(
            f"entry {index} is a read of many access points at once, with a decision for each of them. What would be"
            " decided now is explained by permission (decision.wish); what was decided then, each customer reads"
            " in the portal"
        )
    if "asked" not in said or "granted" not in said:
        raise NotFoundError(
            f"entry {index} is no decision about data: it records {body.event}; decisions are data.read and"
            " data.refused"
        )
    return said


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
    return _told(house, decision, said) | {"index": index, "at": said["at"], "event": said["event"]}


def _rule(house: House, code: str) -> tuple[str, Any]:
    try:
        return code, house.catalogue.row(code).citation
    except CatalogueError as error:
        raise NotFoundError(
            "the rule of this decision is not in the catalogue any more; its version tells which file to read"
        ) from error


def _told(house: House, decision: Decision, said: dict[str, Any]) -> dict[str, Any]:
    both = zip(
        explain(decision, house.catalogue, Language.DUTCH),
        explain(decision, house.catalogue, Language.ENGLISH),
        strict=True,
    )
    return {
        "catalogue": decision.catalogue_version,
        "catalogue_now": house.catalogue.version,
        "asked": {"from": said["asked"][0], "until": said["asked"][1]},
        "granularity": said["granularity"],
        "directions": said["directions"],
        "parts": [_part(dutch, english) for dutch, english in both],
    }


def _part(dutch: Explained, english: Explained) -> dict[str, Any]:
    return {
        "from": format_instant(dutch.interval.start),
        "until": format_instant(dutch.interval.end),
        "granted": dutch.reason is None,
        "reason": dutch.reason.value if dutch.reason else None,
        "rule": dutch.rule or None,
        "fact": dutch.fact_id or None,
        "text": {"nl": dutch.text, "en": english.text},
        "rests_on": {"nl": dutch.fact, "en": english.fact} if dutch.fact else None,
    }


def _period(start: str, stop: str) -> Period:
    return Period(parse_instant(start), parse_instant(stop))


# --- what is asked of -----------------------------------------------------------------------------------------


def _request(house: House, proof: Proof, arguments: dict[str, Any], period: Period) -> ReadRequest:
    targets = [arguments["permission_id"], arguments["ean"], arguments["occupancy_id"]]
    if sum(target is not None for target in targets) != 1:
        raise MalformedRequestError("name one of permission_id, ean and occupancy_id")
    if (proof.kind == "session") != (arguments["occupancy_id"] is not None):
        raise MalformedRequestError("a customer asks by occupancy_id, others by permission_id or ean")
    return ReadRequest(
        proof=proof,
        period=period,
        granularity=Granularity(arguments["granularity"]),
        directions=frozenset(Direction(one) for one in arguments["directions"])
        if arguments["directions"]
        else None,
        strict=False,
        purpose=Purpose(arguments["purpose"]) if arguments["purpose"] else None,
        permission_id=arguments["permission_id"],
        ean_hash=ean_hash(house, arguments["ean"]) if arguments["ean"] else None,
        occupancy_id=arguments["occupancy_id"],
    )


def _party_asked_of(asker: Asker, named: UUID | None) -> UUID:
    if asker.kind is AskerKind.PARTY:
        if asker.party_id is None or named not in (None, asker.party_id):
            raise MalformedRequestError("a party asks for itself")
        return asker.party_id
    if named is None:
        raise MalformedRequestError("party_id: name the party")
    return named


def _require_own_time(asker: Asker, point: Point | None, request: ReadRequest) -> None:
    """Of others who lived there before or come after, a customer must learn nothing."""
    home = next(
        (one for one in point.occupancies if one.id == str(request.occupancy_id)) if point else iter(()), None
    )
    if home is None or home.person_id is None or home.person_id != str(asker.person_id):
        raise NotFoundError("there is no such access point of yours")
    if request.period.start < home.period.start or home.period.stop < request.period.end:
        raise NotFoundError("you were not the grid user here in all of that time; ask of your own time")


_BODY = text("SELECT * FROM ledger.body WHERE index = :index")
_STATEMENTS = text("SELECT * FROM ledger.statement WHERE index = :index ORDER BY leaf")
_STATEMENT = text("SELECT * FROM ledger.statement WHERE index = :index AND leaf = :leaf")

COMMANDS = (
    Command(
        "decision.explain",
        schema(index=fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**53))),
        explain_past,
    ),
    Command(
        "decision.wish",
        schema(
            party_id=identifier(required=False),
            permission_id=identifier(required=False),
            ean=EANCode(load_default=None, allow_none=True),
            occupancy_id=identifier(required=False),
            purpose=one_of(*(purpose.value for purpose in Purpose), required=False),
            granularity=one_of(*(granularity.value for granularity in Granularity)),
            directions=fields.List(
                one_of(*(direction.value for direction in Direction)), load_default=None, allow_none=True
            ),
            **{"from": Instant(required=True), "until": Instant(required=True)},
        ),
        explain_wish,
    ),
)
