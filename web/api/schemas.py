"""Shapes of the market API: what comes in is loaded by these, what goes out is documented by them.

Answers are made by plain functions (`web.api.shapes`); a test holds them against these schemas.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from databeheer.access.facts import PermissionState
from databeheer.metering.midnights import Method
from databeheer.metering.states import Register, State, Unit
from databeheer.registry.user_ports import OrderState, UserPort, Wanted
from databeheer.values import Commodity
from web.api.coverage import STATES as COVERAGES
from web.api.fields import (
    CATEGORIES,
    DIRECTIONS,
    GRANULARITIES,
    PURPOSES,
    READ_GRANULARITIES,
    AccessPointCode,
    Count,
    Index,
    directions,
    instant,
    moment,
    one_of,
)

STATES = [state.value for state in PermissionState]
STEPPERS = ["grid_user", "party", "operator", "time", "move"]
LONGEST_CURSOR = 4096
# NVAL (not validated) never leaves the house.
VALUE_STATES = [state.value for state in State if state is not State.NVAL]
REGISTERS = [register.value for register in Register]
COMMODITIES = [commodity.value for commodity in Commodity]
UNITS = [unit.value for unit in Unit]
MODES = ["strict", "clip"]
PARTS = ["past", "future"]
EAN_EXAMPLE = "541448899990000039"


def _text(description: str, *, nullable: bool = False, **metadata: Any) -> fields.String:
    return fields.String(
        required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


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


# ---- in --------------------------------------------------------------------------------------------------


class PermissionRequest(Schema):
    """What a party asks of a grid user. Periods are half-open; a day stands for its midnight in Brussels."""

    purpose = one_of(
        PURPOSES, "What the data are for; another purpose needs another permission.", required=True
    )
    category = one_of(CATEGORIES, "Which kind of data.", load_default="readings")
    granularity = one_of(GRANULARITIES, "The finest values you will ask for.", required=True)
    directions = directions(load_default=lambda: list(DIRECTIONS))
    data_from = moment("Start of the data you want to see.")
    data_until = moment("End of those data; null: no end.", required=False, nullable=True)
    valid_until = moment("Until when you may look; null: until withdrawn.", required=False, nullable=True)
    ean = access_point(required=False)
    reference = fields.String(
        validate=validate.Regexp(r"^[A-Za-z0-9._:-]{1,64}$"),
        metadata={
            "description": "Your own reference, unique among your requests. No personal data.",
            "example": "advice-2026-0001",
        },
    )

    @validates_schema
    def data_period_is_in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse data that end before they start."""
        require_order(data, "data_from", "data_until")


class EndQuery(Schema):
    """What ends: all of it, or one part."""

    part = one_of(
        PARTS, "Only data of before the request, or only data to come; the other goes on. Default: all."
    )


class MandateIn(Schema):
    """A mandate on paper, or as a signed file, that carries a permission: named by its hash."""

    document_sha256 = fields.String(
        required=True,
        validate=validate.Regexp(r"^[0-9a-f]{64}$"),
        metadata={"description": "SHA-256 of the document, hexadecimal.", "example": "3a" * 32},
    )
    signed_on = fields.Date(
        required=True, metadata={"description": "The day on which it was signed.", "example": "2026-10-01"}
    )


