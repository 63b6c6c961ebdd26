"""Breaches of personal data: 72 hours from awareness, a notice in phases, telling the people, and the DPIA that falls.

Source: GDPR 33 and 34; 3.1.83 par. 5 (draft 2018); R112, R116, R140, R141.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.door.commands.conditions import take_trigger
from databeheer.door.doubts.record import note as note_doubt
from databeheer.door.governance.records import Act, Opened
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.post.telling import tell
from databeheer.door.staff.asking import UnknownPointError, require_codes_left
from databeheer.door.statement import Statement, Subject
from databeheer.doubt import cases
from databeheer.doubt.states import Step
from databeheer.errors import ConflictError
from databeheer.governance.words import TOLD
from databeheer.post import outbox
from databeheer.registry import occupancies, points
from databeheer.registry.conditions import StaleTrigger
from databeheer.values import EAN, format_instant, parse_day, parse_instant

CLOCK = "breach_notice"
MOST_DOUBTS = 200


def check_breach(act: Act) -> None:
    """Awareness comes after detection and stays what it was: it cannot be moved to gain hours."""
    detected, aware = parse_instant(act.said["detected_at"]), _aware(act.said)
    if aware is not None and aware < detected:
        raise ConflictError("aware_at: lies before detected_at")
    before = act.before.says if act.before else {}
    if before.get("aware_at") not in (None, act.said["aware_at"]):
        raise ConflictError("aware_at: stays what it is: the 72 hours run from it")
    if before and before["doubt_case"] != act.said["doubt_case"]:
        raise ConflictError("doubt_case: stays what it is")
    if not before and act.said["doubt_case"] is not None:
        cases.get(act.turn.connection, UUID(act.said["doubt_case"]))


def start_hours(act: Act) -> None:
    """The 72 hours run from awareness, also where that is written down later (GDPR 33(1))."""
    aware = _aware(act.said)
    if aware is not None and not (act.before and act.before.says["aware_at"]):
        _start(act, act.record_id, aware)
        act.extra["breach"] = str(act.record_id)


def from_doubt(act: Act) -> None:
    """A case of doubt turned out to be a breach too: it says so from now on (R112)."""
    if act.counted_before or act.said["doubt_case"] is None:
        return
    row = cases.get(act.turn.connection, UUID(act.said["doubt_case"]))
    reference = seal_text(act.house, "doubt_breach", row.case_id, str(act.record_id))
    by = act.by.number or "staff"  # whose account it was stands in the entry of the breach
    row = cases.decide_breach(
        act.turn.connection, row, breach=True, reference_sealed=reference, by=by, now=act.turn.now
    )
    said: dict[str, Any] = {"breach": 1, "by": by}
    note_doubt(act.house, act.turn, row, Step.BREACH_DECIDED, by="data_manager", said=said, for_party=False)


def check_assessment(act: Act) -> None:
    """One judges a breach that one is aware of; what reaches far says whose processing it is."""
    breach = _standing(act)
    if breach.says["aware_at"] is None:
        raise ConflictError("write in the breach since when one is aware of it (aware_at)")
    if act.said["far_reaching"] and breach.party_id is None:
        raise ConflictError("far_reaching: the breach names no party whose assessment is out of date")


def judged(act: Act) -> None:
    """No notice where a risk is unlikely (GDPR 33(1)); where it is not unlikely any more, the hours run as before.

    What reaches far and was not foreseen puts the party's impact assessment out of date (R116, 3°).
    """
    breach = act.parent()
    about = {"breach": str(breach.record_id), "risk": act.said["risk"]}
    running = clocks.running(act.turn.connection, CLOCK, breach.record_id) is not None
    if act.said["risk"] == "unlikely":
        if running:
            clocks.drop(act.turn.connection, CLOCK, breach.record_id, act.turn.now)
            act.turn.record(Statement("breach.exempted", about))
    elif not running and not _notices(act, breach):
        aware = parse_instant(breach.says["aware_at"])
        _start(act, breach.record_id, aware)
        act.turn.record(Statement("breach.resumed", about))
    if act.said["far_reaching"] and breach.party_id is not None:
        take_trigger(act.turn, breach.party_id, StaleTrigger.UNFORESEEN_BREACH)


def check_notice(act: Act) -> None:
    """A notice follows awareness, the first one comes first and once, and says why where it is late (GDPR 33)."""
    breach = _standing(act)
    aware, sent = _aware(breach.says), parse_instant(act.said["sent_at"])
    if aware is None or sent < aware:
        raise ConflictError("sent_at: lies before one was aware of the breach")
    others = [one for one in _notices(act, breach) if one.record_id != act.record_id]
    is_first = act.said["phase"] == "first"
    if is_first is bool(others):
        raise ConflictError("phase: there is one first notice, and it comes first")
    if any(one.says["phase"] == "last" for one in others):
        raise ConflictError("phase: the last notice was sent; nothing follows it")
    due = clocks.shipped().get(CLOCK).term.due_at(aware)
    if is_first and sent >= due and act.said["delay_reason"] is None:
        raise ConflictError("delay_reason: after 72 hours a notice says why it is late")


def notified(act: Act) -> None:
    """The first notice keeps the 72 hours, or misses them: as of when it was sent."""
    if act.said["phase"] != "first" or act.within is None or act.before is not None:
        return
    sent = parse_instant(act.said["sent_at"])
    if clocks.meet(act.turn.connection, CLOCK, act.within, sent, written_at=act.turn.now) is not None:
        act.extra["breach"] = str(act.within)


def check_closing(act: Act) -> None:
    """A breach is closed once it was judged, the authority has the notice it is owed, and the people know."""
    breach = act.opened(act.record_id)
    judgements = [one for one in act.inside(act.record_id, "breach_assessment") if one.counting]
    if not judgements:
        raise ConflictError("the breach is not assessed yet")
    risk = judgements[0].says["risk"]  # the newest is first
    if risk != "unlikely" and not _notices(act, breach):
        raise ConflictError("the authority has no notice yet")
    told = act.inside(act.record_id, "breach_told")
    exempted = [one for one in act.inside(act.record_id, "breach_exemption") if one.counting]
    if risk == "high" and not told and not exempted:
        raise ConflictError("the people are not told yet, nor is it written why not (GDPR 34)")


def find_concerned(act: Act) -> None:
    """Who lived at these access points since a day; of the codes themselves only how many there are is kept."""
    _standing(act)
    if act.before is not None:
        raise ConflictError("who was told is not told otherwise: write a new one")
    since = parse_day(act.said["since"])
    require_codes_left(act.turn, act.doer.account_id)
    asked = [points.find(act.turn.connection, ean_hash(act.house, EAN(code))) for code in act.said["eans"]]
    there = [point for point in asked if point is not None]
    if len(there) < len(asked):
        # Which one is not said: a list would ask after all of them at once.
        raise UnknownPointError("unknown_point", "eans: one of these access points is not there")
    for point in there:
        for stay in occupancies.within(act.turn.connection, point.access_point_id, since, None):
            act.concerned.append(occupancies.by_id(act.turn.connection, stay))
    act.said["eans"] = len(act.said["eans"])


def tell_concerned(act: Act) -> None:
    """Write it in each one's own half of the ledger, where nobody else reads it, and in the inbox (GDPR 34)."""
    said = {"words": act.said["words"], "contact": act.said["contact"]}
    for stay in act.concerned:
        about = {"breach": str(act.within)}
        subject = Subject(stay.occupancy_id, said)
        act.turn.record(Statement(TOLD, about, operator=stay.operator, subjects=[subject]))
        if stay.person_id is not None:
            to = [outbox.customer(stay.person_id)]
            tell(
                act.house,
                act.turn,
                TOLD,
                to=to,
                operator=stay.operator,
                about=act.within,
                occupancy_id=stay.occupancy_id,
            )


