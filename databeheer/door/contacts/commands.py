"""Commands of contacts: open one, identify who asks, and what he may hear, on the way on which he may hear it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.contacts import contacts, recordings
from databeheer.contacts.contacts import CASE_KIND, IN_WRITING, Caller, Channel
from databeheer.door.commands.base import (
    Command,
    EANCode,
    flag,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.contacts import codes
from databeheer.door.contacts.at_desk import Answer, AtDesk, at_desk, doer_at_desk, refused_look, why_not
from databeheer.door.contacts.identifying import Asked, identify, of_contact
from databeheer.door.ean_codes.commands import HOME
from databeheer.door.house import House
from databeheer.door.linking.commands import LONGEST_METER
from databeheer.door.names import open_text, seal_text
from databeheer.door.post import supplier_letters
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import require_role, tries_listed
from databeheer.door.staff.cases import REFERENCE
from databeheer.door.statement import NO_OPERATOR, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.identity.linking import attempts
from databeheer.registry import history_routes
from databeheer.staff import cases, roles
from databeheer.values import format_instant

MOST_METERS = 20


def open_contact(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open a contact, about nobody yet; the same `contact_id` twice is one contact, as of a button pressed twice.

    Raises:
        MalformedRequestError: of a call, that the caller was told of the recording, or how the exchange calls that, is
            missing (R88); of another channel, there is none.
        ConflictError: the contact is another's, or is closed.
    """
    case_id: UUID = arguments["contact_id"]
    is_call = arguments["channel"] == Channel.CALL
    if is_call is not (arguments["told_recorded"] and arguments["recording"] is not None):
        raise MalformedRequestError("told_recorded, recording: of a call both, and of nothing else")
    with house.turn() as turn:
        doer = doer_at_desk(turn, house, proof)
        account_id = found(doer.account_id, "account")
        before = cases.by_id(turn.connection, case_id)
        if before is not None:
            if before.kind != CASE_KIND or before.opened_by != account_id:
                raise ConflictError("this contact is another's")
            if not cases.is_open(before, turn.now):
                raise ConflictError("this contact is closed; open another")
            return {"reference": before.reference}
        reference = cases.reference_of(turn.next_index, turn.now)
        case = {
            "case": case_id,
            "operator": NO_OPERATOR,
            "reference": reference,
            "kind": CASE_KIND,
            "what": seal_text(house, "staff-case", case_id, arguments["what"]),
            "point": None,
            "occupancy": None,
            "by": account_id,
            "now": turn.now,
            "index": turn.next_index,
            "account": account_id,
            "team": None,
            "ends_at": contacts.ends_at(Channel(arguments["channel"]), turn.now),
        }
        cases.open_case(turn.connection, case)
        how = {name: arguments[name] for name in ("channel", "caller", "told_recorded")}
        contacts.add(turn.connection, how | {"case": case_id, "operator": NO_OPERATOR})
        if is_call:
            _keep_recording(house, turn, case_id, arguments["recording"])
        record = doer.record(
            turn, Statement("desk.contact_opened", {"case": reference} | how), case_id=case_id
        )
    return record.answer() | {"reference": reference}


def _keep_recording(house: House, turn: Turn, case_id: UUID, called: str) -> None:
    kept = {
        "case": case_id,
        "operator": NO_OPERATOR,
        "reference": seal_text(house, "recording", case_id, called),
        "now": turn.now,
        "until": recordings.until(turn.now),
    }
    recordings.add(turn.connection, kept)


def mine(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The open contacts of somebody and of his team, the oldest first; nothing of who asked."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind is not AskerKind.STAFF or asker.account_id is None:
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("contacts"))
        return {
            "contacts": [
                {
                    "reference": case.reference,
                    "what": open_text(house, "staff-case", case.case_id, bytes(case.what_sealed)),
                    "opened_at": format_instant(case.opened_at),
                    "is_identified": case.occupancy_id is not None,
                }
                for case in cases.open_of(connection, asker.account_id, asker.team, now)
                if case.kind == CASE_KIND
            ]
        }


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A contact: how somebody came, whether he was identified, what was done. Nothing of the customer (R81).

    Raises:
        NoCaseError: as `at_desk`; this too is recorded, and on the inspector's list.
    """
    reference = arguments["reference"]
    with (
        tries_listed(house, proof, "contact"),
        looking(house, proof, or_staff=True) as (connection, asker, now),
    ):
        if asker.kind is not AskerKind.STAFF:
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("contacts"))
        case = cases.by_reference(connection, reference)
        if case is not None and why_not(case, asker, now) is None:
            return _shown(house, connection, case, now)
    raise refused_look(house, proof, reference)


def _shown(house: House, connection: Connection, case: Any, now: datetime) -> dict[str, Any]:
    contact = found(contacts.of_case(connection, case.case_id), "contact")
    wrong = attempts.wrong_of(connection, of_contact(house, case.case_id))
    recording = recordings.of_contact(connection, case.case_id)
    return {
        "reference": case.reference,
        "what": open_text(house, "staff-case", case.case_id, bytes(case.what_sealed)),
        "channel": contact.channel,
        "caller": contact.caller,
        "is_known_here": contact.caller in contacts.KNOWN_HERE,
        "is_in_writing": contact.channel in IN_WRITING,
        "takes_paper": contact.channel in contacts.ON_PAPER,
        "opened_at": format_instant(case.opened_at),
        "ends_at": format_instant(case.ends_at),
        "identified_at": contact.identified_at and format_instant(contact.identified_at),
        "tries_left": max(0, attempts.MOST_WRONG - wrong),
        "sends_sms": house.sends_sms,
        "recorded_until": format_instant(recording.keep_until)
        if recording is not None and not recordings.is_over(recording, now)
        else None,
        "recording_duty": recording.duty if recording is not None else None,
        "log": [
            {"index": line.entry_index, "at": format_instant(line.at), "event": line.event}
            for line in contacts.log(connection, case.case_id)
        ],
    }


def identify_caller(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Identify who asks; the answer says whether, and how often the contact may try yet: not what did not fit."""
    reference = arguments.pop("reference")
    asked = Asked(**arguments)
    if (asked.ean is None) is (asked.street is None or asked.postcode is None):
        raise MalformedRequestError("ean, street, postcode: the EAN code, or street and postcode")
    return at_desk(house, proof, reference, lambda turn, desk: identify(house, turn, desk, asked))


