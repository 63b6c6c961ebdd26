"""Asking, listing and ending permissions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples, shapes
from web.api.cursors import open_cursor, seal_cursor
from web.api.fields import wire_instant
from web.api.negotiation import JSON, choose_form
from web.api.schemas.permissions import (
    EndQuery,
    PermissionLink,
    PermissionOut,
    PermissionPage,
    PermissionRequest,
    PermissionsQuery,
    RenewalRequest,
)
from web.api.wire import idempotency_key, operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers
from web.settings import WebSettings

COMMON = (
    "malformed-request",
    "unauthenticated",
    "not-acceptable",
    "rate-limited",
    "queue-full",
    "unavailable",
)


@operation(
    "/api/v1/permission-requests",
    "POST",
    summary="Ask a grid user for a permission",
    status=201,
    body=PermissionRequest,
    body_example=examples.PERMISSION_REQUEST,
    answer=PermissionLink,
    example=examples.PERMISSION_LINK,
    refusals=(
        *COMMON,
        "no-legal-basis",
        "conflict",
        "too-large",
        "unsupported-media-type",
        "idempotency-key-reused",
        "stopped",
    ),
    takes_key=True,
)
def ask_permission(wish: dict[str, Any]) -> ResponseReturnValue:
    """Nothing is readable yet: send the grid user to `link`; after the decision the state changes.

    The answer is the same whether or not an access point with the given EAN code exists.
    """
    choose_form((JSON,))
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    arguments = arguments_of(wish) | idempotency_key()
    answer = ask("permission.request", bearer_proof(), **arguments)
    shown = shapes.permission_link(answer, settings.base_url)
    response = json_response(shown, 201)
    response.headers["Location"] = f"/api/v1/permissions/{shown['id']}"
    return response


@operation(
    "/api/v1/permission-requests/renewals",
    "POST",
    summary="Ask a grid user to let a permission go on",
    status=201,
    body=RenewalRequest,
    body_example=examples.RENEWAL_REQUEST,
    answer=PermissionLink,
    example=examples.PERMISSION_LINK,
    refusals=(
        *COMMON,
        "no-legal-basis",
        "not-found",
        "conflict",
        "too-large",
        "unsupported-media-type",
        "idempotency-key-reused",
        "stopped",
    ),
    takes_key=True,
)
def ask_renewal(wish: dict[str, Any]) -> ResponseReturnValue:
    """It waits in the grid user's portal as a renewal, at `link` too, and no longer than the permission lasts.

    Granted, it takes the place of the old one at once (`renews`, `renewed_by`), and nothing lies between them: read
    with the new `id` from then on. Only what is `to_be_renewed` can be renewed, what was refused is not asked again,
    and nothing is asked more than three times.
    """
    choose_form((JSON,))
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    answer = ask("permission.ask_renewal", bearer_proof(), renews=str(wish["renews"]), **idempotency_key())
    shown = shapes.permission_link(answer, settings.base_url)
    response = json_response(shown, 201)
    response.headers["Location"] = f"/api/v1/permissions/{shown['id']}"
    return response


def arguments_of(wish: dict[str, Any]) -> dict[str, Any]:
    """Return what a party wishes as the door takes it."""
    arguments: dict[str, Any] = {
        "purpose": wish["purpose"],
        "category": wish["category"],
        "granularity": wish["granularity"],
        "directions": sorted(wish["directions"]),
        "data_from": wire_instant(wish["data_from"]),
        "data_until": wire_instant(wish.get("data_until")),
        "valid_until": wire_instant(wish.get("valid_until")),
    }
    if "reference" in wish:
        arguments["reference"] = wish["reference"]
    if "ean" in wish:
        arguments["ean"] = wish["ean"].digits
    return arguments


@operation(
    "/api/v1/permissions",
    "GET",
    summary="List your permissions",
    query=PermissionsQuery,
    answer=PermissionPage,
    example=examples.PERMISSION_PAGE,
    refusals=COMMON,
)
def list_permissions(query: dict[str, Any]) -> ResponseReturnValue:
    """Newest first, with state, reason of a refusal or end, and who ended it.

    `deletion=due` are those that you have yet to confirm, each with the day (`delete_by`).
    """
    choose_form((JSON,))
    filters: dict[str, Any] = {name: query[name] for name in ("state", "reference") if name in query}
    arguments: dict[str, Any] = {**filters, "limit": query["limit"], "is_to_delete": "deletion" in query}
    filters |= {name: query[name] for name in ("deletion",) if name in query}
    secret: str = current_app.config["SECRET_KEY"]
    if "cursor" in query:
        arguments["cursor"] = open_cursor(secret, query["cursor"], filters)
    answer = ask("permission.list", bearer_proof(), **arguments)
    position = answer.get("next_cursor")
    return json_response(
        {
            "permissions": [shapes.permission(row) for row in answer["permissions"]],
            "next_cursor": seal_cursor(secret, position, filters) if position else None,
        }
    )


@operation(
    "/api/v1/permissions/<uuid:permission_id>",
    "GET",
    summary="Show one permission",
    answer=PermissionOut,
    example=examples.PERMISSION_WITH_HISTORY,
    refusals=(*COMMON, "not-found"),
)
def show_permission(permission_id: UUID) -> ResponseReturnValue:
    """State, reason, periods and history of one of your permissions; another party's does not exist for you."""
    choose_form((JSON,))
    return json_response(shapes.permission(find_permission(permission_id)))


@operation(
    "/api/v1/permissions/<uuid:permission_id>",
    "DELETE",
    summary="End a permission, or one part of it",
    status=200,
    query=EndQuery,
    answer=PermissionOut,
    example=examples.PERMISSION_TERMINATED,
    refusals=(*COMMON, "not-found", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def end_permission(query: dict[str, Any], permission_id: UUID) -> ResponseReturnValue:
    """You end it yourself; reading stops at once and the grid user is shown that you did.

    Of a permission for past and future data, `part` ends one; the other goes on.
    """
    choose_form((JSON,))
    arguments = {"permission_id": str(permission_id), **query, **idempotency_key()}
    answer = ask("permission.terminate", bearer_proof(), **arguments)
    response = json_response(shapes.permission(answer["permission"]))
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


@operation(
    "/api/v1/permissions/<uuid:permission_id>/deletion-confirmation",
    "POST",
    summary="Confirm that you deleted the data",
    status=200,
    answer=PermissionOut,
    example=examples.DELETION_CONFIRMED,
    refusals=(*COMMON, "not-found", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def confirm_deletion(permission_id: UUID) -> ResponseReturnValue:
    """After the end, and before `delete_by`: later is on the list that the regulator sees. No body."""
    choose_form((JSON,))
    answer = ask(
        "permission.confirm_deletion", bearer_proof(), permission_id=str(permission_id), **idempotency_key()
    )
    response = json_response(shapes.permission(answer["permission"]))
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response


def find_permission(permission_id: UUID) -> dict[str, Any]:
    """Return one permission of the asking party.

    Raises:
        DoorRefused: not-found: it does not exist, or it is another party's; the answer does not say which.
    """
    row: dict[str, Any] = ask("permission.show", bearer_proof(), permission_id=str(permission_id))[
        "permission"
    ]
    return row
