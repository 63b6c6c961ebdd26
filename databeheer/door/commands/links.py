"""Commands on what ties a party to one access point, or what its customer chose there; each recorded with its state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from databeheer.access.facts import Regime
from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    Instant,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.conditions import municipality
from databeheer.door.house import House
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.post import notifying
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.registry import links, occupancies, parties, points
from databeheer.values import EAN, Granularity, ProfileType, Purpose, format_instant


def place_point(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say in which municipality an access point lies: whose welfare centre may see it (R39)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        points.set_municipality(turn.connection, point.access_point_id, arguments["municipality"])
        if point.municipality not in (None, arguments["municipality"]):
            turn.end(Ending.PLACED, point.access_point_id)
        said = {"municipality": arguments["municipality"]}
        today = day_of(turn.now)
        living = occupancies.within(turn.connection, point.access_point_id, today, None)
        subjects = [Subject(occupancy_id) for occupancy_id in living]
        turn.record(Statement("access_point.placed", said, operator=point.operator, subjects=subjects))
    return {}


def classify_point(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say what kind of customer an access point has: in which cells of statistics it counts from the next run on."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        points.require_fitting(arguments["profile_type"], point.commodity)
        points.set_profile_type(turn.connection, point.access_point_id, arguments["profile_type"])
        said = {"profile_type": arguments["profile_type"]}
        living = occupancies.within(turn.connection, point.access_point_id, day_of(turn.now), None)
        subjects = [Subject(occupancy_id) for occupancy_id in living]
        turn.record(Statement("access_point.classified", said, operator=point.operator, subjects=subjects))
    return {}


def choose_regime(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer chooses what the supplier gets of an own access point, from a day on (R38)."""
    with house.turn(_lane(arguments)) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        if arguments["from_day"] < day_of(turn.now):
            raise MalformedRequestError("from_day: a choice begins today or later")
        row = occupancies.own(turn.connection, arguments["occupancy_id"], asker.person_id)
        _choose(turn, found(row, "access point of yours"), arguments, "customer")
    return {}


