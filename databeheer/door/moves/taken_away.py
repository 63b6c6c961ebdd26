"""A meter that was taken away, and reported later: what was stored of it since then is not of who lives there.

It may have hung elsewhere by then, so of whom those days are nobody here can tell: they go, under the stay's old root,
and the head-end sends them again for where it hung. Who lives there, and who looked at those days, is told.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.moves.changed_stays import note_change
from databeheer.door.moves.new_roots import channels_at, leave_root, rows_under, sealed_again
from databeheer.door.moves.resealing import tell_of_reads
from databeheer.door.statement import Statement, Subject
from databeheer.door.supply_quality import rows as supply_quality
from databeheer.door.turn import Turn
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass


def withdraw_days(house: House, turn: Turn, point_id: UUID, meter_id: UUID, day: date) -> int:
    """Remove what is stored of a meter from `day` on, on which it was taken away; in this turn.

    Returns how many rows went.
    """
    stays = turn.connection.execute(_STAYS, {"point": point_id, "day": day}).all()
    gone = erasures.begun_of(turn.connection, DataClass.READINGS, [one.occupancy_id for one in stays])
    return sum(_withdraw(house, turn, one, meter_id, day) for one in stays if one.occupancy_id not in gone)


def _withdraw(house: House, turn: Turn, stay: Any, meter_id: UUID, day: date) -> int:
    note_change(house, turn, stay, day)
    if not house.keys.holds(Kind.READINGS, stay.root_id):
        return 0  # of a restored database, whose root was destroyed since: nobody reads what is under it
    old = house.readings_root(stay.root_id)
    channels = channels_at(turn.connection, stay.access_point_id)
    by_handle = {one.handle(old): one for one in channels}
    wrong = {handle for handle, one in by_handle.items() if one.meter_id == meter_id}
    rows = [row for row in rows_under(turn.connection, old) if row.stored_index is not None]
    stays_here = [row for row in rows if row.day < day or bytes(row.channel) not in wrong]
    count = len(rows) - len(stays_here)
    has_quality = supply_quality.has_days(house, turn.connection, stay.occupancy_id, day)
    if not count and not has_quality:
        return 0
    root_id = uuid4()
    fresh = house.keys.make(Kind.READINGS, root_id)  # durable before the rows that need it
    again = (sealed_again(row, by_handle.get(bytes(row.channel)), old, fresh) for row in stays_here)
    sealed = [one for one in again if one is not None]
    leave_root(house, turn, stay, old, root_id, sealed)
    supply_quality.withdraw(house, turn.connection, stay, meter_id, day, (old, fresh))
    said = {"from": day.isoformat(), "withdrawn": count, "resealed": len(sealed)}
    subjects = [Subject(stay.occupancy_id)]
    turn.record(Statement("readings.withdrawn", said, operator=stay.operator, subjects=subjects))
    tell_of_reads(house, turn, stay, None, day)
    return count


_STAYS = text(
    "SELECT * FROM registry.occupancy WHERE access_point_id = :point AND (until_day IS NULL OR until_day > :day)"
    " AND (until_day IS NULL OR from_day < until_day) ORDER BY from_day"
)
