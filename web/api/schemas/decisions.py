"""Decisions explained: about what, and which rule gives what."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from web.api.fields import GRANULARITIES, PURPOSES, directions, instant, moment, one_of
from web.api.schemas.common import access_point, require_order, text


class _ExplanationQuery(Schema):
    """What would be decided about this."""

    permission_id = fields.UUID(metadata={"description": "Under this permission of yours; or:"})
    ean = access_point(required=False)
    purpose = one_of(PURPOSES, "Under which purpose, where the law gives you the data.")
    granularity = one_of(GRANULARITIES, "Size of the slots.", load_default="quarter_hour")

    @validates_schema
    def it_names_one_target_and_a_period(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse none or two targets, and a period that ends before it starts."""
        if ("permission_id" in data) == ("ean" in data):
            raise ValidationError("name one of permission_id and ean", "permission_id")
        require_order(data, "from", "until")


ExplanationQuery = _ExplanationQuery.from_dict(
    {
        "from": moment("Start of the period (included)."),
        "until": moment("End of the period (not included)."),
        "directions": directions(),
    },
    name="ExplanationQuery",
)


class Words(Schema):
    """A text in both languages."""

    nl = text("Dutch, as the grid user reads it.")
    en = text("English.")


ExplainedStretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included)."),
        "granted": fields.Boolean(required=True, metadata={"description": "Whether you may have it."}),
        "reason": text("Reason code of a refusal; null where granted.", nullable=True),
        "rule": text("Code of the catalogue's row (`/grondslagen.json`); null where none is.", nullable=True),
        "fact": text("Which fact carries it, such as your permission; null where refused.", nullable=True),
        "text": fields.Nested(Words, required=True),
        "rests_on": fields.Nested(Words, required=True, allow_none=True),
    },
    name="ExplainedStretch",
)


class Explanation(Schema):
    """Why a decision is what it is, stretch by stretch."""

    index = fields.Integer(
        required=True, metadata={"description": "The ledger entry of the decision, or of this question."}
    )
    catalogue = text("Version of the catalogue that it was decided by.")
    catalogue_now = text("The version of today.")
    parts = fields.List(fields.Nested(ExplainedStretch), required=True)
