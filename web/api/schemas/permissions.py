"""Permissions: asked, their state and history, the mandate behind one."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate, validates_schema

from databeheer.access.facts import PermissionState
from web.api.fields import (
    CATEGORIES,
    DIRECTIONS,
    GRANULARITIES,
    PURPOSES,
    Count,
    directions,
    instant,
    moment,
    one_of,
)
from web.api.schemas.common import access_point, require_order, text

STATES = [state.value for state in PermissionState]
STEPPERS = ["grid_user", "party", "operator", "time", "move"]
PARTS = ["past", "future"]


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


class RenewalRequest(Schema):
    """Which permission of yours is to go on: on the same terms, with your same reference."""

    renews = fields.UUID(
        required=True,
        metadata={"description": "The permission; its state is `to_be_renewed`."},
    )


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


class PermissionLink(Schema):
    """A request that waits for the grid user."""

    id = text("Identifies the permission.", format="uuid")
    reference = text("Your reference, or the one made for you.")
    state = one_of(STATES, "Always `requested` here.", required=True)
    link = text("Send the grid user to this address of the portal.", format="uri")
    link_expires_at = instant("After this the link no longer works.")


class MandateOut(Schema):
    """How a written mandate stands. What was drawn in a sample and is not handed over by `due_at` is blocked."""

    permission_id = text("Of which permission or request.", format="uuid")
    document_sha256 = text("Which document.")
    signed_on = text("The day on which it was signed.", format="date")
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

    event = text("What happened.", example="permission.granted")
    state = one_of(STATES, "State after it.", required=True)
    reason = text("Reason code.", nullable=True)
    by = one_of(STEPPERS, "Who or what did it.", required=True)
    at = instant("When.")
    receipt = text("The ledger's receipt of it.", example="/api/v1/receipts/42")


class PermissionOut(Schema):
    """One permission, as it stands now."""

    id = text("Identifies the permission.", format="uuid")
    reference = text("Your reference.", nullable=True)
    state = one_of(STATES, "Where it stands.", required=True)
    reason = text("Reason code of a refusal or an end; null while it runs.", nullable=True)
    ended_by = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["grid_user", "party", "time", "move", "death", "operator"]),
        metadata={"description": "Who or what ended or refused it; null while it runs."},
    )
    purpose = text("What the data are for.")
    category = text("Which kind of data.")
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
    renews = text("The permission that this one took the place of.", nullable=True, format="uuid")
    renewed_by = text("The permission that took the place of this one.", nullable=True, format="uuid")
    ean = text("The access point, once granted.", nullable=True, pattern="^[0-9]{18}$")
    history = fields.List(
        fields.Nested(Step),
        metadata={"description": "Each step, oldest first; where one permission is shown."},
    )


class PermissionPage(Schema):
    """A page of permissions."""

    permissions = fields.List(fields.Nested(PermissionOut), required=True)
    next_cursor = text("Ask the next page with this; null: this was the last.", nullable=True)
