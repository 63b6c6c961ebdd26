"""The quality of supply: what the grid operator of an access point asks, for a task that it names."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import shapes
from web.api.fields import wire_instant
from web.api.negotiation import JSON, choose_form
from web.api.readings import HEADERS, REFUSALS
from web.api.schemas import supply_quality as forms
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers


@operation(
    "/api/v1/supply-quality/query",
    "POST",
    summary="Look how well electricity was supplied (grid operator)",
    body=forms.SupplyQualityQuery,
    body_example=forms.QUERY,
    answer=forms.SupplyQuality,
    example=forms.ANSWER,
    headers=HEADERS,
    refusals=(*REFUSALS, "unsupported-media-type"),
)
def look_at_supply_quality(body: dict[str, Any]) -> ResponseReturnValue:
    """Interruptions and voltage, day by day, as the meter registered them: for the grid operator of this access point.

    Each request is one record, with its task, before you get anything; the customer sees it. To everybody else, and of
    an access point that does not exist, the answer is that there is no legal basis. Days that the meter said nothing
    of are not there; nor is gas.
    """
    choose_form((JSON,))
    answer = ask(
        "supply_quality.read",
        bearer_proof(),
        **{
            "ean": body["ean"].digits,
            "from": wire_instant(body["from"]),
            "until": wire_instant(body["until"]),
            "task": body["task"],
        },
    )
    stretches = shapes.stretches(answer)
    response = json_response(
        {
            "granted": stretches["granted"],
            "refused": stretches["refused"],
            "days": answer["days"],
            "receipt": shapes.receipt(answer),
        }
    )
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response
