"""Orders for user ports, each with its entry in the ledger; from there the grid operator has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.ports import tell_port
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.registry import parties, user_ports
from databeheer.registry.user_ports import Because, Order, Placed, Wanted
from databeheer.values import format_instant

ASKED = {Wanted.OPEN: "port.opening_asked", Wanted.CLOSED: "port.closing_asked"}


def give(
    house: House, turn: Turn, order: Order, said: dict[str, Any], own: dict[str, Any]
) -> tuple[Placed, Record | None]:
    """Give an order in this turn. `own` is for the customer's half only; no record where it stood already.

    Raises:
        ConflictError: the port is that way already.
    """
    grid_operator = parties.grid_operator(turn.connection, order.port.operator)
    order = replace(order, grid_operator_id=grid_operator)
    placed = user_ports.place(turn.connection, order, turn.now, turn.next_index)
    if not placed.is_new:
        return placed, None
    ending = Ending.PORT_CLOSED if order.wanted == Wanted.CLOSED else Ending.PORT_OPENED
    turn.end(ending, order.port.user_port_id)
    row = placed.row
    record = _record(
        house, turn, row, order, ASKED[order.wanted], said | {"due": format_instant(row.due_at)}, own
    )
    if placed.replaced is not None:
        # Who left learns that his order is over, and not what who came after him ordered.
        is_own = placed.replaced.occupancy_id == row.occupancy_id
        by = {"by": str(row.port_order_id)} if is_own else {}
        _record(house, turn, placed.replaced, order, "port.replaced", by, {})
    return placed, record


def _record(
    house: House,
    turn: Turn,
    row: Any,
    order: Order,
    event: str,
    said: dict[str, Any],
    own: dict[str, Any],
) -> Record:
    """One entry about one order, in the book of whose it was; why it was given is that customer's to know."""
    record = turn.record(
        Statement(
            event,
            {"order": str(row.port_order_id), "port": order.port.port} | said,
            party_id=order.grid_operator_id,
            operator=row.operator,
            subjects=[
                Subject(subject.occupancy_id, own | {"because": row.because})
                for subject in subjects_of(house, row.occupancy_id)
            ],
        )
    )
    tell_port(
        house,
        turn,
        event,
        about=row.port_order_id,
        occupancy_id=row.occupancy_id,
        grid_operator_id=order.grid_operator_id,
    )
    return record


def close_all(house: House, turn: Turn, occupancy: Any, because: Because) -> int:
    """Order every port closed that its customer leaves open, or asked to open; returns how many."""
    ports = user_ports.at_point(turn.connection, occupancy.access_point_id)
    leaving = [port for port in ports if user_ports.must_close(port)]
    for port in leaving:
        give(house, turn, Order(port, occupancy.occupancy_id, Wanted.CLOSED, because), {}, {})
    return len(leaving)


def close_again(house: House, turn: Turn, user_port_id: UUID) -> bool:
    """Order a port closed of which a restored database has forgotten an order; False where a close waits already.

    Nobody knows what the grid operator did since: one that counts as closed may be open, and would stay so for
    whoever comes next. Closing once too often is the safe side.
    """
    port = user_ports.by_id(turn.connection, user_port_id)
    occupancy_id = user_ports.book_of(turn.connection, user_port_id) if port is not None else None
    if occupancy_id is None:
        return False
    placed, _ = give(house, turn, Order(port, occupancy_id, Wanted.CLOSED, Because.RESTORED), {}, {})
    return placed.is_new
