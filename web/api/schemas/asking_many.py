"""Shapes of asking many permissions at once: a list of wishes, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from web.api import examples
from web.api.schemas.bulk import ItemProblem
from web.api.schemas.permissions import PermissionLink, PermissionRequest, RenewalRequest
from web.api.schemas.problems import ProblemPlace

MOST_ASKED = 200
LARGEST_BODY = 256 * 1024
"""In bytes."""


class _Rows(fields.List[Any]):
    """A list of which each row is read later by itself, so that a bad one takes nothing from the others."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return value


class ManyRequests(Schema):
    """Wishes, each as one alone is asked."""

    largest_body = LARGEST_BODY

    requests = _Rows(
        fields.Nested(PermissionRequest),
        required=True,
        validate=validate.Length(min=1, max=MOST_ASKED),
        metadata={"description": "Each a permission request of its own."},
    )


class ManyRenewals(Schema):
    """Permissions that are to go on, each as one alone is asked."""

    largest_body = LARGEST_BODY

    requests = _Rows(
        fields.Nested(RenewalRequest),
        required=True,
        validate=validate.Length(min=1, max=MOST_ASKED),
        metadata={"description": "Each a renewal of its own."},
    )


class RowProblem(ItemProblem):
    """Why nothing was asked by a row."""

    errors = fields.List(
        fields.Nested(ProblemPlace),
        metadata={"description": "Where the row is wrong, as JSON pointers in the body."},
    )


class AskedRow(Schema):
    """What came of one row, in the order of the question."""

    place = fields.Integer(
        required=True, metadata={"description": "Its place in your list, from 0.", "minimum": 0}
    )
    problem = fields.Nested(RowProblem, required=True, allow_none=True)
    request = fields.Nested(PermissionLink, required=True, allow_none=True)


class AskedRows(Schema):
    """What came of each row."""

    items = fields.List(fields.Nested(AskedRow), required=True)


MANY: dict[str, Any] = {
    "requests": [
        examples.PERMISSION_REQUEST,
        examples.PERMISSION_REQUEST | {"reference": "advice-2026-0002", "granularity": "day"},
    ]
}
RENEWALS: dict[str, Any] = {
    "requests": [
        examples.RENEWAL_REQUEST,
        {"renews": "0d9e4c1b-7f52-4d6a-8a41-5c1a2b3c4d5e"},
    ]
}
ASKED: dict[str, Any] = {
    "items": [
        {"place": 0, "problem": None, "request": examples.PERMISSION_LINK},
        {
            "place": 1,
            "problem": {
                "type": "/problems/conflict",
                "title": "The state does not allow this",
                "status": 409,
                "detail": "you have used this reference before; choose another",
                "remedy": "Look at its present state first.",
            },
            "request": None,
        },
    ]
}
