"""Commands on permissions: who asks is checked, the rule is `databeheer.permissions`', the entry commits with it.

A suspended party still sees its own, ends what waits, and says that it deleted: its duties do not end with its rights.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.door.attorneys import acting
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    asker_of,
    flag,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.permission_views import history_view, permission_view, permission_views
from databeheer.door.commands.views import places_of
from databeheer.door.house import House
from databeheer.door.names import ean_hash, reference_hash, seal_text
from databeheer.door.permission_record import record_step
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.repeats import LONGEST_KEY, Repeat, promise_again
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.doubt import conduct
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import asking, beside, closing, content, deletion, finding, signers, timing
from databeheer.permissions.finding import Viewer
from databeheer.permissions.states import LIVE, Event
from databeheer.registry import occupancies
from databeheer.values import Direction, Granularity, Purpose, format_instant
from ledger.idempotency import Kept

_DIRECTIONS = [direction.value for direction in Direction]


def request(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A party asks for a permission. What it learns back does not tell whether an access point exists."""
    link_code = secrets.token_urlsafe(16)
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, "permission.request", arguments)
        if (first := repeat.answered()) is not None:
            return first[0]
        purpose = Purpose(arguments["purpose"])
        operator = asking.may_ask(turn.connection, house.catalogue, asker.party_id, purpose, turn.now)
        conduct.require_contact(turn.connection, asker.party_id)
        reference = arguments["reference"] or uuid4().hex
        asked = _request(house, turn, asker, operator, arguments | {"reference": reference})
        asked.check(turn.now)
        state = asking.ask(turn.connection, asked, token_hash(link_code), turn.now)
        index = turn.next_index
        record_step(
            house,
            turn,
            finding.by_id(turn.connection, asked.permission_id),
            "requested",
            state=state,
            by="party",
            with_ground=False,
        )
        answer = {
            "permission_id": str(asked.permission_id),
            "reference": reference,
            "state": state,
            "link_code": link_code,
            "link_expires_at": format_instant(turn.now + asking.LINK_TERM),
        }
        repeat.keep(answer, index)
    return answer


