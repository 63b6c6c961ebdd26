"""What is told where the database is away, hangs or gives no connection more: come back soon, never a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, exc
from sqlalchemy.engine import make_url

import web
from databeheer.storage.engine import CONNECT_SECONDS, make_engine
from tests.databases import Database
from tests.doors import held
from tests.house import TheHouse
from tests.web.sites import browser, make_whole_site
from web import database
from web.errors import UNREACHABLE, page_for
from web.problems import problem_of

NOBODY = "postgresql://web:secret@127.0.0.1:1/nowhere"
FORM = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "x" * 40}


@pytest.fixture
def cut_off(house: TheHouse) -> Iterator[Flask]:
    """The whole site, where the web's database is not there."""
    app = make_whole_site(house, database_url=NOBODY)
    yield app
    web.close(app)


@pytest.fixture
def exhausted(house: TheHouse) -> Iterator[Flask]:
    """The whole site, where every connection of the web is taken and stays so."""
    app = make_whole_site(house)
    database.dispose(app)
    engine = make_engine(house.database.url("web"), pool_size=1, max_overflow=0, pool_seconds=0.01)
    app.extensions["web.database"] = engine
    with engine.connect():
        yield app
    web.close(app)


@pytest.fixture(params=["cut_off", "exhausted"])
def ailing(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_the_api_says_unavailable(ailing: Flask) -> None:
    answer = browser(ailing).get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["type"] == "/problems/unavailable"
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("path", ["/oauth2/token", "/tenant/oauth2/v2.0/token", "/Tenant/OAuth2/V2.0/Token"])
def test_the_token_addresses_say_unavailable_as_oauth_does(ailing: Flask, path: str) -> None:
    answer = browser(ailing).post(path, data=FORM)
    assert answer.status_code == 503
    assert answer.get_json()["error"] == "temporarily_unavailable"
    assert answer.headers["Retry-After"]


def test_the_facade_says_unavailable_in_its_own_form(ailing: Flask) -> None:
    answer = browser(ailing).get("/esco/v3/api/mandate")
    assert answer.status_code == 503
    assert answer.get_json()["Code"] == "unavailable"
    assert answer.headers["Retry-After"]


def test_a_visitor_reads_that_the_service_does_not_answer(ailing: Flask) -> None:
    answer = browser(ailing).get("/mijn")
    assert answer.status_code == 503
    assert str(UNREACHABLE.title) in answer.get_data(as_text=True)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("path", ["/health/live", "/static/databeheer.css"])
def test_what_needs_no_database_does_not_ask_it(ailing: Flask, path: str) -> None:
    answer = browser(ailing).get(path)
    assert answer.status_code == 200
    answer.close()


def test_nothing_of_the_database_is_told(ailing: Flask, caplog: pytest.LogCaptureFixture) -> None:
    told = browser(ailing).get("/api/v1/me").get_data(as_text=True)
    for word in ("secret", "127.0.0.1", "nowhere", "sqlalchemy", "psycopg"):
        assert word not in told
        assert word not in caplog.messages


def test_the_web_waits_for_no_statement_for_ever_and_keeps_a_thread_free(house: TheHouse) -> None:
    app = make_whole_site(house)
    with app.app_context(), database.engine().connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "5s"
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off"
    web.close(app)


def test_a_statement_that_hangs_is_a_503(house: TheHouse) -> None:
    app = make_whole_site(house)
    database.dispose(app)
    url = make_url(house.database.url("web")).update_query_dict({"options": "-c statement_timeout=50"})
    app.extensions["web.database"] = make_engine(url.render_as_string(hide_password=False))
    with held(house, "LOCK TABLE web.rate IN ACCESS EXCLUSIVE MODE"):
        answer = browser(app).get("/api/v1/me")
    assert answer.status_code == 503
    web.close(app)


def test_the_door_waits_its_turn_and_what_it_promises_is_durable(database: Database) -> None:
    engine = make_engine(database.url("door"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    engine.dispose()


def test_nobody_waits_for_a_server_that_does_not_take_the_connection() -> None:
    engine = make_engine(NOBODY)
    asked: list[dict[str, Any]] = []

    @event.listens_for(engine, "do_connect")
    def see(_dialect: object, _record: object, _given: object, named: dict[str, Any]) -> None:
        asked.append(named)

    with pytest.raises(exc.OperationalError):
        engine.connect()
    engine.dispose()
    assert [each["connect_timeout"] for each in asked] == [CONNECT_SECONDS]


@pytest.mark.parametrize(
    "error",
    [
        exc.OperationalError("SELECT 541448899990000039", {}, psycopg.OperationalError("gone")),
        exc.InterfaceError("SELECT 541448899990000039", {}, psycopg.InterfaceError("closed")),
        exc.TimeoutError("no connection"),
    ],
)
def test_every_way_of_being_away_is_told_alike(error: Exception) -> None:
    assert problem_of(error).status == 503
    assert "541448899990000039" not in str(problem_of(error).document())
    assert page_for(error) is UNREACHABLE


def test_a_fault_in_a_statement_stays_our_own(house: TheHouse) -> None:
    assert problem_of(exc.ProgrammingError("SELECT", {}, psycopg.ProgrammingError("x"))).status == 500
