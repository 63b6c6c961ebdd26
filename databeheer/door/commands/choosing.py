"""A customer chooses a party himself, and what it may have: whom he can choose, and the grant."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.access.readiness import missing_of
from databeheer.door.attorneys import acting
from databeheer.door.commands.answers import LANGUAGE, NOTICE, place_of, sign, signature_of
from databeheer.door.commands.base import (
    Command,
    Instant,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
    who_gives,
)
from databeheer.door.commands.permissions import answer_of
from databeheer.door.commands.statements import require_customer
from databeheer.door.commands.views import party_view
from databeheer.door.facts.of_parties import ask_parties, parties_of
from databeheer.door.house import House
from databeheer.door.names import reference_hash, seal_text
from databeheer.door.proofs import Proof
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, NotFoundError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import answering, choosing, finding, terms
from databeheer.permissions.asking import Request
from databeheer.permissions.signers import Notice
from databeheer.storage.look import Look
from databeheer.values import Direction, Granularity, Purpose, Role

NOT_ONBOARDED = "not_onboarded"


def offered(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List the parties that a customer can choose, by a part of the name, and what each offers.

    `missing` are the codes of what stands in a party's way; empty where it can be chosen now. `more`: there are more
    of this name than are shown. `longest_days`: after how long any permission ends, unless it is renewed.
    """
    with looking(house, proof, or_attorney=True) as (connection, asker, now):
        require_customer(asker)
        rows = choosing.find(connection, house.catalogue, arguments["name"].strip(), arguments["party_id"])
        shown = rows[: choosing.MOST_FOUND]
        missing = _missing(house, connection, shown, now)
        return {
            "parties": [
                {
                    **party_view(row),
                    "offers": [
                        {
                            "purpose": one.purpose.value,
                            "finest": one.finest.value,
                            "directions": sorted(one.directions),
                        }
                        for one in choosing.offers(house.catalogue, Role(row.role))
                    ],
                    "missing": missing[row.party_id],
                }
                for row in shown
            ],
            "more": len(rows) > len(shown),
            "longest_days": terms.in_force(connection).longest,
        }


def choose(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a party what nobody asked: active as soon as all who must have granted it (R18, R33).

    `permission_id` is a new one, made with the page on which it is confirmed: pressed twice, it is given once.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = who_gives(turn, house, proof)
        occupancy, capacity = place_of(turn, arguments["occupancy_id"], asker)
        party = require_choosable(house, turn, arguments["party_id"], occupancy.operator)
        wanted = wanted_of(house, party, occupancy, arguments)
        wanted.check(turn.now)
        link = token_hash(secrets.token_urlsafe(16))
        choosing.begin(
            turn.connection, wanted, choosing.offers(house.catalogue, Role(party.role)), link, turn.now
        )
        row = finding.by_id(turn.connection, wanted.permission_id)
        answering.grantable(row, occupancy, turn.now)
        notice = Notice(arguments["notice"], arguments["language"])
        record = sign(house, turn, row, occupancy, signature_of(asker, capacity, notice))
        acting.tell_acted(house, turn, asker)
    return answer_of(house, wanted.permission_id, record, asker)


def require_choosable(house: House, turn: Turn, party_id: UUID, operator: int | None = None) -> Any:
    """Return a party that a customer can choose now; `operator`: for a point of this grid operator.

    Raises:
        NotFoundError: there is no such party to choose.
        ConflictError: it lacks what the law asks.
    """
    rows = choosing.find(turn.connection, house.catalogue, "", party_id)
    if not rows:
        raise NotFoundError("there is no such party to choose")
    if _missing(house, turn.connection, rows, turn.now, operator)[party_id]:
        raise ConflictError("this party cannot be chosen now: it lacks what the law asks of it")
    return rows[0]


def wanted_of(house: House, party: Any, occupancy: Any, arguments: dict[str, Any]) -> Request:
    """Return what a customer chose, for one access point, as a request."""
    permission_id: UUID = arguments["permission_id"]
    reference = permission_id.hex
    return Request(
        permission_id=permission_id,
        party_id=party.party_id,
        operator=occupancy.operator,
        reference_hash=reference_hash(house, party.party_id, reference),
        reference_sealed=seal_text(house, "reference", permission_id, reference),
        service="",
        purpose=Purpose(arguments["purpose"]),
        category="readings",
        directions=frozenset(Direction(one) for one in arguments["directions"]),
        granularity=Granularity(arguments["granularity"]),
        data_from=arguments["data_from"],
        data_until=arguments["data_until"],
        valid_until=arguments["valid_until"],
        addressed_to=occupancy.occupancy_id,
    )


def _missing(
    house: House, connection: Connection, rows: Collection[Any], now: datetime, operator: int | None = None
) -> dict[UUID, list[str]]:
    """What stands in the way of each party, by the same conditions as those by which a read is decided.

    `operator`: of a point of this grid operator, whose contract alone counts there.
    """
    ids = [row.party_id for row in rows]
    look = Look(connection)
    found = ask_parties(look, ids)
    look.send()
    known = parties_of(found, now)
    reachable = set(connection.execute(_REACHABLE, {"ids": ids}).scalars())
    return {
        row.party_id: [NOT_ONBOARDED]
        if row.awaits_approval
        else [
            one.code
            for one in missing_of(
                known[row.party_id].facts if operator is None else known[row.party_id].at(operator),
                known[row.party_id].authorisations,
                has_doubt_contact=row.party_id in reachable,
                now=now,
                catalogue=house.catalogue,
            )
            if set(one.blocks) & _open_to(house, Role(row.role))
        ]
        for row in rows
    }


def _open_to(house: House, role: Role) -> set[str]:
    return {one.code for one in house.catalogue.plan(role).by_consent if choosing.is_open(one)}


_REACHABLE = text("SELECT party_id FROM doubt.contact WHERE party_id = ANY(:ids)")

CHOICE: dict[str, fields.Field[Any]] = {
    "party_id": identifier(),
    "purpose": one_of(*(purpose.value for purpose in Purpose)),
    "granularity": one_of(*(granularity.value for granularity in Granularity)),
    "directions": fields.List(
        one_of(*(direction.value for direction in Direction)),
        required=True,
        validate=validate.Length(1, len(Direction)),
    ),
    "data_from": Instant(required=True),
    "data_until": Instant(load_default=None, allow_none=True),
    "valid_until": Instant(load_default=None, allow_none=True),
    "notice": NOTICE,
    "language": LANGUAGE,
}
"""What a customer chooses, but for which access point."""

COMMANDS = (
    Command(
        "permission.offered",
        schema(
            name=short_text(required=False, longest=100, missing=""),
            party_id=identifier(required=False),
        ),
        offered,
    ),
    Command(
        "permission.choose",
        schema(permission_id=identifier(), occupancy_id=identifier(), **CHOICE),
        choose,
    ),
)