def by_link(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show the request behind a link to a customer who has logged in, with the points it could be granted for."""
    with looking(house, proof) as (connection, asker, now):
        row = finding.by_link(connection, token_hash(arguments["link_code"]), asker.person_id, now)
        if row is None or asker.kind is not AskerKind.CUSTOMER:
            raise NotFoundError("this link is not known; ask the organisation for a new one")
        return _with_candidates(house, connection, row, asker, now)


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show one permission to the customer whom it concerns, or to the party that has it."""
    with looking(house, proof, or_suspended=True, or_attorney=True) as (connection, asker, now):
        row = finding.visible(connection, _viewer(asker), arguments["permission_id"], now)
        shown = _with_candidates(house, connection, found(row, "permission"), asker, now)
        shown["permission"] |= history_view(connection, row, asker.person_id, for_party=_is_party(asker))
        return shown


def terminate(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party gives the permission up (R28)."""
    return end_permission(house, proof, arguments, AskerKind.PARTY)


def confirm_deletion(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party says that it deleted what it read under a permission that has ended (R32)."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY, or_suspended=True)
        repeat = Repeat(house, turn, asker.party_id, "permission.confirm_deletion", arguments)
        if (first := repeat.answered()) is not None:
            return _ended_before(house, turn, arguments["permission_id"], first[1])
        index = turn.next_index
        row = found(
            finding.visible(
                turn.connection, _viewer(asker), arguments["permission_id"], turn.now, locked=True
            ),
            "permission",
        )
        deletion.confirm(turn.connection, row, turn.now)
        state = timing.state_at(row, turn.now)[0]
        record = record_step(house, turn, row, "permission.deletion_confirmed", state=state, by="party")
        repeat.keep({}, index)
    return answer_of(house, row.permission_id, record, asker)


def list_permissions(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List the asker's permissions, newest first, by pages: active, waiting and ended ones (R26).

    A party may ask for those of one access point: of what was granted alone, so it tells nothing of any other. And for
    those that have ended, and of which it has not confirmed yet that it deleted what it read (`is_to_delete`).
    """
    reference, ean = arguments.pop("reference"), arguments.pop("ean")
    with looking(house, proof, or_suspended=True, or_attorney=True) as (connection, asker, now):
        hashed = None
        if asker.party_id is None and (reference is not None or ean is not None):
            raise MalformedRequestError("reference, ean: a party finds its own requests by them, nobody else")
        if reference is not None and asker.party_id is not None:
            hashed = reference_hash(house, asker.party_id, reference)
        rows, cursor = finding.page(
            connection,
            _viewer(asker),
            now=now,
            reference_hash=hashed,
            ean_hash=ean_hash(house, ean) if ean else None,
            **arguments,
        )
        views = permission_views(
            house,
            connection,
            rows,
            now,
            person_id=asker.person_id,
            for_party=_is_party(asker),
            with_return_urls=False,
        )
    return {"permissions": views, "next_cursor": cursor}


def _request(
    house: House, turn: Turn, asker: Asker, operator: int, arguments: dict[str, Any]
) -> asking.Request:
    named = ean_hash(house, arguments["ean"]) if arguments["ean"] else None
    addressed = occupancies.lived_in(turn.connection, named, day_of(turn.now)) if named else None
    permission_id, party_id = uuid4(), found(asker.party_id, "party")

    def sealed(what: str) -> bytes | None:
        value = arguments[what]
        return seal_text(house, what, permission_id, value) if value is not None else None

    return asking.Request(
        permission_id=permission_id,
        party_id=party_id,
        operator=operator,  # of the contract; the point's would tell that the point exists
        reference_hash=reference_hash(house, party_id, arguments["reference"]),
        reference_sealed=seal_text(house, "reference", permission_id, arguments["reference"]),
        service=arguments["service"],
        purpose=Purpose(arguments["purpose"]),
        category=arguments["category"],
        directions=frozenset(Direction(direction) for direction in arguments["directions"]),
        granularity=Granularity(arguments["granularity"]),
        data_from=arguments["data_from"],
        data_until=arguments["data_until"],
        valid_until=arguments["valid_until"],
        named_hash=named,
        addressed_to=addressed.occupancy_id if addressed else None,
        return_url_success_sealed=sealed("return_url_success"),
        return_url_failed_sealed=sealed("return_url_failed"),
        up_to=arguments["up_to"],
    )


def end_permission(house: House, proof: Proof, arguments: dict[str, Any], kind: AskerKind) -> dict[str, Any]:
    """End a permission, or one part of its data, for who asks: the party, the grid user, or another signer."""
    permission_id, part = arguments["permission_id"], arguments["part"]
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(
            turn, house, proof, kind, or_representative=True, or_attorney=True, or_suspended=True
        )
        repeat = Repeat(house, turn, asker.party_id, "permission.terminate", arguments)
        if (first := repeat.answered()) is not None:
            return _ended_before(house, turn, permission_id, first[1])
        index = turn.next_index
        row = found(
            finding.visible(turn.connection, _viewer(asker), permission_id, turn.now, locked=True),
            "permission",
        )
        by = "party" if _is_party(asker) else _signer(turn, row, asker)
        if part is not None:
            record = _end_part(house, turn, row, part, by, asker.person_id)
        else:
            record = _end(house, turn, row, by, asker)
        acting.tell_acted(house, turn, asker)
        repeat.keep({}, index)  # what it became is looked up again: it stays as it is
    return answer_of(house, row.permission_id, record, asker)


def end_in_turn(house: House, turn: Turn, row: Any, asker: Asker) -> Record:
    """End a permission, locked before, in this turn, as who asks; raises where it is not his to withdraw."""
    return _end(house, turn, row, "party" if _is_party(asker) else _signer(turn, row, asker), asker)


def _end(house: House, turn: Turn, row: Any, by: str, asker: Asker) -> Record:
    state = closing.end(turn.connection, row, by_party=_is_party(asker), now=turn.now)
    turn.end(Ending.TERMINATED if _is_party(asker) else Ending.REVOKED, row.permission_id)
    event = Event.TERMINATED if _is_party(asker) else Event.REVOKED
    return record_step(house, turn, row, event, state=state, by=by, person_id=asker.person_id)


def _end_part(house: House, turn: Turn, row: Any, part: str, by: str, person_id: UUID | None) -> Record:
    state = closing.end_part(turn.connection, row, part, turn.now)
    turn.end(Ending.PAST_PART if part == "past" else Ending.FUTURE_PART, row.permission_id)
    left = finding.by_id(turn.connection, row.permission_id)
    return record_step(
        house, turn, left, Event.NARROWED, state=state, by=by, reason=part, person_id=person_id
    )


def _signer(turn: Turn, row: Any, asker: Asker) -> str:
    """As what somebody withdraws; raise where it is not his to withdraw."""
    as_himself = "grid_user"
    if row.person_id != asker.person_id and row.state in LIVE:
        signed = signers.of(turn.connection, [row.permission_id])
        mine = next((one for one in signed if one.for_person_id == asker.person_id), None)
        found(mine, "permission of yours")
        as_himself = "person_concerned"
    return as_himself if asker.representative_id is None else "representative"


def _ended_before(house: House, turn: Turn, permission_id: UUID, kept: Kept) -> dict[str, Any]:
    """The first answer to a party that ended a permission, and asks again under the same key."""
    row = finding.by_id(turn.connection, permission_id)
    view = permission_view(house, turn.connection, row, turn.now, for_party=True)
    promise = promise_again(house, turn, kept)
    return {"permission": view, "index": kept.index, "promise": b64encode(promise).decode()}


def _with_candidates(
    house: House, connection: Connection, row: Any, asker: Asker, now: datetime
) -> dict[str, Any]:
    """A permission, and the customer's own points that it could be granted for."""
    places = places_of(house, connection, asker.person_id, now) if asker.person_id else []
    return {
        "permission": permission_view(
            house, connection, row, now, person_id=asker.person_id, for_party=_is_party(asker)
        ),
        "occupancies": [
            place
            for place in places
            if place["until"] is None
            and asker.reaches(UUID(place["occupancy_id"]))
            and (row.addressed_to is None or str(row.addressed_to) == place["occupancy_id"])
        ],
    }


def answer_of(house: House, permission_id: UUID, record: Record, asker: Asker) -> dict[str, Any]:
    """The answer to a command that changed a permission: what it is now, and the promise of the entry."""
    with house.engine.connect() as connection, connection.begin():
        row = finding.by_id(connection, permission_id)
        view = permission_view(
            house,
            connection,
            row,
            house.clock.now(),
            person_id=asker.person_id,
            for_party=_is_party(asker),
        )
    return {"permission": view} | record.answer()


def _is_party(asker: Asker) -> bool:
    return asker.kind is AskerKind.PARTY


def _viewer(asker: Asker) -> Viewer:
    return Viewer(asker.person_id, asker.party_id, asker.power.stays if asker.power else None)


PART = one_of(*content.PARTS, required=False)
"""Of past and future data the one that ends; without it, all."""
KEY = fields.String(
    load_default=None,
    validate=validate.Regexp(
        rf"[!-~]{{1,{LONGEST_KEY}}}\Z", error=f"1 to {LONGEST_KEY} visible ASCII characters"
    ),
)

REQUEST: dict[str, fields.Field[Any]] = {
    "reference": short_text(required=False, longest=100),
    "purpose": one_of(*(purpose.value for purpose in Purpose)),
    "category": one_of("readings"),
    "granularity": one_of(*(granularity.value for granularity in Granularity)),
    "directions": fields.List(
        one_of(*_DIRECTIONS), required=True, validate=validate.Length(min=1, max=len(_DIRECTIONS))
    ),
    "data_from": Instant(required=True),
    "data_until": Instant(load_default=None, allow_none=True),
    "valid_until": Instant(load_default=None, allow_none=True),
    "ean": EANCode(load_default=None, allow_none=True),
    "service": short_text(required=False, longest=40, missing=""),
    "return_url_success": short_text(required=False, longest=1000),
    "return_url_failed": short_text(required=False, longest=1000),
    "up_to": fields.Integer(load_default=1, strict=True, validate=validate.Range(1, beside.MOST_POINTS)),
}
"""What is asked, as a command takes it."""

COMMANDS = (
    Command(
        "permission.request",
        schema(**REQUEST, idempotency_key=KEY),
        request,
    ),
    Command("permission.by_link", schema(link_code=short_text()), by_link),
    Command("permission.show", schema(permission_id=identifier()), show),
    Command(
        "permission.terminate",
        schema(permission_id=identifier(), part=PART, idempotency_key=KEY),
        terminate,
    ),
    Command(
        "permission.confirm_deletion",
        schema(permission_id=identifier(), idempotency_key=KEY),
        confirm_deletion,
    ),
    Command(
        "permission.list",
        schema(
            state=one_of(*content.STATES, required=False),
            reference=short_text(required=False, longest=100),
            ean=EANCode(load_default=None, allow_none=True),
            is_to_delete=flag(),
            cursor=short_text(required=False),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500)),
        ),
        list_permissions,
    ),
)
