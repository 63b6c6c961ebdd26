"""How often one identity may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.copies import beside
from tests.house import Party, TheHouse
from tests.web.programs import caller, make_app
from web import close, limits


@pytest.fixture
@beside
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_app(house)
    yield app
    close(app)


def ask_token(
    app: Flask, client: str, secret: str = "x" * 40, *, way: str = "body", address: str = "127.0.0.1"
) -> TestResponse:
    """A token request from an address, with the client's secret in the body or in the header."""
    form = {"grant_type": "client_credentials"}
    if way == "body":
        form |= {"client_id": client, "client_secret": secret}
    return app.test_client().post(
        "/oauth2/token",
        data=form,
        auth=(client, secret) if way == "header" else None,
        environ_base={"REMOTE_ADDR": address},
    )


def kept(house: TheHouse) -> list[bytes]:
    """The hashes in the table."""
    with house.engine("superuser").connect() as connection:
        return list(connection.exec_driver_sql("SELECT identity_hash FROM web.rate").scalars())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small limits, so that a test reaches them."""
    monkeypatch.setattr(limits, "PROGRAM", limits.Limit("program", 3, 8))
    monkeypatch.setattr(limits, "PERSON", limits.Limit("person", 3, 8))
    monkeypatch.setattr(limits, "TOKEN", limits.Limit("token", 5, 8))


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


@pytest.mark.requirement("R9")
def test_one_party_that_runs_wild_does_not_slow_another(
    app: Flask, bram: Party, joris: Party, small: None
) -> None:
    wild, calm = caller(app, bram), caller(app, joris)
    assert [wild.get("/api/v1/me").status_code for _ in range(5)][-1] == 429
    assert [calm.get("/api/v1/me").status_code for _ in range(3)] == [200] * 3


def test_guessing_secrets_is_counted_by_address_whatever_is_guessed(app: Flask, small: None) -> None:
    answers = [ask_token(app, f"client-{n}").status_code for n in range(9)]
    assert answers == [401] * 8 + [429]


@pytest.mark.parametrize("way", ["body", "header"])
def test_wrong_secrets_of_one_client_leave_the_others_behind_its_address_alone(
    app: Flask, bram: Party, small: None, way: str
) -> None:
    answers = [ask_token(app, "client", way=way) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"
    assert ask_token(app, bram.client_id, bram.client_secret, way=way).status_code == 200


def test_who_names_anothers_client_elsewhere_does_not_lock_it_out(
    app: Flask, bram: Party, small: None
) -> None:
    for _ in range(6):
        ask_token(app, bram.client_id, address="192.0.2.1")
    assert ask_token(app, bram.client_id, address="192.0.2.1").status_code == 429
    assert ask_token(app, bram.client_id, bram.client_secret, address="192.0.2.2").status_code == 200


def ask_with(app: Flask, token: str, path: str = "/api/v1/me") -> TestResponse:
    return app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})


def test_a_new_token_for_every_request_gains_nothing(
    app: Flask, house: TheHouse, bram: Party, joris: Party, small: None
) -> None:
    house.clock.advance(timedelta(seconds=60 - house.clock.now().second))
    tokens = [house.token(bram.client_id, bram.client_secret) for _ in range(5)]
    answers = [ask_with(app, token) for token in tokens]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert answers[-1].headers["RateLimit"] == '"party";r=0;t=60, "address";r=3;t=60'
    assert ask_with(app, joris.token).status_code == 200


def test_both_interfaces_count_as_one_party(app: Flask, bram: Party, small: None) -> None:
    own, facade = caller(app, bram), caller(app, bram, "facade")
    key = {"Ocp-Apim-Subscription-Key": bram.subscription_key}
    assert [own.get("/api/v1/me").status_code for _ in range(2)] == [200, 200]
    assert facade.get("/esco/v3/api/mandate", headers=key).status_code == 200
    assert facade.get("/esco/v3/api/mandate", headers=key).status_code == 429
    assert own.get("/api/v1/me").status_code == 429


def test_a_dead_token_does_not_spend_what_its_party_has(
    app: Flask, house: TheHouse, bram: Party, small: None
) -> None:
    dead = house.token(bram.client_id, bram.client_secret)
    assert ask_with(app, dead).status_code == 200
    revoking = {"client_id": bram.client_id, "client_secret": bram.client_secret, "token": dead}
    assert app.test_client().post("/oauth2/revoke", data=revoking).status_code == 200
    house.clock.advance(timedelta(minutes=1))
    answers = [ask_with(app, dead).status_code for _ in range(4)]
    assert answers[:2] == [401, 401]
    assert 200 not in answers
    mine = caller(app, bram)
    assert [mine.get("/api/v1/me").status_code for _ in range(2)] == [200, 200]


def test_what_is_left_is_told_and_is_there_again_in_the_next_minute(
    app: Flask, house: TheHouse, bram: Party, small: None
) -> None:
    house.clock.advance(timedelta(seconds=40) - timedelta(seconds=house.clock.now().second))
    mine = caller(app, bram)
    told = [mine.get("/api/v1/me").headers for _ in range(4)]
    assert [one["RateLimit"] for one in told] == [
        '"party";r=2;t=20, "address";r=7;t=20',
        '"party";r=1;t=20, "address";r=6;t=20',
        '"party";r=0;t=20, "address";r=5;t=20',
        '"party";r=0;t=20, "address";r=4;t=20',
    ]
    assert {one["RateLimit-Policy"] for one in told} == {'"party";q=3;w=60, "address";q=8;w=60'}
    assert told[-1]["Retry-After"] == "20"
    house.clock.advance(timedelta(seconds=20))
    assert mine.get("/api/v1/me").headers["RateLimit"] == '"party";r=2;t=60, "address";r=7;t=60'


def test_a_made_up_session_for_every_request_gains_nothing_and_does_not_fill_the_table(
    app: Flask, house: TheHouse, small: None
) -> None:
    def visit(number: int) -> int:
        http = app.test_client()
        http.set_cookie("session", f"made-up-{number}")
        return http.get("/problems").status_code

    assert [visit(number) for number in range(20)] == [200] * 8 + [429] * 12
    assert len(kept(house)) == 1 + 8


def test_all_addresses_of_one_ipv6_connection_are_one(app: Flask, small: None) -> None:
    answers = [ask_token(app, f"client-{n}", address=f"2001:db8::{n:x}").status_code for n in range(9)]
    assert answers[-1] == 429
    assert ask_token(app, "client", address="2001:db8:0:1::1").status_code == 401


def test_an_ipv4_address_is_the_same_however_it_is_written(app: Flask, small: None) -> None:
    answers = [
        ask_token(app, f"client-{n}", address=("192.0.2.7", "::ffff:192.0.2.7")[n % 2]).status_code
        for n in range(9)
    ]
    assert answers[-1] == 429


@pytest.mark.parametrize(
    "body", [b"client_id=%ff", b"client_id=a&client_id=b", b"{}", b"x" * 70_000, b"x" * 2_000_000, b""]
)
def test_a_token_request_that_names_no_client_is_counted_by_its_address(
    app: Flask, small: None, body: bytes
) -> None:
    http = app.test_client()
    answers = [
        http.post("/oauth2/token", data=body, content_type="application/x-www-form-urlencoded").status_code
        for _ in range(9)
    ]
    assert answers[-1] == 429
    assert 429 not in answers[:8]
    assert 500 not in answers


def test_an_address_cannot_be_found_again_from_what_is_kept_by_trying_all(
    app: Flask, house: TheHouse, small: None
) -> None:
    ask_token(app, "client", address="192.0.2.1")
    for hashed in kept(house):
        for tried in ("192.0.2.1", "token|192.0.2.1", "token|address|192.0.2.1"):
            assert hashed != sha256(tried.encode()).digest()
    with app.test_request_context():
        before = limits._hash("token", "address", "192.0.2.1")
        assert before in kept(house)
        app.config["WEB_SETTINGS"] = replace(app.config["WEB_SETTINGS"], secret_key="another key " * 4)
        assert limits._hash("token", "address", "192.0.2.1") != before


def test_nothing_but_a_hash_of_the_identity_is_kept_and_not_for_long(
    app: Flask, house: TheHouse, bram: Party
) -> None:
    caller(app, bram).get("/api/v1/me")
    assert kept(house)
    assert all(len(hashed) == 32 for hashed in kept(house))
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


def test_what_costs_many_entries_is_counted_apart_and_a_withdrawal_never_waits_for_it() -> None:
    given = "/mijn/kiezen/x/y/aansluitingen"
    assert limits.limit_of(f"{given}/toestaan", "POST") == limits.GIVING
    assert limits.limit_of("/mijn/punten/bewijzen.zip", "HEAD") == limits.GIVING
    assert limits.limit_of("/mijn/punten/intrekken/x", "POST") == limits.ENDING
    assert limits.limit_of("/mijn/historiek", "POST") == limits.HISTORY
    groups = [limits.GIVING, limits.ENDING, limits.HISTORY, limits.PERSON]
    assert len({one.group for one in groups}) == len(groups)
    # The pages that only ask, and one point at a time, are as cheap as any.
    for path, method in (
        (given, "POST"),
        ("/mijn/kiezen/x/y/toestaan", "POST"),
        ("/mijn/punten/intrekken/x", "GET"),
        ("/mijn/historiek", "GET"),
        ("/mijn/punten", "GET"),
    ):
        assert limits.limit_of(path, method) == limits.PERSON, path
