"""User ports (gebruikerspoorten): local outputs of a digital meter, closed until the customer has them opened.

What a port gives stays at the meter. No decision on access reads these tables: an open port opens nothing here (R56).
The data manager forwards; the grid operator's hand turns the port, and it says so. Until then an order waits.

Source: Energy Decree 3.1.45 par. 2 and 3.1.80 as requirements R51 to R57 quote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.errors import ConflictError, DatabeheerError
from databeheer.storage.look import Look
from databeheer.values import Code

FORWARDING, EXECUTION = "port_forwarding", "port_execution"
"""The clocks of an order, by its id: until the grid operator has it, and until it is carried out (R54, R55)."""


class UserPort(Code):
    """The ports of the Flemish digital meter."""

    P1 = "P1"
    """A line of values every second."""
    S1 = "S1"
    """Raw measurements, at a very high frequency."""


class Wanted(Code):
    """What an order asks."""

    OPEN = "open"
    CLOSED = "closed"


class Because(Code):
    """Why an order was given."""

    CUSTOMER = "customer"
    MOVED_OUT = "moved_out"
    DIED = "died"
    RESTORED = "restored"
    """An order got lost with the database: whatever it was, the port is closed."""


class OrderState(Code):
    """Where an order stands; nothing leads out of the last three."""

    WAITING = "waiting"
    EXECUTED = "executed"
    REPLACED = "replaced"
    """Another one was given before it was executed."""
    IMPOSSIBLE = "impossible"
    """The grid operator found no such port there."""


class Obstacle(Code):
    """Why a port cannot be opened at all."""

    UNKNOWN_METER = "unknown_meter"
    """Nobody has told us what kind of meter it is."""
    NOT_DIGITAL = "not_digital"
    NO_SUCH_PORT = "no_such_port"


class NoUserPortError(DatabeheerError):
    """This meter has no such user port; the message says why, `obstacle` in which way."""

    code = "no-user-port"

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(_OBSTACLES[obstacle])
        self.obstacle = obstacle


_OBSTACLES = {
    Obstacle.UNKNOWN_METER: "it is not known which ports this meter has; ask the grid operator",
    Obstacle.NOT_DIGITAL: "only a digital meter has user ports, and this one is not digital",
    Obstacle.NO_SUCH_PORT: "this meter has no such port",
}


@dataclass(frozen=True)
class Order:
    """An order to be given: for which port, in whose book it stands, who gave it (None: the house), and to whom.

    `grid_operator_id` is the party that has to carry it out; None where no such party is registered.
    """

    port: Any
    occupancy_id: UUID
    wanted: Wanted
    because: Because
    person_id: UUID | None = None
    grid_operator_id: UUID | None = None


@dataclass(frozen=True)
class Placed:
    """The order that stands now; `is_new` False: it stood already. `replaced` is the one that it took the place of."""

    row: Any
    is_new: bool
    replaced: Any = None


def at_point(connection: Connection, point_id: UUID) -> list[Any]:
    """Return the ports of all meters at a point that are there, each with the order that waits, if one does."""
    return list(connection.execute(_AT_POINT, {"point": point_id}))


def ask_open(look: Look, person_id: UUID | None, today: date) -> list[Any]:
    """Ask which ports are open where a person lives on a Brussels day; each row with his stay."""
    return look.ask(_OPEN, {"person": person_id, "today": today})


def find(connection: Connection, point_id: UUID, meter_id: UUID, port: UserPort) -> Any | None:
    """Return a port of a meter at this point, with the order that waits; None: no such meter there.

    Raises:
        NoUserPortError: the meter is there and the port is not.
    """
    meter = connection.execute(_METER, {"meter": meter_id, "point": point_id}).one_or_none()
    if meter is None:
        return None
    if meter.is_digital is None:
        raise NoUserPortError(Obstacle.UNKNOWN_METER)
    if not meter.is_digital:
        raise NoUserPortError(Obstacle.NOT_DIGITAL)
    found = [one for one in at_point(connection, point_id) if (one.meter_id, one.port) == (meter_id, port)]
    if not found:
        raise NoUserPortError(Obstacle.NO_SUCH_PORT)
    return found[0]


def last_order(connection: Connection, port_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the newest order of each of these ports that had one."""
    rows = connection.execute(_LAST, {"ports": list(port_ids)})
    return {row.user_port_id: row for row in rows}


