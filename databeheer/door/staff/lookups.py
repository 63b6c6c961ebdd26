"""A look of staff at one customer: under a case of one's own; decided, recorded, and only then shown (R155, R132).

It is a read like any other: on the catalogue's row `staff`, in the customer's list of who looked. It shows which
access point, who reads there by consent, and who looked last; no value of a meter, and nobody who lived there before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access import judged
from databeheer.access.bases import Category
from databeheer.access.decision import Wish
from databeheer.access.facts import Necessity, PartyFacts
from databeheer.access.intervals import Interval
from databeheer.contacts import contacts
from databeheer.contacts.contacts import CASE_KIND
from databeheer.door.bodies import own_lines
from databeheer.door.bodies.halves import subject_handle
from databeheer.door.bodies.own_lines import Narrowing
from databeheer.door.commands.base import Command, asker_of, found, looking, schema, short_text
from databeheer.door.commands.statements import around_lines, opened
from databeheer.door.facts.of_requests import Point, read_facts
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.post import home_letters
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff import paging
from databeheer.door.staff.asking import Doer, record_refusal, require_role, staff_name, tries_listed
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import DatabeheerError, UnauthenticatedError
from databeheer.identity import representations
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions import finding
from databeheer.permissions.timing import state_at
from databeheer.registry import occupancies, supply
from databeheer.staff import accounts, cases, roles
from databeheer.storage.look import Look
from databeheer.values import Granularity, Period, Purpose, Role, format_instant

GROUND = "staff"
LAST_LINES = 20
MOST_REFUSALS = 500


class NoCaseError(DatabeheerError):
    """Staff look at a customer's data under an open case of their own only; the refusal is recorded."""

    code = "no-case"