def register_regime(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record the regime that a customer asked through his supplier."""
    with house.turn(_lane(arguments)) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        _choose(turn, _lived_in(house, turn, arguments), arguments, "supplier")
    return {}


def _lane(arguments: dict[str, Any]) -> TurnLane:
    """To choose that the supplier gets less is an end: it goes first."""
    return TurnLane.ENDS if arguments["regime"] == Regime.SMR1 else TurnLane.REST


def _choose(turn: Turn, occupancy: Any, arguments: dict[str, Any], through: str) -> None:
    regime, first = arguments["regime"], arguments["from_day"]
    links.choose_regime(turn.connection, occupancy, regime, first)
    if regime == Regime.SMR1:
        turn.end(Ending.REGIME, occupancy.occupancy_id, first)
    turn.record(
        Statement(
            "regime.chosen",
            {"regime": regime, "from": first.isoformat(), "through": through},
            operator=occupancy.operator,
            subjects=[Subject(occupancy.occupancy_id)],
        )
    )


def add_registration(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Register a balance responsible party or shipper on a point, for who lives there on the first day (R7)."""
    first, until = arguments["from_day"], arguments["until_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        party = parties.get(turn.connection, arguments["party_id"])
        stay = occupancies.on_day(turn.connection, point.ean_hash, first)
        until = occupancies.within_stay(stay, until)
        fact_id = links.register(turn.connection, point, party, first, until)
        told = notifying.write(house, turn, stay, [party], notifying.OF_ONE_PARTY)
        said = {"from": first.isoformat(), "until": until.isoformat() if until else "", "notices": told}
        turn.record(
            Statement(
                "registration.begun",
                said,
                party_id=party.party_id,
                operator=point.operator,
                subjects=[Subject(stay.occupancy_id)],
            )
        )
        notifying.send(house, turn, stay, told)
    return {"id": str(fact_id)}


def add_participation(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record that who lives there on its first day takes part in an energy community."""
    first, until = arguments["from_day"], arguments["until_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        occupancy = _lived_in(house, turn, arguments)
        party = parties.get(turn.connection, arguments["party_id"])
        fact_id = links.participate(turn.connection, occupancy, party, first, until)
        told = notifying.write(house, turn, occupancy, [party], notifying.OF_ONE_PARTY)
        said = {"from": first.isoformat(), "until": until.isoformat() if until else "", "notices": told}
        turn.record(
            Statement(
                "participation.begun",
                said,
                party_id=party.party_id,
                operator=occupancy.operator,
                subjects=[Subject(occupancy.occupancy_id)],
            )
        )
        notifying.send(house, turn, occupancy, told)
    return {"id": str(fact_id)}


def end_link(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a registration or participation at the beginning of a day; one that began no earlier never held."""
    until = arguments["until_day"]
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = links.end(turn.connection, arguments["fact"], arguments["id"], until)
        record_end_of_link(turn, arguments["fact"], row)
    return {}


def record_end_of_link(
    turn: Turn, fact: str, row: Any, said: dict[str, Any] | None = None, stay: UUID | None = None
) -> None:
    """To the party whose registration or participation ends, and to who lives there then, or did in that `stay`."""
    turn.end(Ending[fact.upper()], getattr(row, f"{fact}_id"), row.until_day)
    if stay is not None or fact == "participation":
        concerned = [stay or row.occupancy_id]
    else:
        last = max(row.from_day, row.until_day - timedelta(days=1))
        concerned = occupancies.within(turn.connection, row.access_point_id, last, last + timedelta(days=1))
    turn.record(
        Statement(
            f"{fact}.ended",
            {"until": row.until_day.isoformat()} | (said or {}),
            party_id=row.party_id,
            operator=row.operator,
            subjects=[Subject(occupancy_id) for occupancy_id in concerned],
        )
    )


def record_necessity(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record why a party with a legal task needs data of one point: requester, article, reason, until when (R60).

    Not in the customer's list: of an investigation nobody is warned. Each look under it stands there.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        party = parties.get(turn.connection, arguments["party_id"])
        necessity_id = uuid4()
        reason = seal_text(house, "necessity", necessity_id, arguments["reason"])
        links.record_necessity(turn.connection, necessity_id, point, party, arguments, reason, turn.now)
        said = {name: arguments[name] for name in ("purpose", "granularity", "article", "reason")} | {
            "necessity": str(necessity_id),
            "data": [arguments["data_from"].isoformat(), arguments["data_until"].isoformat()],
            "valid_until": format_instant(arguments["valid_until"]),
        }
        if arguments["authorisation_id"] is not None:
            said["authorisation"] = str(arguments["authorisation_id"])
        turn.record(Statement("necessity.recorded", said, party_id=party.party_id, operator=point.operator))
    return {"id": str(necessity_id)}


def end_necessity(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a necessity record now."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = links.end_necessity(turn.connection, arguments["id"], turn.now)
        turn.end(Ending.NECESSITY, arguments["id"])
        said = {"necessity": str(row.necessity_id)}
        turn.record(Statement("necessity.ended", said, party_id=row.party_id, operator=row.operator))
    return {}


def _point(house: House, turn: Turn, ean: EAN) -> Any:
    return found(points.find(turn.connection, ean_hash(house, ean)), "access point")


def _lived_in(house: House, turn: Turn, arguments: dict[str, Any]) -> Any:
    """Who lives there on the first day."""
    hashed = ean_hash(house, arguments["ean"])
    occupancy = occupancies.on_day(turn.connection, hashed, arguments["from_day"])
    if occupancy.person_id is None:
        raise ConflictError("nobody lives there on that day")
    return occupancy


_EAN = {"ean": EANCode(required=True)}
_PARTY = {"party_id": identifier()}
_DAYS = {"from_day": Day(required=True), "until_day": Day(load_default=None, allow_none=True)}
_REGIME = {"regime": one_of(*(regime.value for regime in Regime)), "from_day": Day(required=True)}

COMMANDS = (
    Command("registry.access_point.place", schema(**_EAN, municipality=municipality()), place_point),
    Command(
        "registry.access_point.classify",
        schema(**_EAN, profile_type=one_of(*(kind.value for kind in ProfileType))),
        classify_point,
    ),
    Command("regime.choose", schema(occupancy_id=identifier(), **_REGIME), choose_regime),
    Command("registry.regime.set", schema(**_EAN, **_REGIME), register_regime),
    Command("registry.registration.add", schema(**_EAN, **_PARTY, **_DAYS), add_registration),
    Command("registry.participation.add", schema(**_EAN, **_PARTY, **_DAYS), add_participation),
    Command(
        "registry.link.end",
        schema(fact=one_of("registration", "participation"), id=identifier(), until_day=Day(required=True)),
        end_link,
    ),
    Command(
        "registry.necessity.add",
        schema(
            **_EAN,
            **_PARTY,
            purpose=one_of(*(purpose.value for purpose in Purpose)),
            granularity=one_of(*(granularity.value for granularity in Granularity)),
            article=short_text(longest=100),
            authorisation_id=identifier(required=False),
            reason=without_ean(short_text(longest=500)),
            data_from=Day(required=True),
            data_until=Day(required=True),
            valid_until=Instant(required=True),
        ),
        record_necessity,
    ),
    Command("registry.necessity.end", schema(id=identifier()), end_necessity),
)
