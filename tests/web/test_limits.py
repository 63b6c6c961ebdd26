"""How often one identity may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests.house import Party, TheHouse
from tests.web.programs import caller, make_app
from web import close, limits


@pytest.fixture
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_app(house)
    yield app
    close(app)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small limits, so that a test reaches them."""
    monkeypatch.setattr(limits, "PROGRAM", limits.Limit("program", 3))
    monkeypatch.setattr(limits, "TOKEN", limits.Limit("token", 5))


def test_who_asks_too_often_is_told_to_wait_and_can_go_on_a_minute_later(
    app: Flask, house: TheHouse, bram: Party, small: None
) -> None:
    asking = caller(app, bram)
    assert [asking.get("/api/v1/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = asking.get("/api/v1/me")
    assert refused.content_type.startswith("application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0
    house.clock.advance(timedelta(minutes=1))
    assert asking.get("/api/v1/me").status_code == 200


def test_one_party_that_runs_wild_does_not_slow_another(
    app: Flask, bram: Party, joris: Party, small: None
) -> None:
    wild, calm = caller(app, bram), caller(app, joris)
    assert [wild.get("/api/v1/me").status_code for _ in range(5)][-1] == 429
    assert calm.get("/api/v1/me").status_code == 200


def test_guessing_secrets_is_counted_by_address_whatever_is_guessed(app: Flask, small: None) -> None:
    http = app.test_client()
    answers = [
        http.post(
            "/oauth2/token",
            data={"grant_type": "client_credentials", "client_id": f"client-{n}", "client_secret": "x" * 40},
        ).status_code
        for n in range(6)
    ]
    assert answers == [401] * 5 + [429]


def test_nothing_but_a_hash_of_the_identity_is_kept_and_not_for_long(
    app: Flask, house: TheHouse, bram: Party
) -> None:
    caller(app, bram).get("/api/v1/me")
    with house.engine("superuser").connect() as connection:
        kept = connection.exec_driver_sql("SELECT identity_hash FROM web.rate").all()
        assert kept
        assert all(len(row.identity_hash) == 32 for row in kept)
    house.clock.advance(timedelta(hours=1))
    caller(app, bram)
    with house.engine("superuser").connect() as connection:
        oldest = connection.exec_driver_sql("SELECT min(window_start) FROM web.rate").scalar_one()
    assert oldest > house.clock.now() - timedelta(minutes=12)


def test_the_public_ledger_is_never_counted() -> None:
    assert limits.limit_of("/ledger/tile/0/000") is None
    assert limits.limit_of("/ledger/checkpoint") is None
    assert limits.limit_of("/ESCO/v3/api/mandate") == limits.PROGRAM
    assert limits.limit_of("/tenant/oauth2/V2.0/token") == limits.TOKEN
