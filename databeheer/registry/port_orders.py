"""Orders for user ports as the grid operator sees them: what waits, what it carried out, what it could not."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.errors import ConflictError
from databeheer.registry import user_ports
from databeheer.registry.user_ports import FORWARDING, OrderState

ALL_OPERATORS = None
"""Whose orders the operator at the command line sees."""


def page(
    connection: Connection, operator: int | None, state: str | None, after: int | None, limit: int
) -> tuple[list[Any], int | None]:
    """Return orders of one grid operator, oldest first, and where the next page begins; None: this was the last."""
    wanted = {"operator": operator, "state": state, "after": after or 0, "limit": limit + 1}
    rows = list(connection.execute(_PAGE, wanted))
    return rows[:limit], rows[limit - 1].order_no if len(rows) > limit else None


def find(connection: Connection, order_id: UUID, operator: int | None) -> Any | None:
    """Return an order of one grid operator; another's does not exist for it."""
    return connection.execute(_FIND, {"id": order_id, "operator": operator}).one_or_none()


def forward(connection: Connection, order_ids: list[UUID], now: datetime) -> list[Any]:
    """Write down that the grid operator has these orders now; returns those that it had not before (R54)."""
    rows = list(connection.execute(_FORWARD, {"ids": order_ids, "now": now}))
    for row in rows:
        clocks.meet(connection, FORWARDING, row.port_order_id, now)
    return sorted(rows, key=lambda row: int(row.order_no))


def execute(connection: Connection, order: Any, now: datetime) -> None:
    """Write down that the grid operator carried an order out: the port is now as it was asked.

    Raises:
        ConflictError: it does not wait any more.
    """
    _require_waiting(order)
    user_ports.end(connection, order.port_order_id, OrderState.EXECUTED, now)
    connection.execute(_TURN, {"port": order.user_port_id, "open": order.wanted == "open"})


def make_impossible(connection: Connection, order: Any, now: datetime) -> None:
    """Write down that there is no such port: it is closed, and nobody can order anything of it.

    Raises:
        ConflictError: the order does not wait any more.
    """
    _require_waiting(order)
    user_ports.end(connection, order.port_order_id, OrderState.IMPOSSIBLE, now)
    connection.execute(_ABSENT, {"port": order.user_port_id, "now": now})


def _require_waiting(order: Any) -> None:
    if order.state == OrderState.REPLACED:
        raise ConflictError("a later order took the place of this one; carry that one out")
    if order.state != OrderState.WAITING:
        raise ConflictError("this order does not wait any more")


_ORDERS = (
    "SELECT o.*, u.port, u.meter_id, m.access_point_id, m.number_sealed, a.ean_sealed FROM registry.port_order o"
    " JOIN registry.user_port u USING (user_port_id) JOIN registry.meter m USING (meter_id)"
    " JOIN registry.access_point a USING (access_point_id)"
    " WHERE (CAST(:operator AS smallint) IS NULL OR o.operator = :operator)"
)
_PAGE = text(
    f"{_ORDERS} AND (CAST(:state AS text) IS NULL OR o.state = :state) AND o.order_no > :after"
    " ORDER BY o.order_no LIMIT :limit"
)
_FIND = text(f"{_ORDERS} AND o.port_order_id = :id")
_FORWARD = text(
    "UPDATE registry.port_order o SET forwarded_at = :now FROM registry.user_port u"
    " WHERE u.user_port_id = o.user_port_id AND o.port_order_id = ANY(:ids) AND o.state = 'waiting'"
    " AND o.forwarded_at IS NULL RETURNING o.*, u.port"
)
_TURN = text("UPDATE registry.user_port SET is_open = :open WHERE user_port_id = :port")
_ABSENT = text("UPDATE registry.user_port SET is_open = false, absent_from = :now WHERE user_port_id = :port")
