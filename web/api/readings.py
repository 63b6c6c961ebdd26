"""Reading values: by permission, or by access point for who may by law."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from databeheer.door.client import DoorRefused
from web.answers import json_response
from web.api import examples, shapes
from web.api.fields import DIRECTIONS, wire_instant
from web.api.negotiation import CSV, JSON, choose_form
from web.api.permissions import COMMON, find_permission
from web.api.schemas import FormatQuery, Readings, ReadingsByPoint, ReadingsQuery
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers

REFUSALS = (
    *COMMON,
    "no-legal-basis",
    "permission-not-active",
    "permission-ended",
    "outside-granted-period",
    "granularity-too-fine",
    "blocked",
    "too-large",
    "stopped",
    "reconciling",
)
CSV_CONTENT = {
    CSV: {
        "schema": {"type": "string", "description": "RFC 4180, columns: " + ", ".join(shapes.CSV_COLUMNS)},
        "example": examples.READINGS_CSV,
    }
}
HEADERS = {
    "Ledger-Promise": {
        "description": "Base64 of a C2SP note signed by the door: origin, index, leaf and deadline of the entry.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": '`</api/v1/receipts/42>; rel="receipt"`: the receipt, within two seconds.',
        "schema": {"type": "string"},
    },
}


@operation(
    "/api/v1/permissions/<uuid:permission_id>/readings",
    "GET",
    summary="Read values under a permission",
    query=ReadingsQuery,
    answer=Readings,
    example=examples.READINGS,
    content=CSV_CONTENT,
    headers=HEADERS,
    refusals=(*REFUSALS, "not-found"),
)
def read_by_permission(query: dict[str, Any], permission_id: UUID) -> ResponseReturnValue:
    """Every hand-over, and every refusal, is recorded before you get it; the grid user sees it.

    Values are decimal text with three decimals in the channel's unit, `null` where there is no value.
    A slot that the clock change doubles or drops is told apart by its UTC start: days have 92, 96 or 100
    quarter-hours.
    """
    form = choose_form((JSON, CSV), query.get("format"))
    directions = [query["direction"]] if "direction" in query else _granted_directions(permission_id)
    return _hand_over(form, query, permission_id=str(permission_id), directions=directions)


@operation(
    "/api/v1/readings/query",
    "POST",
    summary="Read values of an access point by law",
    query=FormatQuery,
    body=ReadingsByPoint,
    body_example=examples.READINGS_BY_POINT,
    answer=Readings,
    example=examples.READINGS,
    content=CSV_CONTENT,
    headers=HEADERS,
    refusals=(*REFUSALS, "unsupported-media-type"),
)
def read_by_point(query: dict[str, Any], body: dict[str, Any]) -> ResponseReturnValue:
    """For parties whom the law gives the data. The EAN code travels in the body, never in an address.

    An access point that does not exist is refused exactly as one on which you have no ground. With `registers` a
    supplier gets what the registers showed at 00:00 local time at the ends of months and of its contract: on the day of
    a switch the same for both suppliers. They are not in the CSV form.
    """
    form = choose_form((JSON, CSV), query.get("format"))
    chosen: dict[str, Any] = {"directions": sorted(body["directions"])} if "directions" in body else {}
    chosen["registers"] = body["registers"]
    return _hand_over(form, body, ean=body["ean"].digits, purpose=body["purpose"], **chosen)


def _granted_directions(permission_id: UUID) -> list[str]:
    # Not asking what was never granted. A permission of nobody's is still asked for: the refusal is recorded.
    try:
        return list(find_permission(permission_id)["directions"])
    except DoorRefused as error:
        if error.code != "not-found":
            raise
        return list(DIRECTIONS)


def _hand_over(form: str, window: dict[str, Any], **target: Any) -> Response:
    arguments = {
        "from": wire_instant(window["from"]),
        "until": wire_instant(window["until"]),
        "granularity": window["granularity"],
        "mode": window["mode"],
        **target,
    }
    answer = ask("readings.read", bearer_proof(), **arguments)
    if form == CSV:
        response = Response(
            shapes.readings_csv(answer), content_type="text/csv; charset=utf-8; header=present"
        )
    else:
        response = json_response(shapes.readings(answer, window["granularity"]))
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    response.headers["Vary"] = "Accept"
    return response
