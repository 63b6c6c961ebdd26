"""The API's document is complete, its examples keep to it, and the served answers do too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, product
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.counts import examples
from tests.web.programs import Caller
from web.problems import PROBLEMS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
METHODS = {"get", "post", "delete", "put"}


@pytest.fixture
def document(standing_app: Flask) -> dict[str, Any]:
    answer = standing_app.test_client().get("/api/v1/openapi.json")
    assert answer.content_type == "application/json"
    found: dict[str, Any] = answer.get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield f"{method} {path}", item[method]


def commodities(node: Any) -> Iterator[Any]:
    """What each `commodity` in the document may be."""
    if isinstance(node, dict):
        kind = node.get("commodity")
        if isinstance(kind, dict):
            yield kind.get("enum")
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from commodities(child)


@pytest.mark.requirement("R177")
def test_it_knows_no_commodity_but_electricity_and_gas(document: dict[str, Any]) -> None:
    found = [*commodities(document["components"]["schemas"])]
    assert found
    assert all(one == ["electricity", "gas"] for one in found)


def test_it_is_openapi_3_1_with_every_address(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert {name for name, _ in operations(document)} == {
        "post /oauth2/token",
        "post /oauth2/revoke",
        "get /oauth2/jwks",
        "get /.well-known/oauth-authorization-server",
        "post /api/v1/permission-requests",
        "post /api/v1/permission-requests/bulk",
        "post /api/v1/permission-requests/renewals",
        "post /api/v1/permission-requests/renewals/bulk",
        "get /api/v1/permissions",
        "get /api/v1/permissions/{permission_id}",
        "delete /api/v1/permissions/{permission_id}",
        "post /api/v1/permissions/{permission_id}/deletion-confirmation",
        "get /api/v1/permissions/{permission_id}/mandate",
        "post /api/v1/permissions/{permission_id}/mandate",
        "put /api/v1/permissions/{permission_id}/mandate/document",
        "get /api/v1/permissions/{permission_id}/readings",
        "post /api/v1/readings",
        "post /api/v1/readings/query",
        "get /api/v1/jobs",
        "post /api/v1/jobs",
        "get /api/v1/jobs/{job}",
        "delete /api/v1/jobs/{job}",
        "get /api/v1/jobs/{job}/pieces/{piece}",
        "get /api/v1/receipts",
        "get /api/v1/receipts/{index}",
        "get /api/v1/decisions/{index}",
        "post /api/v1/decisions/query",
        "get /api/v1/me",
        "post /api/v1/supply-quality/query",
        "get /api/v1/deliveries",
        "get /api/v1/ports/orders",
        "get /api/v1/register/messages",
        "post /api/v1/register/messages",
        "post /api/v1/register/batches",
        "get /api/v1/register/announcements",
        "get /api/v1/supply-contracts",
        "get /api/v1/rereads",
        "post /api/v1/rereads/tried",
        "post /api/v1/ports/orders/{order_id}/executed",
        "post /api/v1/ports/orders/{order_id}/impossible",
        "get /api/v1/mandate-imports",
        "post /api/v1/mandate-imports",
        "get /api/v1/mandate-imports/{import_id}",
        "get /api/v1/mandate-imports/{import_id}/rows",
        "get /api/v1/doubts",
        "post /api/v1/doubts",
        "get /api/v1/doubts/{case_id}",
        "post /api/v1/doubts/{case_id}/evidence",
        "get /api/v1/doubt-contacts",
        "post /api/v1/doubt-contact",
        "get /api/v1/webhooks",
        "put /api/v1/webhooks",
        "delete /api/v1/webhooks",
        "post /api/v1/webhooks/test",
        "get /api/v1/webhooks/deliveries",
        "post /api/v1/webhooks/replay",
        "post /api/v1/webhooks/deliveries/{delivery_id}/replay",
    }


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["operationId"], name
        assert "401" in operation["responses"] or operation["security"] == [], name
        for status, response in operation["responses"].items():
            assert response["description"], (name, status)
            for media in response["content"].values():
                assert "schema" in media, (name, status)


def test_every_question_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        bodies = {"question": operation.get("requestBody", {}), **operation["responses"]}
        for which, body in bodies.items():
            for kind, media in body.get("content", {}).items():
                if kind == "application/vnd.apache.parquet":  # which cannot be written in JSON
                    continue
                assert media.get("example") is not None or media.get("examples"), (name, which, kind)


def test_every_operation_and_parameter_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("description"), name
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "path":
                described = parameter.get("description") or parameter["schema"].get("description")
                assert described, (name, parameter["name"])


def test_every_problem_in_the_document_has_a_row(document: dict[str, Any]) -> None:
    named = set()
    for _, operation in operations(document):
        for response in operation["responses"].values():
            named |= set(response["content"].get("application/problem+json", {}).get("examples", {}))
    assert named <= PROBLEMS.keys()
    assert {"permission-ended", "outside-granted-period", "receipt-not-yet", "stopped"} <= named


def test_every_example_keeps_to_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for name, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values():
                examples = [one["value"] for one in media.get("examples", {}).values()]
                for example in examples + ([media["example"]] if "example" in media else []):
                    schema = {**media["schema"], "components": document["components"]}
                    errors = [
                        error.message
                        for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(example)
                    ]
                    assert errors == [], name
                    checked += 1
    assert checked > 300


def test_no_answer_names_an_access_point_in_an_address(document: dict[str, Any]) -> None:
    for _, operation in operations(document):
        assert "ean" not in {parameter["name"].lower() for parameter in operation.get("parameters", [])}


ADDRESSES = [
    "POST /api/v1/permission-requests",
    "POST /api/v1/permission-requests/bulk",
    "POST /api/v1/permission-requests/renewals",
    "POST /api/v1/permission-requests/renewals/bulk",
    "GET /api/v1/permissions",
    "GET /api/v1/permissions/{permission_id}",
    "DELETE /api/v1/permissions/{permission_id}",
    "GET /api/v1/permissions/{permission_id}/readings",
    "POST /api/v1/readings",
    "POST /api/v1/readings/query",
    "POST /api/v1/jobs",
    "GET /api/v1/jobs/{job}",
    "GET /api/v1/jobs/{job}/pieces/{piece}",
    "DELETE /api/v1/jobs/{job}",
    "GET /api/v1/receipts",
    "GET /api/v1/receipts/{index}",
    "GET /api/v1/decisions/{index}",
    "POST /api/v1/decisions/query",
    "GET /api/v1/me",
    "GET /api/v1/ports/orders",
    "POST /api/v1/ports/orders/{order_id}/impossible",
    "PUT /api/v1/webhooks",
    "GET /api/v1/webhooks/deliveries",
    "POST /api/v1/webhooks/replay",
    "POST /api/v1/webhooks/deliveries/{delivery_id}/replay",
]


@pytest.fixture(scope="session")
def operations_by_name(standing_app: Flask) -> dict[str, Any]:
    loaded = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", standing_app)
    found = (result.ok() for result in loaded.get_all_operations())
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
"""What an address is sent: by turns the one or the other, with full counts both."""


@pytest.mark.parametrize(
    ("mode", "name"),
    [*(zip(cycle(MODES), ADDRESSES) if examples(1, of=len(MODES)) == 1 else product(MODES, ADDRESSES))],
)
def test_whatever_is_sent_is_answered_as_the_document_says(
    operations_by_name: dict[str, Any], standing_calls: Caller, name: str, mode: GenerationMode
) -> None:
    operation = operations_by_name[name]
    # Schemathesis looks at the bytes as they come from an application in this process.
    headers = {"Authorization": f"Bearer {standing_calls.token}", "Accept-Encoding": "identity"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples(3, of=12),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def answered_as_documented(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        answered_as_documented()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing good can be generated"
