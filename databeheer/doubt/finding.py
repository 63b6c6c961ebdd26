"""Cases of doubt found again: one that somebody may see, pages of them, and what was said and happened in them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.doubt import cases
from databeheer.doubt.states import State
from databeheer.errors import MalformedRequestError, NotFoundError

MOST_LISTED = 500


def visible(
    connection: Connection, case_id: UUID, *, person_id: UUID | None = None, party_id: UUID | None = None
) -> Any:
    """Return a case of a customer or a party, held to the end of the transaction; raises NotFoundError."""
    row = cases.get(connection, case_id)
    is_own = row.party_id == party_id if party_id is not None else _is_of(connection, row, person_id)
    if not is_own:
        raise NotFoundError("there is no such case")
    return row


def of_signal(connection: Connection, signal_id: UUID | None) -> Any | None:
    """Return the case of a signal, and `index`, the entry that tells of it; None where there is no such signal."""
    return connection.execute(_OF_SIGNAL, {"signal": signal_id}).one_or_none()


def listed(
    connection: Connection,
    *,
    now: datetime,
    person_id: UUID | None = None,
    party_id: UUID | None = None,
    is_closed: bool | None = None,
    state: State | None = None,
    cursor: str | None = None,
    limit: int = MOST_LISTED,
) -> tuple[list[Any], str | None]:
    """Return a page of cases, those that stand first and then the newest, and the cursor of the next page.

    A customer's or a party's own, or all. `state` is the one that time has made of it by `now`.

    Raises:
        MalformedRequestError: the cursor is none of ours.
    """
    asked = {"person": person_id, "party": party_id, "closed": is_closed, "state": state, "now": now}
    rows = list(connection.execute(_LISTED, asked | _place(cursor) | {"limit": limit + 1}))
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], _cursor(last) if last is not None else None


def signals_of(connection: Connection, case_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Return the signals of cases, oldest first."""
    return _by_case(connection.execute(_SIGNALS, {"ids": list(case_ids)}))


def events_of(
    connection: Connection, case_ids: Collection[UUID], *, for_party: bool
) -> dict[UUID, list[Any]]:
    """Return what happened in cases, oldest first; `for_party`: what the party is told of it."""
    return _by_case(connection.execute(_EVENTS, {"ids": list(case_ids), "for_party": for_party}))


def _cursor(row: Any) -> str:
    # To the microsecond: a cursor points between two rows.
    return f"{int(row.closed_at is not None)}_{row.opened_at.isoformat()}_{row.case_id}"


def _place(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return dict.fromkeys(("after_closed", "after_at", "after_id"))
    try:
        closed, at, case_id = cursor.split("_")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or closed not in ("0", "1"):
            raise ValueError
        return {"after_closed": closed == "1", "after_at": moment, "after_id": UUID(case_id)}
    except ValueError as error:
        raise MalformedRequestError("cursor: take it from next_cursor of the page before") from error


def _is_of(connection: Connection, row: Any, person_id: UUID | None) -> bool:
    return bool(connection.execute(_IS_OF, {"id": row.case_id, "person": person_id}).scalar_one())


def _by_case(rows: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


# A customer's: of an own stay, or raised by this person.
_OWN = (
    "(EXISTS (SELECT FROM registry.occupancy o WHERE o.occupancy_id = c.occupancy_id"
    "  AND o.person_id = CAST(:person AS uuid))"
    " OR EXISTS (SELECT FROM doubt.signal s WHERE s.case_id = c.case_id AND s.person_id = CAST(:person AS uuid)))"
)
_IS_OF = text(f"SELECT {_OWN} FROM doubt.doubt_case c WHERE c.case_id = :id")  # noqa: S608  parts of our own
_LISTED = text(
    "SELECT c.* FROM doubt.doubt_case c"  # noqa: S608  parts of our own
    " WHERE (CAST(:party AS uuid) IS NULL OR c.party_id = :party)"
    f" AND (CAST(:person AS uuid) IS NULL OR {_OWN})"
    " AND (CAST(:closed AS boolean) IS NULL OR (c.closed_at IS NOT NULL) = :closed)"
    " AND (CAST(:state AS text) IS NULL OR :state ="
    "  CASE WHEN c.state = 'contacted' AND c.evidence_due_at <= :now THEN 'unproven' ELSE c.state END)"
    " AND (CAST(:after_closed AS boolean) IS NULL OR (c.closed_at IS NOT NULL) > :after_closed"
    "  OR (c.closed_at IS NOT NULL) = :after_closed AND (c.opened_at < :after_at"
    "   OR c.opened_at = :after_at AND c.case_id > CAST(:after_id AS uuid)))"
    " ORDER BY (c.closed_at IS NOT NULL), c.opened_at DESC, c.case_id LIMIT :limit"
)
_SIGNALS = text("SELECT * FROM doubt.signal WHERE case_id = ANY(:ids) ORDER BY signalled_at, signal_id")
_EVENTS = text(
    "SELECT * FROM doubt.event WHERE case_id = ANY(:ids) AND (for_party OR NOT :for_party) ORDER BY event_no"
)
_OF_SIGNAL = text(
    "SELECT s.case_id, c.permission_id, (SELECT min(e.index) FROM doubt.event e WHERE e.case_id = s.case_id"
    "  AND e.at = s.signalled_at) AS index"
    " FROM doubt.signal s JOIN doubt.doubt_case c USING (case_id) WHERE s.signal_id = CAST(:signal AS uuid)"
)
