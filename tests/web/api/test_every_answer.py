"""What every answer of the own API carries, whatever its address: a new one cannot leave it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.web.programs import Caller

RATE = re.compile(r'"party";r=[0-9]+;t=[1-9][0-9]?, "address";r=[0-9]+;t=[1-9][0-9]?')
ADDRESS_ALONE = re.compile(r'"address";r=[0-9]+;t=[1-9][0-9]?')
POLICY = '"party";q=1200;w=60, "address";q=3000;w=60'
SOMETHING = {"uuid": "3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11", "ledger_index": "0", "default": "0", "int": "0"}


def rules(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, path_of(rule)


def path_of(rule: Rule) -> str:
    return re.sub(
        "<(?:([a-z_]+)(?:[(][^)]*[)])?:)?[^>]+>", lambda found: SOMETHING[found[1] or "default"], rule.rule
    )


def asked(calls: Caller, method: str, path: str, **options: object) -> TestResponse:
    body = {} if method in ("POST", "PUT") else None
    return calls.http.open(path, method=method, json=body, **options)  # type: ignore[arg-type]


def test_every_address_tells_a_party_how_much_it_has_left(
    standing_app: Flask, standing_calls: Caller
) -> None:
    found = list(rules(standing_app))
    assert len(found) > 35
    assert standing_calls.get("/api/v1/me").status_code == 200  # from here on it is known whose token it is
    for method, path in found:
        answer = asked(standing_calls, method, path, headers=standing_calls.headers())
        assert answer.status_code < 500, (method, path)
        assert RATE.fullmatch(answer.headers["RateLimit"]), (method, path)
        assert answer.headers["RateLimit-Policy"] == POLICY, (method, path)


def test_without_a_token_what_is_left_of_the_address_is_told(
    standing_app: Flask, standing_calls: Caller
) -> None:
    for method, path in rules(standing_app):
        answer = asked(standing_calls, method, path)
        assert ADDRESS_ALONE.fullmatch(answer.headers["RateLimit"]), (method, path)
        assert answer.headers["RateLimit-Policy"] == POLICY, (method, path)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/nothing"), ("PATCH", "/api/v1/me"), ("GET", "/api/v2")]
)
def test_what_does_not_exist_tells_it_too(standing_calls: Caller, method: str, path: str) -> None:
    answer = standing_calls.http.open(path, method=method, headers=standing_calls.headers())
    assert answer.status_code in (404, 405)
    assert answer.headers["RateLimit-Policy"] == POLICY
    assert "RateLimit" in answer.headers


@pytest.mark.requirement("R46")
def test_every_refusal_says_what_failed_and_what_to_do(standing_app: Flask, standing_calls: Caller) -> None:
    for method, path in rules(standing_app):
        answer = asked(standing_calls, method, path, headers=standing_calls.headers())
        if answer.status_code >= 400:
            told = answer.get_json()
            assert answer.content_type == "application/problem+json", (method, path)
            assert told["type"].startswith("/problems/"), (method, path)
            assert all(told[name] for name in ("title", "detail", "remedy")), (method, path)
            assert standing_calls.http.get(told["type"]).status_code == 200, (method, path)


TAKES_NONE = {
    ("post", "/api/v1/readings/query"): "only looks",
    ("post", "/api/v1/decisions/query"): "only looks",
    ("post", "/api/v1/supply-quality/query"): "only looks",
    ("post", "/api/v1/jobs"): "the same request is the same job",
    (
        "post",
        "/api/v1/mandate-imports",
    ): "a reference that was used before is refused, and a file is taken whole",
    ("post", "/api/v1/register/messages"): "each has its sender's number, and is taken once under it",
    ("post", "/api/v1/register/batches"): "each of its messages has a number",
    ("post", "/api/v1/rereads/tried"): "an attempt counts once in six hours",
    ("post", "/api/v1/webhooks/replay"): "each is sent under its own number",
    ("post", "/api/v1/doubt-contact"): "takes the place of what was named before",
    ("post", "/api/v1/permissions/{permission_id}/mandate"): "one a permission, and it is not replaced",
    ("post", "/api/v1/webhooks/test"): "a test, as often as it is asked",
    ("post", "/api/v1/webhooks/deliveries/{delivery_id}/replay"): "sent under its own number",
}
"""What is posted without a key, and why nothing happens twice that matters."""


def test_every_post_takes_an_idempotency_key_or_says_why_it_needs_none(standing_app: Flask) -> None:
    paths = standing_app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    posts = {
        (method, path): [one.get("name") for one in described.get("parameters", [])]
        for path, methods in paths.items()
        if path.startswith("/api/v1/")
        for method, described in methods.items()
        if method == "post"
    }
    without = {of for of, names in posts.items() if "Idempotency-Key" not in names}
    assert without == TAKES_NONE.keys()


WHOLE = {
    "/api/v1/doubt-contacts": "one of each party of the contact group",
    "/api/v1/jobs": "those that live: four under way, and what was through in the last days",
    "/api/v1/mandate-imports": "one of each file that was brought along",
    "/api/v1/webhooks/deliveries": "the newest, as many as `limit` says: to look what went wrong lately",
}
"""Lists that come whole, and why that is not long."""


def test_every_list_comes_in_pages_or_says_why_it_is_short(standing_app: Flask) -> None:
    document = standing_app.test_client().get("/api/v1/openapi.json").get_json()
    whole = set()
    for path, methods in document["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        members = document["components"]["schemas"].get(name, {}).get("properties", {})
        is_list = bool(members) and all(of.get("type") == "array" for of in members.values())
        if is_list and path.startswith("/api/v1/"):
            whole.add(path)
    assert whole == WHOLE.keys()
