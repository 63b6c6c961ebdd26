"""Commands of a party's own people: apply, choose the party, fill the dossier in, hand it in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.door.commands.base import Command, Day, found, identifier, one_of, schema, short_text
from databeheer.door.commands.doubt_conduct import EMAIL, PHONE
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.onboarding.acting import party_of, person_of_enterprise, person_of_party, who
from databeheer.door.onboarding.standing import evidence_in_force, programs_of
from databeheer.door.post.telling import tell_party
from databeheer.door.proofs import AskerKind, Proof, check
from databeheer.door.statement import Statement
from databeheer.errors import MalformedRequestError, NotOnboardedError, UnauthenticatedError
from databeheer.identity import sessions
from databeheer.onboarding import keeping
from databeheer.onboarding.dossier import (
    APPROVAL,
    HAND_IN,
    Contact,
    Named,
    Part,
    handed_in,
    lacking,
    missing_in_words,
)
from databeheer.registry import parties
from databeheer.values import NO_PARTY_ROLES, Role

DRAFT, HANDED_IN = "dossier", "handed_in"
"""What sealed texts of a party are: being filled in, and handed in."""
OPEN_ROLES = tuple(
    role.value
    for role in Role
    if role not in NO_PARTY_ROLES
    and role not in parties.OF_A_GRID_OPERATOR
    and role not in (Role.REGULATOR, Role.DATA_PROTECTION_AUTHORITY, Role.COMPARISON_TOOL)
)
"""In which roles an enterprise applies itself; grid operators and who supervises are put there by the operator."""


def apply(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Become a party that waits for approval, in one role; programs of it can be set up, and get nothing."""
    with house.turn() as turn:
        asker = person_of_enterprise(turn, house, proof)
        party_id = keeping.apply(turn.connection, asker.enterprise, **arguments, now=turn.now)
        sessions.act_for(turn.connection, proof.hash, asker.enterprise, party_id)
        put(house, turn.connection, party_id, {}, turn.now)
        said = {"role": arguments["role"], "enterprise": asker.enterprise} | who(asker)
        record = turn.record(Statement("party.applied", said, party_id=party_id))
    return {"party_id": str(party_id)} | record.answer()


def choose(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Act for another party of the own enterprise from here on."""
    with house.turn() as turn:
        asker = person_of_enterprise(turn, house, proof)
        chosen = sessions.act_for(turn.connection, proof.hash, asker.enterprise, arguments["party_id"])
        found(chosen or None, "party of yours")
    return {}


def fill(house: House, proof: Proof, part: Part, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one part of the dossier; nothing counts before it is handed in and approved."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        asker = check(connection, proof, now, house.operator_key_hash, or_party_people=True)
        if asker.kind is not AskerKind.PARTY_PERSON:
            raise UnauthenticatedError("log in for your organisation")
        party_id = party_of(asker)
        if part is Part.CONTRACT:
            parties.require_operator(connection, given["operator"])
        evidence = draft(house, connection, party_id)
        if part is Part.CONTACTS:
            contacts = dict(evidence.get(part, {})) | {given["about"]: _without(given, "about")}
            evidence = evidence | {part.value: contacts}
        else:
            evidence = evidence | {part.value: dict(given)}
        lacks = put(house, connection, party_id, evidence, now)
    return {"lacks": lacks}


def hand_in(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Hand the dossier in as it is now; what was handed in before and waits is overtaken.

    Raises:
        NotOnboardedError: a part is missing, or would not count today.
    """
    with house.turn() as turn:
        asker, party_id = person_of_party(turn, house, proof)
        evidence = draft(house, turn.connection, party_id)
        missing = lacking(evidence, turn.now, house.catalogue.dpia_years)
        if missing:
            raise NotOnboardedError(missing_in_words(missing))
        programs = programs_of(turn.connection, party_id, turn.now)
        party = _named(parties.get(turn.connection, party_id))
        content = handed_in(house.origin, party, evidence, programs, turn.now)
        number, hashed = uuid4(), sha256(content)
        sealed = seal_text(house, HANDED_IN, number, content.decode())
        keeping.hand_in(turn.connection, party_id, number, hashed.digest(), sealed, turn.now, turn.next_index)
        put(house, turn.connection, party_id, evidence, turn.now, waits=True)
        said = {"sha256": hashed.hexdigest()} | who(asker)
        record = turn.record(Statement("party.handed_in", said, party_id=party_id))
        tell_party(house, turn, "party.handed_in", party_id)
    return {"sha256": hashed.hexdigest()} | record.answer()


def draft(house: House, connection: Connection, party_id: UUID) -> dict[str, Any]:
    """Return what a party filled in; where it never did, what the register has of it."""
    row = keeping.draft(connection, party_id)
    if row is None:
        return evidence_in_force(house, connection, party_id)
    evidence: dict[str, Any] = json.loads(open_text(house, DRAFT, party_id, bytes(row.draft_sealed)))
    return evidence


def put(
    house: House,
    connection: Connection,
    party_id: UUID,
    evidence: Mapping[str, Any],
    now: datetime,
    *,
    waits: bool = False,
) -> list[str]:
    """Keep what a party filled in, with what it lacks: what its programs are told while nobody approved it."""
    sealed = seal_text(house, DRAFT, party_id, json.dumps(evidence, sort_keys=True))
    lacks = lacking(evidence, now, house.catalogue.dpia_years) or [HAND_IN]
    is_waiting = waits or keeping.waiting_of(connection, party_id) is not None
    lacks = [APPROVAL] if is_waiting else lacks
    keeping.put_draft(connection, party_id, sealed, lacks, now)
    return lacks


def _named(row: Any) -> Named:
    enterprise = row.enterprise or ""
    return Named(str(row.party_id), row.name, row.role, enterprise, row.about, row.website)


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in given.items() if member != name}


