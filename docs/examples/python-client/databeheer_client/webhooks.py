"""Web hooks: is it the house that calls, and is it now? Source: Standard Webhooks 1.0."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 300
"""Seconds that a web hook's time may be off."""


class ForgedWebhookError(Exception):
    """It is not the house's, was changed on its way, or is an old one played again: answer 400, do nothing."""


@dataclass(frozen=True)
class Event:
    """What a web hook tells. Keep `id`: after a fault the same one may come twice, and has its effect once."""

    id: str
    type: str
    timestamp: str
    data: Mapping[str, Any]


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> Event:
    """Return what a web hook tells, once it is known that the house sent it; `secret` is the `whsec_` one.

    Raises:
        ForgedWebhookError: anything else.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    number, stamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE:
        raise ForgedWebhookError("it is not of now")
    content = f"{number}.{stamp}.".encode() + body
    digest = hmac.new(b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()
    expected = "v1," + b64encode(digest).decode()
    given = lower.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(one.encode(), expected.encode()) for one in given):
        raise ForgedWebhookError("no signature in it is the house's")
    told = json.loads(body)
    return Event(number, told["type"], told["timestamp"], told["data"])
