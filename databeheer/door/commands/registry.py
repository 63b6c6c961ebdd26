"""Changes of the registry that widen or end access: the operator's commands, each recorded with its state."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door import seals
from databeheer.door.commands.base import (
    Command,
    Day,
    EANCode,
    Instant,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.login import person_of
from databeheer.door.house import House
from databeheer.door.keystore import Kind
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.turn import Statement, Subject, Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.identity.clients import check_public_key
from databeheer.identity.provider import Identity
from databeheer.values import EAN, Commodity, Role

FIRST_DAY = date(2000, 1, 1)


def add_operator(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Add a grid operator: the controller that rows are kept apart by (R136)."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        known = turn.connection.execute(
            text(
                "INSERT INTO registry.operator (operator, code, name) VALUES (:operator, :code, :name)"
                " ON CONFLICT DO NOTHING RETURNING 1"
            ),
            arguments,
        ).one_or_none()
        if known is None:
            raise ConflictError("this grid operator is registered already")
        turn.record(Statement("operator.added", {"code": arguments["code"]}, operator=arguments["operator"]))
    return {"operator": arguments["operator"]}


def add_party(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Onboard a party in one role of the closed list (R2); the public register shows it from now on (R5)."""
    party_id = uuid4()
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if arguments["operator"] is not None:
            _operator(turn, arguments["operator"])
        turn.connection.execute(
            text(
                "INSERT INTO registry.party"
                " (party_id, name, role, about, website, processing_url, operator, created_at)"
                " VALUES (:id, :name, :role, :about, :website, :processing_url, :operator, :now)"
            ),
            {**arguments, "id": party_id, "now": turn.now},
        )
        turn.record(Statement("party.onboarded", {"role": arguments["role"]}, party_id=party_id))
    return {"party_id": str(party_id)}