def doubts(connection: Connection, ids: Collection[UUID] | None = None) -> list[dict[str, Any]]:
    """The newest cases of doubt, or these: of which party, what is doubted, since when; nobody's home is in it.

    `breach`: yes or no where somebody decided it, else None.
    """
    rows = connection.execute(_DOUBTS, {"ids": None if ids is None else list(ids), "most": MOST_DOUBTS})
    return [
        {
            "case_id": str(row.case_id),
            "party": row.name,
            "concern": row.concern,
            "opened_at": format_instant(row.opened_at),
            "breach": row.breach,
        }
        for row in rows
    ]


def check_open(act: Act) -> None:
    """What belongs to a breach is written while it is open."""
    _standing(act)


def _start(act: Act, breach_id: UUID, aware: datetime) -> None:
    clocks.start(act.turn.connection, CLOCK, breach_id, aware, written_at=act.turn.now)


def _standing(act: Act) -> Opened:
    breach = act.parent()
    if breach.closed_at is not None:
        raise ConflictError("this breach is closed")
    return breach


def _notices(act: Act, breach: Opened) -> list[Opened]:
    return [one for one in act.inside(breach.record_id, "breach_notice") if one.counting]


def _aware(said: dict[str, Any]) -> datetime | None:
    return parse_instant(said["aware_at"]) if said["aware_at"] is not None else None


_DOUBTS = text(
    "SELECT c.case_id, c.concern, c.opened_at, c.breach, p.name FROM doubt.doubt_case c"
    " JOIN registry.party p USING (party_id)"
    " WHERE CAST(:ids AS uuid[]) IS NULL OR c.case_id = ANY(:ids) ORDER BY c.opened_at DESC, c.case_id LIMIT :most"
)
