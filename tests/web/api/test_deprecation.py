"""What goes away is announced a year before, told on every answer, and then refused with what took its place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

import web
from tests.house import Party, TheHouse
from tests.web.programs import Caller, caller, make_app
from web.api import deprecation
from web.api.deprecation import NOTICE, Deprecated

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SUNSET = datetime(2096, 1, 1, tzinfo=UTC)


def old(sunset: datetime = SUNSET, since: datetime = SINCE) -> Deprecated:
    rule = "/api/v1/permissions/<uuid:permission_id>"
    return Deprecated("GET", rule, since, sunset, "use GET /api/v2/permissions/{id}")


@pytest.fixture
def announced(house: TheHouse) -> Iterator[Flask]:
    """The API of a house that announced one operation as deprecated."""
    app = make_app(house)
    deprecation.announce(app, [old()])
    yield app
    web.close(app)


@pytest.fixture
def calls(announced: Flask, bram: Party) -> Caller:
    return caller(announced, bram)


@pytest.fixture
def permission(calls: Caller) -> str:
    wish = {"purpose": "energy_advice", "granularity": "day", "data_from": "2023-01-01"}
    return f"/api/v1/permissions/{calls.post('/api/v1/permission-requests', wish).get_json()['id']}"


def test_every_answer_of_it_says_since_when_until_when_and_where_to_read(
    calls: Caller, permission: str
) -> None:
    unknown = "/api/v1/permissions/3f2c9a34-5b1e-4a6e-9d57-9a1f0c8e7b11"
    for path, status in ((permission, 200), (unknown, 404)):
        answer = calls.get(path)
        assert answer.status_code == status
        assert answer.headers["Deprecation"] == "@1767225600"
        assert answer.headers["Sunset"] == "Sun, 01 Jan 2096 00:00:00 GMT"
        assert '</deprecations>; rel="deprecation"; type="text/html"' in answer.headers.getlist("Link")


def test_another_method_of_the_address_and_other_addresses_say_nothing_of_it(
    calls: Caller, permission: str
) -> None:
    for answer in (calls.delete(permission), calls.get("/api/v1/me"), calls.get("/api/v1/permissions")):
        assert answer.status_code == 200
        assert not {"Deprecation", "Sunset"} & set(answer.headers.keys())


def test_it_is_served_to_its_last_moment_and_then_names_what_took_its_place(
    house: TheHouse, announced: Flask, bram: Party, permission: str
) -> None:
    sunset = house.clock.now() + timedelta(days=40)
    deprecation.announce(announced, [old(sunset, sunset - NOTICE)])
    house.clock.advance(timedelta(days=40) - timedelta(seconds=1))
    assert caller(announced, bram).get(permission).status_code == 200
    house.clock.advance(timedelta(seconds=1))
    gone = caller(announced, bram).get(permission)
    assert (gone.status_code, gone.get_json()["type"]) == (410, "/problems/retired")
    assert "use GET /api/v2/permissions/{id}" in gone.get_json()["detail"]
    assert (
        caller(announced, bram).delete(permission).get_json()["type"] == "/problems/conflict"
    )  # it timed out


def test_the_document_and_the_page_say_it_too(announced: Flask) -> None:
    http = announced.test_client()
    methods = http.get("/api/v1/openapi.json").get_json()["paths"]["/api/v1/permissions/{permission_id}"]
    assert methods["get"]["deprecated"] is True
    assert "deprecated" not in methods["delete"]
    page = http.get("/deprecations").get_data(as_text=True)
    assert "GET /api/v1/permissions/&lt;uuid:permission_id&gt;" in page
    assert "2096-01-01" in page
    assert "365" in page


def test_nothing_is_deprecated_so_far(standing_app: Flask) -> None:
    assert deprecation.DEPRECATED == ()
    assert "Nothing so far." in standing_app.test_client().get("/deprecations").get_data(as_text=True)


@pytest.mark.parametrize(
    ("since", "sunset"),
    [
        (SINCE, SINCE + NOTICE - timedelta(seconds=1)),
        (SINCE, SINCE),
        (SINCE, SINCE - NOTICE),
        (SINCE.replace(tzinfo=None), SUNSET),
        (SINCE, SUNSET.replace(tzinfo=None)),
    ],
)
def test_what_gives_less_than_a_year_is_no_announcement(since: datetime, sunset: datetime) -> None:
    with pytest.raises(ValueError, match="deprecat"):
        old(sunset, since)
