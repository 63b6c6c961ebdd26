"""A customer's own commands on powers of attorney: invite, look at an invitation, take it up, end it.

Two must act: who gives names somebody, and who logs in under that very name brings the code. She learns of nobody
whether he has an account here; he learns nothing of her without both. Only whoever logged in himself does any of it:
a power is not passed on.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import ALPHABET, FINDER, LONGEST_TYPED, SECRET, LetterCode, check_sign
from databeheer.brussels import day_of
from databeheer.door.attorneys import acting
from databeheer.door.commands.base import (
    Command,
    Day,
    asker_of,
    found,
    identifier,
    schema,
    short_text,
    uuid_text,
)
from databeheer.door.commands.views import occupancies_of
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.names import open_text, seal_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.proofs import AskerKind, Proof, check_self
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import (
    ConflictError,
    DatabeheerError,
    MalformedRequestError,
    NotFoundError,
    UnauthenticatedError,
)
from databeheer.identity import attorneys, representations
from databeheer.identity.linking import attempts, names
from databeheer.identity.representations import Appointment
from databeheer.oversight import gaps
from databeheer.post import outbox
from databeheer.values import format_instant

MOST_STAYS = 500


class AttorneyCodeError(DatabeheerError):
    """No invitation for this name waits with this code, or this log-in tried too often today; which, is not said."""

    code = "attorney-code-unknown"


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The person's own: invitations that wait, with their code; powers given; powers held. Days are Brussels'.

    Of a power held too, for which addresses: its holder saw them when he took it up.
    """
    now = house.clock.now()
    with house.engine.connect() as connection, connection.begin():
        person_id = _self(house, connection, proof)

        def addresses(stays: Any, holder: UUID = person_id) -> list[dict[str, str]]:
            places = {one["occupancy_id"]: one for one in occupancies_of(house, connection, holder, now)}
            shown = [places[str(one)] for one in stays if str(one) in places]
            return [{name: one[name] for name in ("occupancy_id", "address", "commodity")} for one in shown]

        given = representations.powers_of(connection, person_id, now)
        held = [
            one
            for one in representations.of_representative(connection, person_id, now)
            if one.kind == representations.ATTORNEY
        ]
        return {
            "invitations": [
                {
                    "invitation_id": str(one.invitation_id),
                    "name": open_text(house, "attorney-name", one.invitation_id, bytes(one.name_sealed)),
                    "code": _code_of(house, one.invitation_id).shown,
                    "expires_at": format_instant(one.expires_at),
                    "decides": one.decides,
                    "until": one.until_day.isoformat(),
                    "places": addresses(one.stays),
                }
                for one in attorneys.open_of(connection, person_id, now)
            ],
            "given": [
                _view(one)
                | {
                    "name": acting.name_of(house, connection, one.representative_id),
                    "places": addresses(attorneys.stays_of(connection, one.representation_id)),
                }
                for one in given
            ],
            "held": [
                _view(one)
                | {
                    "name": acting.name_of(house, connection, one.person_id),
                    "places": addresses(
                        attorneys.stays_of(connection, one.representation_id), holder=one.person_id
                    ),
                }
                for one in held
            ],
        }


def invite(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Invite whoever logs in under this name and brings the code; `invitation_id` is made by the form, once.

    Raises:
        FreshLogInNeededError: the log-in is too old to give others access.
        NotForRepresentativesError: he acts for somebody, an enterprise too.
        NotFoundError: a stay that is not the asker's own, or is over.
        MalformedRequestError: it would end today or before, or stand for longer than LONGEST.
        ConflictError: the form was sent before; as many as may stand at once do; an administrator was appointed,
            whose word counts then (Old Civil Code 492/1).
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        _self(house, turn.connection, proof)
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, freshly=True)
        person_id = found(asker.person_id, "person")
        today = day_of(turn.now)
        if not today < arguments["until_day"] <= today + attorneys.LONGEST:
            raise MalformedRequestError(
                f"until_day: from tomorrow up to {today + attorneys.LONGEST}; a power can be given anew"
            )
        standing = {UUID(one["occupancy_id"]) for one in _lived_in(house, turn, person_id)}
        stays = sorted(set(arguments["stays"]))
        if not standing.issuperset(stays):
            raise NotFoundError("there is no such access point of yours")
        if representations.of_represented(turn.connection, person_id, turn.now):
            raise ConflictError("a court appointed somebody to decide for you: only that one can do this")
        waiting = attorneys.open_of(turn.connection, person_id, turn.now)
        given = representations.powers_of(turn.connection, person_id, turn.now)
        if len(waiting) + len(given) >= attorneys.MOST:
            raise ConflictError(f"{attorneys.MOST} stand already: end one first")
        invitation_id = arguments["invitation_id"]
        invitation = attorneys.Invitation(
            invitation_id,
            person_id,
            seal_text(house, "attorney-name", invitation_id, arguments["name"]),
            _hash(house, _code_of(house, invitation_id)),
            stays,
            arguments["decides"],
            arguments["until_day"],
            turn.now,
            turn.now + attorneys.INVITED_FOR,
            turn.next_index,
        )
        if not attorneys.invite(turn.connection, invitation):
            raise ConflictError("this invitation was made already")
        record = _record(house, turn, "attorney.invited", stays, _said(invitation))
        tell(
            house,
            turn,
            "attorney.invited",
            to=[outbox.customer(person_id)],
            operator=FIRST_OPERATOR,
            said={"attorney": arguments["name"]},
        )
    return {"code": _code_of(house, invitation_id).shown} | record.answer()


