"""The grid operator's side of user ports: which meters have them, what is ordered, what was carried out.

As a party the grid operator sees and answers the orders of its own grid; the operator's key those of every grid.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate

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
from databeheer.door.commands.permissions import KEY
from databeheer.door.house import House
from databeheer.door.moves.taken_away import withdraw_days
from databeheer.door.names import ean_hash, meter_hash, open_text, seal_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.ports import tell_port
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.repeats import Repeat, promise_again
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError, NoLegalBasisError, UnauthenticatedError
from databeheer.permissions import signers
from databeheer.permissions.signers import Notice
from databeheer.registry import history_routes, meters, occupancies, parties, points, port_orders
from databeheer.registry.user_ports import OrderState, UserPort
from databeheer.values import Role, format_instant

INSTALLED_NL = (
    "Uw digitale meter heeft gebruikerspoorten. Zo'n poort geeft metingen rechtstreeks aan een toestel in uw huis. "
    "De poorten zijn dicht: niemand kan er iets lezen. U kunt ze op elk moment gratis laten openen en weer sluiten, "
    "in dit portaal, bij 'Poorten op de meter'."
)
"""What somebody is told when a digital meter is installed (R52)."""
EXECUTED = {"open": "port.opened", "closed": "port.closed"}


def describe_meter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a meter hangs at a point, whether it is digital, and its ports: all closed (R51)."""
    require_number(arguments["meter"])
    if arguments["digital"] and arguments["remotely_read"]:
        raise MalformedRequestError("remotely_read: of a meter that is not digital")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = found(points.find(turn.connection, ean_hash(house, arguments["ean"])), "access point")
        meter_id = meter_of(house, turn, point, arguments["meter"])
        ports, first = {UserPort(name) for name in arguments["ports"]}, arguments["from_day"]
        hang_up(house, turn, point, meter_id, ports, first, is_digital=arguments["digital"])
        if (is_remote := arguments["remotely_read"]) is not None:
            history_routes.write_down(turn.connection, meter_id, is_remotely_read=is_remote)
    return {"meter_id": str(meter_id)}


def require_number(number: str) -> None:
    """Raise MalformedRequestError where this cannot be a meter's number."""
    if not meters.is_number(number):
        raise MalformedRequestError(
            "meter: a meter's number has 1 to 40 letters, digits, '.', '/' or '-', and is no EAN code"
        )


def hang_up(
    house: House,
    turn: Turn,
    point: Any,
    meter_id: UUID,
    ports: set[UserPort],
    first: date | None,
    *,
    is_digital: bool,
) -> None:
    """Write down what hangs at a point from a day on, in this turn.

    Who lives there is told of the ports, by the entry in the own list and by the portal's page (R52).

    Raises:
        MalformedRequestError: ports of a meter that is not digital.
        ConflictError: a port that would go is open, or ordered.
    """
    meters.describe(
        turn.connection, meter_id, is_digital=is_digital, ports=ports, now=turn.now, from_day=first
    )
    said: dict[str, Any] = {"digital": int(is_digital), "ports": sorted(ports)}
    if ports:
        notice = Notice(INSTALLED_NL, "nl")
        signers.keep_notice(turn.connection, notice, turn.now)
        said |= {"notice": notice.sha256.hex(), "language": notice.language}
    living = record_at_point(house, turn, point, "meter.installed", said)
    if ports and living is not None:
        tell_port(house, turn, "meter.installed", about=meter_id, occupancy_id=living)


def remove_meter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a meter was taken away: its ports are gone, and with them what was ordered.

    What came of it since then was measured elsewhere: it is of nobody here, and goes.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        day = arguments["removed_on"]
        if day > day_of(turn.now):
            raise MalformedRequestError("removed_on: lies in the future")
        point = found(points.find(turn.connection, ean_hash(house, arguments["ean"])), "access point")
        hashed = meter_hash(house, arguments["meter"])
        meter_id = found(points.find_meter(turn.connection, point.access_point_id, hashed), "meter")
        return take_away(house, turn, point, meter_id, day)


