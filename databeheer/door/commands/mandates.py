"""Written mandates at the door: the party registers and hands over, the operator draws, looks and judges."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import Any

from marshmallow import fields, validate

from databeheer import documents as store
from databeheer.access.facts import Capacity
from databeheer.brussels import day_of
from databeheer.door import documents
from databeheer.door.commands.answers import sign
from databeheer.door.commands.base import (
    SHA256,
    Command,
    Day,
    asker_of,
    found,
    identifier,
    looking,
    schema,
    short_text,
)
from databeheer.door.doubts import doubting
from databeheer.door.house import House
from databeheer.door.permission_record import catch_up, destroy_mandate, record_step
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.identity import representations
from databeheer.mandate_imports import rows as imports
from databeheer.permissions import answering, closing, content, finding, mandates, signers, terms
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Signature
from databeheer.permissions.states import ENDED, LIVE, Event
from databeheer.permissions.timing import NOT_PRODUCED, state_at
from databeheer.registry import occupancies
from databeheer.values import format_instant


def register(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party says that a document, which it names by its hash, carries a request or a permission."""
    with house.turn() as turn:
        row, state = _own(house, turn, proof, arguments)
        digest = bytes.fromhex(arguments["document_sha256"])
        mandates.register(turn.connection, row, digest, arguments["signed_on"], turn.now)
        record = _record(house, turn, row, "mandate.registered", state, "party", digest)
    return record.answer()