def send_eans(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have EAN codes sent of homes of who was identified, by the numbers of their meters; none is shown (R84).

    Of who has a power of attorney: of the stays that it is for; another home is answered as if it were a stranger's.
    By text message to a mobile number, else by letter to each home; who asked in writing gets letters. More than
    MOST_EANS in a contact are registered as a case of the team, which answers in writing (R85). Each access point
    counts once, and goes once to the same telephone or letter box: a button pressed twice does nothing more.

    Raises:
        MalformedRequestError: a mobile number of who asked in writing, or the same meter twice.
        ConflictError: nobody was identified; this house sends no text messages.
    """
    numbers = ["".join(one.split()).upper() for one in arguments["meters"]]
    if len(set(numbers)) != len(numbers):
        raise MalformedRequestError("meters: each once")

    return at_desk(
        house,
        proof,
        arguments["reference"],
        lambda turn, desk: codes.send(house, turn, desk, numbers, arguments["mobile"]),
    )


def open_case(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open a case about who was identified in a contact, for what outlasts it: one's own, or one's team's.

    The same `case_id` twice is one case, as of a button pressed twice.

    Raises:
        ConflictError: nobody was identified; there is another case of that `case_id`.
    """
    case_id: UUID = arguments["case_id"]

    def act(turn: Turn, desk: AtDesk) -> Answer:
        desk.stay(house, turn)
        before = cases.by_id(turn.connection, case_id)
        if before is not None:
            if before.contact_id != desk.case.case_id:
                raise ConflictError("this case is another")
            return {"case": before.reference}, None
        wish = {name: arguments[name] for name in ("kind", "what", "for_team")}
        reference = desk.open_case(house, turn, case_id, **wish)
        said = {"case": reference, "kind": arguments["kind"]}
        return {"case": reference}, desk.record(turn, Statement("staff.case.opened", said))

    return at_desk(house, proof, arguments["reference"], act)


def ask_supplier(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Have a letter sent to a home that tells who supplies it: to that home alone, whoever asks (R80).

    The answer is the same whether or not a letter goes.
    """

    def act(turn: Turn, desk: AtDesk) -> Answer:
        if desk.contact.caller == Caller.SUPPLIER:
            raise ConflictError("a supplier asks at the market's own interface")
        index = turn.next_index
        record = supplier_letters.ask(house, turn, arguments["ean"], desk.case.reference, desk.said)
        desk.note(turn, index, "desk.supplier_asked")
        return {}, record

    return at_desk(house, proof, arguments["reference"], act)


def history_way(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say on which way the customer gets the history of his consumption, and from which day on: no value (R90)."""

    def act(turn: Turn, desk: AtDesk) -> Answer:
        stay, _ = desk.stay(house, turn)
        fine = {stay.occupancy_id} if stay.interval_reading else set()
        way = history_routes.routes(turn.connection, [stay.occupancy_id], fine)[stay.occupancy_id]
        first = max(history_routes.first_day(day_of(turn.now)), stay.from_day)
        statement = Statement("desk.history_told", {"route": way.value}, subjects=desk.subjects(house))
        return {"route": way.value, "first_day": first.isoformat()}, desk.record(turn, statement)

    return at_desk(house, proof, arguments["reference"], act)


_NAMED = {"reference": REFERENCE}

COMMANDS = (
    Command(
        "desk.open",
        schema(
            contact_id=identifier(),
            channel=one_of(*(channel.value for channel in Channel)),
            caller=one_of(*(caller.value for caller in Caller)),
            what=without_ean(short_text(longest=300)),
            told_recorded=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
            recording=without_ean(
                fields.String(
                    load_default=None,
                    allow_none=True,
                    validate=validate.Regexp(
                        r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}\Z", error="as the exchange calls it"
                    ),
                )
            ),
        ),
        open_contact,
    ),
    Command("desk.mine", schema(), mine),
    Command("desk.show", schema(**_NAMED), show),
    Command(
        "desk.identify",
        schema(
            **_NAMED,
            meter=short_text(longest=LONGEST_METER),
            name=short_text(),
            ean=EANCode(load_default=None, allow_none=True),
            street=short_text(required=False),
            postcode=fields.String(
                load_default=None,
                allow_none=True,
                validate=validate.Regexp(r"[1-9][0-9]{3}\Z", error="four digits"),
            ),
        ),
        identify_caller,
    ),
    Command(
        "desk.send_eans",
        schema(
            **_NAMED,
            meters=fields.List(
                short_text(longest=LONGEST_METER), required=True, validate=validate.Length(1, MOST_METERS)
            ),
            mobile=HOME["mobile"],
        ),
        send_eans,
    ),
    Command("desk.ask_supplier", schema(**_NAMED, ean=EANCode(required=True)), ask_supplier),
    Command("desk.history_way", schema(**_NAMED), history_way),
    Command(
        "desk.open_case",
        schema(
            **_NAMED,
            case_id=identifier(),
            kind=one_of(*cases.KINDS),
            what=without_ean(short_text(longest=300)),
            for_team=flag(),
        ),
        open_case,
    ),
)
