"""Papers that a customer signed, entered at the desk as the same events, with the hash of the scan (R43).

Granting and withdrawing take the same: one identified contact, one permission, one scan. What a paper ends, ends in
the turn that writes it down: the next read is refused.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer import clocks
from databeheer.access.facts import Capacity
from databeheer.brussels import day_of
from databeheer.contacts import contacts, papers
from databeheer.contacts.contacts import MOST_UNLOCKS, ON_PAPER
from databeheer.door.commands.answers import reject, sign
from databeheer.door.commands.base import (
    SHA256,
    Command,
    EANCode,
    found,
    identifier,
    in_whose_name,
    long_text,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.contacts import identifying
from databeheer.door.contacts.at_desk import Answer, AtDesk, at_desk
from databeheer.door.ean_codes.identifiers import of_meter
from databeheer.door.house import House
from databeheer.door.linking import identifiers
from databeheer.door.linking.commands import LONGEST_METER
from databeheer.door.names import ean_hash
from databeheer.door.permission_record import record_step, subjects_of
from databeheer.door.proofs import Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.rights import steps
from databeheer.door.rights.commands import LONGEST_WORDS
from databeheer.door.staff.cases import REFERENCE
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.ean_codes import homes
from databeheer.errors import ConflictError, DatabeheerError, MalformedRequestError, NotFoundError
from databeheer.identity.linking import attempts
from databeheer.identity.representations import ATTORNEY, Appointment, NotForRepresentativesError
from databeheer.permissions import answering, closing, finding
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Signature
from databeheer.permissions.states import Event
from databeheer.permissions.timing import state_at
from databeheer.registry import occupancies, parties
from databeheer.rights.requests import CLOCK, Channel, Fact, Kind
from databeheer.values import format_instant

METHOD = "paper"
UNLOCKED = "link.released"


class ScanUsedError(DatabeheerError):
    """The scan was entered in another contact: one paper is not two. The message begins with how that is named."""

    code = "scan-used"


_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of an empty file: a scan that failed."""


