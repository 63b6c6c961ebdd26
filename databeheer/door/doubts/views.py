"""What the door shows of a case of doubt: to the customer all that is his, to nobody else a word of the customer's.

Deadlines are first moments that are too late, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.commands.views import party_view
from databeheer.door.doubts.texts import open_words
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.proofs import Asker, AskerKind
from databeheer.doubt import cases, evidence, finding
from databeheer.doubt.course import Course, allocation_in
from databeheer.doubt.states import State
from databeheer.oversight import gaps
from databeheer.permissions import timing
from databeheer.values import format_instant

STAFF = (AskerKind.OPERATOR, AskerKind.INSPECTOR)


def case_views(
    house: House, connection: Connection, rows: Sequence[Any], asker: Asker, now: datetime
) -> list[dict[str, Any]]:
    """Return cases as who asks may see them, in their order.

    While a restore is not reconciled, time closes none: it may have been answered in what is lost.
    """
    is_whole = not gaps.standing(connection)
    ids = [row.case_id for row in rows]
    signals = finding.signals_of(connection, ids)
    events = finding.events_of(connection, ids, for_party=asker.kind is AskerKind.PARTY)
    shown, running = evidence.of(connection, ids), _running(connection, ids)
    named = {"ids": list({row.party_id for row in rows})}
    parties = {row.party_id: party_view(row) for row in connection.execute(_PARTIES, named)}
    over = _over(connection, rows, now)
    return [
        _view(
            house,
            row,
            asker,
            cases.course_of(row).at(now) if is_whole else cases.course_of(row),
            parties[row.party_id],
            signals.get(row.case_id, []),
            events.get(row.case_id, []),
            shown.get(row.case_id, []),
            running.get(row.case_id, {}),
            is_over=row.permission_id in over,
        )
        for row in rows
    ]


def words_of(house: House, connection: Connection, row: Any) -> list[dict[str, Any]]:
    """Return what people wrote of a case, and who they said they were; for whoever had that look recorded."""
    return [
        {
            "origin": one.origin,
            "at": format_instant(one.signalled_at),
            **{
                what: open_words(house, one, row.occupancy_id, what, sealed)
                for what, sealed in (("source", one.source_sealed), ("words", one.words_sealed))
            },
        }
        for one in finding.signals_of(connection, [row.case_id]).get(row.case_id, [])
    ]


def _view(
    house: House,
    row: Any,
    asker: Asker,
    course: Course,
    party: dict[str, Any],
    signals: Sequence[Any],
    events: Sequence[Any],
    shown: Sequence[Any],
    running: dict[str, datetime],
    *,
    is_over: bool,
) -> dict[str, Any]:
    state = course.state
    view = {
        "case_id": str(row.case_id),
        "permission_id": str(row.permission_id) if row.permission_id else None,
        "party": party,
        "concern": row.concern,
        "state": state.value,
        "is_blocked": not course.is_closed,
        "blocked_at": format_instant(row.opened_at),
        "contacted_at": _instant(row.contacted_at),
        "contact_due_at": _instant(running.get("doubt_contact")),
        "evidence_due_at": _instant(course.evidence_due_at) if state is State.CONTACTED else None,
        "unblock_due_at": _instant(running.get("doubt_unblock")),
        "closed_at": _instant(course.closed_at),
        "gap": _gap(course.gap) if state is State.UNPROVEN else None,
        "allocation": allocation_in(state, allocates=row.allocates),
        "signals": [_signal(house, one, row.occupancy_id, asker) for one in signals],
        "evidence": [_evidence(one, asker) for one in shown],
        "history": [
            {
                "event": one.event,
                "state": one.state,
                "by": one.by,
                "at": format_instant(one.at),
                "index": one.index,
            }
            for one in events
        ],
    }
    if asker.kind is AskerKind.CUSTOMER:
        view["occupancy_id"] = str(row.occupancy_id)
        view["permission_is_over"] = is_over
        is_himself = asker.representative_id is None
        view["can_retract"] = is_himself and not course.is_closed and _is_all_mine(signals, asker.person_id)
    if asker.kind in STAFF:
        view |= {
            "contacted_by": row.contacted_by,
            "contact_how": row.contact_how,
            "accepted_by": row.accepted_by,
            "lifted_by": row.lifted_by,
            "breach": row.breach,
            "breach_by": row.breach_by,
            "breach_reference": open_text(
                house, "doubt_breach", row.case_id, bytes(row.breach_reference_sealed)
            )
            if row.breach_reference_sealed is not None
            else "",
        }
    return view


def _signal(house: House, row: Any, occupancy_id: UUID, asker: Asker) -> dict[str, Any]:
    view: dict[str, Any] = {
        "origin": row.origin,
        "concern": row.concern,
        "received_at": format_instant(row.received_at),
        "at": format_instant(row.signalled_at),
        "is_late": row.is_late,
        "customer": row.customer,
    }
    is_mine = asker.kind is AskerKind.CUSTOMER and row.person_id == asker.person_id
    if asker.kind is AskerKind.CUSTOMER:
        view["is_yours"] = is_mine
    if is_mine:
        view["words"] = open_words(house, row, occupancy_id, "words", row.words_sealed)
    return view


def _evidence(row: Any, asker: Asker) -> dict[str, Any]:
    view = {
        "sha256": bytes(row.document_sha256).hex(),
        "media_type": row.media_type,
        "size": row.size,
        "shown_at": format_instant(row.shown_at),
        "accepted": row.accepted,
        "judged_at": _instant(row.judged_at),
        "destroyed_at": _instant(row.destroyed_at),
    }
    return view | ({"judged_by": row.judged_by} if asker.kind in STAFF else {})


def _is_all_mine(signals: Sequence[Any], person_id: UUID | None) -> bool:
    return bool(signals) and all(one.person_id == person_id for one in signals)


def _gap(period: Any) -> dict[str, str]:
    return {"from": format_instant(period.start), "until": format_instant(period.end)}


def _instant(value: datetime | None) -> str | None:
    return format_instant(value) if value else None


def _running(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, datetime]]:
    found: dict[UUID, dict[str, datetime]] = {}
    for row in connection.execute(_CLOCKS, {"ids": list(ids)}):
        found.setdefault(row.about, {})[row.kind] = row.due_at
    return found


def _over(connection: Connection, rows: Sequence[Any], now: datetime) -> set[UUID]:
    """The doubted permissions that have ended: nothing is read under them, whatever becomes of the doubt."""
    ids = [row.permission_id for row in rows if row.permission_id is not None]
    found = connection.execute(_PERMISSIONS, {"ids": ids})
    return {one.permission_id for one in found if timing.ended_at(one, now) is not None}


_PERMISSIONS = text("SELECT * FROM permissions.permission WHERE permission_id = ANY(:ids)")
_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")
_CLOCKS = text(
    "SELECT about, kind, due_at FROM clocks.clock WHERE about = ANY(:ids) AND met_at IS NULL AND dropped_at IS NULL"
)