def produce(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party hands the document over; it is kept sealed until it is judged."""
    document = documents.decoded(arguments["document"])
    with house.turn() as turn:
        row, state = _own(house, turn, proof, arguments)
        mandate = mandates.get(turn.connection, row.permission_id)
        mandates.require_wanted(mandate, document, is_blocked=state == "blocked")
        document_id = documents.take(house, turn, row.operator, document)
        mandates.produce(turn.connection, mandate, document_id, turn.now)
        record = _record(house, turn, row, "mandate.produced", state, "party", bytes(mandate.document_sha256))
    return record.answer()


def draw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator draws mandates for a sample; who does not hand one over in time is blocked (R35)."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        days = terms.in_force(turn.connection).mandate
        drawn = mandates.draw(turn.connection, arguments["party_id"], arguments["count"], days, turn.now)
        for one in drawn:
            row = finding.by_id(turn.connection, one.permission_id)
            mandate = mandates.get(turn.connection, one.permission_id)
            state = state_at(row, turn.now)[0]
            _record(house, turn, row, "mandate.sampled", state, "operator", bytes(mandate.document_sha256))
    return {
        "drawn": [
            {
                "permission_id": str(one.permission_id),
                "party_id": str(one.party_id),
                "due_at": format_instant(one.due_at),
            }
            for one in drawn
        ]
    }


def open_document(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator looks at a document that was handed over; recorded before it is opened."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(finding.find(turn.connection, arguments["permission_id"]), "permission")
        mandate = mandates.get(turn.connection, row.permission_id)
        here = store.find(turn.connection, mandate.document_id)
        if here is None:
            raise ConflictError("the document is not here")
        state = state_at(row, turn.now)[0]
        record = _record(
            house, turn, row, "mandate.opened", state, "operator", bytes(mandate.document_sha256)
        )
    document, _ = documents.opened(house, here)
    return record.answer() | {"document": b64encode(document).decode()}


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator judges the signature on a document, which is destroyed then.

    Good: a request for the signer's access point counts as granted by its grid user, and a block for want of the
    document ends. Not good: the permission ends; of a request nothing comes of it, and its grid user may still answer.
    Where others must sign too, the party does not learn of a good one before they did: it would learn of them (R98).
    """
    accepted = arguments["accepted"]
    with house.turn(TurnLane.REST if accepted else TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        found(finding.find(turn.connection, arguments["permission_id"]), "permission")
        row = catch_up(house, turn, finding.by_id_locked(turn.connection, arguments["permission_id"]))
        state = row.state
        if state in ENDED:
            raise ConflictError("this permission has ended already")
        mandate = mandates.get(turn.connection, row.permission_id)
        mandates.judge(turn.connection, mandate, accepted=accepted, by=arguments["checked_by"], now=turn.now)
        digest = bytes(mandate.document_sha256)
        said = {"accepted": int(accepted), "checked_by": arguments["checked_by"]}
        awaits = accepted and _awaits_others(turn, row)
        record = _record(
            house, turn, row, "mandate.checked", state, "operator", digest, said, for_party=not awaits
        )
        if accepted:
            require_own_paper(turn, row, mandate.signed_on)
            if not _is_brought_along(turn, row):
                _carry_on(house, turn, row, digest)
        else:
            _end(house, turn, row)
        after = finding.by_id(turn.connection, row.permission_id)
        destroy_mandate(house, turn, after)
        state = state_at(after, turn.now)[0]
    return record.answer() | {"state": state}


def list_samples(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What was drawn, until when, and how it went; for the operator and the inspector."""
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in (AskerKind.OPERATOR, AskerKind.INSPECTOR):
            raise MalformedRequestError("samples are the operator's and the inspector's")
        rows = mandates.samples(connection, now, arguments["limit"])
    moments = ("drawn_at", "due_at", "produced_at", "failed_at", "passed_at")
    return {
        "samples": [
            {"permission_id": str(row.permission_id), "party_id": str(row.party_id)}
            | {name: content.instant(getattr(row, name)) or None for name in moments}
            for row in rows
        ]
    }


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """How a party's own written mandate stands: registered, drawn until when, handed over, judged.

    That it was found good shows with the grant: until then it looks like one that nobody judged.
    """
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.PARTY:
            raise UnauthenticatedError("use a party's access token")
        viewer = Viewer(None, asker.party_id)
        permission = found(finding.visible(connection, viewer, arguments["permission_id"], now), "permission")
        mandate = mandates.find(connection, arguments["permission_id"])
    row = found(mandate, "mandate of this permission")
    is_hidden = bool(row.accepted) and permission.occupancy_id is None
    waits = state_at(permission, now)[0] not in ENDED
    moments = ("registered_at", "sampled_at", "due_at", "produced_at", "checked_at")
    return {
        "permission_id": str(row.permission_id),
        "document_sha256": bytes(row.document_sha256).hex(),
        "signed_on": row.signed_on.isoformat(),
        "is_here": waits and (is_hidden or row.is_here),
        "accepted": None if is_hidden else row.accepted,
        **{name: content.instant(getattr(row, name)) or None for name in moments},
    } | ({"checked_at": None} if is_hidden else {})


def _own(house: House, turn: Turn, proof: Proof, arguments: dict[str, Any]) -> tuple[Any, str]:
    """The party's own request or permission, locked, and its state; refused where it has ended."""
    asker = asker_of(turn, house, proof, AskerKind.PARTY)
    viewer = Viewer(None, asker.party_id)
    row = found(
        finding.visible(turn.connection, viewer, arguments["permission_id"], turn.now, locked=True),
        "permission",
    )
    state = state_at(row, turn.now)[0]
    if state in ENDED:
        raise ConflictError("this permission has ended already")
    return row, state


def require_own_paper(turn: Turn, row: Any, signed_on: date) -> None:
    """Refuse a paper that says nothing of whoever lives there: his predecessor's, or one that he cannot sign himself.

    Raises:
        ConflictError: it was signed before that stay began, or a request is for somebody who is represented.
    """
    home = row.occupancy_id or row.addressed_to
    if home is None:
        return
    stay = occupancies.by_id(turn.connection, home)
    if signed_on < stay.from_day:
        raise ConflictError(
            f"it was signed on {signed_on}, and who lives there came on {stay.from_day}: another signed it; reject it"
        )
    is_asked = row.state == "requested" and stay.person_id is not None
    if is_asked and representations.of_represented(turn.connection, stay.person_id, turn.now):
        raise ConflictError("a court appointed somebody to act for the contract holder; that person answers")


def _carry_on(house: House, turn: Turn, row: Any, digest: bytes) -> None:
    if row.state == "requested":
        if row.addressed_to is None:
            raise ConflictError("this request names no access point where somebody lives")
        occupancy = occupancies.by_id(turn.connection, row.addressed_to)
        answering.grantable(row, occupancy, turn.now)
        person = found(occupancy.person_id, "person")
        if any(one.for_person_id == person for one in signers.of(turn.connection, [row.permission_id])):
            return  # the grid user has granted it already, and others have not yet
        capacity = signers.capacity_of(turn.connection, occupancy, person, day_of(turn.now))
        signature = Signature(
            person, capacity or Capacity.GRID_USER, "written_mandate", document_sha256=digest
        )
        sign(house, turn, row, occupancy, signature)
    elif row.state == "blocked" and row.reason == NOT_PRODUCED:
        state = closing.unblock(turn.connection, row, turn.now)
        turn.end(Ending.UNBLOCKED, row.permission_id)
        after = finding.by_id(turn.connection, row.permission_id)
        record_step(house, turn, after, Event.UNBLOCKED, state=state, by="operator")
        doubting.hold(house, turn, after)  # somebody may doubt it meanwhile: then that holds it


def _is_brought_along(turn: Turn, row: Any) -> bool:
    """Whether a request came with a file: then its sample and its customer's notice say when the word counts."""
    return row.state == "requested" and bool(imports.of_permissions(turn.connection, [row.permission_id]))


def _awaits_others(turn: Turn, row: Any) -> bool:
    """Whether a request goes on waiting when its grid user has signed it on paper."""
    if row.state != "requested" or row.addressed_to is None:
        return False
    occupancy = occupancies.by_id(turn.connection, row.addressed_to)
    missing = signers.missing(turn.connection, row.permission_id, occupancy, day_of(turn.now))
    return bool(missing - {occupancy.person_id})


def _end(house: House, turn: Turn, row: Any) -> None:
    if row.state not in LIVE:
        return  # it gives nothing; its grid user may still answer it himself
    state = closing.end_as(turn.connection, row, Event.INVALIDATED, mandates.REJECTED, turn.now)
    turn.end(Ending.MANDATE_REJECTED, row.permission_id)
    record_step(house, turn, row, Event.INVALIDATED, state=state, by="operator", reason=mandates.REJECTED)


def _record(
    house: House,
    turn: Turn,
    row: Any,
    event: str,
    state: str,
    by: str,
    digest: bytes,
    said: dict[str, Any] | None = None,
    *,
    for_party: bool = True,
) -> Record:
    members = {"document": digest.hex()} | (said or {})
    return record_step(house, turn, row, event, state=state, by=by, said=members, for_party=for_party)


COMMANDS = (
    Command(
        "mandate.register",
        schema(
            permission_id=identifier(),
            document_sha256=fields.String(required=True, validate=SHA256),
            signed_on=Day(required=True),
        ),
        register,
    ),
    Command(
        "mandate.produce",
        schema(
            permission_id=identifier(),
            document=fields.String(required=True, validate=validate.Length(1, documents.LONGEST_ENCODED)),
        ),
        produce,
    ),
    Command("mandate.show", schema(permission_id=identifier()), show),
    Command(
        "mandate.sample",
        schema(
            party_id=identifier(required=False),
            count=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1000)
            ),
        ),
        draw,
    ),
    Command("mandate.open", schema(permission_id=identifier()), open_document),
    Command(
        "mandate.check",
        schema(
            permission_id=identifier(),
            accepted=fields.Boolean(required=True, truthy={True}, falsy={False}),
            checked_by=short_text(longest=100),
        ),
        judge,
    ),
    Command(
        "mandate.samples",
        schema(limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500))),
        list_samples,
    ),
)
