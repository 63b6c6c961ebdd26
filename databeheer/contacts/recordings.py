"""Recordings of calls: kept for a month, longer only for a legal duty with its code; listened to on record (R87, R88).

The sound itself lies at the telephone exchange, which deletes it by the same terms. What is here is how the exchange
calls it, until when, and why longer; when it is over, that goes too, so nobody of the house finds it any more.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight

DUTIES = {
    "gas_smell": timedelta(days=5 * 365),
    "danger": timedelta(days=5 * 365),
    "court_order": timedelta(days=10 * 365),
}
"""For which legal duty a recording is kept longer, and how long: a report of a gas smell, of another danger at an
installation, or a judge who orders it."""
WHY_LISTEN = ("rules", "complaint", "training")
"""Why somebody listens: whether the rules were kept (R88), on a complaint, or to train who works here."""


def until(recorded_at: datetime) -> datetime:
    """Return when a recording is over: the Brussels midnight a month later."""
    return midnight(_month_later(day_of(recorded_at)))


def _month_later(day: date) -> date:
    """The same day of the next month; the first of the month after it, where that has no such day."""
    first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    try:
        return first_of_next.replace(day=day.day)
    except ValueError:
        return (first_of_next + timedelta(days=32)).replace(day=1)


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Keep how the exchange calls the recording of a contact."""
    connection.execute(_ADD, values)


def of_contact(connection: Connection, case_id: UUID) -> Any | None:
    """Return the recording of a contact, also one that is over."""
    return connection.execute(_OF_CONTACT, {"case": case_id}).one_or_none()


def is_over(row: Any, now: datetime) -> bool:
    """Whether nobody may listen any more: by the clock, whether or not that was written down."""
    return row.reference_sealed is None or bool(row.keep_until <= now)


def keep(connection: Connection, case_id: UUID, duty: str, keep_until: datetime) -> None:
    """Keep a recording longer, for a legal duty."""
    connection.execute(_KEEP, {"case": case_id, "duty": duty, "until": keep_until})


def over(connection: Connection, now: datetime, limit: int) -> list[Any]:
    """Return the recordings that are over and still have their name here, the oldest first."""
    return list(connection.execute(_OVER, {"now": now, "limit": limit}))


def end(connection: Connection, case_id: UUID, now: datetime) -> None:
    """Forget how the exchange called a recording."""
    connection.execute(_END, {"case": case_id, "now": now})


def listed(connection: Connection, now: datetime, *, before: int, limit: int) -> list[Any]:
    """Return the recordings that are not over, the newest first, with who had the contact, and how often heard.

    Of contacts that were opened before a line of the ledger.
    """
    return list(connection.execute(_LISTED, {"now": now, "before": before, "limit": limit}))


_ADD = text(
    "INSERT INTO staff.recording (case_id, operator, reference_sealed, recorded_at, keep_until)"
    " VALUES (:case, :operator, :reference, :now, :until)"
)
_OF_CONTACT = text("SELECT * FROM staff.recording WHERE case_id = :case")
_KEEP = text("UPDATE staff.recording SET duty = :duty, keep_until = :until WHERE case_id = :case")
_OVER = text(
    "SELECT r.*, c.occupancy_id, c.reference FROM staff.recording r JOIN staff.case_file c USING (case_id)"
    " WHERE r.ended_at IS NULL AND r.keep_until <= :now ORDER BY r.keep_until, r.case_id LIMIT :limit"
)
_END = text(
    "UPDATE staff.recording SET ended_at = :now, reference_sealed = NULL WHERE case_id = :case AND ended_at IS NULL"
)
_LISTED = text(
    "SELECT r.*, c.reference, c.opened_index, a.account_id, a.name_sealed, a.employee_hash,"
    " (SELECT count(*) FROM staff.deed d WHERE d.case_id = r.case_id AND d.event = 'desk.recording_listened') AS heard"
    " FROM staff.recording r JOIN staff.case_file c USING (case_id) JOIN staff.account a ON a.account_id = c.opened_by"
    " WHERE r.ended_at IS NULL AND r.keep_until > :now AND c.opened_index < :before"
    " ORDER BY c.opened_index DESC LIMIT :limit"
)
