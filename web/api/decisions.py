"""Why a decision is what it is: one that was made, or one that would be."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.fields import wire_instant
from web.api.permissions import COMMON
from web.api.schemas.decisions import Explanation, ExplanationQuery
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask


@operation(
    "/api/v1/decisions/<ledger_index:index>",
    "GET",
    summary="Explain a hand-over or refusal",
    answer=Explanation,
    example=examples.EXPLANATION,
    refusals=(*COMMON, "not-found"),
)
def show_decision(index: int) -> ResponseReturnValue:
    """The rule, the fact and the period of each stretch, in the words that the grid user reads.

    Another party's decision does not exist for you.
    """
    return json_response(_shown(ask("decision.explain", bearer_proof(), index=index)))


@operation(
    "/api/v1/decisions/query",
    "POST",
    summary="Ask what would be decided",
    body=ExplanationQuery,
    body_example=examples.EXPLANATION_QUERY,
    answer=Explanation,
    example=examples.EXPLANATION,
    refusals=(*COMMON, "too-large", "unsupported-media-type"),
)
def wish_decision(body: dict[str, Any]) -> ResponseReturnValue:
    """Nothing is handed over, and the question is recorded: the grid user sees that you asked.

    Name a permission, or an access point where the law gives you the data. One that does not exist is answered
    exactly as one on which you have no ground.
    """
    target: dict[str, Any] = {"permission_id": str(body["permission_id"])} if "permission_id" in body else {}
    if "ean" in body:
        target["ean"] = body["ean"].digits
    answer = ask(
        "decision.wish",
        bearer_proof(),
        **{
            "from": wire_instant(body["from"]),
            "until": wire_instant(body["until"]),
            "granularity": body["granularity"],
            "directions": sorted(body["directions"]) if "directions" in body else None,
            "purpose": body.get("purpose"),
            **target,
        },
    )
    return json_response(_shown(answer))


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": answer["index"],
        "catalogue": answer["catalogue"],
        "catalogue_now": answer["catalogue_now"],
        "parts": answer["parts"],
    }
