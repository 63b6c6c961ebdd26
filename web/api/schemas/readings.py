"""Readings: which are asked, and what is handed over."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from databeheer.metering.midnights import Method
from databeheer.metering.states import Register, State, Unit
from databeheer.values import Commodity
from web.api.coverage import STATES as COVERAGES
from web.api.fields import (
    DIRECTIONS,
    PURPOSES,
    READ_GRANULARITIES,
    Index,
    directions,
    instant,
    moment,
    one_of,
)
from web.api.schemas.common import MODES, Receipt, RefusedStretch, Stretch, access_point, require_order, text

LONGEST_CURSOR = 4096
# NVAL (not validated) never leaves the house.
VALUE_STATES = [state.value for state in State if state is not State.NVAL]
REGISTERS = [register.value for register in Register]
COMMODITIES = [commodity.value for commodity in Commodity]
UNITS = [unit.value for unit in Unit]


def with_registers() -> fields.Boolean:
    """Whether what the registers showed is asked too."""
    return fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={
            "description": "With what the cumulative registers showed at the ends of what is granted, and where months"
            " begin in it; with `granularity` month."
        },
    )


class Window(Schema):
    """Of which period, how fine."""

    granularity = one_of(READ_GRANULARITIES, "Size of the slots.", load_default="quarter_hour")
    mode = one_of(
        MODES,
        "`strict`: all of the period or a refusal; `clip`: what is granted of it.",
        load_default="strict",
    )

    @validates_schema
    def window_is_in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a window that ends before it starts."""
        require_order(data, "from", "until")


def since(longest: int = LONGEST_CURSOR) -> fields.String:
    """From which read on: only what changed since."""
    return fields.String(
        validate=validate.Length(min=1, max=longest),
        metadata={
            "description": "`cursor` of a read of yours of the same targets, granularity and directions: only what came"
            " in or was corrected since, and what was not granted then. Whole days, months or years: put them in the"
            " place of those that you have."
        },
    )


_AS_OF: dict[str, Any] = {
    "validate": validate.Range(min=0, max=10**15 - 1),
    "metadata": {
        "description": "Values as they stood at this entry of the ledger: with the index of a read of yours, those"
        " that it handed over. What may be read is decided as of now.",
        "example": 42,
    },
}


def as_of() -> fields.Integer:
    """Which version of the values, in a body."""
    return fields.Integer(strict=True, **_AS_OF)


def _form() -> fields.String:
    return one_of(["json", "csv", "parquet"], "Form of the answer; the `Accept` header does the same.")


ReadingsQuery = Window.from_dict(
    {
        "from": moment("Start of the period (included)."),
        "until": moment("End of the period (not included)."),
        "direction": one_of(DIRECTIONS, "Only this direction; default: all that is granted."),
        "as_of": Index(**_AS_OF),
        "since": since(),
        "format": _form(),
    },
    name="ReadingsQuery",
)

FormatQuery = Schema.from_dict({"format": _form()}, name="FormatQuery")

ReadingsByPoint = Window.from_dict(
    {
        "ean": access_point(required=True),
        "purpose": one_of(PURPOSES, "Under which purpose you ask.", required=True),
        "from": moment("Start of the period (included)."),
        "until": moment("End of the period (not included)."),
        "directions": directions(),
        "registers": with_registers(),
        "as_of": as_of(),
        "since": since(),
    },
    name="ReadingsByPoint",
)


class Reading(Schema):
    """One slot of one channel."""

    start = instant("Start (included), UTC.")
    end = instant("End (not included), UTC.")
    value = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Decimal with exactly three decimals, in the channel's unit; null: no value (not zero).",
            "pattern": "^-?[0-9]+[.][0-9]{3}$",
            "example": "0.294",
        },
    )
    state = one_of(
        VALUE_STATES,
        "Validation state; `NONE` (no consumption) and `ABSENT` (not received) have no value.",
        required=True,
    )
    register = one_of(REGISTERS, "Tariff register that counted it.", required=True, allow_none=True)
    conversion = text("Gas in kWh: P provisional, D definitive, C constant calorific value.", nullable=True)
    missing = fields.Integer(
        required=True,
        metadata={"description": "Metered slots inside this one that have no value.", "minimum": 0},
    )


class RegisterAtMidnight(Schema):
    """A cumulative register at a local midnight."""

    at = instant("The midnight, 00:00 in Brussels.")
    register = one_of(REGISTERS, "Which register.", required=True)
    value = fields.String(
        required=True,
        metadata={
            "description": "Decimal with exactly three decimals, in the channel's unit.",
            "pattern": "^[0-9]+[.][0-9]{3}$",
            "example": "4310.000",
        },
    )
    state = one_of([State.READ.value, State.EST.value], "Read, or estimated.", required=True)
    method = one_of(
        [method.value for method in Method],
        "How it was estimated: the reading before and what was used since; the one after less what was used until then;"
        " in proportion to time between both.",
        required=True,
        allow_none=True,
    )


class Channel(Schema):
    """One series: a commodity and unit in one direction, of one meter."""

    direction = one_of(DIRECTIONS, "Seen from the grid user.", required=True)
    commodity = one_of(COMMODITIES, "What flows.", required=True)
    unit = one_of(UNITS, "Unit of every value.", required=True)
    meter = text("Meter number, if your ground covers it.", nullable=True)
    readings = fields.List(fields.Nested(Reading), required=True)
    registers = fields.List(
        fields.Nested(RegisterAtMidnight), metadata={"description": "Only where they were asked."}
    )


class Coverage(Schema):
    """How much there is of what was granted."""

    state = one_of(
        COVERAGES,
        "`complete`; `partial`: some slots have no value (yet); `not_yet`: nothing was received so far, ask again"
        " later; `erased`: there was something, and it is gone for good. Null where only changes were asked.",
        required=True,
        allow_none=True,
    )
    values = fields.Integer(
        required=True, metadata={"description": "How many slots have a value.", "minimum": 0}
    )
    estimated = fields.Integer(
        required=True, metadata={"description": "How many of those rest on an estimate.", "minimum": 0}
    )
    missing = fields.Integer(
        required=True, metadata={"description": "How many metered slots have no value.", "minimum": 0}
    )


CURSOR_TEXT = "Send it as `since`, with the same targets, to get what changed after this read."


class Readings(Schema):
    """Values, what was granted and refused of the asked period, and the record of this hand-over."""

    granularity = one_of(READ_GRANULARITIES, "Size of the slots.", required=True)
    granted = fields.List(fields.Nested(Stretch), required=True)
    refused = fields.List(fields.Nested(RefusedStretch), required=True)
    coverage = fields.Nested(Coverage, required=True, allow_none=True)
    channels = fields.List(fields.Nested(Channel), required=True)
    cursor = text(CURSOR_TEXT)
    receipt = fields.Nested(Receipt, required=True)
