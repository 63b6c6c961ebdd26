"""What a party read, it deletes after the end of the permission, and says that it did (R32; EU 2023/1162 G)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError
from databeheer.permissions.states import ENDED
from databeheer.permissions.timing import OVER_AT, RENEWED, TO_DELETE, state_at


def confirm(connection: Connection, row: Any, now: datetime) -> None:
    """Write down that the party deleted what it read under an ended permission, locked before.

    Raises:
        ConflictError: it was never granted, has not ended, goes on under a renewal, or the deletion is confirmed
            already.
    """
    if row.ends_at is None:
        raise ConflictError("nothing could be read under this permission, so there is nothing to delete")
    if State(state_at(row, now)[0]) not in ENDED:
        raise ConflictError("this permission has not ended; end it first")
    if row.reason == RENEWED:
        raise ConflictError(
            "this permission goes on under its renewal; its data are deleted at the end of that"
        )
    if row.deletion_confirmed_at is not None:
        raise ConflictError("the deletion is confirmed already")
    connection.execute(_CONFIRM, {"id": row.permission_id, "now": now})


def overdue(connection: Connection, now: datetime, limit: int) -> list[Any]:
    """Return permissions whose deletion is overdue, the oldest first; ended by the clock counts too."""
    return list(connection.execute(_OVERDUE, {"now": now, "limit": limit}))


_CONFIRM = text("UPDATE permissions.permission SET deletion_confirmed_at = :now WHERE permission_id = :id")
# `timing.delete_by` in SQL; a test holds the one against the other.
_DELETE_BY = (
    "(date_trunc('day', over_at AT TIME ZONE 'Europe/Brussels') + make_interval(days => deletion_days + 1))"
    " AT TIME ZONE 'Europe/Brussels'"
)
_OVERDUE = text(
    f"SELECT permission_id, party_id, over_at, {_DELETE_BY} AS delete_by"  # noqa: S608  parts of our own
    f" FROM (SELECT p.*, {OVER_AT} AS over_at FROM permissions.permission p WHERE {TO_DELETE}) p"
    f" WHERE over_at <= :now AND {_DELETE_BY} <= :now"
    " ORDER BY delete_by, permission_id LIMIT :limit"
)
