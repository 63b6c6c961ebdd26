"""The grid operator's orders for user ports: what customers want open or closed, and that it was done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api import examples
from web.api.cursors import open_cursor, seal_cursor
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas.ports import PortOrderOut, PortOrderPage, PortOrdersQuery, PortReport
from web.api.shapes import port_order
from web.api.wire import idempotency_key, operation
from web.bearer import bearer_proof
from web.door import ask
from web.problems import ledger_headers

REFUSALS = (*COMMON, "no-legal-basis")


@operation(
    "/api/v1/ports/orders",
    "GET",
    summary="List orders for user ports (grid operator)",
    query=PortOrdersQuery,
    answer=PortOrderPage,
    example=examples.PORT_ORDER_PAGE,
    refusals=REFUSALS,
)
def list_port_orders(query: dict[str, Any]) -> ResponseReturnValue:
    """Of your own grid, oldest first; those that wait, where you name no other state. Carry each out by `due_at`."""
    choose_form((JSON,))
    filters = {"state": query["state"]}
    arguments: dict[str, Any] = {**filters, "limit": query["limit"]}
    secret: str = current_app.config["SECRET_KEY"]
    if "cursor" in query:
        arguments["cursor"] = int(open_cursor(secret, query["cursor"], filters))
    answer = ask("port.orders", bearer_proof(), **arguments)
    position = answer["next_cursor"]
    return json_response(
        {
            "orders": [port_order(row) for row in answer["orders"]],
            "next_cursor": seal_cursor(secret, str(position), filters) if position else None,
        }
    )


@operation(
    "/api/v1/ports/orders/<uuid:order_id>/executed",
    "POST",
    summary="Say that you carried an order out (grid operator)",
    answer=PortOrderOut,
    example=examples.PORT_ORDER_EXECUTED,
    refusals=(*REFUSALS, "not-found", "conflict", "idempotency-key-reused"),
    takes_key=True,
)
def execute_port_order(order_id: UUID) -> ResponseReturnValue:
    """The port is now as the customer asked. No body. 409: a later order took its place, carry that one out."""
    choose_form((JSON,))
    return _answered(ask("port.executed", bearer_proof(), order_id=str(order_id), **idempotency_key()))


@operation(
    "/api/v1/ports/orders/<uuid:order_id>/impossible",
    "POST",
    summary="Say that there is no such port (grid operator)",
    body=PortReport,
    body_example=examples.PORT_REPORT,
    answer=PortOrderOut,
    example=examples.PORT_ORDER_IMPOSSIBLE,
    refusals=(
        *REFUSALS,
        "not-found",
        "conflict",
        "too-large",
        "unsupported-media-type",
        "idempotency-key-reused",
    ),
    takes_key=True,
)
def report_impossible(report: dict[str, Any], order_id: UUID) -> ResponseReturnValue:
    """The customer is told, and can order it no more. A meter that does not answer is no reason: keep trying."""
    choose_form((JSON,))
    return _answered(
        ask(
            "port.impossible",
            bearer_proof(),
            order_id=str(order_id),
            reason=report["reason"],
            **idempotency_key(),
        )
    )


def _answered(answer: dict[str, Any]) -> ResponseReturnValue:
    response = json_response(port_order(answer["order"]))
    response.headers.update(ledger_headers(answer["index"], answer["promise"]))
    return response
