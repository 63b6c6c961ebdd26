"""Shapes of web hooks: where they go, and how each one went."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from databeheer.post import addresses
from databeheer.post.webhooks import Scheme
from web.api.fields import instant, moment, one_of

DELIVERY_STATES = ["waiting", "delivered", "dead", "dropped"]
ENDED_STATES = [state for state in DELIVERY_STATES if state != "waiting"]
ADVICE = {
    "timeout": "Your address did not answer within fifteen seconds: answer first, and work afterwards.",
    "tls-failed": "The connection could not be made safe: is the certificate of this host name, in date, and "
    "signed by somebody whom browsers trust, with its chain?",
    "unreachable": "Nothing answered at your address: is the program running, and may connections from the internet "
    "reach it?",
    "address-not-allowed": "The address that you set may not be called any more: set another one.",
    "address-not-public": "The host name has no address, or one that is not on the open internet: correct its DNS.",
    "http-410": "Your address said that it is gone for good (410). Set another one, or let it answer 2xx.",
}
"""What a party can do about a web hook that did not arrive, by why it did not."""
_REDIRECT = "Your address sent us elsewhere ({}), and we do not follow: set the address that answers itself."
_REFUSED = (
    "Your address answered {}: see its log. What it takes over it answers with 2xx, what it has already too."
)
_OURS = "This is ours to mend; nothing is lost, and it is tried again."
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
    advice = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "What went wrong there in words, and what you can do; null where nothing did."
        },
    )


class Deliveries(Schema):
    """Your web hooks, newest first."""

    deliveries = fields.List(fields.Nested(Delivery), required=True)


class Sent(Schema):
    """A web hook that is on its way."""

    id = fields.UUID(required=True)
    state = one_of(["waiting"], "It is on its way.", required=True)


class ReplayIn(Schema):
    """Which of your web hooks you want once more."""

    since = moment("What happened at this moment and later.")
    state = one_of(ENDED_STATES, "Only those in this state: `dead` sends your dead letters again.")


class Replayed(Schema):
    """What is sent once more."""

    replayed = fields.Integer(required=True, metadata={"description": "How many."})
    next_since = instant(
        "There are more than may wait at once: ask again from this moment, once these arrived.", nullable=True
    )


def advice(error: str | None) -> str | None:
    """Return what a party can do about a failed attempt."""
    if error is None:
        return None
    if error in ADVICE:
        return ADVICE[error]
    status = error.removeprefix("http-")
    if status == error:
        return _OURS
    return (_REDIRECT if status.startswith("3") else _REFUSED).format(status)


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
            "advice": advice("http-500"),
        }
    ]
}
SENT: dict[str, Any] = {"id": _NUMBER, "state": "waiting"}
REPLAY_IN: dict[str, Any] = {"since": "2026-11-18T00:00:00Z", "state": "dead"}
REPLAYED: dict[str, Any] = {"replayed": 3, "next_since": None}
