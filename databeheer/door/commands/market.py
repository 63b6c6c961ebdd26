"""Commands on supply: a switch that is announced, accepted or refused; dynamic prices; what is under way at a point."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields

from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, seal_text
from databeheer.door.post import notifying
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.post import outbox
from databeheer.registry import occupancies, parties, points, supply
from databeheer.values import EAN, format_instant

PROCESSES = ("drop", "budget_meter", "prepayment", "end_of_contract", "meter_replacement")
"""What may be under way at a point; of none of them anything leaves."""
REFUSALS = ("not_accepted", "customer_withdrew", "announced_again")
"""Why an announced switch does not go on. Its supplier reads it: it tells nothing of what is under way there (R77)."""
FARTHEST = timedelta(days=366)
"""How long before its day a switch may be announced."""


def request_supply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A supplier announces that it will supply a point. The answer is the same whatever it names (R77, R78, R98).

    Nothing about the point is looked up here, so there is nothing that answer or timing could tell: not who
    supplies it, not what is under way there, not whether it exists.
    """
    first = arguments["from_day"]
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        if not day_of(turn.now) <= first <= day_of(turn.now + FARTHEST):
            raise MalformedRequestError("from_day: lies between today and a year from now")
        party = parties.get(turn.connection, found(asker.party_id, "party"))
        named = ean_hash(house, arguments["ean"])
        request_id = supply.request(turn.connection, party, named, 1, first, turn.now)
        said = {"request": str(request_id), "from": first.isoformat()}
        record = turn.record(Statement("supply.requested", said, party_id=party.party_id))
    return {
        "request_id": str(request_id),
        "state": "received",
        **record.answer(),
    }


def withdraw_request(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A supplier takes its announcement back."""
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        party_id = found(asker.party_id, "party")
        supply.refuse(turn.connection, arguments["request_id"], "withdrawn", party_id, turn.now)
        said = {"request": str(arguments["request_id"])}
        turn.record(Statement("supply.request_withdrawn", said, party_id=party_id))
    return {}


def list_requests(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """A supplier's own announcements; for the operator all that wait, with the point that they name."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind not in (AskerKind.PARTY, AskerKind.OPERATOR):
            raise UnauthenticatedError("use a supplier's access token")
        rows = supply.requests_of(connection, asker.party_id)
    views = []
    for row in rows:
        view = {
            "request_id": str(row.supply_request_id),
            "state": row.state,
            "from": row.from_day.isoformat(),
            "received_at": format_instant(row.received_at),
            "decided_at": format_instant(row.decided_at) if row.decided_at else None,
        }
        if asker.kind is AskerKind.OPERATOR:
            is_known = row.access_point_id is not None
            ean = open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)) if is_known else None
            view |= {"party_id": str(row.party_id), "ean": ean}
        views.append(view)
    return {"requests": views}


