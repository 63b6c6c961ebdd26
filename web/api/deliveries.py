"""Deliveries to a supplier: months, years and ends of contracts, whether they are ready, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api.cursors import open_cursor, seal_cursor
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas import deliveries as forms
from web.api.shapes import receipt_path
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask


@operation(
    "/api/v1/deliveries",
    "GET",
    summary="List what is delivered to you (supplier)",
    query=forms.DeliveriesQuery,
    answer=forms.DeliveryPage,
    example=forms.PAGE,
    refusals=COMMON,
)
def list_supply_deliveries(query: dict[str, Any]) -> ResponseReturnValue:
    """Your own, newest end first: each month and year, and each contract that ended.

    What is ready you read with `POST /api/v1/readings` or a job, `granularity` month and `registers`, over `from` and
    `until`, with the EAN codes of your own contracts. Who supplies nobody has no deliveries.
    """
    choose_form((JSON,))
    filters = {
        "kind": query.get("kind"),
        "since": query["since"].isoformat() if "since" in query else None,
    }
    secret: str = current_app.config["SECRET_KEY"]
    cursor = open_cursor(secret, query["cursor"], filters) if "cursor" in query else None
    answer = ask("delivery.list", bearer_proof(), **filters, cursor=cursor, limit=query["limit"])
    position = answer["next_cursor"]
    return json_response(
        {
            "deliveries": [_view(row) for row in answer["deliveries"]],
            "next_cursor": seal_cursor(secret, position, filters) if position else None,
        }
    )


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("kind", "from", "until", "due_at", "ready_at", "is_missed", "contracts", "lacking", "ean")
    return {
        "id": row["delivery_id"],
        **{name: row[name] for name in names},
        "receipt": None if row["index"] is None else receipt_path(row["index"]),
    }
