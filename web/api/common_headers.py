"""What the API's document says of every operation alike: how much is left, whether anything changed, what goes away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

PREFIX = "/api/v1/"
HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "What is left in this minute, of your organisation and of the address that asks, and in how "
        "many seconds it is all there again (draft-ietf-httpapi-ratelimit-headers-10).",
        "schema": {"type": "string"},
        "example": '"party";r=1187;t=42, "address";r=2961;t=42',
    },
    "RateLimit-Policy": {
        "description": "How many requests a minute: of one organisation with all its tokens, and from one address.",
        "schema": {"type": "string"},
        "example": '"party";q=1200;w=60, "address";q=3000;w=60',
    },
    "ETag": {
        "description": "Of what the answer says: send it back as `If-None-Match`.",
        "schema": {"type": "string"},
    },
}
_CONDITION = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The `ETag` of the answer that you have: 304 where it still says the same.",
    "schema": {"type": "string"},
}


def describe(document: dict[str, Any], deprecated: Collection[tuple[str, str]]) -> None:
    """Add to a finished OpenAPI document what holds for every operation of the own API.

    `deprecated` names operations by method and path, as the document spells them.
    """
    components = document.setdefault("components", {})
    components["headers"] = components.get("headers", {}) | HEADERS
    for path, methods in document["paths"].items():
        if path.startswith(PREFIX):
            for method, operation in methods.items():
                if isinstance(operation, dict) and "responses" in operation:
                    _describe_operation(method, operation)
                    if (method.upper(), path) in deprecated:
                        operation["deprecated"] = True


def _describe_operation(method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    has_etag = method == "get" and "200" in responses and not _is_hand_over(responses["200"])
    if has_etag:
        responses["200"].setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
        responses["304"] = {
            "description": "Not Modified: it still says what your `ETag` stands for.",
            "content": {},
        }
        operation.setdefault("parameters", []).append(_CONDITION)
    for response in responses.values():
        headers = response.setdefault("headers", {})
        for name in ("RateLimit", "RateLimit-Policy"):
            headers[name] = {"$ref": f"#/components/headers/{name}"}


def _is_hand_over(response: Mapping[str, Any]) -> bool:
    return "Ledger-Promise" in response.get("headers", {})
