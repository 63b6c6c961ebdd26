"""Web hooks of a party: where they go, a test, what did not arrive, and sending it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from web.answers import json_response
from web.api.fields import wire_instant
from web.api.negotiation import JSON, choose_form
from web.api.permissions import COMMON
from web.api.schemas import webhooks as shapes
from web.api.wire import operation
from web.bearer import bearer_proof
from web.door import ask

_WRITES = (*COMMON, "too-large", "unsupported-media-type")


@operation(
    "/api/v1/webhooks",
    "GET",
    summary="Show where your web hooks go",
    answer=shapes.Webhook,
    example=shapes.WEBHOOK,
    refusals=(*COMMON, "not-found"),
)
def show_webhook() -> ResponseReturnValue:
    """The secret of hmac is not shown again; make a new one where it got lost."""
    choose_form((JSON,))
    return json_response(ask("webhook.show", bearer_proof())["webhook"])


@operation(
    "/api/v1/webhooks",
    "PUT",
    summary="Set where your web hooks go",
    body=shapes.WebhookIn,
    body_example=shapes.WEBHOOK_IN,
    answer=shapes.Webhook,
    example=shapes.NEW_WEBHOOK,
    refusals=_WRITES,
)
def set_webhook(wanted: dict[str, Any]) -> ResponseReturnValue:
    """The answer holds the secret where a new one was made: keep it, it is not shown again."""
    choose_form((JSON,))
    return json_response(ask("webhook.put", bearer_proof(), **wanted)["webhook"])


@operation(
    "/api/v1/webhooks",
    "DELETE",
    summary="Stop your web hooks",
    answer=shapes.WebhookRemoved,
    example={"removed": True},
    refusals=(*COMMON, "not-found"),
)
def remove_webhook() -> ResponseReturnValue:
    """What is on its way is dropped."""
    choose_form((JSON,))
    ask("webhook.remove", bearer_proof())
    return json_response({"removed": True})


@operation(
    "/api/v1/webhooks/test",
    "POST",
    status=202,
    summary="Send yourself a test",
    answer=shapes.Sent,
    example=shapes.SENT,
    refusals=(*COMMON, "conflict"),
)
def test_webhook() -> ResponseReturnValue:
    """A web hook of type `webhook.test` comes within seconds. No body. How it went: list your deliveries."""
    choose_form((JSON,))
    number = ask("webhook.test", bearer_proof())["delivery_id"]
    return json_response({"id": number, "state": "waiting"}, 202)


@operation(
    "/api/v1/webhooks/deliveries",
    "GET",
    summary="List your web hooks",
    query=shapes.DeliveriesQuery,
    answer=shapes.Deliveries,
    example=shapes.DELIVERIES,
    refusals=COMMON,
)
def list_deliveries(query: dict[str, Any]) -> ResponseReturnValue:
    """Newest first. `state=dead` lists the dead letters: given up after three days, or refused for good (410)."""
    choose_form((JSON,))
    rows = ask("webhook.deliveries", bearer_proof(), **query)["deliveries"]
    return json_response(
        {
            "deliveries": [
                {"id": row.pop("delivery_id"), **row, "advice": shapes.advice(row["last_error"])}
                for row in rows
            ]
        }
    )


@operation(
    "/api/v1/webhooks/replay",
    "POST",
    status=202,
    summary="Send all web hooks since a moment again",
    body=shapes.ReplayIn,
    body_example=shapes.REPLAY_IN,
    answer=shapes.Replayed,
    example=shapes.REPLAYED,
    refusals=(*_WRITES, "conflict"),
)
def replay_deliveries(wanted: dict[str, Any]) -> ResponseReturnValue:
    """The oldest first, each under its own `webhook-id`. A thousand may wait at once: `next_since` says where to go on.

    Web hooks of readings (`readings.arrived`) are kept for thirty days.
    """
    choose_form((JSON,))
    answer = ask(
        "webhook.replay_since",
        bearer_proof(),
        since=wire_instant(wanted["since"]),
        state=wanted.get("state"),
    )
    return json_response({name: answer[name] for name in ("replayed", "next_since")}, 202)


@operation(
    "/api/v1/webhooks/deliveries/<uuid:delivery_id>/replay",
    "POST",
    status=202,
    summary="Send a web hook again",
    answer=shapes.Sent,
    example=shapes.SENT,
    refusals=(*COMMON, "not-found", "conflict"),
)
def replay_delivery(delivery_id: UUID) -> ResponseReturnValue:
    """Under its own `webhook-id`, so that you can tell that you have it already. No body."""
    choose_form((JSON,))
    ask("webhook.replay", bearer_proof(), delivery_id=str(delivery_id))
    return json_response({"id": str(delivery_id), "state": "waiting"}, 202)
