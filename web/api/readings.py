"""Reading values: by permission, or by access point for who may by law."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from web.api import examples, shapes
from web.api.changes import known_by, make_cursor
from web.api.coverage import coverage
from web.api.fields import wire_instant
from web.api.handing_over import CSV_COLUMNS, CURSOR, FORMS, MANY_COLUMNS, one_handed_over
from web.api.negotiation import CSV, PARQUET, choose_form
from web.api.permissions import COMMON
from web.api.schemas.readings import FormatQuery, Readings, ReadingsByPoint, ReadingsQuery
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask

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
_PARQUET_CONTENT = {
    PARQUET: {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "Apache Parquet with the columns of the CSV, typed: instants, decimals, text. What has no"
            " rows (grounds, refusals, how complete it is) is JSON in the file's own metadata, under `databeheer`.",
        }
    }
}
CONTENT = {
    CSV: {
        "schema": {"type": "string", "description": "RFC 4180, columns: " + ", ".join(CSV_COLUMNS)},
        "example": examples.READINGS_CSV,
    },
    **_PARQUET_CONTENT,
}
CONTENT_OF_MANY = {
    CSV: {
        "schema": {
            "type": "string",
            "description": "RFC 4180, columns: "
            + ", ".join(MANY_COLUMNS)
            + ". Of an item with a problem there is one"
            " line, which names it.",
        },
        "example": examples.MANY_READINGS_CSV,
    },
    **_PARQUET_CONTENT,
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
TAG = {
    "ETag": {
        "description": "Of what is handed over, not of its record: the same for the same readings.",
        "schema": {"type": "string"},
    }
}
_CURSOR = {
    CURSOR: {
        "description": "What to send as `since` next time; as `cursor` in the JSON.",
        "schema": {"type": "string"},
    }
}
NOT_MODIFIED = {
    304: {"description": "Nothing changed since the answer with the tag in `If-None-Match`.", "content": {}}
}


@operation(
    "/api/v1/permissions/<uuid:permission_id>/readings",
    "GET",
    summary="Read values under a permission",
    query=ReadingsQuery,
    answer=Readings,
    example=examples.READINGS,
    content=CONTENT,
    headers={**HEADERS, **_CURSOR, **TAG},
    refusals=(*REFUSALS, "not-found"),
    also=NOT_MODIFIED,
)
def read_by_permission(query: dict[str, Any], permission_id: UUID) -> ResponseReturnValue:
    """Every hand-over, and every refusal, is recorded before you get it; the grid user sees it.

    Values are decimal text with three decimals in the channel's unit, `null` where there is no value.
    A slot that the clock change doubles or drops is told apart by its UTC start: days have 92, 96 or 100
    quarter-hours. With `since` you get what came in or was corrected since you read last. With `If-None-Match` you are
    told 304 where nothing changed: that is a read too, recorded as one, with a receipt.
    """
    form = choose_form(FORMS, query.get("format"))
    chosen = (
        {"directions": [query["direction"]]} if "direction" in query else {}
    )  # else those that were granted
    return _hand_over(form, query, permission_id=str(permission_id), **chosen)


@operation(
    "/api/v1/readings/query",
    "POST",
    summary="Read values of an access point by law",
    query=FormatQuery,
    body=ReadingsByPoint,
    body_example=examples.READINGS_BY_POINT,
    answer=Readings,
    example=examples.READINGS,
    content=CONTENT,
    headers={**HEADERS, **_CURSOR},
    refusals=(*REFUSALS, "unsupported-media-type"),
)
def read_by_point(query: dict[str, Any], body: dict[str, Any]) -> ResponseReturnValue:
    """For parties whom the law gives the data. The EAN code travels in the body, never in an address.

    An access point that does not exist is refused exactly as one on which you have no ground. With `registers` a
    supplier gets what the registers showed at 00:00 local time at the ends of months and of its contract: on the day of
    a switch the same for both suppliers. They are in the JSON alone.
    """
    form = choose_form(FORMS, query.get("format"))
    chosen: dict[str, Any] = {"directions": sorted(body["directions"])} if "directions" in body else {}
    chosen["registers"] = body["registers"]
    return _hand_over(form, body, ean=body["ean"].digits, purpose=body["purpose"], **chosen)


def window_of(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a request says of its period as arguments for the door."""
    return {
        "from": wire_instant(said["from"]),
        "until": wire_instant(said["until"]),
        "granularity": said["granularity"],
        "mode": said["mode"],
        **({"as_of": said["as_of"]} if "as_of" in said else {}),
    }


def _hand_over(form: str, said: dict[str, Any], **target: Any) -> Response:
    question = {"granularity": said["granularity"], **target}
    changes = known_by(said.get("since"), question, 1)
    answer = ask("readings.read", bearer_proof(), **window_of(said), **changes, **target)
    members = {
        "granularity": said["granularity"],
        **shapes.stretches(answer),
        "coverage": coverage(answer, is_of_changes=bool(changes)),
    }
    seen = min(answer["index"], said.get("as_of", answer["index"]))
    return one_handed_over(form, answer, members, make_cursor(seen, question, [answer]))