def take_away(
    house: House, turn: Turn, point: Any, meter_id: UUID, day: date, after: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Take a meter away on a day, with its ports, what was ordered and what came of it since; in this turn.

    Raises:
        ConflictError: it was taken away already.
    """
    dropped = meters.remove(turn.connection, meter_id, day, turn.now)
    turn.end(Ending.METER, meter_id, day)
    record_at_point(house, turn, point, "meter.removed", {"on": day.isoformat()} | dict(after or {}))
    for order in dropped:
        _record(house, turn, order, "port.impossible", {"reason": "meter_removed"}, None)
    withdrawn = withdraw_days(house, turn, point.access_point_id, meter_id, day)
    return {"orders_ended": len(dropped), "withdrawn_days": withdrawn}


def list_orders(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Orders of the grid operator's own grid, oldest first, by pages; those that wait, where no other state is asked.

    That the grid operator has seen an order for the first time is recorded.
    """
    with looking(house, proof) as (connection, asker, now):
        operator = _grid_of(connection, asker)
        rows, cursor = port_orders.page(
            connection, operator, arguments["state"], arguments["cursor"], arguments["limit"]
        )
        answer = {"orders": [_view(house, row, now) for row in rows], "next_cursor": cursor}
    new = [row.port_order_id for row in rows if row.state == "waiting" and row.forwarded_at is None]
    if new and asker.kind is AskerKind.PARTY:
        _forwarded(house, proof, new)
    return answer


def _forwarded(house: House, proof: Proof, order_ids: list[UUID]) -> None:
    """Record that the grid operator has these orders now: each customer sees when that was (R54)."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        for order in port_orders.forward(turn.connection, order_ids, turn.now):
            _record(house, turn, order, "port.forwarded", {}, asker.party_id)


def executed(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The grid operator carried an order out: the port is now as the customer asked."""
    return _finish(house, proof, arguments, "port.executed")


def impossible(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The grid operator found no such port there; the customer is told, and cannot order it again."""
    return _finish(house, proof, arguments, "port.impossible")


def _finish(house: House, proof: Proof, arguments: dict[str, Any], command: str) -> dict[str, Any]:
    order_id = arguments["order_id"]
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY, AskerKind.OPERATOR)
        operator = _grid_of(turn.connection, asker)
        repeat = Repeat(house, turn, asker.party_id, command, arguments)
        if (first := repeat.answered()) is not None:
            view = _view(house, port_orders.find(turn.connection, order_id, operator), turn.now)
            promise = promise_again(house, turn, first[1])
            return {"order": view, "index": first[1].index, "promise": b64encode(promise).decode()}
        index = turn.next_index
        order = found(port_orders.find(turn.connection, order_id, operator), "order")
        if command == "port.executed":
            port_orders.execute(turn.connection, order, turn.now)
            record = _record(house, turn, order, EXECUTED[order.wanted], {}, asker.party_id)
        else:
            port_orders.make_impossible(turn.connection, order, turn.now)
            said = {"reason": arguments["reason"]}
            record = _record(house, turn, order, "port.impossible", said, asker.party_id)
        repeat.keep({}, index)  # what it became is looked up again: it stays as it is
        view = _view(house, port_orders.find(turn.connection, order_id, operator), turn.now)
    return {"order": view} | record.answer()


def _grid_of(connection: Any, asker: Asker) -> int | None:
    """The number of the grid operator that asks; None for the operator's key, which sees every grid.

    Raises:
        NoLegalBasisError: another party: it learns nothing of what is ordered.
    """
    if asker.kind is AskerKind.OPERATOR:
        return port_orders.ALL_OPERATORS
    if asker.kind is not AskerKind.PARTY or asker.party_id is None:
        raise UnauthenticatedError("use a grid operator's access token")
    party = parties.get(connection, asker.party_id)
    if party.role != Role.DSO or party.operator is None:
        raise NoLegalBasisError("orders for user ports are the grid operator's")
    return int(party.operator)


def _record(
    house: House, turn: Turn, order: Any, event: str, said: dict[str, Any], party_id: UUID | None
) -> Record:
    record = turn.record(
        Statement(
            event,
            {"order": str(order.port_order_id), "port": order.port} | said,
            party_id=party_id,
            operator=order.operator,
            subjects=subjects_of(house, order.occupancy_id),
        )
    )
    tell_port(house, turn, event, about=order.port_order_id, occupancy_id=order.occupancy_id)
    return record


def record_at_point(house: House, turn: Turn, point: Any, event: str, said: dict[str, Any]) -> UUID | None:
    """Record what happened to a meter, in the book of who is there today; returns whose that is."""
    living = occupancies.within(turn.connection, point.access_point_id, day_of(turn.now), None)[:1]
    subjects = [subject for one in living for subject in subjects_of(house, one)]
    turn.record(Statement(event, said, operator=point.operator, subjects=subjects))
    return living[0] if living else None


def meter_of(house: House, turn: Turn, point: Any, number: str) -> UUID:
    """Return the meter of that number at a point, made known where it is not."""
    hashed = meter_hash(house, number)
    meter_id = points.find_meter(turn.connection, point.access_point_id, hashed)
    if meter_id is None:
        meter_id = uuid4()
        sealed = seal_text(house, "meter", meter_id, number)
        points.add_meter(turn.connection, meter_id, point, number_hash=hashed, number_sealed=sealed)
    return meter_id


def _view(house: House, row: Any, now: Any) -> dict[str, Any]:
    """An order as the grid operator needs it: where, which port, what, until when; not why, nor who asked."""
    return {
        "order_id": str(row.port_order_id),
        "state": row.state,
        "port": row.port,
        "wanted": row.wanted,
        "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
        "meter": open_text(house, "meter", row.meter_id, bytes(row.number_sealed)),
        "asked_at": format_instant(row.asked_at),
        "due_at": format_instant(row.due_at),
        "ended_at": format_instant(row.ended_at) if row.ended_at else None,
        "is_overdue": row.due_at <= (row.ended_at or now),
    }


_STATES = [state.value for state in OrderState]

COMMANDS = (
    Command(
        "registry.meter.install",
        schema(
            ean=EANCode(required=True),
            meter=short_text(longest=40),
            digital=fields.Boolean(required=True, truthy={True}, falsy={False}),
            remotely_read=fields.Boolean(load_default=None, allow_none=True, truthy={True}, falsy={False}),
            ports=fields.List(one_of(*(port.value for port in UserPort)), load_default=list),
            from_day=Day(load_default=None, allow_none=True),
        ),
        describe_meter,
    ),
    Command(
        "registry.meter.remove",
        schema(ean=EANCode(required=True), meter=short_text(longest=40), removed_on=Day(required=True)),
        remove_meter,
    ),
    Command(
        "port.orders",
        schema(
            state=one_of(*_STATES, required=False, missing=OrderState.WAITING.value),
            cursor=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 2**53)
            ),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500)),
        ),
        list_orders,
    ),
    Command("port.executed", schema(order_id=identifier(), idempotency_key=KEY), executed),
    Command(
        "port.impossible",
        schema(order_id=identifier(), reason=one_of("no_such_port", "meter_removed"), idempotency_key=KEY),
        impossible,
    ),
)
