"""Problem documents (RFC 9457)."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.api.schemas.common import text

ProblemPlace = Schema.from_dict(
    {"where": text("JSON pointer, parameter or header."), "detail": text("What is wrong.")},
    name="ProblemPlace",
)


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = text("Address of the page that explains it.", format="uri-reference")
    title = text("The same for every problem of this type.")
    status = fields.Integer(required=True)
    detail = text("What happened this time.")
    remedy = text("What to do.")
    errors = fields.List(
        fields.Nested(ProblemPlace),
        metadata={"description": "Where the request is wrong."},
    )
    receipt = fields.String(metadata={"description": "The receipt of a refusal that stands in the ledger."})
