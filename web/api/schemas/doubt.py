"""Shapes of doubt about a mandate in the market API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.doubt.evidence import BEGINNINGS, LARGEST_DOCUMENT
from databeheer.doubt.states import Concern, Origin, State
from web.api.fields import Count, instant, moment, one_of

CONCERNS = [concern.value for concern in Concern]
STATES = [state.value for state in State]
LONGEST_WORDS = 1000
LARGEST_BODY = 1_000_000
"""In bytes: the largest document in base64, and what comes with it."""


def _text(description: str, *, nullable: bool = False, **metadata: Any) -> fields.String:
    return fields.String(
        required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


def _words(description: str, longest: int = LONGEST_WORDS) -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Length(1, longest),
        metadata={"description": description},
    )


class DoubtsQuery(Schema):
    """Which of the doubts about your permissions, and from where in the list."""

    state = one_of(STATES, "Only doubts in this state.")
    cursor = fields.String(
        validate=validate.Length(min=1, max=1024),
        metadata={"description": "`next_cursor` of the page before, with the same filters."},
    )
    limit = Count(
        load_default=50,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "Size of the page."},
    )


class DoubtReport(Schema):
    """What your customer said about your permission, within one working day after you heard it."""

    permission_id = fields.UUID(required=True, metadata={"description": "Your permission that is doubted."})
    concern = one_of(CONCERNS, "What is doubted.", required=True)
    customer = one_of(["unsatisfied", "unknown"], "How you left the customer.", required=True)
    received_at = moment("When you had the customer's signal.")
    findings = _words("What you found and did. No personal data beyond need.")


class DoubtEvidence(Schema):
    """What you found, and the document that shows the permission."""

    largest_body = LARGEST_BODY

    media_type = one_of(sorted(BEGINNINGS), "What kind of file it is.", required=True)
    document = fields.String(
        required=True,
        validate=[
            validate.Length(4, 4 * (LARGEST_DOCUMENT // 3 + 1)),
            validate.Regexp(r"^[A-Za-z0-9+/]+={0,2}$"),
        ],
        metadata={
            "description": f"The file in base64, at most {LARGEST_DOCUMENT} bytes. It is kept sealed, and destroyed "
            "when it is not needed any more; its hash stays.",
            "format": "byte",
        },
    )
    findings = _words("What you found, and how you handled the complaint.")


class DoubtContact(Schema):
    """Whom others reach at a party about doubt about a mandate."""

    name = _words("A person or a desk.", 100)
    email = fields.Email(
        required=True, validate=validate.Length(max=200), metadata={"description": "Read every working day."}
    )
    phone = fields.String(
        required=True,
        validate=validate.Regexp(r"^\+?[0-9 ()/.-]{6,30}$"),
        metadata={"description": "Answered every working day.", "example": "+32 9 000 00 00"},
    )


class DoubtContactOf(Schema):
    """One of the contact group."""

    party_id = _text("The party, as in the public register.", format="uuid")
    party = _text("Its name.")
    name = _text("A person or a desk.")
    email = _text("E-mail address.")
    phone = _text("Telephone number.")


class DoubtContacts(Schema):
    """The contact group, of every party that named somebody."""

    contacts = fields.List(fields.Nested(DoubtContactOf), required=True)


class DoubtSignal(Schema):
    """Who doubted, and when. Not in which words: those are for the data manager."""

    origin = one_of([origin.value for origin in Origin], "From whom it came.", required=True)
    concern = one_of(CONCERNS, "What is doubted.", required=True)
    received_at = instant("When whoever reported it knew of it.")
    at = instant("When it was reported.")
    is_late = fields.Boolean(
        required=True, metadata={"description": "Your own report came after its one working day."}
    )


class DoubtDocument(Schema):
    """What you showed, and what became of it."""

    sha256 = _text("SHA-256 of the document.", pattern="^[0-9a-f]{64}$")
    media_type = _text("What kind of file it was.")
    size = fields.Integer(required=True, metadata={"description": "In bytes.", "minimum": 1})
    shown_at = instant("When you showed it.")
    accepted = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "The verdict; null: not judged yet."}
    )
    judged_at = instant("When it was judged.", nullable=True)
    destroyed_at = instant("When our copy was destroyed.", nullable=True)


class DoubtStep(Schema):
    """One step of a case; its entry in the ledger has `index`."""

    event = _text("What happened.")
    state = one_of(STATES, "The state after it.", required=True)
    by = _text("Who did it: customer, party, authority, data_manager or time.")
    at = instant("When.")
    index = fields.Integer(required=True, metadata={"description": "Ledger entry.", "minimum": 0})


DoubtGap = Schema.from_dict(
    {"from": instant("Start (included)."), "until": instant("End (not included).")}, name="DoubtGap"
)


class DoubtOut(Schema):
    """A case of doubt about your permission. Every `…_due_at` is the first moment that is too late."""

    id = _text("Id of the case.", format="uuid")
    permission_id = _text("Your permission that is doubted.", nullable=True, format="uuid")
    concern = one_of(CONCERNS, "What is doubted.", required=True)
    state = one_of(STATES, "Where it stands.", required=True)
    is_blocked = fields.Boolean(
        required=True,
        metadata={
            "description": "By this case you get nothing on that access point that rests on a permission. "
            "Each permission in doubt has a case of its own; while one stands, you are blocked there."
        },
    )
    blocked_at = instant("Since when.")
    contacted_at = instant("When you were asked to show the permission.", nullable=True)
    evidence_due_at = instant("By when you show it: 72 hours after you were asked.", nullable=True)
    unblock_due_at = instant("By when the data manager lifts the block after a good proof.", nullable=True)
    closed_at = instant("When the block ended.", nullable=True)
    gap = fields.Nested(
        DoubtGap,
        required=True,
        allow_none=True,
        metadata={"description": "Data that no later permission gives you; null: you may fetch all of it."},
    )
    allocation = one_of(
        ["untouched", "zero", "smart_meter", "profile"], "Allocation of the access point.", required=True
    )
    signals = fields.List(fields.Nested(DoubtSignal), required=True)
    documents = fields.List(fields.Nested(DoubtDocument), required=True)
    history = fields.List(fields.Nested(DoubtStep), required=True)


class DoubtList(Schema):
    """A page of cases about your permissions, those that stand first and then the newest."""

    doubts = fields.List(fields.Nested(DoubtOut), required=True)
    next_cursor = _text("Ask the next page with this; null: this was the last.", nullable=True)
