"""A house that goes to a successor: closed by its last entry, and opened again by the first one of the successor.

Source: Energiebesluit 3.1.78 and 3.1.79 (the appointment ends; everything passes to a successor), R190.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


class Outcome(enum.StrEnum):
    """How a hand-over ended."""

    TAKEN_OVER = "taken_over"
    CALLED_OFF = "called_off"


@dataclass(frozen=True)
class Handover:
    """`closed_index`: the entry with which the house closed, its last one; `closed_at`: aware, UTC."""

    handover_no: int
    successor: str
    closed_at: datetime
    closed_index: int


def standing(connection: Connection) -> Handover | None:
    """Return the hand-over for which the house is closed, None where it is open."""
    row = connection.execute(_STANDING).one_or_none()
    return None if row is None else Handover(**row._mapping)


def close(connection: Connection, successor: str, decided_by: str, now: datetime, index: int) -> None:
    """Write the hand-over down, and take from the door the right to append: from the end of this transaction on."""
    row = {"successor": successor, "by": decided_by, "now": now, "index": index}
    connection.execute(_INSERT, row)


def close_log(connection: Connection) -> None:
    """Take from the door the right to append; only the role `owner` gives it back (`open_log`)."""
    connection.execute(text("SELECT ledger.close_log()"))


def open_log(connection: Connection) -> None:
    """Give the door the right to append back; with the login of the role `owner`."""
    connection.execute(text("GRANT INSERT ON ledger.entry TO databeheer_door"))


def opened(connection: Connection, one: Handover, outcome: Outcome, now: datetime, index: int) -> None:
    """Write down how it ended, and end every session and token: those of the house that was."""
    connection.execute(_OPENED, {"no": one.handover_no, "outcome": outcome.value, "now": now, "index": index})
    connection.execute(_END_SESSIONS, {"now": now})
    connection.execute(_END_TOKENS, {"now": now})


_STANDING = text(
    "SELECT handover_no, successor, closed_at, closed_index FROM oversight.handover WHERE outcome IS NULL"
)
_INSERT = text(
    "INSERT INTO oversight.handover (successor, decided_by, closed_at, closed_index)"
    " VALUES (:successor, :by, :now, :index)"
)
_OPENED = text(
    "UPDATE oversight.handover SET outcome = :outcome, opened_at = :now, opened_index = :index"
    " WHERE handover_no = :no"
)
_END_SESSIONS = text("UPDATE identity.session SET ended_at = :now WHERE ended_at IS NULL")
_END_TOKENS = text("UPDATE identity.access_token SET revoked_at = :now WHERE revoked_at IS NULL")
