"""After a restore: that a month was told stays known, though what was told of it is lost with the backup."""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.restore.ends import End, Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.statistics import releases
from databeheer.values import Commodity

_COMMODITIES = list(Commodity)


def month_name(operator: int, commodity: str) -> UUID:
    """Return the name under which the journal of ends keeps whose month was told."""
    return UUID(int=operator << 8 | _COMMODITIES.index(Commodity(commodity)))


def told_again(_: House, turn: Turn, end: End) -> bool:
    """Note once more that a month was told; False where the database knows it."""
    operator, place = divmod(end.id.int, 256)
    if end.day is None or place >= len(_COMMODITIES):
        return False
    commodity = _COMMODITIES[place].value
    if not releases.tell(turn.connection, operator, commodity, end.day):
        return False
    turn.end(Ending.MONTH_TOLD, end.id, end.day)
    said = {"commodity": commodity, "month": f"{end.day:%Y-%m}", "after": "restore"}
    turn.record(Statement("statistics.told_before", said, operator=operator))
    return True
