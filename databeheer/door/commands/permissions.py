"""Commands on permissions: who asks is checked, the rule is `databeheer.permissions`', the entry commits with it."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.views import occupancies_of, permission_view
from databeheer.door.ends import Ending
from databeheer.door.house import House
from databeheer.door.names import ean_hash, reference_hash, seal_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.repeats import LONGEST_KEY, Repeat, promise_again
from databeheer.door.turn import Record, Statement, Subject, Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import finding, life
from databeheer.permissions.finding import Viewer
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
        operator = life.may_ask(turn.connection, house.catalogue, asker.party_id, purpose, turn.now)
        reference = arguments["reference"] or uuid4().hex
        asked = _request(house, turn, asker, operator, arguments | {"reference": reference})
        asked.check(turn.now)
        life.ask(turn.connection, asked, token_hash(link_code), turn.now)
        index = turn.next_index
        turn.record(
            Statement(
                "permission.requested",
                life.said(asked.permission_id, vars(asked)),
                party_id=asked.party_id,
                operator=asked.operator,
                subjects=[Subject(asked.addressed_to)] if asked.addressed_to else [],
            )
        )
        answer = {
            "permission_id": str(asked.permission_id),
            "reference": reference,
            "state": "requested",
            "link_code": link_code,
            "link_expires_at": format_instant(turn.now + life.LINK_TERM),
        }
        repeat.keep(answer, index)
    return answer


def by_link(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show the request behind a link to a customer who has logged in, with the points it could be granted for."""
    with looking(house, proof) as (connection, asker, now):
        row = finding.by_link(connection, token_hash(arguments["link_code"]), asker.person_id)
        if row is None or asker.kind is not AskerKind.CUSTOMER:
            raise NotFoundError("this link is not known; ask the organisation for a new one")
        return _with_candidates(house, connection, row, asker, now)


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show one permission to the customer whom it concerns, or to the party that has it."""
    with looking(house, proof) as (connection, asker, now):
        row = finding.visible(connection, _viewer(asker), arguments["permission_id"])
        return _with_candidates(house, connection, found(row, "permission"), asker, now)


def grant(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer grants a request for one of his access points; active at once (R7: he was told, by this)."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        row = _waiting(turn, arguments, asker)
        occupancy = occupancies.own(turn.connection, arguments["occupancy_id"], asker.person_id)
        life.grant(
            turn.connection,
            row,
            found(occupancy, "access point of yours"),
            found(asker.person_id, "person"),
            notice_sha256=bytes.fromhex(arguments["notice_sha256"]),
            language=arguments["language"],
            now=turn.now,
        )
        shown = {"notice": arguments["notice_sha256"], "language": arguments["language"], "method": "portal"}
        record = turn.record(
            Statement(
                "permission.granted",
                life.said(row.permission_id, row._mapping) | shown,
                ground=life.ground_of(house.catalogue, row.purpose),
                party_id=row.party_id,
                operator=found(occupancy, "access point of yours").operator,
                subjects=[Subject(arguments["occupancy_id"])],
            )
        )
    return _answer(house, row.permission_id, record)


def refuse(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer refuses a request; as final as granting, and as easy."""
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        row = _waiting(turn, arguments, asker)
        life.refuse(turn.connection, row, found(asker.person_id, "person"), turn.now)
        turn.end(Ending.REJECTED, row.permission_id)
        # In whose book it stands: the addressed point's, else the one where the person lives now.
        home = row.addressed_to or occupancies.home_of(turn.connection, asker.person_id, day_of(turn.now))
        record = turn.record(
            Statement(
                "permission.rejected",
                life.said(row.permission_id, row._mapping),
                party_id=row.party_id,
                operator=row.operator,
                subjects=[Subject(home)] if home else [],
            )
        )
    return _answer(house, row.permission_id, record)


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer withdraws; the next decision already sees it (R22). Never blocked by the emergency stop."""
    return _end(house, proof, arguments, AskerKind.CUSTOMER)


def terminate(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party gives the permission up (R28)."""
    return _end(house, proof, arguments, AskerKind.PARTY)


