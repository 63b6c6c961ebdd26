"""The clocks of a case of doubt: to contact the party, to show its mandate, to lift the block; and a party's own.

Of the 72 hours the case says until when they run, and its clock is given that moment (R102). They are waited for while
the party has to show something. What it showed stops the clock; refused, the clock runs on to the same moment; found
good by two people, the hours count as kept, at the moment when it was shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.clocks import Outcome

CONTACT, EVIDENCE, UNBLOCK = "doubt_contact", "doubt_evidence", "doubt_unblock"
OWN_REPORT = "doubt_party_report"


def start(connection: Connection, kind: str, row: Any, now: datetime) -> datetime:
    """Start a clock about a case; returns the first moment that is too late."""
    return clocks.start(
        connection, kind, row.case_id, now, party_id=row.party_id, occupancy_id=row.occupancy_id
    )


def hours_from(now: datetime) -> datetime:
    """Return the first moment that is too late for a proof that was asked, or first shown, at `now` (R102)."""
    return clocks.shipped().get(EVIDENCE).term.due_at(now)


def let_hours_run(connection: Connection, row: Any, now: datetime) -> datetime:
    """Let the clock of the 72 hours run to the moment that the case says; one that has passed is missed."""
    due: datetime = row.evidence_due_at
    return _start_hours(connection, row, min(now, due), now)


def hours_were_kept(connection: Connection, row: Any, now: datetime) -> Outcome | None:
    """Count the 72 hours as kept, from when the party was asked to when it showed what was found good.

    None where the case does not know that it was shown: a restored one.
    """
    shown_at = connection.execute(_SHOWN_AT, {"id": row.case_id}).scalar_one()
    if shown_at is None or row.evidence_due_at is None:
        return None
    asked_at = min(row.contacted_at or shown_at, shown_at)
    _start_hours(connection, row, asked_at, now)
    return clocks.meet(connection, EVIDENCE, row.case_id, shown_at, written_at=now)


def drop_all(connection: Connection, row: Any, now: datetime) -> None:
    """Nobody waits for anything more in a case."""
    for kind in (CONTACT, EVIDENCE, UNBLOCK):
        clocks.drop(connection, kind, row.case_id, now)


def reported_late(connection: Connection, row: Any, signal: Any, now: datetime) -> bool:
    """Start and meet the party's own clock at once: it began when the party had the signal."""
    clocks.start(
        connection,
        OWN_REPORT,
        signal.signal_id,
        signal.received_at,
        party_id=row.party_id,
        occupancy_id=row.occupancy_id,
        written_at=now,
    )
    outcome = clocks.meet(connection, OWN_REPORT, signal.signal_id, now)
    return outcome is not None and not outcome.is_in_time


def _start_hours(connection: Connection, row: Any, at: datetime, now: datetime) -> datetime:
    return clocks.start(
        connection,
        EVIDENCE,
        row.case_id,
        at,
        party_id=row.party_id,
        occupancy_id=row.occupancy_id,
        due_at=row.evidence_due_at,
        written_at=now,
    )


_SHOWN_AT = text("SELECT max(at) FROM doubt.event WHERE case_id = :id AND event = 'doubt.evidence_shown'")
