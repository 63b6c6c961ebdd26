"""What a meter is: digital or not, and which user ports it has. Every port is closed when it is written down (R51)."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.registry import user_ports
from databeheer.registry.user_ports import OrderState, UserPort
from databeheer.values import Code

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{0,39}")
_EAN = re.compile(r"[0-9]{18}")


def is_number(number: str) -> bool:
    """Say whether this can be a meter's number: 1 to 40 letters, digits, `.`, `/`, `-`; never an EAN code.

    The head-end knows meters by it and gets it with the reading plan, so it must not say which access point it is at
    (R135).
    """
    return _NUMBER.fullmatch(number) is not None and _EAN.search(number) is None


def describe(
    connection: Connection,
    meter_id: UUID,
    *,
    is_digital: bool,
    ports: Collection[UserPort],
    now: datetime,
    from_day: date | None = None,
) -> None:
    """Write down what a meter is and which ports it has; again, where that was a mistake.

    `from_day` is the first Brussels day on which it counts; None leaves what was written down.

    Raises:
        MalformedRequestError: a meter that is not digital has no ports.
        ConflictError: a port that would go is open, or an order waits for it.
    """
    if ports and not is_digital:
        raise MalformedRequestError("ports: only a digital meter has user ports")
    meter = connection.execute(_METER, {"meter": meter_id}).one()
    for row in user_ports.at_point(connection, meter.access_point_id):
        if row.meter_id == meter_id and row.port not in ports and (row.is_open or row.waiting_id is not None):
            raise ConflictError(
                "a port that is open, or for which an order waits, stays; have it closed first"
            )
    connection.execute(_DESCRIBE, {"meter": meter_id, "digital": is_digital, "from": from_day})
    names = [port.value for port in ports]
    connection.execute(_WITHOUT, {"meter": meter_id, "ports": names, "now": now})
    for port in names:
        connection.execute(
            _PORT, {"id": uuid4(), "operator": meter.operator, "meter": meter_id, "port": port}
        )


class Place(Code):
    """What the values of a meter hang on: a device, the head point itself (computed), or a head point below it."""

    METER = "meter"
    HEADPOINT = "headpoint"
    AUXILIARY = "auxiliary"
    OFFTAKE = "offtake"
    PRODUCTION = "production"


BELOW = frozenset({Place.AUXILIARY, Place.OFFTAKE, Place.PRODUCTION})
"""Places of a head point below that of the access point."""


class Installation(Code):
    """What stands at a head point below, in the codes of the market: solar panels, wind, a battery."""

    UNKNOWN = "?"
    NDGR = "NDGR"
    NDGR2 = "NDGR2"
    PV = "PV"
    WKKB = "WKKB"
    WKKD = "WKKD"
    WKKA = "WKKA"
    WTR = "WTR"
    WND = "WND"
    TBJT = "TBJT"
    ORC = "ORC"
    BC = "BC"
    BIOM = "BIOM"
    DSL = "DSL"
    FOSM = "FOSM"
    PPPV = "PPPV"
    PPBAT = "PPBAT"
    BAT = "BAT"


def put(
    connection: Connection,
    meter_id: UUID,
    place: Place,
    *,
    number: int | None,
    installation: Installation | None,
    vreg_sealed: bytes | None,
) -> None:
    """Write down what a meter's values hang on; of a head point below, its number, installation and VREG's identifier.

    Raises:
        MalformedRequestError: a number or installation that does not go with the place, or is missing there.
        ConflictError: another meter at the point has this number.
    """
    is_below = place in BELOW
    if is_below != (number is not None) or is_below != (installation is not None):
        raise MalformedRequestError("number, installation: of a head point below, both; elsewhere neither")
    if vreg_sealed is not None and not is_below:
        raise MalformedRequestError("vreg_id: only of a head point below")
    sub = {"number": number, "type": installation, "vreg": vreg_sealed}
    if number is not None and connection.execute(_TAKEN, {"meter": meter_id, "number": number}).first():
        raise ConflictError("another head point below this access point has that number")
    connection.execute(_PUT, {"meter": meter_id, "place": place, **sub})


def remove(connection: Connection, meter_id: UUID, day: date, now: datetime) -> list[Any]:
    """Write down that a meter was taken away; its ports are gone with it. Returns the orders that had waited.

    Raises:
        ConflictError: it was taken away already.
    """
    if connection.execute(_REMOVE, {"meter": meter_id, "day": day}).one_or_none() is None:
        raise ConflictError("this meter was taken away already")
    waiting = list(connection.execute(_ORDERS, {"meter": meter_id}))
    for order in waiting:
        user_ports.end(connection, order.port_order_id, OrderState.IMPOSSIBLE, now)
    connection.execute(_WITHOUT, {"meter": meter_id, "ports": [], "now": now})
    return waiting


def by_id(connection: Connection, meter_id: UUID) -> Any | None:
    """Return a meter; None where there is none of this number."""
    return connection.execute(_METER, {"meter": meter_id}).one_or_none()


def at_point(connection: Connection, point_id: UUID) -> list[Any]:
    """Return the meters at a point that were not taken away."""
    return list(connection.execute(_AT_POINT, {"point": point_id}))


_METER = text("SELECT * FROM registry.meter WHERE meter_id = :meter")
_AT_POINT = text(
    "SELECT * FROM registry.meter WHERE access_point_id = :point AND removed_on IS NULL ORDER BY meter_id"
)
_DESCRIBE = text(
    "UPDATE registry.meter SET is_digital = :digital, removed_on = NULL,"
    " is_remotely_read = CASE WHEN :digital THEN NULL ELSE is_remotely_read END,"
    " installed_on = coalesce(CAST(:from AS date), installed_on) WHERE meter_id = :meter"
)
_TAKEN = text(
    "SELECT 1 FROM registry.meter o JOIN registry.meter m USING (access_point_id) WHERE m.meter_id = :meter"
    " AND o.meter_id <> :meter AND o.sub_number = :number AND o.removed_on IS NULL"
)
_PUT = text(
    "UPDATE registry.meter SET place = :place, sub_number = :number, sub_type = :type, sub_vreg_sealed = :vreg"
    " WHERE meter_id = :meter"
)
_REMOVE = text(
    "UPDATE registry.meter SET removed_on = :day WHERE meter_id = :meter AND removed_on IS NULL RETURNING 1"
)
_PORT = text(
    "INSERT INTO registry.user_port (user_port_id, operator, meter_id, port) VALUES (:id, :operator, :meter, :port)"
    " ON CONFLICT (meter_id, port) DO UPDATE SET absent_from = NULL"
)
_WITHOUT = text(
    "UPDATE registry.user_port SET is_open = false, absent_from = :now"
    " WHERE meter_id = :meter AND absent_from IS NULL AND NOT (port = ANY(:ports))"
)
_ORDERS = text(
    "SELECT o.*, u.port FROM registry.port_order o JOIN registry.user_port u USING (user_port_id)"
    " WHERE u.meter_id = :meter AND o.state = 'waiting' ORDER BY o.order_no"
)
