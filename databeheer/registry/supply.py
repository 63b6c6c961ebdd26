"""Supply contracts: which supplier has which access point from which Brussels day to which."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.values import Role


def accept(
    connection: Connection, point: Any, party: Any, from_day: date, until_day: date | None, now: datetime
) -> UUID:
    """Record an accepted contract; only from here on does the supplier see its own period (R72, R73).

    Raises:
        MalformedRequestError: it would end before it begins.
        ConflictError: the party is no supplier, or another contract covers part of these days.
    """
    if until_day is not None and until_day <= from_day:
        raise MalformedRequestError("until_day: lies after from_day")
    if party.role != Role.SUPPLIER:
        raise ConflictError("only a supplier has supply contracts")
    days = {"id": point.access_point_id, "first": from_day, "until": until_day}
    if connection.execute(_OVERLAP, days).first():
        raise ConflictError("another supply contract covers part of these days; end that one first")
    contract_id = uuid4()
    connection.execute(
        _INSERT,
        {
            "id": contract_id,
            "operator": point.operator,
            "point": point.access_point_id,
            "no": point.access_point_no,
            "party": party.party_id,
            "first": from_day,
            "until": until_day,
            "now": now,
        },
    )
    return contract_id


_OVERLAP = text(
    "SELECT 1 FROM registry.supply_contract WHERE access_point_id = :id"
    " AND daterange(from_day, until_day) && daterange(:first, :until)"
)
_INSERT = text(
    "INSERT INTO registry.supply_contract (supply_contract_id, operator, access_point_id, access_point_no,"
    " party_id, from_day, until_day, accepted_at)"
    " VALUES (:id, :operator, :point, :no, :party, :first, :until, :now)"
)
