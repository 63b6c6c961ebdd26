"""Shapes of deliveries to a supplier: which are due, and which can be read."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.registry.deliveries import DeliveryKind
from web.api.fields import Count, instant, one_of
from web.api.schemas.common import EAN_EXAMPLE

KINDS = [kind.value for kind in DeliveryKind]
_DAY = {"format": "date", "example": "2026-10-01"}


class DeliveriesQuery(Schema):
    """Which deliveries, and from where in the list."""

    kind = one_of(KINDS, "Only deliveries of this kind.")
    since = fields.Date(
        format="%Y-%m-%d",
        metadata={
            "description": "Only those that end on this Brussels day or later; without it, of 400 days."
        },
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


def _count(description: str) -> fields.Integer:
    return fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": description + " Null: nobody looked yet.", "minimum": 0},
    )


_SHAPE: dict[str, Any] = {
    "id": fields.UUID(required=True, metadata={"description": "Identifies the delivery."}),
    "kind": one_of(
        KINDS,
        "`month`, `year`: of all your contracts together; `final`: of one contract, which ended.",
        required=True,
    ),
    "from": fields.String(required=True, metadata={"description": "First Brussels day.", **_DAY}),
    "until": fields.String(required=True, metadata={"description": "First day after it.", **_DAY}),
    "due_at": instant("By when it has to be ready."),
    "ready_at": instant("Since when it can be read; null: something is waited for.", nullable=True),
    "is_missed": fields.Boolean(required=True, metadata={"description": "It was not ready in time."}),
    "contracts": _count("Of how many contracts with a digital meter it is."),
    "lacking": _count("Of how many of them something had not come when it was last looked."),
    "ean": fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of `final`: the access point.", "pattern": "^[0-9]{18}$"},
    ),
    "receipt": fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Proof that it was ready; null: it is not yet.",
            "example": "/api/v1/receipts/42",
        },
    ),
}
Delivery = Schema.from_dict(_SHAPE, name="SupplyDelivery")


class DeliveryPage(Schema):
    """A page of deliveries, newest end first."""

    deliveries = fields.List(fields.Nested(Delivery), required=True)
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Ask the next page with this; null: this was the last."},
    )


_OWN: dict[str, Any] = {
    "id": "5d0e2f5e-0d53-4c62-8f0b-0c1a0a4f7d21",
    "kind": "month",
    "from": "2026-10-01",
    "until": "2026-11-01",
    "due_at": "2026-11-15T23:00:00Z",
    "ready_at": "2026-11-02T03:00:00Z",
    "is_missed": False,
    "contracts": 1204,
    "lacking": 0,
    "ean": None,
    "receipt": "/api/v1/receipts/42",
}
PAGE: dict[str, Any] = {
    "deliveries": [
        _OWN,
        {
            **_OWN,
            "id": "7b1f9e2c-61f4-4d0e-9a41-5f6f0f0c9b02",
            "kind": "final",
            "until": "2026-10-12",
            "due_at": "2026-10-26T22:00:00Z",
            "ready_at": None,
            "contracts": 1,
            "lacking": 1,
            "ean": EAN_EXAMPLE,
            "receipt": None,
        },
    ],
    "next_cursor": None,
}
