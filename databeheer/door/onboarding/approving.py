"""Commands of the operator on what parties handed in: list it, open it, approve it with two signatures, decline it.

What was approved is what was handed in, to the byte: the signatures are over its hash, and the door compares it with
what waits. Only then does it count: contract, overview and contact go on file in the same turn, each recorded. The DPIA
stands in the register of assessments by then, with its five disciplines: that is the one way to file one (R114, R118).
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import text

from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import (
    SHA256,
    Command,
    asker_of,
    found,
    identifier,
    long_text,
    looking,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.conditions import take_overview
from databeheer.door.commands.doubt_conduct import take_contact
from databeheer.door.commands.parties import take_contract
from databeheer.door.house import House
from databeheer.door.joins import signers
from databeheer.door.names import open_text, seal_text
from databeheer.door.onboarding.filling import HANDED_IN, draft, put
from databeheer.door.post.telling import tell_party
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.onboarding import approval, keeping
from databeheer.onboarding.approval import ApprovalError
from databeheer.onboarding.dossier import Contact, Part, lacking, missing_in_words
from databeheer.values import format_instant, parse_day

OTHERWISE = "this is not what waits: it was decided, or something else was handed in since"


def waiting(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """What waits for two people, the oldest first."""
    with looking(house, proof) as (connection, asker, _now):
        _require_operator(asker.kind)
        rows = keeping.waiting(connection)
    return {
        "waiting": [
            {
                "party_id": str(row.party_id),
                "name": row.name,
                "role": row.role,
                "enterprise": row.enterprise,
                "is_new": row.awaits_approval,
                "sha256": bytes(row.sha256).hex(),
                "handed_in_at": format_instant(row.handed_in_at),
                "index": row.handed_in_index,
            }
            for row in rows
        ]
    }


def open_handed_in(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Open what a party handed in, to read and to sign; its bytes are the ones that count."""
    with looking(house, proof) as (connection, asker, _now):
        _require_operator(asker.kind)
        row = found(keeping.waiting_of(connection, arguments["party_id"]), "party with something that waits")
        return {"content": _content(house, row), "sha256": bytes(row.sha256).hex()}


def approve(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let what was handed in count: under the registered keys of two different people, and to the byte (R12, R114).

    Raises:
        ApprovalError: it is not signed by two of the house, or what was signed is something else.
        ConflictError: it waits no more, or would not count today; nothing of it is on file then.
    """
    content, note = arguments["content"].encode(), arguments["note"].encode()
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        party_id, hashed = approval.party_of(content), sha256(content)
        row = _waiting(turn, party_id, hashed.digest())
        by = approval.verify(content, note, signers.counting(house, turn.connection))
        evidence = json.loads(_content(house, row))["evidence"]
        missing = lacking(evidence, turn.now, house.catalogue.dpia_years)
        if missing:
            raise ConflictError(f"it would not count today; decline it. {missing_in_words(missing)}")
        _require_assessed(turn, party_id, evidence[Part.DPIA])
        keeping.approve(turn.connection, row, turn.now, turn.next_index)
        said = {"sha256": hashed.hexdigest(), "keys": sorted(str(signer.key) for signer in by)}
        record = turn.record(Statement("party.approved", said, party_id=party_id))
        tell_party(house, turn, "party.approved", party_id)
        _put_on_file(house, turn, party_id, evidence)
    return {"party_id": str(party_id)} | record.answer()


def decline(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say no to what was handed in; one person is enough to give less. The party reads why, and hands in anew."""
    party_id = arguments["party_id"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = _waiting(turn, party_id, bytes.fromhex(arguments["sha256"]))
        reason = seal_text(house, "declined", row.handed_in_id, arguments["reason"])
        keeping.decline(turn.connection, row, reason, turn.now, turn.next_index)
        put(house, turn.connection, party_id, draft(house, turn.connection, party_id), turn.now)
        said = {"sha256": arguments["sha256"], "by": arguments["by"]}
        record = turn.record(Statement("party.declined", said, party_id=party_id))
        tell_party(house, turn, "party.declined", party_id)
    return record.answer()


def _put_on_file(house: House, turn: Turn, party_id: UUID, evidence: dict[str, Any]) -> None:
    """Put on file what is not there yet: a dossier holds what was approved before, too."""
    contract = evidence[Part.CONTRACT]
    until = contract["until_day"]
    members = {
        "party_id": party_id,
        "operator": contract["operator"],
        "number": contract["number"],
        "valid_from": midnight(parse_day(contract["from_day"])),
        "valid_until": midnight(parse_day(until)) if until else None,
    }
    known = turn.connection.execute(_CONTRACT, members).one_or_none()
    if known is None:
        take_contract(turn, members)
    elif (known.operator, day_of(known.valid_from), known.valid_until) != (
        members["operator"],
        parse_day(contract["from_day"]),
        members["valid_until"],
    ):
        raise ConflictError("a contract of this number is on file with other days, or another grid operator")
    # Both looked whether it is there: that is part of what they sign for.
    take_overview(turn, party_id, evidence[Part.OVERVIEW]["url"], reachable=True)
    take_contact(house, turn, party_id, evidence[Part.CONTACTS][Contact.DOUBT])


def _require_assessed(turn: Turn, party_id: UUID, dpia: dict[str, Any]) -> None:
    """Refuse where two people have not let the assessment count that was handed in (R114, R118)."""
    named = {
        "party_id": party_id,
        "reference": dpia["reference"],
        "day": parse_day(dpia["assessed_on"]),
    }
    if turn.connection.execute(_DPIA, named).first() is None:
        raise ConflictError(
            f"assessment: {dpia['reference']} of {dpia['assessed_on']} does not count yet; write it in the register of"
            " assessments, have a second person approve it there, and then approve this"
        )


def _waiting(turn: Turn, party_id: UUID, sha256_: bytes) -> Any:
    row = keeping.waiting_of(turn.connection, party_id)
    if row is None or not hmac.compare_digest(bytes(row.sha256), sha256_):
        raise ConflictError(OTHERWISE)
    return row


def _content(house: House, row: Any) -> str:
    """Return what was handed in.

    Raises:
        ApprovalError: the row was changed behind the door's back.
    """
    content = open_text(house, HANDED_IN, row.handed_in_id, bytes(row.content_sealed))
    if sha256(content.encode()).digest() != bytes(row.sha256):
        raise ApprovalError("what is stored is not what was handed in")
    return content


def _require_operator(kind: AskerKind) -> None:
    if kind is not AskerKind.OPERATOR:
        raise UnauthenticatedError("this proof does not give this command")


_CONTRACT = text("SELECT * FROM registry.contract WHERE number = :number AND party_id = :party_id")
_DPIA = text(
    "SELECT 1 FROM registry.dpia WHERE party_id = :party_id AND reference = :reference AND assessed_on = :day"
)

COMMANDS = (
    Command("onboarding.waiting", schema(), waiting),
    Command("onboarding.open", schema(party_id=identifier()), open_handed_in),
    Command(
        "onboarding.approve",
        schema(content=long_text(longest=approval.LARGEST), note=long_text(longest=approval.LARGEST)),
        approve,
    ),
    Command(
        "onboarding.decline",
        schema(
            party_id=identifier(),
            sha256=fields.String(required=True, validate=SHA256),
            reason=without_ean(short_text(longest=500)),
            by=short_text(),
        ),
        decline,
    ),
)
