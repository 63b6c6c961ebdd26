"""Explanations of a decision that somebody wishes to know beforehand.

To ask what would be decided tells as much as a refusal does, so it is recorded as one is: the customer sees who asked,
and what was answered.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from databeheer.access.facts import Occupancy
from databeheer.door.bodies.onlookers import Look
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    asker_of,
    identifier,
    one_of,
    schema,
)
from databeheer.door.commands.readings import LONGEST_PERIOD, directions_of
from databeheer.door.desk import Desk
from databeheer.door.facts.of_requests import Point, read_facts
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.reads.admitting import Sought
from databeheer.door.reads.explanations import Asked, told
from databeheer.door.reads.judging import judge, judge_for_customer
from databeheer.door.reads.request import Decided, ReadRequest
from databeheer.door.reads.statements import ground_for_all, said_of, subjects_of
from databeheer.door.statement import NO_OPERATOR, Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.values import Direction, Granularity, Period, Purpose


def explain_wish(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Say what would be decided, without handing anything over; the question is recorded.

    A party asks for itself, by permission or access point; a customer asks of any party, about the own time at
    an own access point; the operator of any party and access point.

    A customer's question is answered from facts about the own stay, and tells of no record of necessity: nobody finds
    out by asking that he is investigated.

    Raises:
        MalformedRequestError: the target does not fit who asks.
        NotFoundError: no such party, or no such own access point in that time.
        QueueFullError: too many such questions wait, of this asker or of all.
    """
    period = Period(arguments["from"], arguments["until"])
    if period.end - period.start > LONGEST_PERIOD:
        raise MalformedRequestError("a period is three years at most; ask in parts")
    request = _request(house, proof, arguments, period)
    with desk.place(proof), house.turn(_lane_of(proof)) as turn:
        kinds = (AskerKind.CUSTOMER, AskerKind.PARTY, AskerKind.OPERATOR)
        asker = asker_of(turn, house, proof, *kinds, or_representative=True)
        party_id = _party_asked_of(asker, arguments["party_id"])
        sought = Sought.now(turn, [request])
        targets = sought.targets
        book = read_facts(
            turn.connection,
            turn.now,
            points=targets.points,
            permissions=sought.permissions,
            parties={party_id},
            first=sought.first,
        )
        if party_id not in book.parties:
            raise NotFoundError("there is no such party")
        point = targets.point_of(request, book)
        in_its_place = Asker(AskerKind.PARTY, party_id=party_id, profile="own")
        if asker.kind is AskerKind.PARTY:
            judged = judge(house, turn, book, point, request, asker)
        elif asker.kind is AskerKind.CUSTOMER:
            own_point, home = _own_home(asker, point, request)
            judged = judge_for_customer(house, turn, book, own_point, home, request, in_its_place)
        else:
            judged = judge(house, turn, book, point, request, in_its_place)
        stay = book.permission_homes.get(request.permission_id) if request.permission_id else None
        wished = Decided(request, in_its_place, point, stay, judged, judged.decision.granted)
        subjects = subjects_of(wished, Look.by(asker, turn.now))
        record = turn.record(
            Statement(
                "decision.explained",
                said_of(wished) | {"asker": asker.kind.value},
                ground=ground_for_all(wished, subjects),
                party_id=party_id if asker.kind is AskerKind.PARTY else None,
                # A party opens the shared half: whose point it is would tell that it exists (R98).
                operator=NO_OPERATOR if asker.kind is AskerKind.PARTY else None,
                subjects=subjects,
            )
        )
    asked = Asked(period, request.granularity.value, sorted(judged.wish.directions))
    return told(house, judged.decision, asked) | {"index": record.index}


def _lane_of(proof: Proof) -> TurnLane:
    """Nothing waits for the answer to a question: a party's goes last, a customer's before it."""
    return TurnLane.CUSTOMER if proof.kind == "session" else TurnLane.REST


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
        directions=directions_of(arguments["directions"]),
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


def _own_home(asker: Asker, point: Point | None, request: ReadRequest) -> tuple[Point, Occupancy]:
    """Of others who lived there before or come after, a customer must learn nothing."""
    homes = point.occupancies if point else ()
    home = next((one for one in homes if one.id == str(request.occupancy_id)), None)
    if point is None or home is None or home.person_id is None or home.person_id != str(asker.person_id):
        raise NotFoundError("there is no such access point of yours")
    if request.period.start < home.period.start or home.period.stop < request.period.end:
        raise NotFoundError("you were not the grid user here in all of that time; ask of your own time")
    return point, home


def commands(desk: Desk) -> tuple[Command, ...]:
    """The command, bound to the door's one desk for it."""

    def wish(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return explain_wish(house, proof, arguments, desk)

    return (Command("decision.wish", _WISH, wish),)


_WISH = schema(
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
)
