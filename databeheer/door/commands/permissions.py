"""The life of a permission: a party asks, the customer grants, refuses or withdraws, the party terminates.

State and ledger entry commit in one transaction. Source: EU 2023/1162 annex III, R18-R29.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.access.bases import BasisKind
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
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.turn import Record, Statement, Subject, Turn
from databeheer.errors import ConflictError, MalformedRequestError, NoLegalBasisError, NotFoundError
from databeheer.values import Direction, Granularity, Purpose, Role, format_instant

LINK_TERM = timedelta(days=30)
_DIRECTIONS = [direction.value for direction in Direction]


def request(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A party asks for a permission. What it learns back does not tell whether an access point exists."""
    link_code = secrets.token_urlsafe(16)
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        operator = _may_ask(house, turn, asker.party_id, Purpose(arguments["purpose"]))
        _check_periods(arguments, turn.now)
        addressed = _addressee(house, turn, arguments) if arguments["ean"] else None
        reference = arguments["reference"] or uuid4().hex
        permission_id = uuid4()
        expires = turn.now + LINK_TERM
        inserted = turn.connection.execute(
            _INSERT,
            {
                "id": permission_id,
                "operator": addressed.operator if addressed else operator,
                "party": asker.party_id,
                "reference": reference,
                "service": arguments["service"],
                "purpose": arguments["purpose"],
                "category": arguments["category"],
                "directions": sorted(set(arguments["directions"])),
                "granularity": arguments["granularity"],
                "data_from": arguments["data_from"],
                "data_until": arguments["data_until"],
                "valid_until": arguments["valid_until"],
                "addressed": addressed.occupancy_id if addressed else None,
                "link": _hash(link_code),
                "link_expires": expires,
                "success": arguments["return_url_success"],
                "failed": arguments["return_url_failed"],
                "now": turn.now,
            },
        ).one_or_none()
        if inserted is None:
            raise ConflictError("you have used this reference before; choose another")
        turn.record(
            Statement(
                "permission.requested",
                _asked(permission_id, arguments),
                ground="",
                party_id=asker.party_id,
                operator=addressed.operator if addressed else operator,
                subjects=[Subject(addressed.occupancy_id)] if addressed else [],
            )
        )
    return {
        "permission_id": str(permission_id),
        "reference": reference,
        "state": "requested",
        "link_code": link_code,
        "link_expires_at": format_instant(expires),
    }


