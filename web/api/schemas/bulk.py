"""Shapes of reading in bulk: a list of permissions or access points, and what came of each."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from web.api.fields import (
    PURPOSES,
    READ_GRANULARITIES,
    AccessPointCode,
    Rows,
    directions,
    each_once,
    moment,
    one_of,
)
from web.api.schemas.common import Receipt, RefusedStretch, Stretch
from web.api.schemas.readings import CURSOR_TEXT, Channel, Coverage, Window, as_of, since, with_registers

MOST_ASKED = 1000
LONGEST_CURSOR = 65_536


class Targets(Window):
    """Many targets of one kind; `permissions` and `eans` are for who says how many there may be (`targets`)."""

    purpose = one_of(PURPOSES, "Under which purpose you ask; with `eans`.")

    @validates_schema
    def it_names_one_kind_of_target(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse permissions and access points in one list, and a purpose where the permission has its own."""
        if ("permissions" in data) == ("eans" in data):
            raise ValidationError("name either permissions or eans", "permissions")
        if ("eans" in data) != ("purpose" in data):
            raise ValidationError("goes with eans, and only with those", "purpose")


def targets(most: int, *, row_by_row: bool = False) -> dict[str, fields.Field[Any]]:
    """Return the fields of a period and of at most so many targets in it.

    `row_by_row`: one that is malformed, or named twice, is a `BadRow` and takes nothing from the others.
    """
    list_of = _rows_of if row_by_row else _list_of
    return {
        "permissions": list_of(fields.UUID(), "Permissions of yours; or:", most),
        "eans": list_of(
            AccessPointCode(metadata={"pattern": "^[0-9]{18}$"}),
            "EAN codes of access points whose data the law gives you; with `purpose`.",
            most,
        ),
        "from": moment("Start of the period (included)."),
        "until": moment("End of the period (not included)."),
        "directions": directions(),
        "registers": with_registers(),
        "as_of": as_of(),
    }


def _list_of(one: fields.Field[Any], description: str, most: int) -> fields.List[Any]:
    return fields.List(
        one,
        validate=[validate.Length(min=1, max=most), each_once],
        metadata={"description": description, "uniqueItems": True},
    )


def _rows_of(one: fields.Field[Any], description: str, most: int) -> fields.List[Any]:
    said = (
        f"{description} Each once; a row that is malformed or comes again has its own problem in the answer."
    )
    return Rows(one, most, metadata={"description": said})


class _Bulk(Targets):
    largest_body = 128 * 1024


BulkQuery = _Bulk.from_dict(
    {**targets(MOST_ASKED, row_by_row=True), "since": since(LONGEST_CURSOR)}, name="BulkQuery"
)


class ItemProblem(Schema):
    """Why nothing of an item was handed over: as a problem document, with what to do."""

    type = fields.String(required=True, metadata={"description": "Address of the page that explains it."})
    title = fields.String(required=True, metadata={"description": "The same for every problem of this type."})
    status = fields.Integer(
        required=True, metadata={"description": "The status that a read of this one alone would have had."}
    )
    detail = fields.String(required=True, metadata={"description": "What is in the way."})
    remedy = fields.String(required=True, metadata={"description": "What to do."})


class BulkItem(Schema):
    """What came of one that was asked, in the order of the question."""

    place = fields.Integer(
        required=True,
        metadata={"description": "Its place in the list that you sent, from 0 on.", "minimum": 0},
    )
    permission = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "As you named it; null where it is malformed."},
    )
    ean = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "As you named it; null where it is malformed.", "pattern": "^[0-9]{18}$"},
    )
    problem = fields.Nested(
        ItemProblem,
        required=True,
        allow_none=True,
        metadata={"description": "Why there is nothing; null where something was granted."},
    )
    granted = fields.List(fields.Nested(Stretch), required=True)
    refused = fields.List(fields.Nested(RefusedStretch), required=True)
    coverage = fields.Nested(Coverage, required=True, allow_none=True)
    channels = fields.List(fields.Nested(Channel), required=True)


class BulkReadings(Schema):
    """Values of many, and the one record of this hand-over."""

    granularity = one_of(READ_GRANULARITIES, "Size of the slots.", required=True)
    cursor = fields.String(required=True, metadata={"description": CURSOR_TEXT})
    items = fields.List(fields.Nested(BulkItem), required=True)
    receipt = fields.Nested(Receipt, required=True)
