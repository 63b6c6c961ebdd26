"""Active budget functions, and what is known of their credit: sealed, found by a keyed hash of the stay (R183).

That somebody has one is data on trouble to pay. No row says whose it is: not by an id, not by its length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.errors import ConflictError
from databeheer.metering.credit.state import CreditState
from databeheer.metering.credit.telling import Notice
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import outbox

_LENGTH = 1024
"""What is sealed of a function is padded to this: enough for a dozen beginnings and ends."""


@dataclass(frozen=True)
class Function:
    """The budget function of a stay: in which stretches of Brussels days it is active, [from, until)."""

    occupancy_id: UUID
    stretches: tuple[tuple[date, date | None], ...]

    def is_active_on(self, day: date) -> bool:
        return any(first <= day and (until is None or day < until) for first, until in self.stretches)


def begin(house: House, connection: Connection, stay: Any, first: date) -> None:
    """Write down that the budget function of a stay is active from a Brussels day on.

    Raises:
        ConflictError: it is already, or the day lies before an earlier stretch's end.
    """
    known = _find(house, connection, stay.occupancy_id, lock=True)
    stretches = known.stretches if known is not None else ()
    if stretches and (stretches[-1][1] is None or first < stretches[-1][1]):
        raise ConflictError("the budget function is active on that day already")
    _write(house, connection, Function(stay.occupancy_id, (*stretches, (first, None))), stay.operator)


def end(house: House, connection: Connection, stay: Any, until: date) -> None:
    """Write down that it is not active from a Brussels day on.

    Raises:
        ConflictError: none is active on the day before.
    """
    known = _find(house, connection, stay.occupancy_id, lock=True)
    if known is None or known.stretches[-1][1] is not None or until <= known.stretches[-1][0]:
        raise ConflictError("no budget function is active there on the day before")
    ended = (*known.stretches[:-1], (known.stretches[-1][0], until))
    _write(house, connection, Function(stay.occupancy_id, ended), stay.operator)


def is_active(house: House, connection: Connection, occupancy_id: UUID, day: date) -> bool:
    """Whether the budget function of a stay is active on a day."""
    known = _find(house, connection, occupancy_id)
    return known is not None and known.is_active_on(day)


def active_on(
    house: House, connection: Connection, day: date, operator: int | None = None
) -> frozenset[UUID]:
    """Return the stays whose budget function is active on a day, of one grid operator or of all."""
    rows = connection.execute(_ALL, {"operator": operator})
    return frozenset(one.occupancy_id for one in _opened(house, rows) if one.is_active_on(day))


def keep_state(house: House, connection: Connection, stay: Any, day: date, state: CreditState) -> CreditState:
    """Keep what came of a day; returns the newest that is known of it."""
    row = credit_day(house, connection, stay, day)
    known = open_state(house, row, stay.occupancy_id)
    if known is not None and known.read_at >= state.read_at:
        return known
    sealed = seal(_key(house), state.to_bytes(), _where("state", stay.occupancy_id, day))
    connection.execute(_STATE, _names(house, stay.occupancy_id, day) | {"sealed": sealed})
    return state


def credit_day(house: House, connection: Connection, stay: Any, day: date) -> Any:
    """Return the row of a stay and day, locked; made where there is none."""
    names = _names(house, stay.occupancy_id, day)
    connection.execute(_MAKE_DAY, names | {"operator": stay.operator})
    return connection.execute(_DAY, names).one()


def open_state(house: House, row: Any, occupancy_id: UUID) -> CreditState | None:
    """Open what a row says of the credit, where it says anything."""
    if row is None or row.state_sealed is None:
        return None
    where = _where("state", occupancy_id, row.day)
    return CreditState.from_bytes(unseal(_key(house), bytes(row.state_sealed), where))


def last_state(house: House, connection: Connection, occupancy_id: UUID, day: date) -> CreditState | None:
    """Return what was known last on a day or before it."""
    row = connection.execute(_LAST, _names(house, occupancy_id, day)).one_or_none()
    return open_state(house, row, occupancy_id)


def was_told(
    house: House, connection: Connection, occupancy_id: UUID, day: date, index: int, *, advised: bool
) -> None:
    """Write down by which entry the customer was told on a day."""
    members = _names(house, occupancy_id, day) | {"index": index, "advised": advised}
    connection.execute(_TOLD, members)


def forget(house: House, connection: Connection, occupancy_id: UUID) -> None:
    """Delete all that is known of a stay's budget function and credit, what its customer was told included."""
    connection.execute(_FORGET_FUNCTION, {"handle": _handle(house, "function", occupancy_id)})
    connection.execute(_FORGET_DAYS, _names(house, occupancy_id, date.min))
    outbox.forget_kinds(connection, occupancy_id, [kind.value for kind in Notice])