def refuse_request(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Refuse an announced switch."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = supply.refuse(turn.connection, arguments["request_id"], "refused", None, turn.now)
        said = {"request": str(row.supply_request_id), "reason": arguments["reason"]}
        turn.record(Statement("supply.refused", said, party_id=row.party_id))
    return {}


def accept_supply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record an accepted supply contract; only from here on does the supplier see its own period (R72, R73).

    With `switch` the contract that runs on that day ends with it: the supplier before keeps its own period.
    """
    with house.turn(TurnLane.ENDS if arguments["switch"] else TurnLane.REST) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        party = parties.get(turn.connection, arguments["party_id"])
        days = arguments["from_day"], arguments["until_day"]
        begin_contract(house, turn, point, party, *days, is_switch=arguments["switch"])
    return {}


def begin_contract(
    house: House,
    turn: Turn,
    point: Any,
    party: Any,
    first: date,
    until: date | None,
    *,
    is_switch: bool,
) -> UUID:
    """Record an accepted contract in this turn; returns the stay of whose contract it is.

    It is one with who lives there on its first day, who is told in this turn (R7), and ends with that stay.

    Raises:
        MalformedRequestError, ConflictError: as `supply.accept` does.
    """
    stay = occupancies.on_day(turn.connection, point.ean_hash, first)
    until = occupancies.within_stay(stay, until)
    ended = supply.accept(turn.connection, point, party, first, until, turn.now, is_switch=is_switch)
    for row in ended:
        record_end(house, turn, row)
    told = notifying.write(house, turn, stay, [party], notifying.OF_ONE_PARTY)
    turn.record(
        Statement(
            "supply.accepted",
            {"from": first.isoformat(), "until": until.isoformat() if until else "", "notices": told},
            ground="supplier",
            party_id=party.party_id,
            operator=point.operator,
            subjects=[Subject(stay.occupancy_id)],
        )
    )
    notifying.send(house, turn, stay, told)
    stay_id: UUID = stay.occupancy_id
    return stay_id


def cancel_supply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Cancel the supply contract that begins on a day: it never ran; the one that it took the place of runs on."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        _, resumed = call_off_contract(house, turn, point, arguments["from_day"])
    return {"resumed": resumed is not None}


def call_off_contract(house: House, turn: Turn, point: Any, first: date) -> tuple[Any, Any | None]:
    """Cancel the contract of a point that begins on a day, in this turn; returns it, and which one runs on.

    Raises:
        ConflictError: none begins then.
    """
    cancelled, resumed = supply.cancel(turn.connection, point, first)
    record_end(house, turn, cancelled)
    if resumed is not None:
        until = resumed.until_day
        living = _occupants(turn, point.access_point_id, resumed.from_day, resumed.until_day)[:1]
        turn.record(
            Statement(
                "supply.resumed",
                {"until": until.isoformat() if until else ""},
                ground="supplier",
                party_id=resumed.party_id,
                operator=resumed.operator,
                subjects=living,
            )
        )
        _tell(house, turn, "supply.resumed", resumed, living)
    return cancelled, resumed


def end_supply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End the supply contract of a point at the beginning of a day, known beforehand or reported later."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        record_end(house, turn, supply.end(turn.connection, point, arguments["until_day"]))
    return {}


def begin_dynamic_price(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record that a contract's price follows the market, and which information the supplier gave first (R37)."""
    first, until = arguments["from_day"], arguments["until_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        contract = supply.on_day(turn.connection, point, arguments["party_id"], first)
        price_id = uuid4()
        information = seal_text(house, "information", price_id, arguments["information"])
        supply.begin_dynamic_price(turn.connection, price_id, contract, first, until, information)
        turn.record(
            Statement(
                "dynamic_price.begun",
                {"from": first.isoformat(), "until": until.isoformat() if until else ""},
                party_id=contract.party_id,
                operator=point.operator,
                subjects=_occupants(turn, point.access_point_id, first, until),
            )
        )
    return {}


def end_dynamic_price(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a dynamic price at the beginning of a day; the quarter-hours of after it stay the customer's."""
    until = arguments["until_day"]
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        contract = supply.until_day(turn.connection, point, arguments["party_id"], until)
        supply.end_dynamic_price(turn.connection, contract, until)
        record_end_of_price(turn, contract, until)
    return {}


def begin_process(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that something is under way at a point, for the team that handles it alone (R183, R200).

    The entry says nothing but that: what is under way is sealed, in the register and in the ledger.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = _point(house, turn, arguments["ean"])
        process_id = uuid4()
        kind = seal_text(house, "process", process_id, arguments["kind"].ljust(max(map(len, PROCESSES))))
        supply.begin_process(turn.connection, process_id, point, kind, turn.now)
        said = {"process": str(process_id)}
        turn.record(Statement("market_process.begun", said, operator=point.operator))
    return {"process_id": str(process_id)}


def end_process(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that it is over."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = supply.end_process(turn.connection, arguments["process_id"], turn.now)
        said = {"process": str(row.market_process_id)}
        turn.record(Statement("market_process.ended", said, operator=row.operator))
    return {}


def _point(house: House, turn: Turn, ean: EAN) -> Any:
    return found(points.find(turn.connection, ean_hash(house, ean)), "access point")


def _on_last_day(turn: Turn, contract: Any) -> list[Subject]:
    """Who lived there on the last day of a contract; on the first, where it was cancelled."""
    last = max(contract.from_day, contract.until_day - timedelta(days=1))
    return _occupants(turn, contract.access_point_id, last, last + timedelta(days=1))


def _occupants(turn: Turn, point_id: UUID, first: Any, until: Any) -> list[Subject]:
    return [Subject(one) for one in occupancies.within(turn.connection, point_id, first, until)]


def record_end_of_price(turn: Turn, contract: Any, until: date) -> None:
    """To the supplier whose price no longer follows the market, and to who lived there on its last day.

    Of one that is cancelled that is its first: whoever left the day before had none of it.
    """
    last = max(contract.from_day, until - timedelta(days=1))
    turn.end(Ending.DYNAMIC_PRICE, contract.supply_contract_id, until)
    turn.record(
        Statement(
            "dynamic_price.ended",
            {"until": until.isoformat()},
            party_id=contract.party_id,
            operator=contract.operator,
            subjects=_occupants(turn, contract.access_point_id, last, last + timedelta(days=1)),
        )
    )


def record_end(house: House, turn: Turn, contract: Any, stay: UUID | None = None) -> None:
    """To the supplier whose contract ends, and to who made it: in that `stay`, else who lives there then.

    Who leaves, and ends his contracts by that, is told of that; else who lives there gets a message of this end too.
    """
    turn.end(Ending.SUPPLY, contract.supply_contract_id, contract.until_day)
    living = [Subject(stay)] if stay else _on_last_day(turn, contract)
    turn.record(
        Statement(
            "supply.ended",
            {"until": contract.until_day.isoformat()},
            ground="supplier",
            party_id=contract.party_id,
            operator=contract.operator,
            subjects=living,
        )
    )
    _tell(house, turn, "supply.ended", contract, [] if stay else living)


def _tell(house: House, turn: Turn, kind: str, contract: Any, living: list[Subject]) -> None:
    """Tell a supplier, and the people of some stays, what became of its contract there."""
    said = {"until": contract.until_day.isoformat()} if kind == "supply.ended" else {}
    about = contract.supply_contract_id
    tell(
        house,
        turn,
        kind,
        to=[outbox.party(contract.party_id)],
        operator=contract.operator,
        about=about,
        said=said,
    )
    for one in living:
        person_id = occupancies.by_id(turn.connection, one.occupancy_id).person_id
        if person_id is not None:
            tell(
                house,
                turn,
                kind,
                to=[outbox.customer(person_id)],
                operator=contract.operator,
                said=said,
                occupancy_id=one.occupancy_id,
            )


_EAN = EANCode(required=True)
_FIRST = Day(required=True)
_UNTIL = Day(load_default=None, allow_none=True)

COMMANDS = (
    Command("supply.request", schema(ean=_EAN, from_day=_FIRST), request_supply),
    Command("supply.withdraw", schema(request_id=identifier()), withdraw_request),
    Command("supply.list", schema(), list_requests),
    Command(
        "registry.supply.refuse", schema(request_id=identifier(), reason=one_of(*REFUSALS)), refuse_request
    ),
    Command(
        "registry.supply.accept",
        schema(
            ean=_EAN,
            party_id=identifier(),
            from_day=_FIRST,
            until_day=_UNTIL,
            switch=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
        ),
        accept_supply,
    ),
    Command("registry.supply.end", schema(ean=_EAN, until_day=Day(required=True)), end_supply),
    Command("registry.supply.cancel", schema(ean=_EAN, from_day=_FIRST), cancel_supply),
    Command(
        "registry.dynamic_price.begin",
        schema(
            ean=_EAN,
            party_id=identifier(),
            information=short_text(longest=100),
            from_day=_FIRST,
            until_day=_UNTIL,
        ),
        begin_dynamic_price,
    ),
    Command(
        "registry.dynamic_price.end",
        schema(ean=_EAN, party_id=identifier(), until_day=Day(required=True)),
        end_dynamic_price,
    ),
    Command("registry.process.begin", schema(ean=_EAN, kind=one_of(*PROCESSES)), begin_process),
    Command("registry.process.end", schema(process_id=identifier()), end_process),
)