class PermissionsQuery(Schema):
    """Which of your permissions, and from where in the list."""

    state = one_of(STATES, "Only permissions in this state.")
    reference = fields.String(
        validate=validate.Length(min=1, max=64), metadata={"description": "Only this reference."}
    )
    deletion = one_of(
        ["due"], "Only what has ended, and of which you have not confirmed yet that you deleted the data."
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


class PortOrdersQuery(Schema):
    """Which orders for user ports, and from where in the list."""

    state = one_of(
        [state.value for state in OrderState], "Only orders in this state.", load_default="waiting"
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


class PortReport(Schema):
    """Why an order for a user port cannot be carried out, now or later."""

    reason = one_of(["no_such_port", "meter_removed"], "What you found there.", required=True)


# ---- out -------------------------------------------------------------------------------------------------


class PermissionLink(Schema):
    """A request that waits for the grid user."""

    id = _text("Identifies the permission.", format="uuid")
    reference = _text("Your reference, or the one made for you.")
    state = one_of(STATES, "Always `requested` here.", required=True)
    link = _text("Send the grid user to this address of the portal.", format="uri")
    link_expires_at = instant("After this the link no longer works.")


class MandateOut(Schema):
    """How a written mandate stands. What was drawn in a sample and is not handed over by `due_at` is blocked."""

    permission_id = _text("Of which permission or request.", format="uuid")
    document_sha256 = _text("Which document.")
    signed_on = _text("The day on which it was signed.", format="date")
    registered_at = instant("When you named it.")
    sampled_at = instant("When it was drawn in a sample; null: never.", nullable=True)
    due_at = instant("Until when you hand it over.", nullable=True)
    produced_at = instant("When you handed it over.", nullable=True)
    checked_at = instant("When the signature was judged.", nullable=True)
    accepted = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "Whether it is good; null: not judged yet."}
    )
    is_here = fields.Boolean(
        required=True, metadata={"description": "It lies here, sealed, until it is judged."}
    )


class Step(Schema):
    """One step in the life of a permission (EU 2023/1162 art. 8(1)(e))."""

    event = _text("What happened.", example="permission.granted")
    state = one_of(STATES, "State after it.", required=True)
    reason = _text("Reason code.", nullable=True)
    by = one_of(STEPPERS, "Who or what did it.", required=True)
    at = instant("When.")
    receipt = _text("The ledger's receipt of it.", example="/api/v1/receipts/42")


class PermissionOut(Schema):
    """One permission, as it stands now."""

    id = _text("Identifies the permission.", format="uuid")
    reference = _text("Your reference.", nullable=True)
    state = one_of(STATES, "Where it stands.", required=True)
    reason = _text("Reason code of a refusal or an end; null while it runs.", nullable=True)
    ended_by = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["grid_user", "party", "time", "move", "death", "operator"]),
        metadata={"description": "Who or what ended or refused it; null while it runs."},
    )
    purpose = _text("What the data are for.")
    category = _text("Which kind of data.")
    granularity = one_of(GRANULARITIES, "The finest values granted.", required=True)
    directions = fields.List(fields.String(validate=validate.OneOf(DIRECTIONS)), required=True)
    data_from = instant("Start of the data that may be seen.", nullable=True)
    data_until = instant("End of those data; null: no end.", nullable=True)
    valid_from = instant("Since when you may look.", nullable=True)
    valid_until = instant("Until when you may look; null: until withdrawn.", nullable=True)
    until_withdrawn = fields.Boolean(required=True, metadata={"description": "No end was agreed."})
    ends_at = instant(
        "When it ends at the latest, the longest term included; null: not granted.", nullable=True
    )
    refused_part = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(PARTS),
        metadata={
            "description": "Data of before the request, or data to come, that the grid user left out of the grant."
        },
    )
    withdrawn_part = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(PARTS),
        metadata={"description": "Which of the two ended before the rest."},
    )
    requested_at = instant("When you asked.", nullable=True)
    decided_at = instant("When the grid user decided.", nullable=True)
    ended_at = instant("When it ended.", nullable=True)
    delete_by = instant("By when you have deleted what you read; null: never granted.", nullable=True)
    deletion_confirmed_at = instant("When you confirmed that you did.", nullable=True)
    renews = _text("The permission that this one took the place of.", nullable=True, format="uuid")
    renewed_by = _text("The permission that took the place of this one.", nullable=True, format="uuid")
    ean = _text("The access point, once granted.", nullable=True, pattern="^[0-9]{18}$")
    history = fields.List(
        fields.Nested(Step),
        metadata={"description": "Each step, oldest first; where one permission is shown."},
    )


class PermissionPage(Schema):
    """A page of permissions."""

    permissions = fields.List(fields.Nested(PermissionOut), required=True)
    next_cursor = _text("Ask the next page with this; null: this was the last.", nullable=True)


