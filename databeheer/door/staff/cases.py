"""Commands of cases: open one before looking, hand it on, close it (R155, R132)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields

from databeheer.brussels import day_of
from databeheer.contacts.contacts import CASE_KIND
from databeheer.door.commands.base import (
    Command,
    EANCode,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import (
    Doer,
    NotYoursError,
    UnknownPointError,
    require_codes_left,
    require_role,
    staff_name,
    tries_listed,
    unknown_codes_listed,
)
from databeheer.door.staff.people import TEAM
from databeheer.door.statement import NO_OPERATOR, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.registry import occupancies
from databeheer.staff import accounts, cases, roles
from databeheer.values import EAN, format_instant

REFERENCE = short_text(longest=40)


def open_case(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open a case, one's own or one's team's, about an access point or about none; returns its reference.

    About an access point it concerns who lives there now: under it nobody sees who lived there before. By an EAN code
    it takes a role whose own work that kind of case is; about who calls or writes a case is opened in the contact in
    which he was identified (`desk.open_case`), so that nobody passes that by (R81).

    The same `case_id` twice is one case, as of a button pressed twice.

    Raises:
        RoleNeededError: an EAN code, and none of his roles opens that kind by it. Nothing was looked up.
        UnknownPointError: there is no such access point, or he named too many today that there were not; recorded,
            and on the inspector's list.
        ConflictError: there is another case of that `case_id`.
    """
    case_id: UUID = arguments["case_id"] or uuid4()
    with unknown_codes_listed(house, proof), house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *roles.load().writing("cases"), writing=True)
        doer = Doer(asker, asker.employee, asker.account_id)
        ean = arguments["ean"]
        if ean:
            require_role(asker, *roles.load().opening(arguments["kind"]), writing=True)
        before = cases.by_id(turn.connection, case_id)
        if before is not None:
            if before.opened_by != asker.account_id or before.kind != arguments["kind"]:
                raise ConflictError("this case is another")
            return {"reference": before.reference, "index": before.opened_index}
        stay = _stay(house, turn, asker, ean) if ean else None
        reference = cases.reference_of(turn.next_index, turn.now)
        cases.open_case(
            turn.connection,
            {
                "case": case_id,
                "operator": stay.operator if stay else NO_OPERATOR,
                "reference": reference,
                "kind": arguments["kind"],
                "what": seal_text(house, "staff-case", case_id, arguments["what"]),
                "point": stay.access_point_id if stay else None,
                "occupancy": stay.occupancy_id if stay else None,
                "by": asker.account_id,
                "now": turn.now,
                "index": turn.next_index,
                "account": None if arguments["for_team"] else asker.account_id,
                "team": asker.team if arguments["for_team"] else None,
            },
        )
        said = {"case": reference, "kind": arguments["kind"]}
        record = doer.record(turn, Statement("staff.case.opened", said), case_id=case_id)
    return record.answer() | {"reference": reference}


def hand_on(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a case of one's own to a colleague or to a team; a manager any case that is open.

    Raises:
        ConflictError: that colleague, or nobody in that team, works with cases now; of a contact: with contacts.
    """
    if (arguments["account_id"] is None) is (arguments["team"] is None):
        raise MalformedRequestError("a case goes to one colleague, or to one team")
    with tries_listed(house, proof, "case"), house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *roles.load().writing("cases"), writing=True)
        doer = Doer(asker, asker.employee, asker.account_id)
        case = _handled(turn, asker, arguments["reference"])
        topic = "contacts" if case.kind == CASE_KIND else "cases"
        able = accounts.working(turn.connection, roles.load().writing(topic), turn.now)
        if arguments["account_id"] is not None:
            found(accounts.by_id(turn.connection, arguments["account_id"]), "account")
            able = [one for one in able if one.account_id == arguments["account_id"]]
        else:
            able = [one for one in able if one.team == arguments["team"]]
        if not able:
            raise ConflictError(f"nobody there works with {topic} now; choose another")
        cases.assign(turn.connection, case.case_id, arguments["account_id"], arguments["team"])
        said = {
            "case": case.reference,
            "to": str(arguments["account_id"]) if arguments["account_id"] else arguments["team"],
        }
        record = doer.record(turn, Statement("staff.case.handed_on", said), case_id=case.case_id)
    return record.answer()


def close(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close a case of one's own: nobody looks under it any more."""
    with tries_listed(house, proof, "case"), house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.STAFF)
        require_role(asker, *roles.load().writing("cases"), writing=True)
        doer = Doer(asker, asker.employee, asker.account_id)
        case = _handled(turn, asker, arguments["reference"])
        cases.close(turn.connection, case.case_id, found(asker.account_id, "account"), turn.now)
        record = doer.record(
            turn, Statement("staff.case.closed", {"case": case.reference}), case_id=case.case_id
        )
    return record.answer()


def list_open(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The open cases of somebody and of his team, the oldest first; and to whom of his team he can give one."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind is not AskerKind.STAFF or asker.account_id is None:
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("cases"))
        able = accounts.working(connection, roles.load().writing("cases"), now)
        return {
            "takers": [
                {"account_id": str(one.account_id), "name": staff_name(house, one)}
                for one in able
                if one.team == asker.team and one.account_id != asker.account_id
            ],
            "teams": sorted({one.team for one in able}),
            "cases": [
                {
                    "reference": case.reference,
                    "kind": case.kind,
                    "what": open_text(house, "staff-case", case.case_id, bytes(case.what_sealed)),
                    "opened_at": format_instant(case.opened_at),
                    "is_teams": case.assigned_to is None,
                    "has_point": case.access_point_id is not None,
                }
                for case in cases.open_of(connection, asker.account_id, asker.team, now)
            ],
        }


def _stay(house: House, turn: Turn, asker: Any, ean: EAN) -> Any:
    """Who is at an access point today."""
    require_codes_left(turn, asker.account_id)
    try:
        return occupancies.on_day(turn.connection, ean_hash(house, ean), day_of(turn.now))
    except NotFoundError as error:
        raise UnknownPointError("unknown_point") from error


def _handled(turn: Turn, asker: Any, reference: str) -> Any:
    """An open case that is the asker's; any open one for a manager. Of others there is none to see."""
    case = cases.by_reference(turn.connection, reference)
    if case is None or not cases.is_open(case, turn.now):
        raise NotYoursError("no_such_case" if case is None else "closed")
    if (
        not cases.is_handled_by(case, asker.account_id, asker.team, turn.now)
        and "manager" not in asker.writes
    ):
        raise NotYoursError("not_yours")
    return case


COMMANDS = (
    Command(
        "staff.case.open",
        schema(
            kind=one_of(*cases.KINDS),
            what=without_ean(short_text(longest=300)),
            ean=EANCode(load_default=None, allow_none=True),
            for_team=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
            case_id=identifier(required=False),
        ),
        open_case,
    ),
    Command(
        "staff.case.hand_on",
        schema(
            reference=REFERENCE,
            account_id=identifier(required=False),
            team=fields.String(load_default=None, allow_none=True, validate=TEAM),
        ),
        hand_on,
    ),
    Command("staff.case.close", schema(reference=REFERENCE), close),
    Command("staff.case.list", schema(), list_open),
)
