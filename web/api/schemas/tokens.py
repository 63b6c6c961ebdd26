"""Tokens (RFC 6749)."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.api.fields import one_of
from web.api.schemas.common import text


class TokenAnswer(Schema):
    """RFC 6749, 5.1."""

    access_token = text("A signed JWT (RFC 9068), of at most 2,048 characters; to you it is opaque.")
    token_type = one_of(["Bearer"], "Always Bearer.", required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})


class TokenError(Schema):
    """RFC 6749, 5.2."""

    error = one_of(
        [
            "invalid_request",
            "invalid_client",
            "invalid_grant",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "temporarily_unavailable",
        ],
        "Error code.",
        required=True,
    )
    error_description = fields.String()
