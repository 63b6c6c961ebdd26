"""What people answer: grant, refuse, send on, renew, withdraw. Each needs their live session."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate

from databeheer.access.facts import Capacity
from databeheer.brussels import day_of
from databeheer.door.attorneys import acting
from databeheer.door.commands.base import (
    LINES,
    Command,
    EANCode,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
    short_text,
    who_gives,
)
from databeheer.door.commands.permissions import PART, answer_of, end_permission
from databeheer.door.doubts import doubting
from databeheer.door.house import House
from databeheer.door.names import ean_hash, open_text, seal_text
from databeheer.door.permission_record import record_step
from databeheer.door.post import approval_letters
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, NotFoundError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import answering, asking, closing, content, finding, renewal, signers
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Notice, Signature
from databeheer.permissions.states import Event
from databeheer.permissions.timing import RENEWED, state_at
from databeheer.registry import conditions, occupancies

LONGEST_NOTICE = 8000


def grant(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Grant a request, or one part of it; active as soon as all who must have granted (R7: he was told, by this)."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = who_gives(turn, house, proof)
        row = _waiting(turn, arguments, asker)
        occupancy, capacity = place_of(turn, arguments["occupancy_id"], asker)
        answering.grantable(row, occupancy, turn.now)
        answering.narrow(turn.connection, row, arguments["parts"])
        notice = Notice(arguments["notice"], arguments["language"])
        record = sign(house, turn, row, occupancy, signature_of(asker, capacity, notice))
        acting.tell_acted(house, turn, asker)
    return answer_of(house, row.permission_id, record, asker)


def sign(
    house: House,
    turn: Turn,
    row: Any,
    occupancy: Any,
    signature: Signature,
    entered_by: dict[str, Any] | None = None,
) -> Record:
    """Add a signature in this turn; make the permission active where it was the last one needed.

    `entered_by`: who of the house wrote down what came on paper, for the entry.

    Raises:
        ConflictError: it is not his to give there now, as where the grid user died; or what it renews stands no more;
            or the party is suspended.
    """
    if conditions.is_suspended(turn.connection, row.party_id):
        raise ConflictError(
            "this organisation is suspended and gets nothing; it can ask again once it is not"
        )
    must_sign = signers.required(turn.connection, occupancy, day_of(turn.now))
    whose = signature.for_person_id or signature.person_id
    if whose not in must_sign:
        raise ConflictError("nobody can give this permission there in that name now")
    if row.renews is not None:
        renewal.require_standing(turn.connection, row.renews, turn.now)
    signers.sign(turn.connection, row.permission_id, occupancy.operator, signature, turn.now)
    signed = signers.counting(turn.connection, [row.permission_id])
    missing = must_sign - {one.for_person_id for one in signed}
    by = _BY[signature.capacity]
    said = {"method": signature.method, "signers": len(signed)} | (entered_by or {})
    if row.is_chosen:
        said |= {"initiative": "customer"}
    if signature.notice is not None:
        said |= {"notice": signature.notice.sha256.hex(), "language": signature.notice.language}
    if signature.document_sha256 is not None:
        said |= {"document": signature.document_sha256.hex()}
    if missing:
        state = answering.await_others(turn.connection, row, occupancy)
        # Not the party's to know: that somebody signed tells that the point exists, and how many live there.
        record = record_step(
            house,
            turn,
            finding.by_id(turn.connection, row.permission_id),
            Event.SIGNED,
            state=state,
            by=by,
            said=said,
            subject=occupancy.occupancy_id,
            for_party=False,
            person_id=whose,
        )
        if occupancy.person_id in missing:
            approval_letters.ask_on_paper(house, turn, row.permission_id)
        return record
    read = next((one for one in signed if one.capacity == Capacity.GRID_USER), signed[-1])
    state = answering.activate(
        turn.connection,
        finding.by_id(turn.connection, row.permission_id),
        occupancy,
        notice_sha256=bytes(read.notice_sha256) if read.notice_sha256 else None,
        language=read.language,
        more_signers=any(one.capacity != Capacity.GRID_USER for one in signed),
        now=turn.now,
    )
    active = finding.by_id(turn.connection, row.permission_id)
    if active.renews is not None:
        said |= {"renews": str(active.renews)}
    record = record_step(house, turn, active, Event.GRANTED, state=state, by=by, said=said, person_id=whose)
    if active.renews is not None:
        _end_renewed(house, turn, active.renews, by, whose)
    doubting.hold(house, turn, active)
    return record


def refuse(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer refuses a request; as final as granting, and as easy. Of several signers one is enough.

    So who has signed takes that back while others think (R21), also where he has left since.
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True, or_attorney=True)
        row = _waiting(turn, arguments, asker, or_signed=True)
        # In whose book it stands: the addressed point's, else the one where the person lives now.
        home = row.addressed_to or occupancies.home_of(turn.connection, asker.person_id, day_of(turn.now))
        person_id = found(asker.person_id, "person")
        record = reject(house, turn, row, home, person_id=person_id, by=_by(turn, row.addressed_to, asker))
        acting.tell_acted(house, turn, asker)
    return answer_of(house, row.permission_id, record, asker)


def reject(
    house: House,
    turn: Turn,
    row: Any,
    home: UUID | None,
    *,
    person_id: UUID,
    by: str,
    said: dict[str, Any] | None = None,
) -> Record:
    """Refuse a waiting request in this turn; it stands in the book of `home`."""
    state = answering.refuse(turn.connection, row, person_id, turn.now)
    turn.end(Ending.REJECTED, row.permission_id)
    return record_step(
        house,
        turn,
        row,
        Event.REJECTED,
        state=state,
        by=by,
        said=said,
        subject=home,
        with_ground=False,
        person_id=person_id,
    )


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer withdraws; the next decision already sees it (R22). Never blocked by the emergency stop."""
    return end_permission(house, proof, arguments, AskerKind.CUSTOMER)


