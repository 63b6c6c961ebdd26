"""Reading in bulk: up to a thousand permissions or access points, one period, one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples, shapes
from web.api.bulk_schemas import BulkQuery, BulkReadings
from web.api.fields import wire_instant
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.readings import HEADERS
from web.api.wire import idempotency_key, operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import INTERNAL, PROBLEMS, ledger_headers


@operation(
    "/api/v1/readings",
    "POST",
    summary="Read values of many permissions or access points at once",
    body=BulkQuery,
    body_example=examples.BULK_QUERY,
    answer=BulkReadings,
    example=examples.BULK_READINGS,
    headers=HEADERS,
    refusals=(*COMMON, "too-large", "unsupported-media-type", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def read_in_bulk(body: dict[str, Any]) -> ResponseReturnValue:
    """One entry of the ledger, one promise and one receipt for all; each grid user sees a read of the own point.

    Each item has its own outcome: `mode` holds for each by itself, and a refusal of one takes nothing from the
    others. So the answer is 200 also where all were refused. An access point or permission that does not exist is
    refused as one on which you have no ground. What one answer may hold is bounded: a thousand of them for a day of
    quarter-hours. Sent again with its key, the request gets the same values from the same entry, as long as all that
    was granted still is; else the answer is 409.
    """
    choose_form((JSON,))
    permissions, eans = body.get("permissions"), body.get("eans")
    arguments: dict[str, Any] = {
        "from": wire_instant(body["from"]),
        "until": wire_instant(body["until"]),
        "granularity": body["granularity"],
        "mode": body["mode"],
        "registers": body["registers"],
        **idempotency_key(),
    }
    if "directions" in body:
        arguments["directions"] = sorted(body["directions"])
    if permissions is not None:
        names = [{"permission": str(one), "ean": None} for one in permissions]
        arguments["permission_ids"] = [str(one) for one in permissions]
    else:
        names = [{"permission": None, "ean": one.digits} for one in eans or ()]
        arguments |= {"eans": [one.digits for one in eans or ()], "purpose": body["purpose"]}
    answer = ask("readings.bulk", bearer_proof(), **arguments)
    response = json_response(
        {
            "granularity": body["granularity"],
            "items": [
                {**name, "problem": problem_of(item), **shapes.hand_over(item)}
                for name, item in zip(names, answer["items"], strict=True)
            ],
            "receipt": shapes.receipt(answer),
        }
    )
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


def problem_of(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why nothing of an item was handed over, from the one table of problems."""
    if item["code"] is None:
        return None
    row = PROBLEMS.get(item["code"], INTERNAL)
    return {
        "type": row.uri,
        "title": row.title,
        "status": row.status,
        "detail": item["detail"] or row.meaning,
        "remedy": row.remedy,
    }
