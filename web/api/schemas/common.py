"""What several parts of the market API have in common: periods, access points, receipts."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields

from web.api.fields import AccessPointCode, instant

MODES = ["strict", "clip"]
EAN_EXAMPLE = "541448899990000039"


def text(description: str, *, nullable: bool = False, **metadata: Any) -> fields.String:
    """Return a text that is always there, with what it says."""
    return fields.String(
        required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


def require_order(data: dict[str, Any], start: str, end: str) -> None:
    """Refuse a period that does not end after it starts."""
    begins, ends = data.get(start), data.get(end)
    if begins is not None and ends is not None and not begins < ends:
        raise ValidationError("a period ends after it starts", end)


def access_point(**options: Any) -> AccessPointCode:
    """Return a field that takes the EAN code of an access point."""
    return AccessPointCode(
        metadata={
            "description": "EAN-18 (GSRN) of the access point, check digit included.",
            "pattern": "^[0-9]{18}$",
            "example": EAN_EXAMPLE,
        },
        **options,
    )


Stretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included).", nullable=True),
        "ground": text("Legal ground: a code of the catalogue."),
        "citation": text("Act, version and article.", nullable=True),
    },
    name="GrantedStretch",
)

RefusedStretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included).", nullable=True),
        "reason": text("Reason code."),
        "detail": text("The same in a sentence.", nullable=True),
    },
    name="RefusedStretch",
)


class Receipt(Schema):
    """Where this hand-over stands in the ledger."""

    index = fields.Integer(
        required=True, metadata={"description": "Index of the ledger entry.", "minimum": 0}
    )
    promise = text("C2SP note signed by the door, base64; also in `Ledger-Promise`.")
    link = text("The receipt, within two seconds.", example="/api/v1/receipts/42")
