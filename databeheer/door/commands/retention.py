"""Months of readings whose term is over: which there are, and dropping them whole, by one entry (R137).

The rows of a stay that lasts go this way; those of one that ended went with their key before (`erasure.execute`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from databeheer.brussels import day_of
from databeheer.door.commands.base import Command, asker_of, looking, schema, short_text
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.oversight.retention import month_goes_on


def due(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The months whose term is over, oldest first, each with the day since which it is."""
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("this proof does not give this command")
        months = _over(connection, day_of(now))
    return {"months": [{"month": _month(one), "since": month_goes_on(one).isoformat()} for one in months]}


def drop(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Drop every month whose term is over; none is no change, and no entry.

    While rows are written or read the months cannot go: nobody is made to wait for that, the command is refused.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        months = _over(turn.connection, day_of(turn.now))
        if not months:
            return {"months": [], "index": None}
        turn.connection.execute(_BRIEFLY)
        try:
            for month in months:
                turn.connection.execute(_DROP, {"month": month})
        except OperationalError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise ConflictError(
                    "readings are being written or read: drop the months in a while"
                ) from error
            raise
        named = [_month(month) for month in months]
        said = {"months": " ".join(named), "by": arguments["decided_by"]}
        record = turn.record(Statement("readings.dropped", said))
    return {"months": named, "index": record.index}


def _over(connection: Connection, today: date) -> list[date]:
    return [month for month in connection.execute(_MONTHS).scalars() if month_goes_on(month) <= today]


def _month(first: date) -> str:
    return f"{first:%Y-%m}"


_MONTHS = text("SELECT month FROM metering.months() AS month ORDER BY month")
_BRIEFLY = text("SET LOCAL lock_timeout = '200ms'")
_DROP = text("SELECT metering.drop_month(:month)")

COMMANDS = (
    Command("retention.due", schema(), due),
    Command("retention.drop", schema(decided_by=short_text()), drop),
)
