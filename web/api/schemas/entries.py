"""Shapes of the list of a party's own entries in the ledger."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from web.api.fields import DIRECTIONS, GRANULARITIES, Count, instant, one_of
from web.api.schemas.common import MODES

KINDS = ["reads", "refusals"]


def _text(description: str, *, nullable: bool = False, **metadata: Any) -> fields.String:
    return fields.String(
        required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, allow_none=True, metadata={"description": description, "minimum": 0})


class EntriesQuery(Schema):
    """Which of your entries, and from where in the list."""

    kind = one_of(
        KINDS, "Only hand-overs (each read of many too), or only refusals. Default: every entry of yours."
    )
    first = fields.Date(metadata={"description": "From this Brussels day on.", "example": "2026-10-01"})
    last = fields.Date(
        metadata={"description": "Up to this Brussels day, included.", "example": "2026-10-31"}
    )
    cursor = fields.String(
        validate=validate.Length(min=1, max=1024),
        metadata={"description": "`next_cursor` of the page before, with the same filters."},
    )
    limit = Count(
        load_default=50,
        validate=validate.Range(min=1, max=200),
        metadata={"description": "Size of the page."},
    )


class AskedPeriod(Schema):
    """The period that was asked."""

    start = instant("Start (included).")
    end = instant("End (not included).")


class Entry(Schema):
    """One entry of the ledger that names you, as its receipt opens it. What is not said of it is null."""

    index = fields.Integer(required=True, metadata={"description": "Its index.", "minimum": 0})
    event = _text("What it records, such as `data.read`.", example="data.read")
    day = _text("Its Brussels day.", format="date")
    at = instant("When; null where it was erased.", nullable=True)
    ground = _text("The legal basis, or the reason of a refusal.", nullable=True)
    permission = _text("Under which permission of yours.", nullable=True, format="uuid")
    asked = fields.Nested(AskedPeriod, required=True, allow_none=True)
    granularity = one_of(GRANULARITIES, "Size of the slots.", required=True, allow_none=True)
    directions = fields.List(
        fields.String(validate=validate.OneOf(DIRECTIONS)), required=True, allow_none=True
    )
    mode = one_of(MODES, "All or nothing, or what is granted of it.", required=True, allow_none=True)
    slots = _count("How many values left at the most: what was granted is recorded before it is opened.")
    points = _count("Of how many access points; null: of one.")
    receipt = _text("The proof.", example="/api/v1/receipts/42")
    decision = _text("Why it was decided so; null where it is no decision.", nullable=True)
    is_erased = fields.Boolean(
        required=True,
        metadata={
            "description": "What it said was erased: the entry and the receipts that you saved still verify."
        },
    )


class EntryPage(Schema):
    """A page of entries."""

    entries = fields.List(fields.Nested(Entry), required=True)
    next_cursor = _text("Ask the next page with this; null: this was the last.", nullable=True)


ENTRY: dict[str, Any] = {
    "index": 42,
    "event": "data.read",
    "day": "2026-11-20",
    "at": "2026-11-20T10:00:00Z",
    "ground": "energy_service",
    "permission": "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01",
    "asked": {"start": "2023-10-28T22:00:00Z", "end": "2023-10-29T23:00:00Z"},
    "granularity": "quarter_hour",
    "directions": ["injection", "offtake"],
    "mode": "strict",
    "slots": 200,
    "points": None,
    "receipt": "/api/v1/receipts/42",
    "decision": "/api/v1/decisions/42",
    "is_erased": False,
}
PAGE: dict[str, Any] = {"entries": [ENTRY], "next_cursor": None}
