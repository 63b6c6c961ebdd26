"""Shapes of web hooks: where they go, and how each one went."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.post import addresses
from databeheer.post.webhooks import Scheme
from web.api.fields import instant, one_of

DELIVERY_STATES = ["waiting", "delivered", "dead", "dropped"]
_URL = "https, a host name, port 443 or 1024 and above; no user name, no fragment."
_NUMBER = "3c9d1f3e-6a52-4a8e-9c1b-0d9a3a6f1c22"


class WebhookIn(Schema):
    """Where you want to be told."""

    url = fields.String(
        required=True,
        validate=validate.Length(1, addresses.LONGEST),
        metadata={"description": _URL, "format": "uri"},
    )
    scheme = one_of(list(Scheme), "How we sign: hmac (`v1`, the default) or ed25519 (`v1a`).")
    rotate = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "Make a new secret. The one before signs too for a day."},
    )


class Webhook(Schema):
    """Where you are told."""

    url = fields.String(required=True, metadata={"description": "As you set it."})
    scheme = one_of(list(Scheme), "How we sign.", required=True)
    secret = fields.String(
        metadata={"description": "`whsec_...`, for hmac: only in the answer that made it, and never again."}
    )
    public_key = fields.String(
        required=True, allow_none=True, metadata={"description": "`whpk_...`, for ed25519: our public key."}
    )
    changed_at = instant("When it was last set.")
    old_secret_until = instant("Until when the secret before signs too; null where none does.", nullable=True)


class WebhookRemoved(Schema):
    """You get no more web hooks."""

    removed = fields.Boolean(required=True)


class DeliveriesQuery(Schema):
    """Which web hooks to list."""

    state = one_of(DELIVERY_STATES, "Only those in this state; `dead` are the dead letters.")
    limit = fields.Integer(
        load_default=100, validate=validate.Range(1, 500), metadata={"description": "How many at most."}
    )


class Delivery(Schema):
    """How one web hook went."""

    id = fields.UUID(required=True, metadata={"description": "By which it is sent again."})
    webhook_id = fields.String(
        required=True, metadata={"description": "The header `webhook-id`, the same in each attempt."}
    )
    type = fields.String(required=True, metadata={"description": "What it tells of."})
    state = one_of(DELIVERY_STATES, "dead: given up. dropped: you had no web hook any more.", required=True)
    attempts = fields.Integer(required=True)
    told_at = instant("When what it tells of happened.")
    next_at = instant("When it is tried (again); null where it is over.", nullable=True)
    ended_at = instant("When it arrived or was given up; null while it waits.", nullable=True)
    last_error = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why the last attempt failed: `http-500`, `timeout`, `tls-failed` and the like."
        },
    )


class Deliveries(Schema):
    """Your web hooks, newest first."""

    deliveries = fields.List(fields.Nested(Delivery), required=True)


class Sent(Schema):
    """A web hook that is on its way."""

    id = fields.UUID(required=True)
    state = one_of(["waiting"], "It is on its way.", required=True)


WEBHOOK_IN: dict[str, Any] = {"url": "https://bram.example/hooks", "scheme": "hmac"}
WEBHOOK: dict[str, Any] = {
    "url": "https://bram.example/hooks",
    "scheme": "hmac",
    "public_key": None,
    "changed_at": "2026-11-21T09:00:00.000Z",
    "old_secret_until": None,
}
NEW_WEBHOOK = WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
DELIVERIES: dict[str, Any] = {
    "deliveries": [
        {
            "id": _NUMBER,
            "webhook_id": "msg_3c9d1f3e6a524a8e9c1b0d9a3a6f1c22",
            "type": "permission.granted",
            "state": "dead",
            "attempts": 10,
            "told_at": "2026-11-18T09:00:00.000Z",
            "next_at": None,
            "ended_at": "2026-11-21T12:35:05.000Z",
            "last_error": "http-500",
        }
    ]
}
SENT: dict[str, Any] = {"id": _NUMBER, "state": "waiting"}