def _contract(house: House, proof: Proof, given: dict[str, Any]) -> dict[str, Any]:
    """Fill in the data access contract (R12)."""
    first, until = given["from_day"], given["until_day"]
    if until is not None and until <= first:
        raise MalformedRequestError("until_day: lies after from_day")
    days = {"from_day": first.isoformat(), "until_day": until.isoformat() if until else None}
    return fill(house, proof, Part.CONTRACT, given | days)


def _dpia(house: House, proof: Proof, given: dict[str, Any]) -> dict[str, Any]:
    """Fill in the assessment, by its own reference and the day on which it was made (R114, R115)."""
    if given["assessed_on"] > day_of(house.clock.now()):
        raise MalformedRequestError("assessed_on: lies in the future")
    return fill(house, proof, Part.DPIA, given | {"assessed_on": given["assessed_on"].isoformat()})


def _overview(house: House, proof: Proof, given: dict[str, Any]) -> dict[str, Any]:
    """Fill in where the party publishes its own overview of processing (R6)."""
    return fill(house, proof, Part.OVERVIEW, given)


def _contact(house: House, proof: Proof, given: dict[str, Any]) -> dict[str, Any]:
    """Fill in whom one reaches, about one thing."""
    return fill(house, proof, Part.CONTACTS, given)


_HTTPS = validate.Regexp(r"https://[!-~]+\Z", error="begins with https://, without spaces")

COMMANDS = (
    Command(
        "onboarding.apply",
        schema(
            name=short_text(longest=100),
            role=one_of(*OPEN_ROLES),
            about=short_text(required=False, longest=1000, missing=""),
            website=short_text(required=False, missing=""),
        ),
        apply,
    ),
    Command("onboarding.choose", schema(party_id=identifier()), choose),
    Command(
        "onboarding.contract",
        schema(
            operator=fields.Integer(required=True, strict=True, validate=validate.Range(1, 32000)),
            number=short_text(longest=40),
            from_day=Day(required=True),
            until_day=Day(load_default=None, allow_none=True),
        ),
        _contract,
    ),
    Command(
        "onboarding.dpia", schema(reference=short_text(longest=40), assessed_on=Day(required=True)), _dpia
    ),
    Command(
        "onboarding.overview",
        schema(url=fields.String(required=True, validate=[_HTTPS, validate.Length(max=500)])),
        _overview,
    ),
    Command(
        "onboarding.contact",
        schema(
            about=one_of(*(kind.value for kind in Contact)),
            name=short_text(longest=100),
            email=fields.String(required=True, validate=EMAIL),
            phone=fields.String(required=True, validate=PHONE),
        ),
        _contact,
    ),
    Command("onboarding.hand_in", schema(), hand_in),
)