def cancel(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Withdraw an invitation that nobody took up: its code is dead from now on.

    Raises:
        ConflictError: it was taken up or withdrawn before.
        NotFoundError: there is none of who asks.
    """
    with house.turn(TurnLane.ENDS) as turn:
        person_id, invitation_id = _self(house, turn.connection, proof), arguments["invitation_id"]
        row = attorneys.withdraw(turn.connection, invitation_id, person_id, turn.now)
        if row is None and attorneys.has_invited(turn.connection, invitation_id, person_id):
            raise ConflictError("this invitation was taken up or withdrawn before")
        row = found(row, "invitation of yours")
        record = _record(house, turn, "attorney.withdrawn", row.stays, {})
    return record.answer()


def look(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show what would be taken up: from whom, for which addresses, what, until when. A code in vain counts.

    Raises:
        AttorneyCodeError: see there.
    """
    view: dict[str, Any] | None = None
    with house.turn(TurnLane.CUSTOMER) as turn:
        invitation, _person = _invited(house, turn, proof, arguments["code"])
        if invitation is not None:
            view = {
                "name": acting.name_of(house, turn.connection, invitation.person_id),
                "decides": invitation.decides,
                "until": invitation.until_day.isoformat(),
                "count": len(invitation.stays),
                "places": [
                    {name: one[name] for name in ("address", "commodity")}
                    for one in _lived_in(house, turn, invitation.person_id)
                    if UUID(one["occupancy_id"]) in invitation.stays
                ],
            }
    return _or_refuse(view)


def take_up(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take an invitation up: from now on this person may act by the power, and both are told.

    Raises:
        AttorneyCodeError: see there.
        ConflictError: a restored database may have forgotten that it was withdrawn.
    """
    answer: dict[str, Any] | None = None
    record: Record | None = None
    with house.turn(TurnLane.CUSTOMER) as turn:
        gaps.refuse_while_one_stands(turn.connection, "taking up a power of attorney")
        invitation, person_id = _invited(house, turn, proof, arguments["code"])
        if invitation is not None:
            power_id = uuid4()
            reference = f"volmacht van {day_of(invitation.invited_at).isoformat()}"
            sealed = seal_text(house, "judgment", power_id, reference)
            attorneys.begin(
                turn.connection, power_id, invitation, person_id, sealed, turn.now, turn.next_index
            )
            said = _said(invitation) | {"representation": str(power_id)}
            record = _record(house, turn, "attorney.begun", invitation.stays, said)
            power = representations.by_id(turn.connection, power_id)
            acting.tell(house, turn, "attorney.begun", power)
            acting.tell_holder(house, turn, "attorney.held", power)
            answer = {"representation_id": uuid_text(power_id)}
    return _or_refuse(answer) | (record.answer() if record else {})


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a power at once: who gave it revokes it, who holds it lays it down; whoever this session acts for.

    Raises:
        ConflictError: it ended before.
        NotFoundError: there is none that who asks gave or holds.
    """
    with house.turn(TurnLane.ENDS) as turn:
        person_id, power_id = _self(house, turn.connection, proof), arguments["representation_id"]
        row = attorneys.end(turn.connection, power_id, person_id, turn.now)
        if row is None and attorneys.is_of(turn.connection, power_id, person_id):
            raise ConflictError("this power of attorney ended before")
        row = found(row, "power of attorney of yours")
        turn.end(Ending.REPRESENTATION, row.representation_id, day_of(turn.now))
        power = representations.by_id(turn.connection, row.representation_id)
        stays = attorneys.stays_of(turn.connection, power.representation_id)
        by = "giver" if person_id == power.person_id else "holder"
        said = {"by": by, "representation": str(power.representation_id)}
        record = _record(house, turn, "attorney.ended", stays, said)
        acting.tell(house, turn, "attorney.ended", power)
        acting.tell_holder(house, turn, "attorney.over", power)
    return record.answer()


def _invited(house: House, turn: Turn, proof: Proof, typed: str) -> tuple[Any | None, UUID]:
    """The invitation behind a code, where it waits for the name of who asks; None, and counted, where none does.

    The name that the identity provider vouches for must be the one that she named: whoever found the paper is not
    whom she meant. What does not fit, and that this log-in tried too often, are the same answer.
    """
    _self(house, turn.connection, proof)
    asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
    person_id: UUID = found(asker.person_id, "person")
    code = codes.parse(typed)  # a slip of the pen is no attempt
    # Of one log-in and one day: tomorrow it begins anew, and nobody locks somebody else out.
    tried = derive(
        house.registry_key("attorney"),
        "attempt",
        person_id.bytes + day_of(turn.now).isoformat().encode(),
    )
    row = attorneys.by_code(turn.connection, _hash(house, code), turn.now)
    own = acting.name_of(house, turn.connection, person_id)
    meant = (
        open_text(house, "attorney-name", row.invitation_id, bytes(row.name_sealed))
        if row is not None
        else own
    )
    fits = names.is_same(own, meant)
    if row is None or not fits or row.person_id == person_id or attempts.is_locked(turn.connection, [tried]):
        attempts.count(turn.connection, [tried], turn.now)
        return None, person_id
    return row, person_id


def _or_refuse(answer: dict[str, Any] | None) -> dict[str, Any]:
    # After the turn: an error inside it would undo what was counted.
    if answer is None:
        raise AttorneyCodeError(
            "no invitation in your name waits with this code, or you tried too often today"
        )
    return answer


def _record(house: House, turn: Turn, event: str, stays: Any, said: dict[str, Any]) -> Record:
    subjects = [subject for one in stays for subject in subjects_of(house, one)]
    return turn.record(Statement(event, said, subjects=subjects))


def _said(invitation: Any) -> dict[str, Any]:
    return {"until": invitation.until_day.isoformat(), "decides": invitation.decides}


def _lived_in(house: House, turn: Turn, person_id: UUID) -> list[dict[str, Any]]:
    return [
        one
        for one in occupancies_of(house, turn.connection, person_id, turn.now)
        if one["until"] is None or one["until"] > day_of(turn.now).isoformat()
    ]


def _code_of(house: House, invitation_id: UUID) -> LetterCode:
    """The code of an invitation: fifteen signs under a key of the house and their check, about 68 bits."""
    key = derive(house.registry_key("attorney"), "code", invitation_id.bytes)
    number, signs = int.from_bytes(key, "big"), ""
    for _ in range(FINDER + SECRET):
        number, place = divmod(number, len(ALPHABET))
        signs += ALPHABET[place]
    return LetterCode(signs + check_sign(signs))


def _hash(house: House, code: LetterCode) -> bytes:
    return derive(house.registry_key("attorney"), "code-hash", code.text.encode())


def _self(house: House, connection: Any, proof: Proof) -> UUID:
    """Whose session it is, himself, whoever it acts for now.

    Raises:
        NotForRepresentativesError: it is for an enterprise. Who acts for that the provider says at each log-in: a power
            in its name would outlast who gave it.
    """
    asker = check_self(connection, proof, house.clock.now(), house.operator_key_hash)
    if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
        raise UnauthenticatedError("log in as a customer")
    return asker.person_id


def _view(one: Appointment) -> dict[str, Any]:
    return {
        "representation_id": str(one.representation_id),
        "from": one.from_day.isoformat(),
        "until": one.until_day.isoformat() if one.until_day else None,
        "decides": one.decides,
    }


_CODE = short_text(longest=LONGEST_TYPED)

COMMANDS = (
    Command("attorney.show", schema(), show),
    Command(
        "attorney.invite",
        schema(
            invitation_id=identifier(),
            name=short_text(longest=100),
            stays=fields.List(identifier(), required=True, validate=validate.Length(1, MOST_STAYS)),
            decides=fields.Boolean(required=True, truthy={True}, falsy={False}),
            until_day=Day(required=True),
        ),
        invite,
    ),
    Command("attorney.cancel", schema(invitation_id=identifier()), cancel),
    Command("attorney.look", schema(code=_CODE), look),
    Command("attorney.take_up", schema(code=short_text(longest=LONGEST_TYPED)), take_up),
    Command("attorney.end", schema(representation_id=identifier()), end),
)