class PortOrderOut(Schema):
    """A customer's order for a user port of his meter."""

    id = _text("Identifies the order.", format="uuid")
    state = one_of([state.value for state in OrderState], "Where it stands.", required=True)
    port = one_of([port.value for port in UserPort], "Which port of the meter.", required=True)
    wanted = one_of([wanted.value for wanted in Wanted], "How it has to be.", required=True)
    ean = _text("The access point.", pattern="^[0-9]{18}$")
    meter = _text("Number of the meter.")
    asked_at = instant("When the customer asked.")
    due_at = instant("By when it has to be carried out: 24 hours later.")
    ended_at = instant("When it was carried out, replaced or given up; null: it waits.", nullable=True)
    is_overdue = fields.Boolean(required=True, metadata={"description": "Not carried out in time."})


class PortOrderPage(Schema):
    """A page of orders."""

    orders = fields.List(fields.Nested(PortOrderOut), required=True)
    next_cursor = _text("Ask the next page with this; null: this was the last.", nullable=True)


Stretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included).", nullable=True),
        "ground": _text("Legal ground: a code of the catalogue."),
        "citation": _text("Act, version and article.", nullable=True),
    },
    name="GrantedStretch",
)
RefusedStretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included).", nullable=True),
        "reason": _text("Reason code."),
        "detail": _text("The same in a sentence.", nullable=True),
    },
    name="RefusedStretch",
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
    conversion = _text("Gas in kWh: P provisional, D definitive, C constant calorific value.", nullable=True)
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
    meter = _text("Meter number, if your ground covers it.", nullable=True)
    readings = fields.List(fields.Nested(Reading), required=True)
    registers = fields.List(
        fields.Nested(RegisterAtMidnight), metadata={"description": "Only where they were asked."}
    )


class Receipt(Schema):
    """Where this hand-over stands in the ledger."""

    index = fields.Integer(
        required=True, metadata={"description": "Index of the ledger entry.", "minimum": 0}
    )
    promise = _text("C2SP note signed by the door, base64; also in `Ledger-Promise`.")
    link = _text("The receipt, within two seconds.", example="/api/v1/receipts/42")


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
    cursor = _text(CURSOR_TEXT)
    receipt = fields.Nested(Receipt, required=True)


class Words(Schema):
    """A text in both languages."""

    nl = _text("Dutch, as the grid user reads it.")
    en = _text("English.")


ExplainedStretch = Schema.from_dict(
    {
        "from": instant("Start (included)."),
        "until": instant("End (not included)."),
        "granted": fields.Boolean(required=True, metadata={"description": "Whether you may have it."}),
        "reason": _text("Reason code of a refusal; null where granted.", nullable=True),
        "rule": _text(
            "Code of the catalogue's row (`/grondslagen.json`); null where none is.", nullable=True
        ),
        "fact": _text("Which fact carries it, such as your permission; null where refused.", nullable=True),
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
    catalogue = _text("Version of the catalogue that it was decided by.")
    catalogue_now = _text("The version of today.")
    parts = fields.List(fields.Nested(ExplainedStretch), required=True)


ProblemPlace = Schema.from_dict(
    {"where": _text("JSON pointer, parameter or header."), "detail": _text("What is wrong.")},
    name="ProblemPlace",
)


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    type = _text("Address of the page that explains it.", format="uri-reference")
    title = _text("The same for every problem of this type.")
    status = fields.Integer(required=True)
    detail = _text("What happened this time.")
    remedy = _text("What to do.")
    errors = fields.List(
        fields.Nested(ProblemPlace),
        metadata={"description": "Where the request is wrong."},
    )
    receipt = fields.String(metadata={"description": "The receipt of a refusal that stands in the ledger."})


class TokenAnswer(Schema):
    """RFC 6749, 5.1."""

    access_token = _text("A signed JWT (RFC 9068), of at most 2,048 characters; to you it is opaque.")
    token_type = one_of(["Bearer"], "Always Bearer.", required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})


class TokenError(Schema):
    """RFC 6749, 5.2."""

    error = one_of(
        [
            "invalid_request",
            "invalid_client",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "temporarily_unavailable",
        ],
        "Error code.",
        required=True,
    )
    error_description = fields.String()