def look(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show who reads at the access point of a case, and who looked last; the customer sees that this was looked at.

    Raises:
        NoCaseError: the case does not exist, is closed, is another's, is about no access point where somebody
            lives, is a contact (or came out of one) with who may not act for its customer any more, or whose
            customer moved out, or was opened by an EAN code and is not the asker's own work. Outwardly they are one:
            a number that was guessed tells nothing. On record is which.
        DatabeheerError: the decision refuses it, as while all hand-over is stopped.
    """
    refused: DatabeheerError | None = None
    with tries_listed(house, proof, "look"), house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *roles.load().reading("people"))
        account_id: UUID = found(asker.account_id, "account")
        case = cases.by_reference(turn.connection, arguments["reference"])
        why = _why_not(case, asker, turn.now) or _why_no_contact(house, turn, case, asker)
        if why is not None:
            record_refusal(turn, account_id, "look", why)
            refused = NoCaseError("a look takes an open case that is yours or your team's")
        else:
            record, point, refused = _decide(house, turn, asker, case)
    if refused is not None:
        raise refused
    with house.engine.connect() as connection:
        return _shown(house, connection, case, point, asker) | record.answer()


def refusals(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What staff were refused, newest first, `MOST_REFUSALS` a page: looks without a case of their own, log-ins (R155).

    `before` is the line of the ledger that a page begins before, and `next` that of the page that follows.
    """
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind is not AskerKind.INSPECTOR:
            if asker.kind is not AskerKind.STAFF:
                raise UnauthenticatedError("log in as an inspector")
            require_role(asker, *roles.load().reading("trail"))
        span = {"before": paging.beyond(arguments["before"]), "most": MOST_REFUSALS + 1}
        found_rows = list(connection.execute(_REFUSALS, span))
        rows, following = paging.cut(found_rows, MOST_REFUSALS, "entry_index")
        return {
            "refusals": [
                {
                    "index": row.entry_index,
                    "at": format_instant(row.at),
                    "what": row.what,
                    "reason": row.reason,
                    "account_id": str(row.account_id),
                    "name": staff_name(house, accounts.by_id(connection, row.account_id)),
                }
                for row in rows
            ],
            "next": following,
        }


def _why_not(case: Any, asker: Asker, now: datetime) -> str | None:
    """Why a case opens nothing to somebody; None where it does."""
    if case is None:
        return "no_such_case"
    if not cases.is_open(case, now):
        return "closed"
    if asker.account_id is None or not cases.is_handled_by(case, asker.account_id, asker.team, now):
        return "not_yours"
    if case.occupancy_id is None:
        return "about_nobody"
    if case.kind != CASE_KIND and case.contact_id is None and not _is_own_work(case.kind, asker):
        return "nobody_identified"
    return None


def _is_own_work(kind: str, asker: Asker) -> bool:
    """Whether a kind of case comes from the asker's own work, and needs no customer who was identified."""
    return not asker.roles.isdisjoint(roles.load().opening(kind))


def _sees_ean(connection: Connection, case: Any, asker: Asker) -> bool:
    """Whether an EAN code shows: to who works by it, or answers in writing; at the desk to nobody (R84).

    Nor to who had a part in the contact that a case came out of: whom he spoke with, he does not answer in writing.
    """
    account_id = found(asker.account_id, "account")
    if case.kind == CASE_KIND:
        return False
    if case.contact_id is not None and (
        case.opened_by == account_id or contacts.handled_by(connection, case.contact_id, account_id)
    ):
        return False
    return case.kind == cases.IN_WRITING or any(_is_own_work(kind, asker) for kind in cases.KINDS)


def _why_no_contact(house: House, turn: Turn, case: Any, asker: Asker) -> str | None:
    """Why a contact, or a case that came out of one, opens nothing any more; None of another case.

    Its caller's appointment or power has ended; or its customer moved out, but for whose own work the case is.
    """
    contact_id = case.case_id if case.kind == CASE_KIND else case.contact_id
    if contact_id is None:
        return None
    under = found(contacts.of_case(turn.connection, contact_id), "contact").representation_id
    if under is not None and representations.standing(turn.connection, under, turn.now) is None:
        return "mandate_ended"
    if _is_own_work(case.kind, asker):
        return None
    stay = found(occupancies.by_id(turn.connection, case.occupancy_id), "occupancy")
    holder = home_letters.holder_of(house, turn, stay)
    return None if holder is not None and holder == stay.person_id else "moved_out"


def _decide(
    house: House, turn: Turn, asker: Asker, case: Any
) -> tuple[Record, Point, DatabeheerError | None]:
    """Decide as on anybody's wish, with the case as the record of necessity; record what comes of it."""
    book = read_facts(turn.connection, turn.now, points=[case.access_point_id], permissions=(), parties=())
    point = book.points[case.access_point_id]
    home = next(one for one in point.occupancies if one.id == str(case.occupancy_id))
    period = Period(home.period.start, min(home.period.stop, turn.now))
    account = str(asker.account_id)
    need = Necessity(
        case.reference,
        account,
        Purpose.CASE_HANDLING,
        Granularity.DAY,
        home.period,
        Interval(case.opened_at),
    )
    wish = Wish(
        asker_role=Role.STAFF,
        party_id=account,
        person_id=None,
        purpose=Purpose.CASE_HANDLING,
        category=Category.RELATIONAL,
        directions=frozenset(),
        granularity=Granularity.DAY,
        period=period,
    )
    known = judged.about(book.facts(point, None, None), home)
    facts = replace(known, party=PartyFacts(account, Role.STAFF), necessities=(need,))
    decision = judged.judge(wish, facts, turn.now, house.catalogue).decision
    span = [format_instant(period.start), format_instant(period.end)]
    shared = {
        "category": Category.RELATIONAL.value,
        "directions": [],
        "granularity": Granularity.DAY.value,
        "purpose": Purpose.CASE_HANDLING.value,
        "permission": "",
        "asked": span,
        "task": case.reference,
        **({"processes": True} if _sees_processes(asker) else {}),
        "catalogue": decision.catalogue_version,
    }
    own: dict[str, Any] = {"slots": 0}
    if decision.granted:
        own |= {"granted": [[*span, GROUND]], "facts": [case.reference]}
        event, ground = "data.read", GROUND
    else:
        reason = decision.main_reason().value
        own |= {"refused": [[*span, reason]]}
        event, ground = "data.refused", reason
    statement = Statement(event, shared, ground=ground, subjects=[Subject(case.occupancy_id, own)])
    doer = Doer(asker, asker.employee, asker.account_id)
    record = doer.record(turn, statement, case_id=case.case_id)
    return record, point, None if decision.granted else decision.refusal()


def _sees_processes(asker: Asker) -> bool:
    """Whether the state of market processes is this one's to see: theirs alone who handle them (R200)."""
    return not asker.roles.isdisjoint(roles.load().reading("market_processes"))


def _processes(house: House, connection: Connection, stay: Any) -> list[dict[str, Any]]:
    rows = supply.processes_of(connection, stay.access_point_id, stay.from_day, stay.until_day)
    return [
        {
            "kind": open_text(house, "process", row.market_process_id, bytes(row.kind_sealed)).strip(),
            "begun_at": format_instant(row.begun_at),
            "ended_at": row.ended_at and format_instant(row.ended_at),
        }
        for row in rows
    ]


def _shown(house: House, connection: Connection, case: Any, point: Point, asker: Asker) -> dict[str, Any]:
    """What the case opens: of this stay alone."""
    stay = connection.execute(_STAY, {"stay": case.occupancy_id}).one()
    now = house.clock.now()
    readers: list[dict[str, Any]] = []
    if stay.person_id is not None:
        viewer = finding.Viewer(stay.person_id, None, (case.occupancy_id,))
        permissions = finding.all_of(connection, viewer, now=now)
        names = _names(connection, permissions)
        readers = [
            {
                "permission_id": str(row.permission_id),
                "party": names[row.party_id],
                "purpose": row.purpose,
                "granularity": row.granularity,
                "state": state_at(row, now)[0],
                "requested_at": format_instant(row.requested_at),
            }
            for row in permissions
            if case.occupancy_id in (row.occupancy_id, row.addressed_to)
        ]
    return {
        "reference": case.reference,
        # At the desk it goes by text message or letter alone.
        "ean": open_text(house, "ean", stay.access_point_id, bytes(stay.ean_sealed))
        if _sees_ean(connection, case, asker)
        else None,
        "address": open_text(house, "address", stay.access_point_id, bytes(stay.address_sealed))
        if stay.address_sealed
        else "",
        "commodity": point.commodity,
        "from": stay.from_day.isoformat(),
        "until": stay.until_day.isoformat() if stay.until_day else None,
        "readers": readers,
        "lines": _lines(house, connection, case.occupancy_id),
        "processes": _processes(house, connection, stay) if _sees_processes(asker) else None,
    }


def _names(connection: Connection, rows: list[Any]) -> dict[UUID, str]:
    found_names = connection.execute(_NAMES, {"ids": [row.party_id for row in rows]})
    return {row.party_id: row.name for row in found_names}


def _lines(house: House, connection: Connection, occupancy_id: UUID) -> list[dict[str, Any]]:
    """Who looked last at this stay, without what was read."""
    if erasures.begun_of(connection, DataClass.LEDGER, [occupancy_id]):
        return []
    handles = {subject_handle(house.keys_of_subject(occupancy_id)): occupancy_id}
    reads = Narrowing(("data.read", "data.refused"))
    look, now = Look(connection), house.clock.now()
    page = look.do(own_lines.page(look, handles, reads, before=None, limit=LAST_LINES, now=now))
    around = look.do(around_lines(look, page.rows))
    return [
        {
            "at": one["at"],
            "event": one["event"],
            "party": one["party"]["name"] if one["party"] else None,
            "by": one["by"],
            "ground": one["ground"],
            "index": one["index"],
        }
        for one in opened(house, connection, page.rows, handles, around)
    ]


_STAY = text(
    "SELECT o.*, a.ean_sealed, a.address_sealed FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.occupancy_id = :stay"
)
_NAMES = text("SELECT party_id, name FROM registry.party WHERE party_id = ANY(:ids)")
_REFUSALS = text(
    "SELECT * FROM staff.refusal WHERE entry_index < :before ORDER BY entry_index DESC LIMIT :most"
)

COMMANDS = (
    Command("staff.look", schema(reference=short_text(longest=40)), look),
    Command("staff.refusals", schema(before=paging.before()), refusals),
)
