"""Shapes of the quality of supply: what a grid operator asks, and what each meter said of each day."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validates_schema

from databeheer.metering.supply_quality import SupplyTask
from web.api import examples
from web.api.fields import moment, one_of
from web.api.schemas.common import EAN_EXAMPLE, Receipt, RefusedStretch, Stretch, access_point, require_order

TASKS = [task.value for task in SupplyTask]


class _Query(Schema):
    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        require_order(data, "from", "until")


SupplyQualityQuery = _Query.from_dict(
    {
        "ean": access_point(required=True),
        "from": moment("Start (included)."),
        "until": moment("End (not included), at most 366 days later."),
        "task": one_of(TASKS, "For which of your tasks you ask; the customer reads it.", required=True),
    },
    name="SupplyQualityQuery",
)


def _number(description: str, *, nullable: bool = False) -> fields.Integer:
    return fields.Integer(
        required=True, allow_none=nullable, metadata={"description": description, "minimum": 0}
    )


class SupplyQualityDay(Schema):
    """What one meter registered on one Brussels day."""

    day = fields.String(required=True, metadata={"format": "date"})
    meter = fields.String(required=True, metadata={"description": "The meter's number."})
    interruptions = _number("How often there was no electricity.")
    interrupted_s = _number("For how many seconds together.")
    sags = _number("How often the voltage of a phase was too low.")
    swells = _number("How often it was too high.")
    lowest_dv = _number("Lowest mean of ten minutes of any phase, in tenths of a volt.", nullable=True)
    highest_dv = _number("Highest such mean; null, as the lowest, where none is measured.", nullable=True)


class SupplyQuality(Schema):
    """The days that were granted whole, what was not, and the one record of this request."""

    granted = fields.List(fields.Nested(Stretch), required=True)
    refused = fields.List(fields.Nested(RefusedStretch), required=True)
    days = fields.List(fields.Nested(SupplyQualityDay), required=True)
    receipt = fields.Nested(Receipt, required=True)


QUERY: dict[str, Any] = {"ean": EAN_EXAMPLE, "from": "2026-09-01", "until": "2026-10-01", "task": "complaint"}
ANSWER: dict[str, Any] = {
    "granted": [
        {
            "from": "2026-08-31T22:00:00Z",
            "until": "2026-09-30T22:00:00Z",
            "ground": "dso_supply_quality",
            "citation": "artikel 4.1.22/6, tweede lid Energiedecreet van 8 mei 2009",
        }
    ],
    "refused": [],
    "days": [
        {
            "day": "2026-09-14",
            "meter": "1SAG9990001234",
            "interruptions": 1,
            "interrupted_s": 540,
            "sags": 3,
            "swells": 0,
            "lowest_dv": 2087,
            "highest_dv": 2391,
        }
    ],
    "receipt": examples.READINGS["receipt"],
}