def by_link(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show the request behind a link to a customer who has logged in, with the points it could be granted for."""
    with looking(house, proof) as (connection, asker, now):
        row = connection.execute(_BY_LINK, {"link": _hash(arguments["link_code"])}).one_or_none()
        is_customer = asker.kind is AskerKind.CUSTOMER
        is_his = row is not None and {row.person_id, row.addressee} <= {None, asker.person_id}
        if not is_customer or not is_his:
            raise NotFoundError("this link is not known; ask the organisation for a new one")
        return _with_candidates(house, connection, row, asker, now)


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show one permission to the customer whom it concerns, or to the party that has it."""
    with looking(house, proof) as (connection, asker, now):
        row = connection.execute(_VISIBLE, _visible(asker, arguments["permission_id"])).one_or_none()
        return _with_candidates(house, connection, found(row, "permission"), asker, now)


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


def grant(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer grants a request for one of his access points; active at once (R7: he was told, by this)."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        row = _open_request(turn, arguments, asker.person_id)
        occupancy = found(
            turn.connection.execute(
                _OWN_OCCUPANCY, {"id": arguments["occupancy_id"], "person": asker.person_id}
            ).one_or_none(),
            "access point of yours",
        )
        today = day_of(turn.now)
        if (occupancy.until_day is not None and occupancy.until_day <= today) or occupancy.from_day > today:
            raise ConflictError("you do not live there (any more), so you cannot give this permission")
        if row.addressed_to not in (None, occupancy.occupancy_id):
            raise ConflictError("this request is for another access point")
        if row.valid_until is not None and row.valid_until <= turn.now:
            raise ConflictError("this request asks for a permission that would have ended by now")
        turn.connection.execute(
            _DECIDE,
            {
                "id": row.permission_id,
                "state": "active",
                "reason": "",
                "operator": occupancy.operator,
                "occupancy": occupancy.occupancy_id,
                "person": asker.person_id,
                "now": turn.now,
                "ended": None,
                "notice": bytes.fromhex(arguments["notice_sha256"]),
                "language": arguments["language"],
            },
        )
        record = turn.record(
            Statement(
                "permission.granted",
                {
                    **_of_row(row),
                    "notice": arguments["notice_sha256"],
                    "language": arguments["language"],
                    "method": "portal",
                },
                ground=_consent_row(house),
                party_id=row.party_id,
                operator=occupancy.operator,
                subjects=[Subject(occupancy.occupancy_id)],
            )
        )
    return _answer(house, row.permission_id, record)


def refuse(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer refuses a request; as final as granting, and as easy."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        row = _open_request(turn, arguments, asker.person_id)
        turn.connection.execute(
            _DECIDE,
            {
                "id": row.permission_id,
                "state": "rejected",
                "reason": "rejected_by_customer",
                "operator": row.operator,
                "occupancy": None,
                "person": asker.person_id,
                "now": turn.now,
                "ended": turn.now,
                "notice": None,
                "language": None,
            },
        )
        record = turn.record(
            Statement(
                "permission.rejected",
                _of_row(row),
                party_id=row.party_id,
                operator=row.operator,
                subjects=_whose(turn, row, asker),
            )
        )
    return _answer(house, row.permission_id, record)


def _whose(turn: Turn, row: Any, asker: Asker) -> list[Subject]:
    """In whose book a refusal stands: the addressed point's, else the one where the person lives now."""
    if row.addressed_to is not None:
        return [Subject(row.addressed_to)]
    home = turn.connection.execute(_LIVES_AT, {"person": asker.person_id, "today": day_of(turn.now)}).first()
    return [Subject(home.occupancy_id)] if home else []


def withdraw(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer withdraws; the next decision already sees it (R22). Never blocked by the emergency stop."""
    return _end(
        house, proof, arguments["permission_id"], AskerKind.CUSTOMER, "revoked", "withdrawn_by_customer"
    )


def terminate(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party gives the permission up (R28)."""
    return _end(
        house, proof, arguments["permission_id"], AskerKind.PARTY, "terminated", "terminated_by_party"
    )


def list_permissions(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List the asker's permissions, newest first, by pages: active, waiting and ended ones (R26)."""
    limit = arguments["limit"]
    before_at, before_id = _cursor(arguments["cursor"])
    with looking(house, proof) as (connection, asker, now):
        rows = connection.execute(
            _LIST,
            {
                "person": asker.person_id,
                "party": asker.party_id,
                "state": arguments["state"],
                "reference": arguments["reference"],
                "now": now,
                "before_at": before_at,
                "before_id": before_id,
                "limit": limit + 1,
            },
        ).all()
        views = [
            permission_view(house, connection, row, now, for_party=_is_party(asker), with_return_urls=False)
            for row in rows[:limit]
        ]
    last = rows[limit - 1] if len(rows) > limit else None
    # To the microsecond: a cursor must point between two rows.
    cursor = f"{last.requested_at.isoformat()}_{last.permission_id}" if last else None
    return {"permissions": views, "next_cursor": cursor}


def _end(
    house: House, proof: Proof, permission_id: UUID, kind: AskerKind, state: str, reason: str
) -> dict[str, Any]:
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, kind)
        row = found(
            turn.connection.execute(_VISIBLE_LOCKED, _visible(asker, permission_id)).one_or_none(),
            "permission",
        )
        gone = row.state != "active" or (row.valid_until is not None and row.valid_until <= turn.now)
        waiting = _is_party(asker) and row.state == "requested" and row.link_expires_at > turn.now
        if gone and not waiting:
            raise ConflictError("this permission has ended already")
        turn.connection.execute(
            text(
                "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now"
                " WHERE permission_id = :id"
            ),
            {"state": state, "reason": reason, "now": turn.now, "id": row.permission_id},
        )
        subject = row.occupancy_id or row.addressed_to
        record = turn.record(
            Statement(
                f"permission.{state}",
                _of_row(row),
                ground=_consent_row(house),
                party_id=row.party_id,
                operator=row.operator,
                subjects=[Subject(subject)] if subject else [],
            )
        )
    return _answer(house, row.permission_id, record, for_party=_is_party(asker))


def _is_party(asker: Asker) -> bool:
    return asker.kind is AskerKind.PARTY


def _answer(house: House, permission_id: UUID, record: Record, *, for_party: bool = False) -> dict[str, Any]:
    with house.engine.connect() as connection, connection.begin():
        row = connection.execute(_BY_ID, {"id": permission_id}).one()
        view = permission_view(house, connection, row, house.clock.now(), for_party=for_party)
    return {"permission": view, "index": record.index, "promise": b64encode(record.promise).decode()}


def _may_ask(house: House, turn: Turn, party_id: UUID | None, purpose: Purpose) -> int:
    """Only an energy service with a data access contract in force may ask (R12), for a purpose that is listed."""
    row = turn.connection.execute(
        text(
            "SELECT p.role, p.suspended_at, c.operator FROM registry.party p LEFT JOIN registry.contract c"
            " ON c.party_id = p.party_id AND c.valid_from <= :now AND (c.valid_until IS NULL OR c.valid_until > :now)"
            " WHERE p.party_id = :party ORDER BY c.valid_from LIMIT 1"
        ),
        {"party": party_id, "now": turn.now},
    ).one()
    rows = [row_ for row_ in house.catalogue.rows_of(Role(row.role)) if row_.basis is BasisKind.CONSENT]
    if not rows:
        raise NoLegalBasisError("your role gets data by law, not by permission; ask as an energy service")
    if row.suspended_at is not None or row.operator is None:
        raise NoLegalBasisError("your organisation has no data access contract in force")
    if not any(purpose in row_.purposes for row_ in rows):
        raise NoLegalBasisError("this purpose is not open to an energy service")
    operator: int = row.operator
    return operator


def _check_periods(arguments: dict[str, Any], now: datetime) -> None:
    if arguments["data_until"] is not None and arguments["data_until"] <= arguments["data_from"]:
        raise MalformedRequestError("data_until: lies after data_from")
    if arguments["valid_until"] is not None and arguments["valid_until"] <= now:
        raise MalformedRequestError("valid_until: lies in the future")


def _addressee(house: House, turn: Turn, arguments: dict[str, Any]) -> Any:
    return turn.connection.execute(
        text(
            "SELECT o.occupancy_id, o.operator FROM registry.access_point a JOIN registry.occupancy o"
            " USING (access_point_id) WHERE a.ean_hash = :hash AND o.person_id IS NOT NULL"
            " AND o.from_day <= :today AND (o.until_day IS NULL OR o.until_day > :today)"
        ),
        {"hash": ean_hash(house, arguments["ean"]), "today": day_of(turn.now)},
    ).one_or_none()


def _open_request(turn: Turn, arguments: dict[str, Any], person_id: UUID | None) -> Any:
    """The waiting request, locked; shown by its link or addressed to the person's own access point."""
    row = turn.connection.execute(
        text(
            "SELECT p.*, o.person_id AS addressee FROM permissions.permission p"
            " LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to"
            " WHERE p.permission_id = :id FOR UPDATE OF p"
        ),
        {"id": arguments["permission_id"]},
    ).one_or_none()
    if row is None:
        raise NotFoundError("there is no such request for you")
    code = arguments["link_code"]
    has_link = code is not None and hmac.compare_digest(_hash(code), bytes(row.link_hash))
    # A link that went astray answers nothing that is addressed to somebody else.
    if row.addressee != person_id and not (row.addressee is None and has_link):
        raise NotFoundError("there is no such request for you")
    if row.state != "requested":
        raise ConflictError("this request has been answered already")
    if row.link_expires_at <= turn.now:
        raise ConflictError("this request has expired; the organisation can ask again")
    return row


def _asked(permission_id: UUID, arguments: dict[str, Any]) -> dict[str, Any]:
    def instant(value: datetime | None) -> str:
        return format_instant(value) if value else ""

    return {
        "permission": str(permission_id),
        "purpose": arguments["purpose"],
        "category": arguments["category"],
        "directions": sorted(set(arguments["directions"])),
        "granularity": arguments["granularity"],
        "data": [instant(arguments["data_from"]), instant(arguments["data_until"])],
        "valid_until": instant(arguments["valid_until"]),
    }


def _of_row(row: Any) -> dict[str, Any]:
    return _asked(row.permission_id, row._mapping)


def _consent_row(house: House) -> str:
    """The code of the catalogue's row for consents to an energy service."""
    return next(
        row.code for row in house.catalogue.rows_of(Role.ENERGY_SERVICE) if row.basis is BasisKind.CONSENT
    )


def _visible(asker: Any, permission_id: UUID) -> dict[str, Any]:
    return {"id": permission_id, "person": asker.person_id, "party": asker.party_id}


def _cursor(value: str | None) -> tuple[datetime | None, UUID | None]:
    if value is None:
        return None, None
    try:
        at, _, permission = value.partition("_")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(permission)
    except ValueError as error:
        raise MalformedRequestError("cursor: take it from next_cursor of the page before") from error


def _hash(value: str) -> bytes:
    return sha256(value.encode()).digest()


_INSERT = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference, service, purpose, category,"
    " directions, granularity, data_from, data_until, valid_until, state, addressed_to, link_hash, link_expires_at,"
    " return_url_success, return_url_failed, requested_at)"
    " VALUES (:id, :operator, :party, :reference, :service, :purpose, :category, :directions, :granularity,"
    " :data_from, :data_until, :valid_until, 'requested', :addressed, :link, :link_expires, :success, :failed, :now)"
    " ON CONFLICT (party_id, reference, service) DO NOTHING RETURNING 1"
)
_DECIDE = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, operator = :operator,"
    " occupancy_id = :occupancy, person_id = :person, decided_at = :now, ended_at = :ended,"
    " notice_sha256 = :notice, language = :language WHERE permission_id = :id"
)
_BY_LINK = text(
    "SELECT p.*, o.person_id AS addressee FROM permissions.permission p"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to WHERE p.link_hash = :link"
)
_BY_ID = text("SELECT * FROM permissions.permission WHERE permission_id = :id")
_OWN_OCCUPANCY = text("SELECT * FROM registry.occupancy WHERE occupancy_id = :id AND person_id = :person")
_LIVES_AT = text(
    "SELECT occupancy_id FROM registry.occupancy WHERE person_id = :person AND from_day <= :today"
    " AND (until_day IS NULL OR until_day > :today) ORDER BY from_day, occupancy_id LIMIT 1"
)
# Visible: to the party that asked, to the person who decided, and to whom a waiting request is addressed.
_SEES = """
    FROM permissions.permission p LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to
    WHERE (p.party_id = CAST(:party AS uuid) OR p.person_id = CAST(:person AS uuid)
           OR (p.person_id IS NULL AND o.person_id = CAST(:person AS uuid)))
"""
_VISIBLE = text("SELECT p.*" + _SEES + "AND p.permission_id = :id")
_VISIBLE_LOCKED = text("SELECT p.*" + _SEES + "AND p.permission_id = :id FOR UPDATE OF p")
_LIST = text(
    "SELECT p.*"
    + _SEES
    + """
    AND (CAST(:state AS text) IS NULL OR :state = CASE
        WHEN p.state = 'active' AND p.valid_until <= :now THEN 'expired'
        WHEN p.state = 'requested' AND p.link_expires_at <= :now THEN 'timed_out' ELSE p.state END)
    AND (CAST(:reference AS text) IS NULL OR p.reference = :reference)
    AND (CAST(:before_at AS timestamptz) IS NULL
        OR (p.requested_at, p.permission_id) < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY p.requested_at DESC, p.permission_id DESC LIMIT :limit
"""
)
_STATES = ("requested", "rejected", "timed_out", "active", "revoked", "expired", "terminated", "invalidated")

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
    Command("permission.terminate", schema(permission_id=identifier()), terminate),
    Command(
        "permission.list",
        schema(
            state=one_of(*_STATES, required=False),
            reference=short_text(required=False, longest=100),
            cursor=short_text(required=False),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500)),
        ),
        list_permissions,
    ),
)
