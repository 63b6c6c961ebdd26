"""Shapes of a party's own profile."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from databeheer.values import NO_PARTY_ROLES, Role
from web.api.fields import instant, one_of
from web.api.schemas.doubt import DoubtContact

ROLES = [role.value for role in Role if role not in NO_PARTY_ROLES]


def _text(description: str, *, nullable: bool = False, **metadata: Any) -> fields.String:
    return fields.String(
        required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


class AccessContract(Schema):
    """A data access contract with a grid operator: without one in force you ask nothing."""

    number = _text("Its number.")
    grid_operator = _text("With whom.")
    valid_from = instant("Start (included).")
    valid_until = instant("End (not included); null: no end.", nullable=True)


class Assessment(Schema):
    """Your newest data protection impact assessment."""

    reference = _text("As you handed it in.")
    assessed_on = _text("The day that it bears.", format="date")
    valid_until = instant("Until when it counts at the longest.")
    overtaken_at = instant("When something made it out of date; null: nothing did.", nullable=True)


class ProcessingOverview(Schema):
    """Your own published overview of how you process these data."""

    url = _text("Where it is.", format="uri")
    checked_at = instant("When somebody last looked.")
    counts_until = instant("Until when that counts, or did.")
    is_reachable = fields.Boolean(required=True, metadata={"description": "Whether it was there then."})


class Missing(Schema):
    """Something that you do not have in order, and what waits for it."""

    code = _text("Word of a list that may grow.", example="no_dpia")
    detail = _text("What is not there.")
    remedy = _text("What to do.")
    blocks = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Codes of the legal bases that give you nothing until then (`/grondslagen.json`)."
        },
    )


class Me(Schema):
    """Who you are to this house, the evidence that it has of you, and what is missing."""

    id = _text("Identifies the party.", format="uuid")
    name = _text("As in the public register.")
    role = one_of(ROLES, "Actor role.", required=True)
    about = _text("What the public register says of you.")
    website = _text("As in the public register; empty: none.")
    suspended_at = instant("Since when you are suspended; null: you are not.", nullable=True)
    contracts = fields.List(
        fields.Nested(AccessContract),
        required=True,
        metadata={"description": "Every data access contract, newest first."},
    )
    dpia = fields.Nested(Assessment, required=True, allow_none=True)
    processing_overview = fields.Nested(ProcessingOverview, required=True, allow_none=True)
    doubt_contact = fields.Nested(DoubtContact, required=True, allow_none=True)
    missing = fields.List(
        fields.Nested(Missing),
        required=True,
        metadata={"description": "Empty: nothing of yours stands in the way of any of your legal bases."},
    )


ME: dict[str, Any] = {
    "id": "0b2e6c1c-7d5e-4e43-8f8e-5f3f1a2b3c4d",
    "name": "Bram Energieadvies",
    "role": "energy_service",
    "about": "Advises households on their consumption.",
    "website": "https://bram.example",
    "suspended_at": None,
    "contracts": [
        {
            "number": "DTC-2026-017",
            "grid_operator": "Netbeheerder",
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": None,
        }
    ],
    "dpia": {
        "reference": "DPIA-7",
        "assessed_on": "2024-10-01",
        "valid_until": "2026-09-30T22:00:00Z",
        "overtaken_at": None,
    },
    "processing_overview": {
        "url": "https://bram.example/processing",
        "checked_at": "2026-10-01T08:00:00Z",
        "counts_until": "2028-10-01T08:00:00Z",
        "is_reachable": True,
    },
    "doubt_contact": {"name": "Desk", "email": "desk@bram.example", "phone": "+32 9 000 00 00"},
    "missing": [
        {
            "code": "no_dpia",
            "detail": "The party has no valid data protection impact assessment (DPIA).",
            "remedy": "Make a DPIA that also fixes your security requirements, or renew the one that lapsed, and hand "
            "it in.",
            "blocks": ["energy_service"],
        }
    ],
}
