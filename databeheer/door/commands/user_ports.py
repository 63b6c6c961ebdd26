"""A customer's commands on the user ports of an own meter: what there is, open one, close one (R42, R51 to R57)."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.access.facts import Capacity
from databeheer.brussels import day_of
from databeheer.door.commands.answers import LANGUAGE, NOTICE
from databeheer.door.commands.base import Command, asker_of, found, identifier, looking, one_of, schema
from databeheer.door.commands.statements import require_customer
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.port_record import give
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.permissions import signers
from databeheer.permissions.signers import Notice
from databeheer.registry import meters, occupancies, user_ports
from databeheer.registry.user_ports import Because, Obstacle, Order, UserPort, Wanted
from databeheer.values import format_instant


def list_ports(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The meters where the customer lives now: which ports each has, how they stand, what waits and until when."""
    with looking(house, proof) as (connection, asker, now):
        require_customer(asker)
        rows = connection.execute(_HOMES, {"person": asker.person_id, "day": day_of(now)}).all()
        return {"points": [_point_view(house, connection, row, now) for row in rows]}


def open_port(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer wants a port open, having read what that means; the grid operator has 24 hours (R53, R55).

    `seen` is how many orders of this port the page knew of that he clicked on: one that is older is refused.
    """
    notice = Notice(arguments["notice"], arguments["language"])
    with house.turn(TurnLane.CUSTOMER) as turn:
        person_id, occupancy, port = _own_port(house, turn, proof, arguments)
        if port.waiting_wanted != Wanted.OPEN and port.orders != arguments["seen"]:
            raise ConflictError("this port changed since the page was shown; look again")
        signers.keep_notice(turn.connection, notice, turn.now)
        order = Order(port, occupancy.occupancy_id, Wanted.OPEN, Because.CUSTOMER, person_id)
        said = {"notice": notice.sha256.hex(), "language": notice.language}
        placed, record = give(house, turn, order, said, {"capacity": Capacity.GRID_USER.value})
    return _answer(placed, record)


def close_port(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer wants a port closed; as easy as opening it, and never turned away for a queue that is full."""
    with house.turn(TurnLane.ENDS) as turn:
        person_id, occupancy, port = _own_port(house, turn, proof, arguments)
        order = Order(port, occupancy.occupancy_id, Wanted.CLOSED, Because.CUSTOMER, person_id)
        placed, record = give(house, turn, order, {}, {"capacity": Capacity.GRID_USER.value})
    return _answer(placed, record)


def _own_port(house: House, turn: Turn, proof: Proof, arguments: dict[str, Any]) -> tuple[UUID, Any, Any]:
    """Who asks, where he or whom he represents lives, and the port named; raises where it is not his to order."""
    asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
    person_id = found(asker.person_id, "person")
    occupancy = found(
        occupancies.own(turn.connection, arguments["occupancy_id"], person_id), "access point of yours"
    )
    today = day_of(turn.now)
    if occupancy.from_day > today:
        raise ConflictError("you are not the grid user there yet")
    if occupancy.until_day is not None and occupancy.until_day <= today:
        raise ConflictError("you are not the grid user there any more; the move closed the ports")
    port = user_ports.find(
        turn.connection, occupancy.access_point_id, arguments["meter_id"], UserPort(arguments["port"])
    )
    return asker.representative_id or person_id, occupancy, found(port, "meter of yours")


def _answer(placed: user_ports.Placed, record: Any) -> dict[str, Any]:
    row = placed.row
    return {
        "order_id": str(row.port_order_id),
        "wanted": row.wanted,
        "due_at": format_instant(row.due_at),
        "is_new": placed.is_new,
        "index": row.asked_index if record is None else record.index,
        "promise": None if record is None else b64encode(record.promise).decode(),
    }


def _point_view(house: House, connection: Connection, row: Any, now: datetime) -> dict[str, Any]:
    ports = user_ports.at_point(connection, row.access_point_id)
    last = user_ports.last_order(connection, [port.user_port_id for port in ports])
    address = row.address_sealed
    return {
        "occupancy_id": str(row.occupancy_id),
        "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
        "address": open_text(house, "address", row.access_point_id, bytes(address)) if address else "",
        "commodity": row.commodity,
        "meters": [
            {
                "meter_id": str(meter.meter_id),
                "number": open_text(house, "meter", meter.meter_id, bytes(meter.number_sealed)),
                "obstacle": _obstacle(meter, ports),
                "ports": [
                    _port_view(port, last.get(port.user_port_id), row.occupancy_id, now)
                    for port in ports
                    if port.meter_id == meter.meter_id
                ],
            }
            for meter in meters.at_point(connection, row.access_point_id)
        ],
    }


def _obstacle(meter: Any, ports: list[Any]) -> str | None:
    if meter.is_digital is None:
        return Obstacle.UNKNOWN_METER
    if not meter.is_digital:
        return Obstacle.NOT_DIGITAL
    return None if any(port.meter_id == meter.meter_id for port in ports) else Obstacle.NO_SUCH_PORT


def _port_view(port: Any, last: Any | None, occupancy_id: UUID, now: datetime) -> dict[str, Any]:
    """A port and what waits. An order of somebody who lived there before shows as one of the house: it closes."""
    waiting = last if last is not None and last.state == "waiting" else None
    return {
        "port": port.port,
        "is_open": port.is_open,
        "seen": port.orders,
        "waiting": None
        if waiting is None
        else {
            "wanted": waiting.wanted,
            "is_own": waiting.occupancy_id == occupancy_id and waiting.because == Because.CUSTOMER,
            "asked_at": format_instant(waiting.asked_at),
            "due_at": format_instant(waiting.due_at),
            "forwarded_at": format_instant(waiting.forwarded_at) if waiting.forwarded_at else None,
            "is_overdue": waiting.due_at <= now,
            "index": waiting.asked_index if waiting.occupancy_id == occupancy_id else None,
        },
        "since": format_instant(last.ended_at)
        if last is not None and last.state == "executed" and last.occupancy_id == occupancy_id
        else None,
    }


_HOMES = text(
    "SELECT o.*, a.ean_sealed, a.address_sealed, a.commodity FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.person_id = :person AND o.from_day <= :day"
    " AND (o.until_day IS NULL OR o.until_day > :day) ORDER BY a.commodity, o.from_day, o.occupancy_id"
)
_WHICH = {
    "occupancy_id": identifier(),
    "meter_id": identifier(),
    "port": one_of(*(port.value for port in UserPort)),
}

COMMANDS = (
    Command("port.list", schema(), list_ports),
    Command(
        "port.open",
        schema(
            **_WHICH,
            seen=fields.Integer(required=True, strict=True, validate=validate.Range(0, 2**31)),
            notice=NOTICE,
            language=LANGUAGE,
        ),
        open_port,
    ),
    Command("port.close", schema(**_WHICH), close_port),
)