def forget_from(house: House, connection: Connection, occupancy_id: UUID, first: date) -> None:
    """Delete the credit of days from `first` on and what was told on them: after a stay that ended it is another's."""
    connection.execute(_FORGET_DAYS, _names(house, occupancy_id, first))
    outbox.forget_kinds(connection, occupancy_id, [kind.value for kind in Notice], first)


def forget_before(connection: Connection, day: date) -> None:
    """Delete the rows of days before one: what was told stands in the ledger."""
    connection.execute(_FORGET_OLD, {"day": day})


def _find(house: House, connection: Connection, occupancy_id: UUID, *, lock: bool = False) -> Function | None:
    handle = {"handle": _handle(house, "function", occupancy_id)}
    rows = connection.execute(_LOCKED if lock else _ONE, handle)
    return next(_opened(house, rows), None)


def _write(house: House, connection: Connection, function: Function, operator: int) -> None:
    said = [[first.isoformat(), until and until.isoformat()] for first, until in function.stretches]
    plain = json.dumps({"stay": str(function.occupancy_id), "stretches": said}).encode()
    if len(plain) > _LENGTH:
        raise ConflictError("this budget function began and ended too often to be written down")
    handle = _handle(house, "function", function.occupancy_id)
    sealed = seal(_key(house), plain.ljust(_LENGTH), b"credit/v1|function|" + handle)
    connection.execute(_WRITE, {"handle": handle, "operator": operator, "sealed": sealed})


def _opened(house: House, rows: Any) -> Iterator[Function]:
    key = _key(house)
    for row in rows:
        said = json.loads(unseal(key, bytes(row.fact_sealed), b"credit/v1|function|" + bytes(row.handle)))
        yield Function(
            UUID(said["stay"]),
            tuple(
                (date.fromisoformat(first), date.fromisoformat(until) if until else None)
                for first, until in said["stretches"]
            ),
        )


def _key(house: House) -> bytes:
    return house.registry_key("credit")


def _handle(house: House, what: str, occupancy_id: UUID) -> bytes:
    return derive(house.registry_key("credit-find"), what, occupancy_id.bytes, size=16)


def _names(house: House, occupancy_id: UUID, day: date) -> dict[str, Any]:
    return {"handle": _handle(house, "day", occupancy_id), "day": day}


def _where(what: str, occupancy_id: UUID, day: date) -> bytes:
    return f"credit/v1|{what}|{occupancy_id}|{day.isoformat()}".encode()


_ONE = text("SELECT * FROM metering.budget_function WHERE handle = :handle")
_LOCKED = text("SELECT * FROM metering.budget_function WHERE handle = :handle FOR UPDATE")
_ALL = text(
    "SELECT * FROM metering.budget_function WHERE CAST(:operator AS smallint) IS NULL OR operator = :operator"
    " ORDER BY handle"
)
_WRITE = text(
    "INSERT INTO metering.budget_function (handle, operator, fact_sealed) VALUES (:handle, :operator, :sealed)"
    " ON CONFLICT (handle) DO UPDATE SET fact_sealed = :sealed"
)
_MAKE_DAY = text(
    "INSERT INTO metering.credit_day (handle, day, operator) VALUES (:handle, :day, :operator) ON CONFLICT DO NOTHING"
)
_DAY = text("SELECT * FROM metering.credit_day WHERE handle = :handle AND day = :day FOR UPDATE")
_STATE = text("UPDATE metering.credit_day SET state_sealed = :sealed WHERE handle = :handle AND day = :day")
_LAST = text(
    "SELECT * FROM metering.credit_day WHERE handle = :handle AND day <= :day AND state_sealed IS NOT NULL"
    " ORDER BY day DESC LIMIT 1"
)
_TOLD = text(
    "UPDATE metering.credit_day SET told_index = coalesce(told_index, :index),"
    " advised_index = CASE WHEN :advised THEN coalesce(advised_index, :index) ELSE advised_index END"
    " WHERE handle = :handle AND day = :day"
)
_FORGET_FUNCTION = text("DELETE FROM metering.budget_function WHERE handle = :handle")
_FORGET_DAYS = text("DELETE FROM metering.credit_day WHERE handle = :handle AND day >= :day")
_FORGET_OLD = text("DELETE FROM metering.credit_day WHERE day < :day")