def grant(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that who was identified granted a request, on paper; others who must sign still must.

    Raises:
        ScanUsedError: the scan is of another contact.
        NotFoundError: no request that waits at that stay.
        ConflictError: it was answered, or can give nothing any more.
    """
    document = bytes.fromhex(arguments["document_sha256"])

    def act(turn: Turn, desk: AtDesk) -> Answer:
        stay, holder, power = _signer(house, turn, desk, document)
        row = answering.waiting(turn.connection, arguments["permission_id"], holder, None, turn.now)
        if row.addressed_to != stay.occupancy_id:
            raise NotFoundError("there is no such request at this address")
        answering.grantable(row, stay, turn.now)
        signature = Signature(holder, Capacity.GRID_USER, METHOD, document_sha256=document)
        if power is not None:
            signature = Signature(
                power.representative_id,
                Capacity.REPRESENTATIVE,
                METHOD,
                document_sha256=document,
                for_person_id=holder,
                representation_id=power.representation_id,
            )
        index = turn.next_index
        record = sign(house, turn, row, stay, signature, desk.said)
        desk.note(turn, index, "desk.paper_granted")
        return _entered(turn, row.permission_id), record

    return at_desk(house, proof, arguments["reference"], act)


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that who was identified withdrew a permission, or refused a request, on paper: it ends now (R22).

    Raises:
        ScanUsedError: the scan is of another contact.
        NotFoundError: no such permission of that stay.
        ConflictError: it has ended already.
    """
    document = arguments["document_sha256"]

    def act(turn: Turn, desk: AtDesk) -> Answer:
        stay, holder, power = _signer(house, turn, desk, bytes.fromhex(document))
        viewer = Viewer(holder, None, (stay.occupancy_id,))
        row = finding.visible(turn.connection, viewer, arguments["permission_id"], turn.now, locked=True)
        row = found(row, "permission at this address")
        by = "grid_user" if power is None else "representative"
        said = {"method": METHOD, "document": document} | desk.said
        index = turn.next_index
        if row.occupancy_id is None:
            waiting = answering.waiting(
                turn.connection, row.permission_id, holder, None, turn.now, or_signed=True
            )
            record = reject(house, turn, waiting, stay.occupancy_id, person_id=holder, by=by, said=said)
        else:
            state = closing.end(turn.connection, row, by_party=False, now=turn.now)
            turn.end(Ending.REVOKED, row.permission_id)
            record = record_step(
                house, turn, row, Event.REVOKED, state=state, by=by, said=said, person_id=holder
            )
        desk.note(turn, index, "desk.paper_withdrawn")
        return _entered(turn, row.permission_id), record

    return at_desk(house, proof, arguments["reference"], act, lane=TurnLane.ENDS)


def ask_right(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down a request about the own data that came on paper; its month counts from now.

    Raises:
        ScanUsedError: the scan is of another contact.
        NotForRepresentativesError: a power of attorney does not reach this, as it does not in the portal.
    """

    document = bytes.fromhex(arguments["document_sha256"])

    def act(turn: Turn, desk: AtDesk) -> Answer:
        stay, holder, power = _signer(house, turn, desk, document)
        if power is not None and power.kind == ATTORNEY:
            raise NotForRepresentativesError("a power of attorney does not reach this")
        given = {name: arguments[name] for name in ("kind", "fact", "basis", "words")}
        is_objection = given["kind"] == Kind.OBJECTION
        index = turn.next_index
        request_id, record = steps.file(
            house,
            turn,
            holder,
            given | {"occupancy_id": stay.occupancy_id if is_objection else None},
            channel=Channel.PAPER,
            document=document,
            entered_by=desk.said,
        )
        desk.note(turn, index, "desk.paper_right")
        due_at = clocks.shipped().get(CLOCK).term.due_at(turn.now)
        return {"request_id": str(request_id), "due_at": format_instant(due_at)}, record

    return at_desk(house, proof, arguments["reference"], act)


def unlock(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let an EAN code or a meter number that was locked begin anew, on a signed paper (R92).

    In the portal, where EAN codes are asked for, and at the desk. Who was identified: his log-in as well. The answer
    does not say whether anything was locked. A scan is of one home: it unlocks what was named with it first, and of
    the home of the EAN code alone, whatever meter number is beside it.

    Raises:
        ScanUsedError: the scan is of another contact.
        ConflictError: it unlocked something else in this one, or MOST_UNLOCKS were unlocked in it.
    """
    ean, meter = arguments["ean"], arguments["meter"]
    if ean is None and meter is None:
        raise MalformedRequestError("ean, meter: one of the two, or both")

    def act(turn: Turn, desk: AtDesk) -> Answer:
        document = bytes.fromhex(arguments["document_sha256"])
        _require_paper(turn, desk, document)
        log = contacts.log(turn.connection, desk.case.case_id)
        if sum(line.event == UNLOCKED for line in log) >= MOST_UNLOCKS:
            raise ConflictError("in this contact enough was unlocked; open another")
        typed = f"{ean.digits if ean else ''} {''.join((meter or '').split()).upper()}".encode()
        named = identifying.as_asked(house, desk.case.case_id, "unlock", typed)
        if not papers.unlocks(turn.connection, document, named):
            raise ConflictError("this scan unlocked something else; scan the paper of each home by itself")
        locked, said, stay = [], {"document": arguments["document_sha256"]}, None
        # In the book of each home that it opens: whoever lives there sees that somebody could try anew.
        opened = {desk.case.occupancy_id} - {None}
        if ean is not None:
            locked += [identifiers.of_ean(house, ean), identifying.of_ean(house, ean)]
            stay = occupancies.lived_in(turn.connection, ean_hash(house, ean), day_of(turn.now))
            opened |= {stay.occupancy_id} if stay is not None else set()
        if meter is not None:
            number = "".join(meter.split())
            hashes = identifying.meter_hashes(house, number)
            rows = homes.at_meter(turn.connection, hashes, day_of(turn.now))
            there = [row for row in rows if stay is None or row.access_point_id == stay.access_point_id]
            if there or not rows:  # not of another home than that of the EAN code; the answer does not say so
                locked += [of_meter(house, number), identifying.of_meter(house, number)]
            locked += [one for row in there for one in identifying.of_registered(house, row)]
            opened |= {row.occupancy_id for row in there}
        if desk.contact.identified_at is not None:
            locked.append(identifiers.of_login(house, desk.stay(house, turn)[1]))
        attempts.release(turn.connection, locked)
        subjects = [one for stay_id in sorted(opened, key=str) for one in subjects_of(house, stay_id)]
        said |= {"what": "+".join(name for name in ("ean", "meter") if arguments[name] is not None)}
        return {}, desk.record(turn, Statement(UNLOCKED, said, subjects=subjects))

    return at_desk(house, proof, arguments["reference"], act)


def _require_paper(turn: Turn, desk: AtDesk, document: bytes) -> None:
    """Take a scan as of this contact, where it may stand for all that its paper asks; of no other."""
    if desk.channel not in ON_PAPER:
        raise ConflictError("a paper comes by letter, or is handed in at the desk")
    before = papers.entered(turn.connection, document)
    if before is None:
        papers.add(turn.connection, document, desk.case.case_id, turn.now)
    elif before.case_id != desk.case.case_id:
        raise ScanUsedError(f"{before.reference}: this scan was entered there; scan each paper by itself")


def _entered(turn: Turn, permission_id: UUID) -> dict[str, Any]:
    """What is said of a paper that was entered: of which party and purpose, and how the permission stands now."""
    row = finding.by_id(turn.connection, permission_id)
    party = parties.get(turn.connection, row.party_id)
    return {"party": party.name, "purpose": row.purpose, "state": state_at(row, turn.now)[0]}


def _signer(house: House, turn: Turn, desk: AtDesk, document: bytes) -> tuple[Any, UUID, Appointment | None]:
    """The stay, its grid user, and under what somebody signed for him, if somebody did: each entry then says so.

    Raises:
        ConflictError: no paper can have come in this contact, or nobody was identified.
        ScanUsedError: the scan is of another contact.
        NoCaseError: the appointment or power of who signed has ended.
        NotForRepresentativesError: it lets him look only.
    """
    _require_paper(turn, desk, document)
    stay, holder = desk.stay(house, turn)
    power = desk.power(turn)
    if power is None:
        return stay, holder, None
    if not power.decides or power.person_id != holder:
        raise NotForRepresentativesError("who signed has no power to decide here now")
    said = in_whose_name(turn, house, power.representation_id)
    turn.speak_for(occupancies.of_person(turn.connection, holder), said)
    return stay, holder, power


_SCAN = fields.String(
    required=True,
    validate=[
        SHA256,
        validate.NoneOf([_OF_NOTHING], error="the hash of an empty file: scan the paper again"),
    ],
)
_NAMED = {"reference": REFERENCE, "document_sha256": _SCAN}

COMMANDS = (
    Command("desk.paper_grant", schema(**_NAMED, permission_id=identifier()), grant),
    Command("desk.paper_withdraw", schema(**_NAMED, permission_id=identifier()), withdraw),
    Command(
        "desk.paper_right",
        schema(
            **_NAMED,
            kind=one_of(*(kind.value for kind in Kind)),
            fact=one_of(*(fact.value for fact in Fact), required=False),
            basis=short_text(required=False, longest=60),
            words=without_ean(long_text(required=False, longest=LONGEST_WORDS, missing="")),
        ),
        ask_right,
    ),
    Command(
        "desk.paper_unlock",
        schema(
            **_NAMED,
            ean=EANCode(load_default=None, allow_none=True),
            meter=short_text(required=False, longest=LONGEST_METER),
        ),
        unlock,
    ),
)
