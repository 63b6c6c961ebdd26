"""What a grid operator has to read again: devices and days, until when, and that it was tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, validate

from web.answers import json_response
from web.api.cursors import open_cursor, seal_cursor
from web.api.fields import DIRECTIONS, each_once, instant, one_of
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas.access_register import RegisterQuery
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask

_FILTERS = {"list": "rereads"}
_LACKING = ["registers", "periods", "intervals", "slots"]
_NUMBER: dict[str, Any] = {"description": "Names it in your list.", "minimum": 1}


class Reread(Schema):
    """One thing of a device and a day that is not there. Whose it is, and why it is read, is not said."""

    id = fields.Integer(required=True, metadata=_NUMBER)
    device = fields.String(required=True, metadata={"description": "Number of the meter."})
    day = fields.String(required=True, metadata={"description": "Brussels day.", "format": "date"})
    direction = one_of(DIRECTIONS, "Seen from the grid user.", required=True)
    lacking = one_of(_LACKING, "What to send.", required=True)
    attempts = fields.Integer(
        required=True, metadata={"description": "How often it was tried.", "minimum": 0}
    )
    tried_at = instant("When it was last tried; null: never.", nullable=True)
    due_at = instant("From when on it is given up.")


class RereadPage(Schema):
    """A page of what is to be read again, the most urgent first."""

    rereads = fields.List(fields.Nested(Reread), required=True)
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Ask the next page with this; null: this was the last."},
    )


class RereadsTried(Schema):
    """What you tried."""

    rereads = fields.List(
        fields.Integer(strict=True, validate=validate.Range(1, 2**53), metadata=_NUMBER),
        required=True,
        validate=[validate.Length(1, 200), each_once],
        metadata={"description": "`id` of each.", "uniqueItems": True},
    )


class RereadsOut(Schema):
    """How these stand now."""

    rereads = fields.List(fields.Nested(Reread), required=True)


_ROW: dict[str, Any] = {
    "id": 7,
    "device": "1SAG0000000002",
    "day": "2026-11-18",
    "direction": "injection",
    "lacking": "registers",
    "attempts": 1,
    "tried_at": "2026-11-20T03:00:00Z",
    "due_at": "2026-11-28T23:00:00Z",
}


@operation(
    "/api/v1/rereads",
    "GET",
    summary="List what is to be read again (grid operator)",
    query=RegisterQuery,
    answer=RereadPage,
    example={"rereads": [_ROW], "next_cursor": None},
    refusals=(*COMMON, "no-legal-basis"),
)
def list_rereads(query: dict[str, Any]) -> ResponseReturnValue:
    """Of your own grid, the most urgent first. What came leaves the list with the next check of its day."""
    choose_form((JSON,))
    secret: str = current_app.config["SECRET_KEY"]
    cursor = int(open_cursor(secret, query["cursor"], _FILTERS)) if "cursor" in query else None
    answer = ask("reading_plan.open", bearer_proof(), cursor=cursor, limit=query["limit"])
    position = answer["next_cursor"]
    return json_response(
        {
            "rereads": [_view(row) for row in answer["rereads"]],
            "next_cursor": seal_cursor(secret, str(position), _FILTERS) if position else None,
        }
    )


@operation(
    "/api/v1/rereads/tried",
    "POST",
    summary="Say that you tried to read again (grid operator)",
    body=RereadsTried,
    body_example={"rereads": [7]},
    answer=RereadsOut,
    example={"rereads": [_ROW]},
    refusals=(*COMMON, "no-legal-basis", "not-found", "unsupported-media-type"),
)
def rereads_were_tried(body: dict[str, Any]) -> ResponseReturnValue:
    """Each counts as an attempt, once in six hours however often you say so. What came is told by sending it."""
    choose_form((JSON,))
    answer = ask("reading_plan.tried", bearer_proof(), rereads=body["rereads"])
    return json_response({"rereads": [_view(row) for row in answer["rereads"]]})


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("device", "day", "direction", "lacking", "attempts", "tried_at", "due_at")
    return {"id": row["reread"], **{name: row[name] for name in names}}
