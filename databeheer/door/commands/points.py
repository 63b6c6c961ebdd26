"""Commands on access points: registration and moves. The operator's, each recorded with its state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.conditions import municipality
from databeheer.door.commands.links import record_end_of_link
from databeheer.door.commands.market import record_end
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.moves.resealing import move_days
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.permission_record import record_step, subjects_of
from databeheer.door.port_record import close_all
from databeheer.door.post import notifying
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.turn import Statement, Subject, Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.identity import lives
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions import life
from databeheer.permissions.states import Event
from databeheer.post import outbox
from databeheer.registry import concerned, links, notices, occupancies, parties, points, supply
from databeheer.registry.user_ports import Because
from databeheer.values import EAN, Commodity, ProfileType


def register_point(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Register an access point; it begins as a vacancy, with a root key of its own."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.require_operator(turn.connection, arguments["operator"])
        kind = {"municipality": arguments["municipality"] or "", "profile_type": arguments["profile_type"]}
        named = arguments["ean"], arguments["commodity"], arguments["operator"]
        point_id = new_point(house, turn, *named, **kind)
        if point_id is None:
            raise ConflictError("this access point is registered already")
        if arguments["address"]:
            sealed = seal_text(house, "address", point_id, arguments["address"])
            points.set_address(turn.connection, point_id, sealed)
    return {}


def new_point(
    house: House,
    turn: Turn,
    ean: EAN,
    commodity: str,
    operator: int,
    *,
    municipality: str = "",
    profile_type: str | None = None,
) -> UUID | None:
    """Register an access point in this turn; None where it is known already.

    `municipality` (NIS code) decides which welfare centre may see it, and with `profile_type` in which cells of
    statistics it counts.

    Raises:
        ConflictError: no access point of this commodity has such a profile type.
    """
    points.require_fitting(profile_type, commodity)
    point_id = uuid4()
    number = points.add(
        turn.connection,
        point_id,
        ean_hash=ean_hash(house, ean),
        ean_sealed=seal_text(house, "ean", point_id, ean.digits),
        commodity=commodity,
        operator=operator,
        now=turn.now,
        profile_type=profile_type,
    )
    if number is None:
        return None
    if municipality:
        points.set_municipality(turn.connection, point_id, municipality)
    vacancy_id = _new_occupancy(
        house,
        turn,
        point_id=point_id,
        point_no=number,
        operator=operator,
        person_id=None,
        from_day=occupancies.FIRST_DAY,
        interval_reading=False,
    )
    turn.record(
        Statement(
            "access_point.registered",
            {"commodity": commodity, "municipality": municipality, "profile_type": profile_type or ""},
            operator=operator,
            subjects=[Subject(vacancy_id)],
        )
    )
    return point_id


def begin_occupancy(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move a person in from a day on; the vacancy ends there.

    What was stored from that day on, while nobody was known to live there, is re-sealed for the newcomer.
    """
    first = arguments["from_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        vacancy = occupancies.on_day(turn.connection, ean_hash(house, arguments["ean"]), first)
        if vacancy.person_id is not None or vacancy.until_day is not None:
            raise ConflictError("somebody lives there on that day; end that occupancy first")
        person = turn.connection.execute(_PERSON, {"id": arguments["person_id"]}).one_or_none()
        found(person, "person")
        lives.require_alive(turn.connection, arguments["person_id"])
        if erasures.begun_of(turn.connection, DataClass.PERSON, [arguments["person_id"]]):
            raise ConflictError("this person's name and log-in were erased; register the person anew")
        occupancies.end_on(turn.connection, vacancy, first)
        note_change(house, turn, vacancy, first)
        end_ties(turn, vacancy, first, begun_before=first)
        occupancy_id = _new_occupancy(
            house,
            turn,
            point_id=vacancy.access_point_id,
            point_no=vacancy.access_point_no,
            operator=vacancy.operator,
            person_id=arguments["person_id"],
            from_day=first,
            interval_reading=arguments["interval_reading"],
        )
        _welcome(house, turn, occupancies.by_id(turn.connection, occupancy_id))
        moved = _move_days(house, turn, vacancy.occupancy_id, occupancy_id, first)
    return {"occupancy_id": str(occupancy_id), "resealed_days": moved}


def _welcome(house: House, turn: Turn, occupancy: Any) -> None:
    """Record a stay that begins, and tell its customer: of it, and of everybody who reads there by law (R7)."""
    operators = notices.operators_of(turn.connection, occupancy.operator)
    told = notifying.write(house, turn, occupancy, operators, notifying.ON_ARRIVAL)
    others = notices.begun_in(turn.connection, occupancy)
    told_apart = notifying.write(house, turn, occupancy, others, notifying.OF_ONE_PARTY)
    turn.record(
        Statement(
            "occupancy.begun",
            {"from": occupancy.from_day.isoformat(), "notices": told + told_apart},
            operator=occupancy.operator,
            subjects=[Subject(occupancy.occupancy_id)],
        )
    )
    tell(
        house,
        turn,
        notifying.ON_ARRIVAL,
        to=[outbox.customer(occupancy.person_id)],
        operator=occupancy.operator,
        occupancy_id=occupancy.occupancy_id,
    )
    notifying.send(house, turn, occupancy, told_apart)


def end_occupancy(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move a person out: all permissions of the point end in the same transaction (R29, TRDE 5.3.13 par. 3).

    Never refused for what is stored: what was measured from `until_day` on is re-sealed for whom it is of. Who moved in
    on that very day, by mistake or as planned and called off, never lived there.
    """
    until = arguments["until_day"]
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        named = ean_hash(house, arguments["ean"])
        occupancy = occupancies.on_day(turn.connection, named, until - timedelta(days=1))
        if occupancy.person_id is None or occupancy.until_day is not None:
            occupancy = occupancies.on_day(turn.connection, named, until)
            if occupancy.person_id is None or occupancy.from_day != until or occupancy.until_day is not None:
                raise ConflictError("nobody lives there on the day before, or the move is known already")
        elif until > day_of(turn.now):
            raise MalformedRequestError("until_day: a move is reported on its day or later")
        index = turn.next_index  # of "occupancy.ended"; what ends with it follows
        ended = move_out(house, turn, occupancy, until)
    return {"ended_permissions": ended, "index": index}


def move_out(house: House, turn: Turn, occupancy: Any, until: date) -> int:
    """End an occupancy in this turn, with its permissions; its user ports close; it is vacant from `until` on.

    Readings that were stored of later days go to the vacancy. Returns how many permissions ended.
    """
    occupancies.end_on(turn.connection, occupancy, until)
    note_change(house, turn, occupancy, until)
    turn.end(Ending.OCCUPANCY, occupancy.occupancy_id, until)
    vacancy_id = _new_occupancy(
        house,
        turn,
        point_id=occupancy.access_point_id,
        point_no=occupancy.access_point_no,
        operator=occupancy.operator,
        person_id=None,
        from_day=until,
        interval_reading=False,
    )
    ended = life.end_by_move(turn.connection, occupancy.occupancy_id, turn.now)
    left = links.end_with_occupancy(turn.connection, occupancy.occupancy_id, until)
    others = concerned.left_behind(turn.connection, occupancy.occupancy_id)
    lives.end_of_stay(turn.connection, [occupancy.person_id, *others], turn.now)
    leaving = subjects_of(house, occupancy.occupancy_id)
    said = {"until": until.isoformat()}
    turn.record(Statement("occupancy.ended", said, operator=occupancy.operator, subjects=leaving))
    tell(
        house,
        turn,
        "occupancy.ended",
        to=[outbox.customer(occupancy.person_id)],
        operator=occupancy.operator,
        said=said,
        occupancy_id=occupancy.occupancy_id,
    )
    for row in ended:
        turn.end(Ending.INVALIDATED, row.permission_id)
        record_step(house, turn, row, Event.INVALIDATED, state=row.state, by="move", reason=row.reason)
    for row in left:
        party_id, operator = row.party_id, row.operator
        turn.record(
            Statement("participation.ended", said, party_id=party_id, operator=operator, subjects=leaving)
        )
    end_ties(turn, occupancy, until, begun_before=None)
    close_all(house, turn, occupancy, Because.MOVED_OUT)
    _move_days(house, turn, occupancy.occupancy_id, vacancy_id, until)
    return len(ended)


def end_ties(turn: Turn, occupancy: Any, day: date, *, begun_before: date | None) -> None:
    """End the contracts and registrations of a point with the stay in which they were made (requirements 0.5)."""
    stay = (turn.connection, occupancy.access_point_id, day)
    for contract in supply.end_at_point(*stay, begun_before=begun_before):
        record_end(turn, contract, occupancy.occupancy_id)
    for row in links.end_registrations(*stay, begun_before=begun_before):
        record_end_of_link(turn, "registration", row, stay=occupancy.occupancy_id)


def _move_days(house: House, turn: Turn, wrong: UUID, right: UUID, first: date) -> int:
    rows = {row.occupancy_id: row for row in turn.connection.execute(_BOTH, {"ids": [wrong, right]})}
    return move_days(house, turn, rows[wrong], rows[right], first)


def _new_occupancy(house: House, turn: Turn, **members: Any) -> UUID:
    """Add an occupancy. Its keys first, durably: a row without its key would be lost data."""
    occupancy_id = uuid4()
    house.keys.make(Kind.READINGS, occupancy_id)
    house.keys.make(Kind.OCCUPANCY_LEDGER, occupancy_id)
    occupancies.add(turn.connection, occupancy_id, **members)
    return occupancy_id


_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")
_BOTH = text("SELECT * FROM registry.occupancy WHERE occupancy_id = ANY(:ids)")
_OPERATOR = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32000))

COMMANDS = (
    Command(
        "registry.access_point.register",
        schema(
            ean=EANCode(required=True),
            commodity=one_of(*(commodity.value for commodity in Commodity)),
            address=short_text(required=False),
            municipality=municipality(required=False),
            profile_type=one_of(*(kind.value for kind in ProfileType), required=False),
            operator=_OPERATOR,
        ),
        register_point,
    ),
    Command(
        "registry.occupancy.begin",
        schema(
            ean=EANCode(required=True),
            person_id=identifier(),
            from_day=Day(required=True),
            interval_reading=fields.Boolean(load_default=True, truthy={True}, falsy={False}),
        ),
        begin_occupancy,
    ),
    Command(
        "registry.occupancy.end",
        schema(ean=EANCode(required=True), until_day=Day(required=True)),
        end_occupancy,
    ),
)