def forward(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Somebody who is not the contract holder sends a request on to whoever is (R36).

    The answer is the same whether or not the access point exists, anybody lives there (R98), or its party's requests
    were sent on there too often: then it reaches nobody, and the house's record alone says so.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        row = _waiting(turn, arguments, asker)
        named = ean_hash(house, arguments["ean"])
        addressed = occupancies.lived_in(turn.connection, named, day_of(turn.now))
        applicant = found(asker.person_id, "person")
        if addressed is not None and addressed.person_id == applicant:
            raise ConflictError("this is an address of your own: answer the request yourself")
        sent = asking.forward(turn.connection, row, named, addressed, applicant, turn.now)
        record_step(
            house,
            turn,
            finding.by_id(turn.connection, row.permission_id),
            Event.FORWARDED,
            state=sent.state,
            by="applicant",
            said={"dropped": "too_often"} if sent.too_often else None,
            for_party=False,
            with_ground=False,
            person_id=applicant,
        )
        approval_letters.ask_on_paper(house, turn, row.permission_id)
    return {"state": "requested"}


def renew(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The grid user lets a permission go on that is about to end: a new one, on the same terms, linked to it.

    The old one ends as the new one begins, so that one withdrawal is enough. Where its party asked for the renewal,
    that request is what is granted.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = who_gives(turn, house, proof)
        viewer = Viewer(asker.person_id, None, asker.power.stays if asker.power else None)
        old = found(
            finding.visible(turn.connection, viewer, arguments["permission_id"], turn.now, locked=True),
            "permission",
        )
        if old.person_id != asker.person_id or state_at(old, turn.now)[0] != "to_be_renewed":
            raise ConflictError("only a permission that is about to reach its longest term can be renewed")
        occupancy, capacity = place_of(turn, old.occupancy_id, asker)
        signature = signature_of(asker, capacity, Notice(arguments["notice"], arguments["language"]))
        asked = renewal.asked_by_party(turn.connection, old.permission_id, turn.now)
        if asked is not None:
            answering.grantable(asked, occupancy, turn.now)
            new_id, record = asked.permission_id, sign(house, turn, asked, occupancy, signature)
        else:
            new_id, record = sign_like(house, turn, old, occupancy, signature, renewal.begin)
        acting.tell_acted(house, turn, asker)
    return answer_of(house, new_id, record, asker)


def sign_like(
    house: House,
    turn: Turn,
    old: Any,
    occupancy: Any,
    signature: Signature,
    begin: Callable[..., None],
) -> tuple[UUID, Record]:
    """Begin, by `begin`, a permission that says what `old` says, and sign it in this turn."""
    new_id = uuid4()
    reference = open_text(house, "reference", old.permission_id, bytes(old.reference_sealed))
    begin(
        turn.connection,
        old,
        new_id,
        reference_sealed=seal_text(house, "reference", new_id, reference),
        link_hash=token_hash(secrets.token_urlsafe(16)),
        now=turn.now,
    )
    new = finding.by_id(turn.connection, new_id)
    answering.grantable(new, occupancy, turn.now)
    return new_id, sign(house, turn, new, occupancy, signature)


def _end_renewed(house: House, turn: Turn, old_id: UUID, by: str, person_id: UUID) -> None:
    old = finding.by_id_locked(turn.connection, old_id)
    state = closing.end_as(turn.connection, old, Event.EXPIRED, RENEWED, turn.now)
    turn.end(Ending.RENEWED, old_id)
    record_step(house, turn, old, Event.EXPIRED, state=state, by=by, reason=RENEWED, person_id=person_id)


def place_of(turn: Turn, occupancy_id: UUID, asker: Asker) -> tuple[Any, Capacity]:
    """The occupancy that somebody signs for, and as what; raises where it is not his to sign."""
    person = found(asker.person_id, "person")
    if not asker.reaches(occupancy_id):
        raise NotFoundError("there is no such access point of yours")
    own = occupancies.own(turn.connection, occupancy_id, person)
    if own is not None:
        return own, Capacity.GRID_USER
    occupancy = occupancies.find(turn.connection, occupancy_id)
    capacity = None
    if occupancy is not None:
        capacity = signers.capacity_of(turn.connection, occupancy, person, day_of(turn.now))
    return occupancy, found(capacity, "access point of yours")


def signature_of(asker: Asker, capacity: Capacity, notice: Notice) -> Signature:
    """Somebody's own word, or that of who represents him."""
    person = found(asker.person_id, "person")
    if asker.representative_id is None:
        return Signature(person, capacity, "portal", notice)
    return Signature(
        asker.representative_id,
        Capacity.REPRESENTATIVE,
        "portal",
        notice,
        for_person_id=person,
        representation_id=asker.representation_id,
    )


def _by(turn: Turn, occupancy_id: UUID | None, asker: Asker) -> str:
    if asker.representative_id is not None:
        return _BY[Capacity.REPRESENTATIVE]
    if occupancy_id is None:
        return "grid_user"
    own = occupancies.own(turn.connection, occupancy_id, asker.person_id)
    return "grid_user" if own is not None else "person_concerned"


def _waiting(turn: Turn, arguments: dict[str, Any], asker: Asker, *, or_signed: bool = False) -> Any:
    code, permission_id = arguments["link_code"], arguments["permission_id"]
    if asker.power is not None:
        # Only what is asked at its stays: what came by a link is for the person who got it.
        viewer, code = Viewer(asker.person_id, None, asker.power.stays), None
        found(finding.visible(turn.connection, viewer, permission_id, turn.now), "request for you")
    link = token_hash(code) if code is not None else None
    return answering.waiting(
        turn.connection, permission_id, asker.person_id, link, turn.now, or_signed=or_signed
    )


_BY = {
    Capacity.GRID_USER: "grid_user",
    Capacity.NATURAL_PERSON: "person_concerned",
    Capacity.REPRESENTATIVE: "representative",
}
NOTICE = fields.String(
    required=True,
    validate=[
        validate.Length(1, LONGEST_NOTICE),
        validate.Regexp(LINES, error="a text without control characters"),
    ],
)
LANGUAGE = one_of("nl", "en", "fr", "de")
PARTS = fields.List(
    one_of(*content.PARTS),
    load_default=lambda: list(content.PARTS),
    validate=validate.Length(min=1, max=len(content.PARTS)),
)

COMMANDS = (
    Command(
        "permission.grant",
        schema(
            permission_id=identifier(),
            link_code=short_text(required=False),
            occupancy_id=identifier(),
            parts=PARTS,
            notice=NOTICE,
            language=LANGUAGE,
        ),
        grant,
    ),
    Command(
        "permission.refuse", schema(permission_id=identifier(), link_code=short_text(required=False)), refuse
    ),
    Command(
        "permission.forward",
        schema(permission_id=identifier(), link_code=short_text(), ean=EANCode(required=True)),
        forward,
    ),
    Command(
        "permission.renew",
        schema(permission_id=identifier(), notice=NOTICE, language=LANGUAGE),
        renew,
    ),
    Command("permission.withdraw", schema(permission_id=identifier(), part=PART), withdraw),
)