def suspend_party(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Suspend a party: it loses access on all its points in one transaction, its tokens end now (R13)."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        party = {"party": arguments["party_id"], "now": turn.now}
        suspended = turn.connection.execute(
            text(
                "UPDATE registry.party SET suspended_at = :now WHERE party_id = :party AND suspended_at IS NULL"
                " RETURNING 1"
            ),
            party,
        ).one_or_none()
        if suspended is None:
            raise NotFoundError("there is no such party, or it is suspended already")
        turn.connection.execute(
            text(
                "UPDATE identity.access_token SET revoked_at = :now WHERE party_id = :party AND revoked_at IS NULL"
            ),
            party,
        )
        turn.record(
            Statement("party.suspended", {"reason": arguments["reason"]}, party_id=arguments["party_id"])
        )
    return {}


def add_contract(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record a party's data access contract with a grid operator (R12)."""
    if arguments["valid_until"] is not None and arguments["valid_until"] <= arguments["valid_from"]:
        raise MalformedRequestError("valid_until: lies after valid_from")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        _party(turn, arguments["party_id"])
        _operator(turn, arguments["operator"])
        added = turn.connection.execute(
            text(
                "INSERT INTO registry.contract (contract_id, operator, party_id, number, valid_from, valid_until)"
                " VALUES (:id, :operator, :party_id, :number, :valid_from, :valid_until)"
                " ON CONFLICT (number) DO NOTHING RETURNING 1"
            ),
            {**arguments, "id": uuid4()},
        ).one_or_none()
        if added is None:
            raise ConflictError("a contract with this number exists")
        turn.record(
            Statement("contract.signed", {"number": arguments["number"]}, party_id=arguments["party_id"])
        )
    return {}


def add_client(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a party credentials. With its public key it signs assertions; else it gets a secret, shown once."""
    client_id = f"client-{secrets.token_hex(8)}"
    secret = None if arguments["public_key"] else secrets.token_urlsafe(32)
    subscription = secrets.token_hex(16) if "facade" in arguments["profiles"] else None
    if arguments["public_key"]:
        check_public_key(arguments["public_key"])
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        _party(turn, arguments["party_id"])
        turn.connection.execute(
            text(
                "INSERT INTO identity.client (client_id, party_id, secret_hash, public_key, subscription_key_hash,"
                " profiles, created_at) VALUES (:client, :party, :secret, :key, :subscription, :profiles, :now)"
            ),
            {
                "client": client_id,
                "party": arguments["party_id"],
                "secret": sha256(secret.encode()).digest() if secret else None,
                "key": arguments["public_key"],
                "subscription": sha256(subscription.encode()).digest() if subscription else None,
                "profiles": sorted(set(arguments["profiles"])),
                "now": turn.now,
            },
        )
        said = {
            "profiles": sorted(set(arguments["profiles"])),
            "by": "key" if arguments["public_key"] else "secret",
        }
        turn.record(Statement("client.added", said, party_id=arguments["party_id"]))
    return {"client_id": client_id, "client_secret": secret, "subscription_key": subscription}


def add_person(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make the person behind a provider's subject known, so that an occupancy can name him."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        identity = Identity(arguments["subject"], arguments["name"], "customer")
        person_id = person_of(house, turn.connection, identity, turn.now)
    return {"person_id": str(person_id)}


def register_point(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Register an access point; it begins as a vacancy, with a root key of its own."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        _operator(turn, arguments["operator"])
        point_id = new_point(house, turn, arguments["ean"], arguments["commodity"], arguments["operator"])
        if point_id is None:
            raise ConflictError("this access point is registered already")
        if arguments["address"]:
            turn.connection.execute(
                text(
                    "UPDATE registry.access_point SET address_sealed = :address WHERE access_point_id = :id"
                ),
                {"address": seal_text(house, "address", point_id, arguments["address"]), "id": point_id},
            )
    return {}


def new_point(house: House, turn: Turn, ean: EAN, commodity: str, operator: int) -> UUID | None:
    """Register an access point in this turn; None where it is known already."""
    point_id, vacancy_id = uuid4(), uuid4()
    row = turn.connection.execute(
        text(
            "INSERT INTO registry.access_point"
            " (access_point_id, operator, ean_hash, ean_sealed, commodity, registered_at)"
            " VALUES (:id, :operator, :hash, :sealed, :commodity, :now)"
            " ON CONFLICT (ean_hash) DO NOTHING RETURNING access_point_no"
        ),
        {
            "id": point_id,
            "operator": operator,
            "hash": ean_hash(house, ean),
            "sealed": seal_text(house, "ean", point_id, ean.digits),
            "commodity": commodity,
            "now": turn.now,
        },
    ).one_or_none()
    if row is None:
        return None
    _insert_occupancy(
        house, turn, vacancy_id, point_id, row.access_point_no, operator, None, FIRST_DAY, None, True
    )
    turn.record(
        Statement(
            "access_point.registered",
            {"commodity": commodity},
            operator=operator,
            subjects=[Subject(vacancy_id)],
        )
    )
    return point_id


def begin_occupancy(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move a person in from a day on; the vacancy ends there.

    A move-in reported after readings were stored from that day on is refused: those readings are sealed for
    another occupancy and would have to be re-sealed first.
    """
    first = arguments["from_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        vacancy = _occupancy_on(house, turn, arguments["ean"], first)
        if vacancy.person_id is not None or vacancy.until_day is not None:
            raise ConflictError("somebody lives there on that day; end that occupancy first")
        _refuse_late_move(house, turn, vacancy, first)
        person = found(
            turn.connection.execute(
                text("SELECT person_id FROM identity.person WHERE person_id = :id"),
                {"id": arguments["person_id"]},
            ).one_or_none(),
            "person",
        )
        _end_on(turn, vacancy, first)
        occupancy_id = uuid4()
        _insert_occupancy(
            house,
            turn,
            occupancy_id,
            vacancy.access_point_id,
            vacancy.access_point_no,
            vacancy.operator,
            person.person_id,
            first,
            None,
            arguments["interval_reading"],
        )
        turn.record(
            Statement(
                "occupancy.begun",
                {"from": first.isoformat()},
                operator=vacancy.operator,
                subjects=[Subject(occupancy_id)],
            )
        )
    return {"occupancy_id": str(occupancy_id)}


def end_occupancy(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move a person out: all permissions of the point end in the same transaction (R29, TRDE 5.3.13 par. 3)."""
    until = arguments["until_day"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if until > day_of(turn.now):
            raise MalformedRequestError("until_day: a move is reported on its day or later")
        occupancy = _occupancy_on(house, turn, arguments["ean"], until - timedelta(days=1))
        if occupancy.person_id is None or occupancy.until_day is not None:
            raise ConflictError("nobody lives there on the day before, or the move is known already")
        _refuse_late_move(house, turn, occupancy, until)
        _end_on(turn, occupancy, until)
        vacancy_id = uuid4()
        _insert_occupancy(
            house,
            turn,
            vacancy_id,
            occupancy.access_point_id,
            occupancy.access_point_no,
            occupancy.operator,
            None,
            until,
            None,
            True,
        )
        ended = turn.connection.execute(
            text(
                "UPDATE permissions.permission SET state = 'invalidated', reason = 'moved_out', ended_at = :now,"
                " decided_at = coalesce(decided_at, :now)"
                " WHERE (occupancy_id = :id AND state = 'active' AND (valid_until IS NULL OR valid_until > :now)"
                " OR occupancy_id IS NULL AND addressed_to = :id AND state = 'requested' AND link_expires_at > :now)"
                " RETURNING permission_id, party_id"
            ),
            {"id": occupancy.occupancy_id, "now": turn.now},
        ).all()
        turn.record(
            Statement(
                "occupancy.ended",
                {"until": until.isoformat()},
                operator=occupancy.operator,
                subjects=[Subject(occupancy.occupancy_id)],
            )
        )
        for row in ended:
            turn.record(
                Statement(
                    "permission.invalidated",
                    {"permission": str(row.permission_id), "reason": "moved_out"},
                    party_id=row.party_id,
                    operator=occupancy.operator,
                    subjects=[Subject(occupancy.occupancy_id)],
                )
            )
    return {"ended_permissions": len(ended)}


def accept_supply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record an accepted supply contract; only from here on does the supplier see its own period (R72, R73)."""
    first, until = arguments["from_day"], arguments["until_day"]
    if until is not None and until <= first:
        raise MalformedRequestError("until_day: lies after from_day")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = found(
            turn.connection.execute(_POINT, {"hash": ean_hash(house, arguments["ean"])}).one_or_none(),
            "access point",
        )
        party = _party(turn, arguments["party_id"])
        if party.role != Role.SUPPLIER:
            raise ConflictError("only a supplier has supply contracts")
        overlap = turn.connection.execute(
            text(
                "SELECT 1 FROM registry.supply_contract WHERE access_point_id = :id"
                " AND daterange(from_day, until_day) && daterange(:first, :until)"
            ),
            {"id": point.access_point_id, "first": first, "until": until},
        ).first()
        if overlap:
            raise ConflictError("another supply contract covers part of these days; end that one first")
        turn.connection.execute(
            text(
                "INSERT INTO registry.supply_contract (supply_contract_id, operator, access_point_id, access_point_no,"
                " party_id, from_day, until_day, accepted_at)"
                " VALUES (:id, :operator, :point, :no, :party, :first, :until, :now)"
            ),
            {
                "id": uuid4(),
                "operator": point.operator,
                "point": point.access_point_id,
                "no": point.access_point_no,
                "party": arguments["party_id"],
                "first": first,
                "until": until,
                "now": turn.now,
            },
        )
        turn.record(
            Statement(
                "supply.accepted",
                {"from": first.isoformat(), "until": until.isoformat() if until else ""},
                ground="supplier",
                party_id=arguments["party_id"],
                operator=point.operator,
                subjects=[Subject(row.occupancy_id) for row in _occupancies_in(turn, point, first, until)],
            )
        )
    return {}


def _occupancies_in(turn: Turn, point: Any, first: date, until: date | None) -> list[Any]:
    return list(
        turn.connection.execute(
            text(
                "SELECT occupancy_id FROM registry.occupancy WHERE access_point_id = :id"
                " AND daterange(from_day, until_day) && daterange(:first, :until) ORDER BY from_day"
            ),
            {"id": point.access_point_id, "first": first, "until": until},
        )
    )


def _occupancy_on(house: House, turn: Turn, ean: EAN, day: date) -> Any:
    return found(
        turn.connection.execute(
            text(
                "SELECT o.* FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
                " WHERE a.ean_hash = :hash AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
            ),
            {"hash": ean_hash(house, ean), "day": day},
        ).one_or_none(),
        "access point",
    )


def _refuse_late_move(house: House, turn: Turn, occupancy: Any, first: date) -> None:
    """Readings from `first` on are sealed for this occupancy already: the newcomer must not inherit them."""
    pseudonym = seals.pseudonym(house.readings_root(occupancy.occupancy_id))
    stored = turn.connection.execute(
        text("SELECT 1 FROM metering.profile WHERE pseudonym = :pseudonym AND day >= :first LIMIT 1"),
        {"pseudonym": pseudonym, "first": first},
    ).first()
    if stored:
        raise ConflictError(
            "readings from that day on are stored already for who was there; report moves first"
        )


def _end_on(turn: Turn, occupancy: Any, day: date) -> None:
    # Out and in on one day is how most people move: the vacancy in between has no day.
    if occupancy.from_day > day or (occupancy.from_day == day and occupancy.person_id is not None):
        raise ConflictError("an occupancy ends after the day on which it began")
    turn.connection.execute(
        text("UPDATE registry.occupancy SET until_day = :day WHERE occupancy_id = :id"),
        {"day": day, "id": occupancy.occupancy_id},
    )


def _insert_occupancy(
    house: House,
    turn: Turn,
    occupancy_id: UUID,
    point_id: UUID,
    point_no: int,
    operator: int,
    person_id: UUID | None,
    first: date,
    until: date | None,
    interval_reading: bool,
) -> None:
    # The keys first, durably: a row without its key would be lost data.
    house.keys.make(Kind.READINGS, occupancy_id)
    house.keys.make(Kind.OCCUPANCY_LEDGER, occupancy_id)
    turn.connection.execute(
        text(
            "INSERT INTO registry.occupancy (occupancy_id, operator, access_point_id, access_point_no, person_id,"
            " from_day, until_day, interval_reading)"
            " VALUES (:id, :operator, :point, :no, :person, :first, :until, :interval)"
        ),
        {
            "id": occupancy_id,
            "operator": operator,
            "point": point_id,
            "no": point_no,
            "person": person_id,
            "first": first,
            "until": until,
            "interval": interval_reading,
        },
    )


def _party(turn: Turn, party_id: UUID) -> Any:
    return found(
        turn.connection.execute(
            text("SELECT * FROM registry.party WHERE party_id = :id"), {"id": party_id}
        ).one_or_none(),
        "party",
    )


def _operator(turn: Turn, operator: int) -> None:
    row = turn.connection.execute(
        text("SELECT 1 FROM registry.operator WHERE operator = :operator"), {"operator": operator}
    )
    found(row.one_or_none(), "grid operator")


_POINT = text("SELECT * FROM registry.access_point WHERE ean_hash = :hash")
_OPERATOR = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 32000))

COMMANDS = (
    Command(
        "registry.operator.add",
        schema(operator=_OPERATOR, code=short_text(longest=40), name=short_text()),
        add_operator,
    ),
    Command(
        "registry.party.add",
        schema(
            name=short_text(),
            role=one_of(*(role.value for role in Role if role is not Role.GRID_USER)),
            about=short_text(required=False, longest=1000, missing=""),
            website=short_text(required=False, missing=""),
            processing_url=short_text(required=False, missing=""),
            operator=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 32000)
            ),
        ),
        add_party,
    ),
    Command("registry.party.suspend", schema(party_id=identifier(), reason=short_text()), suspend_party),
    Command(
        "registry.contract.add",
        schema(
            party_id=identifier(),
            number=short_text(longest=40),
            valid_from=Instant(required=True),
            valid_until=Instant(load_default=None, allow_none=True),
            operator=_OPERATOR,
        ),
        add_contract,
    ),
    Command(
        "registry.client.add",
        schema(
            party_id=identifier(),
            profiles=fields.List(one_of("own", "facade"), required=True, validate=validate.Length(1, 2)),
            public_key=short_text(required=False, longest=4096),
        ),
        add_client,
    ),
    Command("registry.person.add", schema(subject=short_text(), name=short_text()), add_person),
    Command(
        "registry.access_point.register",
        schema(
            ean=EANCode(required=True),
            commodity=one_of(*(commodity.value for commodity in Commodity)),
            address=short_text(required=False),
            operator=_OPERATOR,
        ),
        register_point,
    ),
    Command(
        "registry.occupancy.begin",
        schema(
            ean=EANCode(required=True),
            person_id=identifier(),
            from_day=Day(required=True),
            interval_reading=fields.Boolean(load_default=True, truthy={True}, falsy={False}),
        ),
        begin_occupancy,
    ),
    Command(
        "registry.occupancy.end",
        schema(ean=EANCode(required=True), until_day=Day(required=True)),
        end_occupancy,
    ),
    Command(
        "registry.supply.accept",
        schema(
            ean=EANCode(required=True),
            party_id=identifier(),
            from_day=Day(required=True),
            until_day=Day(load_default=None, allow_none=True),
        ),
        accept_supply,
    ),
)
