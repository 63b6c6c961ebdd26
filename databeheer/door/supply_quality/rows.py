"""What meters register of the quality of supply: a sealed row for each stay, day and meter.

Sealed under a key from the root of the stay's readings, so it is erased with them, in every backup too; found by a
keyed hash of the stay. No row says whose it is: not by an id, not by its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.sealing import seal
from databeheer.metering.supply_quality import QualityDay

_log = structlog.get_logger("door")


@dataclass(frozen=True)
class Kept:
    """What one meter said of one day."""

    day: date
    meter_id: UUID
    quality: QualityDay


def keep(
    house: House, connection: Connection, stay: Any, root: bytes, day: date, meter_id: UUID, said: QualityDay
) -> None:
    """Keep what came of a day; what came of it before gives way."""
    _write(house, connection, stay, root, Kept(day, meter_id, said))


def opened(
    house: House, connection: Connection, stay: UUID, root: bytes, first: date, last: date
) -> Iterator[Kept]:
    """Yield what there is of the days from `first` to `last`, in order. Only for what was recorded durably.

    A row that does not open (changed, or moved) hinders no other day: a log line says that there is one.
    """
    asked = {"handle": _handle(house, stay), "first": first, "last": last}
    for row in connection.execute(_OF_DAYS, asked).all():
        try:
            yield _open(row, root)
        except SealError:
            _log.error("a stored value does not open", part="supply quality")


def has_days(house: House, connection: Connection, stay: UUID, first: date) -> bool:
    """Whether something is kept of a day from `first` on."""
    asked = {"handle": _handle(house, stay), "first": first, "last": date.max}
    return connection.execute(_OF_DAYS, asked).first() is not None


def move_days(
    house: House,
    connection: Connection,
    wrong: Any,
    right: Any,
    first: date,
    roots: tuple[bytes, bytes, bytes],
) -> None:
    """Give the days from `first` on to the `right` stay; all others are sealed anew for the `wrong` one.

    `roots`: the wrong one's as it was, its new one, the right one's. What the right one has of a day it keeps.
    """
    before, fresh, theirs = roots
    known = [*opened(house, connection, wrong.occupancy_id, before, date.min, date.max)]
    there = {
        (one.day, one.meter_id)
        for one in opened(house, connection, right.occupancy_id, theirs, first, date.max)
    }
    forget(house, connection, wrong.occupancy_id)
    for one in known:
        if one.day < first:
            _write(house, connection, wrong, fresh, one)
        elif (one.day, one.meter_id) not in there:
            _write(house, connection, right, theirs, one)


def withdraw(
    house: House, connection: Connection, stay: Any, meter_id: UUID, first: date, roots: tuple[bytes, bytes]
) -> None:
    """Forget what a meter said from `first` on; all else is sealed anew (`roots`: old, new)."""
    before, fresh = roots
    known = [*opened(house, connection, stay.occupancy_id, before, date.min, date.max)]
    forget(house, connection, stay.occupancy_id)
    for one in known:
        if one.day < first or one.meter_id != meter_id:
            _write(house, connection, stay, fresh, one)


def forget(house: House, connection: Connection, stay: UUID) -> None:
    """Delete all that is kept of a stay."""
    connection.execute(_FORGET, {"handle": _handle(house, stay)})


def forget_before(connection: Connection, day: date) -> None:
    """Delete the rows of days before one."""
    connection.execute(_FORGET_OLD, {"day": day})


def _write(house: House, connection: Connection, stay: Any, root: bytes, one: Kept) -> None:
    handle = _handle(house, stay.occupancy_id)
    device = derive(root, "quality-device", one.meter_id.bytes, size=8)
    plain = one.quality.to_bytes(str(one.meter_id))
    members = {"handle": handle, "day": one.day, "device": device, "operator": stay.operator}
    sealed = seal(_key(root, one.day), plain, _where(handle, device, one.day))
    connection.execute(_WRITE, members | {"sealed": sealed})


def _open(row: Any, root: bytes) -> Kept:
    where = _where(bytes(row.handle), bytes(row.device), row.day)
    meter, said = QualityDay.from_bytes(unseal(_key(root, row.day), bytes(row.said_sealed), where))
    return Kept(row.day, UUID(meter), said)


def _key(root: bytes, day: date) -> bytes:
    return derive(root, "quality", day.isoformat().encode())


def _handle(house: House, stay: UUID) -> bytes:
    return derive(house.registry_key("quality-find"), "stay", stay.bytes, size=16)


def _where(handle: bytes, device: bytes, day: date) -> bytes:
    return b"supply-quality/v1|" + handle + device + day.isoformat().encode()


_OF_DAYS = text(
    "SELECT * FROM metering.supply_quality WHERE handle = :handle AND day BETWEEN :first AND :last ORDER BY day, device"
)
_WRITE = text(
    "INSERT INTO metering.supply_quality (handle, day, device, operator, said_sealed)"
    " VALUES (:handle, :day, :device, :operator, :sealed)"
    " ON CONFLICT (handle, day, device) DO UPDATE SET said_sealed = :sealed"
)
_FORGET = text("DELETE FROM metering.supply_quality WHERE handle = :handle")
_FORGET_OLD = text("DELETE FROM metering.supply_quality WHERE day < :day")
