"""The clocks of a permission: reminders (R23), mandates in a sample (R35), the deletion after its end (R32).

Each step of a permission starts, meets or drops them, in the transaction that records the step, so that the ledger's
entries say as much as the clocks do. The moments are those that the permission itself was given.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer import clocks
from databeheer.permissions import finding, mandates
from databeheer.permissions.states import ENDS, Event
from databeheer.permissions.timing import NOT_PRODUCED, delete_by, ended_at

REMINDER_SLACK = timedelta(days=1)
"""How long after a reminder is due it may go out."""
ENDINGS = frozenset(f"permission.{event}" for event in ENDS)
"""The steps that end what was granted, as the ledger names them."""
_OF_A_REQUEST = frozenset({"permission.rejected", "permission.timed_out", "permission.terminated"})
"""The steps that end a request."""


def follow(connection: Connection, permission_id: UUID, event: str, now: datetime) -> None:
    """Let the clocks of a permission follow a step, which is written down already."""
    if event in ("permission.granted", "permission.reminded"):
        row = finding.by_id(connection, permission_id)
        clocks.meet(connection, "reminder", permission_id, now)
        _start(connection, "reminder", row, now, row.remind_at + REMINDER_SLACK)
    elif event == "mandate.sampled":
        row, mandate = finding.by_id(connection, permission_id), mandates.get(connection, permission_id)
        _start(connection, "mandate_sample", row, now, mandate.due_at)
    elif event == "mandate.produced":
        clocks.meet(connection, "mandate_sample", permission_id, now)
    elif event == "permission.deletion_confirmed":
        clocks.meet(connection, "deletion_confirmation", permission_id, now)
    elif event == f"permission.{Event.BLOCKED}":
        row = finding.by_id(connection, permission_id)
        at = row.block_at if row.reason == NOT_PRODUCED and row.block_at is not None else now
        clocks.drop(connection, "reminder", permission_id, at, written_at=now)
    elif event == f"permission.{Event.UNBLOCKED}":
        row = finding.by_id(connection, permission_id)
        _start(connection, "reminder", row, now, max(row.remind_at, now) + REMINDER_SLACK)
    elif event in ENDINGS:
        _end(connection, finding.by_id(connection, permission_id), now)
    elif event == "mandate.excused":
        clocks.drop(connection, "mandate_sample", permission_id, now)
    if event in _OF_A_REQUEST and finding.by_id(connection, permission_id).ends_at is None:
        clocks.drop(connection, "mandate_sample", permission_id, now)  # it was drawn before it was granted


def _end(connection: Connection, row: Any, now: datetime) -> None:
    """What had to be done while it lasted, nobody waits for; what was read is to be deleted, if it was ever granted.

    Of what a renewal took the place of, nothing: the end of the renewal starts that clock for both.
    """
    end, deletion = ended_at(row, now), delete_by(row, now)
    if end is None or row.ends_at is None:
        return
    for kind in ("reminder", "mandate_sample"):
        clocks.drop(connection, kind, row.permission_id, end, written_at=now)
    if deletion is not None:
        _start(connection, "deletion_confirmation", row, end, deletion, written_at=now)


def _start(
    connection: Connection,
    kind: str,
    row: Any,
    at: datetime,
    due_at: datetime,
    *,
    written_at: datetime | None = None,
) -> None:
    clocks.start(
        connection,
        kind,
        row.permission_id,
        at,
        party_id=row.party_id,
        occupancy_id=row.occupancy_id,
        due_at=due_at,
        written_at=written_at,
    )