def list_permissions(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List the asker's permissions, newest first, by pages: active, waiting and ended ones (R26)."""
    reference = arguments.pop("reference")
    with looking(house, proof) as (connection, asker, now):
        hashed = None
        if reference is not None:
            if asker.party_id is None:
                raise MalformedRequestError("reference: a party finds its own requests by it, nobody else")
            hashed = reference_hash(house, asker.party_id, reference)
        rows, cursor = finding.page(connection, _viewer(asker), now=now, reference_hash=hashed, **arguments)
        views = [
            permission_view(house, connection, row, now, for_party=_is_party(asker), with_return_urls=False)
            for row in rows
        ]
    return {"permissions": views, "next_cursor": cursor}


def _request(
    house: House, turn: Turn, asker: Asker, operator: int, arguments: dict[str, Any]
) -> life.Request:
    named = ean_hash(house, arguments["ean"]) if arguments["ean"] else None
    addressed = occupancies.lived_in(turn.connection, named, day_of(turn.now)) if named else None
    permission_id, party_id = uuid4(), found(asker.party_id, "party")

    def sealed(what: str) -> bytes | None:
        value = arguments[what]
        return seal_text(house, what, permission_id, value) if value is not None else None

    return life.Request(
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
    )


def _waiting(turn: Turn, arguments: dict[str, Any], asker: Asker) -> Any:
    code = arguments["link_code"]
    link = token_hash(code) if code is not None else None
    return life.waiting(turn.connection, arguments["permission_id"], asker.person_id, link, turn.now)


def _end(house: House, proof: Proof, arguments: dict[str, Any], kind: AskerKind) -> dict[str, Any]:
    permission_id = arguments["permission_id"]
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, kind)
        repeat = Repeat(house, turn, asker.party_id, "permission.terminate", arguments)
        if (first := repeat.answered()) is not None:
            return _ended_before(house, turn, permission_id, first[1])
        index = turn.next_index
        row = found(
            finding.visible(turn.connection, _viewer(asker), permission_id, locked=True), "permission"
        )
        state = life.end(turn.connection, row, by_party=_is_party(asker), now=turn.now)
        turn.end(Ending.TERMINATED if _is_party(asker) else Ending.REVOKED, row.permission_id)
        subject = row.occupancy_id or row.addressed_to
        record = turn.record(
            Statement(
                f"permission.{state}",
                life.said(row.permission_id, row._mapping),
                ground=life.ground_of(house.catalogue, row.purpose),
                party_id=row.party_id,
                operator=row.operator,
                subjects=[Subject(subject)] if subject else [],
            )
        )
        repeat.keep({}, index)  # what it became is looked up again: it stays as it is
    return _answer(house, row.permission_id, record, for_party=_is_party(asker))


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
    own = occupancies_of(house, connection, asker.person_id) if asker.person_id else []
    return {
        "permission": permission_view(house, connection, row, now, for_party=_is_party(asker)),
        "occupancies": [
            occupancy
            for occupancy in own
            if occupancy["until"] is None
            and (row.addressed_to is None or str(row.addressed_to) == occupancy["occupancy_id"])
        ],
    }


def _answer(house: House, permission_id: UUID, record: Record, *, for_party: bool = False) -> dict[str, Any]:
    with house.engine.connect() as connection, connection.begin():
        row = finding.by_id(connection, permission_id)
        view = permission_view(house, connection, row, house.clock.now(), for_party=for_party)
    return {"permission": view, "index": record.index, "promise": b64encode(record.promise).decode()}


def _is_party(asker: Asker) -> bool:
    return asker.kind is AskerKind.PARTY


def _viewer(asker: Asker) -> Viewer:
    return Viewer(asker.person_id, asker.party_id)


_KEY = fields.String(load_default=None, validate=validate.Regexp(rf"[!-~]{{1,{LONGEST_KEY}}}\Z"))

COMMANDS = (
    Command(
        "permission.request",
        schema(
            reference=short_text(required=False, longest=100),
            purpose=one_of(*(purpose.value for purpose in Purpose)),
            category=one_of("readings"),
            granularity=one_of(*(granularity.value for granularity in Granularity)),
            directions=fields.List(
                one_of(*_DIRECTIONS), required=True, validate=validate.Length(min=1, max=len(_DIRECTIONS))
            ),
            data_from=Instant(required=True),
            data_until=Instant(load_default=None, allow_none=True),
            valid_until=Instant(load_default=None, allow_none=True),
            ean=EANCode(load_default=None, allow_none=True),
            service=short_text(required=False, longest=40, missing=""),
            return_url_success=short_text(required=False, longest=1000),
            return_url_failed=short_text(required=False, longest=1000),
            idempotency_key=_KEY,
        ),
        request,
    ),
    Command("permission.by_link", schema(link_code=short_text()), by_link),
    Command("permission.show", schema(permission_id=identifier()), show),
    Command(
        "permission.grant",
        schema(
            permission_id=identifier(),
            link_code=short_text(required=False),
            occupancy_id=identifier(),
            notice_sha256=fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z")),
            language=one_of("nl", "en", "fr", "de"),
        ),
        grant,
    ),
    Command(
        "permission.refuse", schema(permission_id=identifier(), link_code=short_text(required=False)), refuse
    ),
    Command("permission.withdraw", schema(permission_id=identifier()), withdraw),
    Command("permission.terminate", schema(permission_id=identifier(), idempotency_key=_KEY), terminate),
    Command(
        "permission.list",
        schema(
            state=one_of(*life.STATES, required=False),
            reference=short_text(required=False, longest=100),
            cursor=short_text(required=False),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500)),
        ),
        list_permissions,
    ),
)
