"""Nothing malformed gives a 500, and every refusal is a problem document with a page."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.web.programs import Caller
from tests.web.test_parsing import MALFORMED_BODIES, MALFORMED_QUERIES
from web.problems import PROBLEMS

ID = "7d1f6f0e-3f2b-4a59-9a53-0d6f8f1f3a01"
READINGS = f"/api/v1/permissions/{ID}/readings"
WISH = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}


def assert_problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.get_json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"] == PROBLEMS[slug].title
    assert body["detail"]
    return body


@pytest.mark.parametrize("body", MALFORMED_BODIES.values(), ids=MALFORMED_BODIES.keys())
@pytest.mark.parametrize("path", ["/api/v1/permission-requests", "/api/v1/readings/query"])
def test_a_malformed_body_is_a_problem(standing_calls: Caller, path: str, body: bytes) -> None:
    status, slug = (413, "too-large") if len(body) > 64 * 1024 else (400, "malformed-request")
    answer = standing_calls.http.post(
        path, data=body, content_type="application/json", headers=standing_calls.headers()
    )
    assert_problem(answer, status, slug)


@pytest.mark.parametrize("query", MALFORMED_QUERIES.values(), ids=MALFORMED_QUERIES.keys())
@pytest.mark.parametrize("path", ["/api/v1/permissions", READINGS])
def test_a_malformed_query_is_a_problem(standing_calls: Caller, path: str, query: bytes) -> None:
    answer = standing_calls.http.get(
        path, query_string=query.decode("latin-1"), headers=standing_calls.headers()
    )
    assert_problem(answer, 400, "malformed-request")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"purpose": "curiosity"}, "/purpose"),
        ({"purpose": "own_insight"}, "/purpose"),
        ({"purpose": None}, "/purpose"),
        ({"purpose": ["energy_advice"]}, "/purpose"),
        ({"category": "relational"}, "/category"),
        ({"granularity": "minute"}, "/granularity"),
        ({"granularity": 15}, "/granularity"),
        ({"directions": []}, "/directions"),
        ({"directions": ["offtake", "offtake"]}, "/directions"),
        ({"directions": ["sideways"]}, "/directions/0"),
        ({"directions": "offtake"}, "/directions"),
        ({"directions": {"offtake": True}}, "/directions"),
        ({"data_from": "soon"}, "/data_from"),
        ({"data_from": 1672527600}, "/data_from"),
        ({"data_from": "1850-01-01"}, "/data_from"),
        ({"data_from": "2023-01-01T00:00:00"}, "/data_from"),
        ({"data_until": "2022-01-01"}, "/data_until"),
        ({"data_until": "2023-01-01"}, "/data_until"),
        ({"ean": "541448899990000038"}, "/ean"),
        ({"ean": 541448899990000039}, "/ean"),
        ({"ean": "٥٤١٤٤٨٨٩٩٩٩٠٠٠٠٠٣٩"}, "/ean"),
        ({"reference": ""}, "/reference"),
        ({"reference": "x" * 65}, "/reference"),
        ({"reference": "<script>"}, "/reference"),
        ({"unknown": 1}, "/unknown"),
    ],
)
def test_a_wrong_wish_says_where(standing_calls: Caller, changes: dict[str, Any], where: str) -> None:
    body = assert_problem(
        standing_calls.post("/api/v1/permission-requests", WISH | changes), 400, "malformed-request"
    )
    assert where in [place["where"] for place in body["errors"]]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"until": "2023-10-30"}, "from"),
        ({"from": "2023-10-29"}, "until"),
        ({"from": "2023-10-30", "until": "2023-10-29"}, "until"),
        ({"from": "2023-10-29", "until": "2023-10-29"}, "until"),
        ({"from": "29/10/2023", "until": "2023-10-30"}, "from"),
        ({"from": "2023-10-29", "until": "2023-10-30", "granularity": "second"}, "granularity"),
        ({"from": "2023-10-29", "until": "2023-10-30", "mode": "greedy"}, "mode"),
        ({"from": "2023-10-29", "until": "2023-10-30", "direction": "up"}, "direction"),
        ({"from": "2023-10-29", "until": "2023-10-30", "format": "xml"}, "format"),
        ({"from": "2023-10-29", "until": "2023-10-30", "ean": "1"}, "ean"),
    ],
)
def test_a_wrong_window_says_where(standing_calls: Caller, query: dict[str, str], where: str) -> None:
    body = assert_problem(standing_calls.get(READINGS, **query), 400, "malformed-request")
    assert where in [place["where"] for place in body["errors"]]


def test_more_than_three_years_at_once_is_refused(standing_calls: Caller) -> None:
    answer = standing_calls.get(READINGS, **{"from": "2020-01-01", "until": "2024-01-01"})
    assert_problem(answer, 400, "malformed-request")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e3", "1.5", "٥", "", "9" * 5000, "0x10"])
def test_a_wrong_page_size_is_refused(standing_calls: Caller, limit: str) -> None:
    assert_problem(standing_calls.get("/api/v1/permissions", limit=limit), 400, "malformed-request")


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "2026-11-20_x", "\u00e9", "a" * 2000, "W10.AAAA", "'; DROP TABLE"]
)
def test_a_cursor_that_was_not_made_here_is_refused(standing_calls: Caller, cursor: str) -> None:
    assert_problem(standing_calls.get("/api/v1/permissions", cursor=cursor), 400, "malformed-request")


@pytest.mark.parametrize(
    "index", ["-1", "01", "+1", "1.0", "1e3", "٤٢", "9" * 16, "9" * 5000, "x", "1/2", "%00", "1 "]
)
def test_an_index_in_another_spelling_does_not_exist(standing_calls: Caller, index: str) -> None:
    assert_problem(standing_calls.get(f"/api/v1/receipts/{index}"), 404, "not-found")


@pytest.mark.parametrize("identifier", ["1", "x" * 36, ID[:-1], ID + "0", "{" + ID + "}"])
def test_what_is_no_identifier_does_not_exist(standing_calls: Caller, identifier: str) -> None:
    assert_problem(standing_calls.get(f"/api/v1/permissions/{identifier}"), 404, "not-found")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer not-a-token-of-this-house",
        "Bearer a b",
        "Bearer \u00e9",
        "Bearer " + "a" * 5000,
        "Basic YTpi",
        "Digest x",
        "bearer\tx",
        "Bearer null",
        "Bearer '; DROP TABLE identity.session; --",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/permissions"),
        ("POST", "/api/v1/permission-requests"),
        ("DELETE", f"/api/v1/permissions/{ID}"),
        ("GET", READINGS),
        ("POST", "/api/v1/readings/query"),
        ("GET", "/api/v1/receipts/0"),
        ("GET", "/api/v1/decisions/0"),
        ("POST", "/api/v1/decisions/query"),
    ],
)
def test_without_a_good_token_every_address_is_401(
    standing_app: Flask, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = standing_app.test_client().open(path, method=method, headers=headers)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="databeheer"')


def test_a_session_cookie_is_no_proof_here(standing_app: Flask) -> None:
    client = standing_app.test_client()
    client.set_cookie("session", "whatever")
    assert_problem(client.get("/api/v1/permissions"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (READINGS + "?from=2023-10-29&until=2023-10-30", "application/xml"),
        ("/api/v1/permissions", "text/csv"),
        ("/api/v1/me", "text/html"),
        ("/api/v1/receipts/0", "application/json"),
        ("/api/v1/me", "application/json;q=0"),
    ],
)
def test_a_form_that_is_not_served_is_406(standing_calls: Caller, path: str, accept: str) -> None:
    assert_problem(standing_calls.get(path, headers={"Accept": accept}), 406, "not-acceptable")


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/*", "garbage/;;;,,", "application/json, text/csv;q=0.1"]
)
def test_an_accept_header_that_allows_json_gets_json(standing_calls: Caller, accept: str) -> None:
    answer = standing_calls.get("/api/v1/me", headers={"Accept": accept})
    assert answer.status_code in (200, 406)
    assert answer.content_type in ("application/json", "application/problem+json")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "\u00e9",
    ],
)
def test_a_body_of_another_form_is_415(standing_calls: Caller, content_type: str | None) -> None:
    answer = standing_calls.http.post(
        "/api/v1/permission-requests",
        data=b'{"purpose":"energy_advice"}',
        content_type=content_type,
        headers=standing_calls.headers(),
    )
    assert_problem(answer, 415, "unsupported-media-type")


def test_a_compressed_body_is_415(standing_calls: Caller) -> None:
    answer = standing_calls.http.post(
        "/api/v1/permission-requests",
        data=b"\x1f\x8b\x08",
        content_type="application/json",
        headers=standing_calls.headers({"Content-Encoding": "gzip"}),
    )
    assert_problem(answer, 415, "unsupported-media-type")


def test_a_body_beyond_every_bound_is_413(standing_calls: Caller) -> None:
    for size in (64 * 1024 + 1, 2 * 1024 * 1024):
        answer = standing_calls.http.post(
            "/api/v1/permission-requests",
            data=b" " * size,
            content_type="application/json",
            headers=standing_calls.headers(),
        )
        assert_problem(answer, 413, "too-large")


def test_an_unknown_address_is_404_and_a_wrong_method_405(standing_calls: Caller) -> None:
    assert_problem(standing_calls.get("/api/v1/nothing"), 404, "not-found")
    assert_problem(standing_calls.get("/api"), 404, "not-found")
    wrong = standing_calls.http.put("/api/v1/me", headers=standing_calls.headers())
    assert_problem(wrong, 405, "method-not-allowed")
    assert "GET" in wrong.headers["Allow"]


def test_every_problem_type_has_a_page(standing_app: Flask) -> None:
    client = standing_app.test_client()
    listed = client.get("/problems").get_data(as_text=True)
    for row in PROBLEMS.values():
        assert row.uri in listed
        page = client.get(row.uri)
        assert page.status_code == 200
        text = page.get_data(as_text=True)
        assert row.title in text
        assert f"<dd>{row.status}</dd>" in text
    assert client.get("/problems/none-of-these").status_code == 404


def test_a_door_that_does_not_answer_is_503(standing_app: Flask, standing_calls: Caller) -> None:
    client = standing_app.extensions["web.door"]
    path, client._path = client._path, "/nonexistent/door.sock"
    client.close()
    try:
        answer = standing_calls.get("/api/v1/permissions")
    finally:
        client._path = path
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]


def test_no_answer_tells_a_browser_that_it_may_keep_or_frame_it(standing_calls: Caller) -> None:
    answer = standing_calls.get("/api/v1/me")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_program_that_runs_wild_is_told_when_to_come_back(
    standing_app: Flask, standing_calls: Caller
) -> None:
    assert standing_calls.get("/api/v1/me").status_code == 200
    house = standing_app.extensions["standing_house"]
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute("UPDATE web.rate SET used = 1000000")
    answer = standing_calls.get("/api/v1/me")
    assert_problem(answer, 429, "rate-limited")
    assert int(answer.headers["Retry-After"]) > 0
