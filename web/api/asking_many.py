"""Asking many permissions at once: an outcome for each row, and one bad row takes nothing from the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue
from marshmallow import RAISE, Schema, ValidationError

from web.answers import json_response
from web.api import shapes
from web.api.bulk import problem_of
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON, arguments_of
from web.api.schemas import asking_many as forms
from web.api.schemas.permissions import PermissionRequest, RenewalRequest
from web.api.wire import idempotency_key, operation, places
from web.bearer import bearer_proof
from web.door import ask
from web.settings import WebSettings


@operation(
    "/api/v1/permission-requests/bulk",
    "POST",
    summary="Ask many grid users for a permission",
    body=forms.ManyRequests,
    body_example=forms.MANY,
    answer=forms.AskedRows,
    example=forms.ASKED,
    refusals=(*COMMON, "too-large", "unsupported-media-type", "idempotency-key-reused"),
    takes_key=True,
)
def ask_many_permissions(body: dict[str, Any]) -> ResponseReturnValue:
    """Each row is asked as one alone, and has its own entry in the ledger, its own link or its own problem.

    So the answer is 200 also where every row has a problem. Sent again with its key, the request gets the same answer;
    cut short, it goes on where it was, and no row is asked twice.
    """
    return _asked(body, _REQUEST, "permission.request_many", arguments_of)


@operation(
    "/api/v1/permission-requests/renewals/bulk",
    "POST",
    summary="Ask many grid users to let a permission go on",
    body=forms.ManyRenewals,
    body_example=forms.RENEWALS,
    answer=forms.AskedRows,
    example=forms.ASKED,
    refusals=(*COMMON, "too-large", "unsupported-media-type", "idempotency-key-reused"),
    takes_key=True,
)
def ask_many_renewals(body: dict[str, Any]) -> ResponseReturnValue:
    """Each row is asked as one renewal alone, with its own link or its own problem, as in bulk requests."""
    return _asked(body, _RENEWAL, "permission.ask_renewals", lambda row: {"renews": str(row["renews"])})


def _asked(
    body: Mapping[str, Any], schema: Schema, command: str, arguments: Callable[[dict[str, Any]], Any]
) -> ResponseReturnValue:
    choose_form((JSON,))
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    key = idempotency_key()
    read = [_read(schema, place, row) for place, row in enumerate(body["requests"])]
    good = [arguments(row) for row, problem in read if problem is None]
    answered = iter(ask(command, bearer_proof(), requests=good, **key)["items"] if good else ())
    items = [
        _refused(place, problem)
        if problem is not None
        else _answered(place, next(answered), settings.base_url)
        for place, (_, problem) in enumerate(read)
    ]
    return json_response({"items": items})


def _read(schema: Schema, place: int, row: object) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return a row as it is understood, or its problem."""
    if not isinstance(row, dict):
        return {}, _malformed([{"where": f"/requests/{place}", "detail": "each request is a JSON object"}])
    try:
        return dict(schema.load(row)), None
    except ValidationError as error:
        wrong = {"json": {"requests": {place: error.messages_dict}}}
        return {}, _malformed(list(places(wrong)))


def _malformed(errors: list[dict[str, str]]) -> dict[str, Any]:
    detail = "the request has a field that is missing, unknown or wrong"
    problem = problem_of({"code": "malformed-request", "detail": detail})
    return {**(problem or {}), "errors": errors}


def _refused(place: int, problem: Mapping[str, Any]) -> dict[str, Any]:
    return {"place": place, "problem": dict(problem), "request": None}


def _answered(place: int, item: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    asked = item["request"]
    return {
        "place": place,
        "problem": problem_of(item),
        "request": None if asked is None else shapes.permission_link(asked, base_url),
    }


_REQUEST = PermissionRequest(unknown=RAISE)
_RENEWAL = RenewalRequest(unknown=RAISE)