def place(connection: Connection, order: Order, now: datetime, index: int) -> Placed:
    """Give an order for a port; `index` is the ledger entry that records it.

    The one that waits gives way to the opposite, and stays where the same is asked again: a second click, or a
    second window, changes nothing.

    Raises:
        ConflictError: nothing waits, and the port is that way already, as far as anybody knows.
    """
    port, waiting = order.port, _waiting(connection, order.port.user_port_id)
    if waiting is not None and waiting.wanted == order.wanted:
        return Placed(waiting, is_new=False)
    is_known = order.because != Because.RESTORED
    if waiting is None and is_known and port.is_open == (order.wanted == Wanted.OPEN):
        raise ConflictError(f"this port is {order.wanted} already")
    if waiting is not None:
        end(connection, waiting.port_order_id, OrderState.REPLACED, now)
    order_id = uuid4()
    party_id, occupancy_id = order.grid_operator_id, order.occupancy_id
    clocks.start(connection, FORWARDING, order_id, now, party_id=party_id, occupancy_id=occupancy_id)
    due_at = clocks.start(connection, EXECUTION, order_id, now, party_id=party_id, occupancy_id=occupancy_id)
    row = connection.execute(
        _PLACE,
        {
            "id": order_id,
            "operator": port.operator,
            "port": port.user_port_id,
            "occupancy": order.occupancy_id,
            "wanted": order.wanted.value,
            "because": order.because.value,
            "person": order.person_id,
            "now": now,
            "due": due_at,
            "index": index,
        },
    ).one()
    return Placed(row, is_new=True, replaced=waiting)


def end(connection: Connection, order_id: UUID, state: OrderState, now: datetime) -> None:
    """End an order that waits, and its clocks: met where it was carried out, else nobody waits for it any more."""
    connection.execute(_END, {"id": order_id, "state": state.value, "now": now})
    if state == OrderState.EXECUTED:
        clocks.meet(connection, FORWARDING, order_id, now)  # who carried it out had it
        clocks.meet(connection, EXECUTION, order_id, now)
    else:
        clocks.drop(connection, FORWARDING, order_id, now)
        clocks.drop(connection, EXECUTION, order_id, now)


def must_close(port: Any) -> bool:
    """Say whether a port has to be closed when its customer leaves: open, or about to be."""
    return bool(port.is_open if port.waiting_wanted is None else port.waiting_wanted == Wanted.OPEN)


def by_id(connection: Connection, user_port_id: UUID) -> Any | None:
    """Return a port that is there, with the order that waits."""
    return connection.execute(_BY_ID, {"port": user_port_id}).one_or_none()


def book_of(connection: Connection, user_port_id: UUID) -> UUID | None:
    """Return the occupancy in whose book an order of the house stands: who is there now, a vacancy too."""
    found: UUID | None = connection.execute(_BOOK, {"port": user_port_id}).scalar_one_or_none()
    return found


def _waiting(connection: Connection, user_port_id: UUID) -> Any | None:
    return connection.execute(_WAITING, {"port": user_port_id}).one_or_none()


_PORTS = (
    "SELECT u.*, m.access_point_id, w.port_order_id AS waiting_id, w.wanted AS waiting_wanted,"
    " (SELECT count(*) FROM registry.port_order n WHERE n.user_port_id = u.user_port_id) AS orders"
    " FROM registry.user_port u JOIN registry.meter m USING (meter_id)"
    " LEFT JOIN registry.port_order w ON w.user_port_id = u.user_port_id AND w.state = 'waiting'"
    " WHERE u.absent_from IS NULL AND m.removed_on IS NULL"
)
_AT_POINT = text(f"{_PORTS} AND m.access_point_id = :point ORDER BY m.meter_id, u.port")
_OPEN = text(
    "SELECT o.occupancy_id, u.port FROM registry.occupancy o JOIN registry.meter m USING (access_point_id)"
    " JOIN registry.user_port u USING (meter_id) WHERE o.person_id = :person AND o.from_day <= :today"
    " AND (o.until_day IS NULL OR o.until_day > :today) AND m.removed_on IS NULL AND u.absent_from IS NULL"
    " AND u.is_open ORDER BY o.from_day, o.occupancy_id, u.meter_id, u.port"
)
_BY_ID = text(f"{_PORTS} AND u.user_port_id = :port")
_METER = text(
    "SELECT * FROM registry.meter WHERE meter_id = :meter AND access_point_id = :point AND removed_on IS NULL"
)
_LAST = text(
    "SELECT DISTINCT ON (user_port_id) * FROM registry.port_order WHERE user_port_id = ANY(:ports)"
    " ORDER BY user_port_id, order_no DESC"
)
_BOOK = text(
    "SELECT o.occupancy_id FROM registry.user_port u JOIN registry.meter m USING (meter_id)"
    " JOIN registry.occupancy o USING (access_point_id) WHERE u.user_port_id = :port AND o.until_day IS NULL"
)
_WAITING = text("SELECT * FROM registry.port_order WHERE user_port_id = :port AND state = 'waiting'")
_PLACE = text(
    "INSERT INTO registry.port_order (port_order_id, operator, user_port_id, occupancy_id, wanted, because, person_id,"
    " state, asked_at, due_at, asked_index) VALUES (:id, :operator, :port, :occupancy, :wanted, :because, :person,"
    " 'waiting', :now, :due, :index) RETURNING *"
)
_END = text("UPDATE registry.port_order SET state = :state, ended_at = :now WHERE port_order_id = :id")
