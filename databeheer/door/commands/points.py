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
from databeheer.door.commands.leaving import (
    end_ties,
    move_out,
    move_out_earlier,
    move_stored_days,
    new_occupancy,
)
from databeheer.door.house import House
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.post import notifying
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.identity import lives
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.post import outbox
from databeheer.registry import notices, occupancies, parties, points
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
    vacancy_id = new_occupancy(
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
    """Move a person in from a day on; the vacancy ends there."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        vacancy = vacant_on(turn, ean_hash(house, arguments["ean"]), arguments["from_day"])
        person_id = arguments["person_id"]
        found(turn.connection.execute(_PERSON, {"id": person_id}).one_or_none(), "person")
        require_movable(turn, person_id)
        interval_reading = arguments["interval_reading"]
        occupancy_id, moved = begin_stay(
            house, turn, vacancy, person_id, arguments["from_day"], interval_reading=interval_reading
        )
    return {"occupancy_id": str(occupancy_id), "resealed_days": moved}


def vacant_on(turn: Turn, named: bytes, day: date) -> Any:
    """Return the vacancy of a point on a day, if nobody moves in after it.

    Raises:
        NotFoundError: there is no such access point.
        ConflictError: somebody lives there then, or moves in later.
    """
    vacancy = occupancies.on_day(turn.connection, named, day)
    if vacancy.person_id is not None:
        raise ConflictError("somebody lives there on that day; end that occupancy first")
    if vacancy.until_day is not None:
        raise ConflictError(
            "nobody lives there on that day; somebody moves in after it: call that move-in off first,"
            " by an end on its first day"
        )
    return vacancy


def require_movable(turn: Turn, person_id: UUID) -> None:
    """Raise ConflictError where a person cannot move in anywhere: dead, or erased."""
    lives.require_alive(turn.connection, person_id)
    if erasures.begun_of(turn.connection, DataClass.PERSON, [person_id]):
        raise ConflictError("this person's name and log-in were erased; register the person anew")


def begin_stay(
    house: House, turn: Turn, vacancy: Any, person_id: UUID, first: date, *, interval_reading: bool
) -> tuple[UUID, int]:
    """Let a person live from a day on where nobody does, in this turn; returns the stay, and how many days were moved.

    What was stored from that day on, while nobody was known to live there, is re-sealed for the newcomer.
    """
    occupancies.end_on(turn.connection, vacancy, first)
    note_change(house, turn, vacancy, first)
    end_ties(house, turn, vacancy, first, begun_before=first)
    occupancy_id = new_occupancy(
        house,
        turn,
        point_id=vacancy.access_point_id,
        point_no=vacancy.access_point_no,
        operator=vacancy.operator,
        person_id=person_id,
        from_day=first,
        interval_reading=interval_reading,
    )
    _welcome(house, turn, occupancies.by_id(turn.connection, occupancy_id))
    return occupancy_id, move_stored_days(house, turn, vacancy.occupancy_id, occupancy_id, first)


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
    """Move a person out: all permissions of the point end in the same transaction (R29, TRDE 5.3.13 par. 3)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        index = turn.next_index  # of "occupancy.ended"; what ends with it follows
        _, ended = end_stay(house, turn, ean_hash(house, arguments["ean"]), arguments["until_day"])
    return {"ended_permissions": ended, "index": index}


def end_stay(house: House, turn: Turn, named: bytes, until: date) -> tuple[Any, int]:
    """Move out who lives at a point, in this turn; returns the stay, and how many permissions ended.

    Never refused for what is stored: what was measured from `until` on is re-sealed for whom it is of. Who moved in
    on that very day, by mistake or as planned and called off, never lived there. An end that was entered too late is
    set to an earlier day; to a later one it never is.

    Raises:
        NotFoundError: there is no such access point.
        ConflictError: nobody lives there, or the stay ends by then.
        MalformedRequestError: the day lies ahead, and the stay begins before it.
    """
    occupancy = _stay_to_end(turn, named, until)
    move = move_out if occupancy.until_day is None else move_out_earlier
    return occupancy, move(house, turn, occupancy, until)


def _stay_to_end(turn: Turn, named: bytes, until: date) -> Any:
    """Return the stay of who lives there on the day before, or else of who moved in on that very day.

    Raises:
        ConflictError: nobody, or the stay ends on that day already.
        MalformedRequestError: the day lies ahead, and the stay begins before it.
    """
    stay = occupancies.on_day(turn.connection, named, until - timedelta(days=1))
    is_over = stay.until_day is not None and stay.until_day <= until
    if stay.person_id is not None and not is_over:
        if until > day_of(turn.now):
            raise MalformedRequestError("until_day: a move is reported on its day or later")
        return stay
    begun = occupancies.on_day(turn.connection, named, until)
    if begun.person_id is not None and begun.from_day == until:
        return begun
    if stay.person_id is not None:
        raise ConflictError("this move is known already")
    raise ConflictError("nobody lives there on the day before")


_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")
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
