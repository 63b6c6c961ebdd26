"""Tokens over HTTP: metadata, published keys, revocation; a client that we did not write; nothing in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

import web
from tests.databases import Databases
from tests.databeheer.door.test_client_proofs import Program
from tests.databeheer.identity.test_jose import BAD
from tests.house import PUBLIC_URL, Party, TheHouse, open_house
from tests.web.programs import caller, make_app
from tests.web.test_tokens import ASSERTION_TYPE, FACADE, OWN, assert_refused, basic, post

METADATA = "/.well-known/oauth-authorization-server"


def me(app: Flask, token: str, path: str = "/api/v1/me") -> int:
    return app.test_client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture(scope="session")
def house_of_app(standing_app: Flask) -> TheHouse:
    found: TheHouse = standing_app.extensions["standing_house"]
    return found


@pytest.fixture(scope="session")
def party(standing_app: Flask) -> Party:
    found: Party = standing_app.extensions["standing_party"]
    return found


def test_the_metadata_lead_to_a_token_and_the_keys_that_signed_it(standing_app: Flask, party: Party) -> None:
    """RFC 8414: whoever knows the house's address alone finds the rest."""
    client = standing_app.test_client()
    answer = client.get(METADATA)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    told = answer.get_json()
    assert told["issuer"] == PUBLIC_URL
    token = post(
        standing_app,
        told["token_endpoint"].removeprefix(PUBLIC_URL),
        headers=basic(party.client_id, party.client_secret),
    ).get_json()["access_token"]
    published = client.get(told["jwks_uri"].removeprefix(PUBLIC_URL))
    assert published.headers["Cache-Control"] == "public, max-age=300"
    checked = jwt.decode(token, KeySet.import_key_set(published.get_json()), algorithms=["ES256"])
    assert checked.claims["iss"] == told["issuer"]
    revoking = told["revocation_endpoint"].removeprefix(PUBLIC_URL)
    given = {"token": token, "client_id": party.client_id, "client_secret": party.client_secret}
    assert me(standing_app, token) == 200
    assert client.post(revoking, data=given).status_code == 200
    assert me(standing_app, token) == 401


def test_what_the_metadata_say_of_signing_is_what_the_door_takes(
    standing_app: Flask, house_of_app: TheHouse, party: Party
) -> None:
    told = standing_app.test_client().get(METADATA).get_json()
    for algorithm in told["token_endpoint_auth_signing_alg_values_supported"]:
        kind = "Ed25519" if algorithm == "EdDSA" else algorithm
        program = Program(house_of_app, party, kind)
        given = program.sign(program.claims(), algorithm=algorithm)
        answer = post(standing_app, client_assertion_type=ASSERTION_TYPE, client_assertion=given)
        assert answer.status_code == 200, (algorithm, answer.get_data(as_text=True))


REVOKING: dict[str, tuple[dict[str, str], int, str]] = {
    "no token": ({"token": ""}, 400, "invalid_request"),
    "no client": ({"client_id": ""}, 401, "invalid_client"),
    "a wrong secret": ({"client_secret": "guess"}, 401, "invalid_client"),
    "a token without end": ({"token": "x" * 3000}, 400, "invalid_request"),
    "a token that is not ASCII": ({"token": "é"}, 400, "invalid_request"),
    "an unknown field": ({"scope": "x"}, 400, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "status", "error"), REVOKING.values(), ids=REVOKING)
def test_a_wrong_request_to_revoke_is_told_in_the_words_of_the_standard(
    standing_app: Flask, party: Party, changes: dict[str, str], status: int, error: str
) -> None:
    given = {"token": "x", "client_id": party.client_id, "client_secret": party.client_secret} | changes
    assert_refused(standing_app.test_client().post("/oauth2/revoke", data=given), status, error)


def test_a_hint_changes_nothing_and_another_method_is_refused(standing_app: Flask, party: Party) -> None:
    client = standing_app.test_client()
    given = {"token": "x", "client_id": party.client_id, "client_secret": party.client_secret}
    answer = client.post("/oauth2/revoke", data=given | {"token_type_hint": "refresh_token"})
    assert answer.status_code == 200
    assert_refused(client.get("/oauth2/revoke"), 405, "invalid_request")


def test_anothers_token_is_not_revoked(standing_app: Flask, house_of_app: TheHouse, party: Party) -> None:
    joris = house_of_app.party("Joris Buitenstaander", "energy_service")
    given = {"token": party.token, "client_id": joris.client_id, "client_secret": joris.client_secret}
    answer = standing_app.test_client().post("/oauth2/revoke", data=given)
    assert_refused(answer, 400, "invalid_grant")
    assert party.client_id not in answer.get_data(as_text=True)
    assert party.name not in answer.get_data(as_text=True)
    assert me(standing_app, party.token) == 200
    # One that never was is no error (RFC 7009, 2.2), nor is one's own a second time.
    for token in ("x", joris.token, joris.token):
        answer = standing_app.test_client().post("/oauth2/revoke", data=given | {"token": token})
        assert (answer.status_code, answer.get_json()) == (200, {})
    assert me(standing_app, joris.token) == 401


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_a_malformed_token_or_assertion_gets_nothing(standing_app: Flask, party: Party, token: str) -> None:
    flat = token.replace("\n", " ")
    assert me(standing_app, flat) == 401
    form = {"client_id": party.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    for path in (OWN, FACADE):
        answer = post(standing_app, path, **form)
        if "\n" in token:
            assert_refused(answer, 400, "invalid_request")
        else:
            assert_refused(answer, 401, "invalid_client")


def test_a_token_in_the_address_or_the_body_is_not_looked_at(standing_app: Flask, party: Party) -> None:
    """RFC 9700: it would stand in logs and histories."""
    client = standing_app.test_client()
    assert client.get("/api/v1/me", query_string={"access_token": party.token}).status_code == 401
    assert client.get("/api/v1/me", data={"access_token": party.token}).status_code == 401


def test_a_token_of_one_interface_is_none_of_the_other(standing_app: Flask, party: Party) -> None:
    facade = caller(standing_app, party, "facade")
    assert me(standing_app, facade.token) == 401
    key = {"Ocp-Apim-Subscription-Key": party.subscription_key or ""}
    assert facade.get("/esco/v3/api/mandate", headers=key).status_code == 200
    own = {"Authorization": f"Bearer {party.token}"} | key
    assert standing_app.test_client().get("/esco/v3/api/mandate", headers=own).status_code == 401


@pytest.fixture(scope="module")
def sandbox(databases: Databases) -> Iterator[tuple[TheHouse, Flask]]:
    """Another house: the same code, other keys and another address."""
    with databases.clone() as database, open_house(database) as house:
        object.__setattr__(house.house, "public_url", "https://sandbox.example")
        app = make_app(house)
        yield house, app
        web.close(app)


def test_what_is_good_in_the_sandbox_is_nothing_in_production_and_the_reverse(
    standing_app: Flask, house_of_app: TheHouse, party: Party, sandbox: tuple[TheHouse, Flask]
) -> None:
    other_house, other_app = sandbox
    other = other_house.party("Bram Energieadvies", "energy_service")
    for app, stranger in ((standing_app, other), (other_app, party)):
        assert me(app, stranger.token) == 401
        form = {"client_id": stranger.client_id, "client_secret": stranger.client_secret}
        assert_refused(post(app, **form), 401, "invalid_client")
    # One key and even one name in both houses: an assertion is for the one that it names.
    here, there = (
        Program(one, one_party, "ES256") for one, one_party in ((house_of_app, party), (other_house, other))
    )
    for program, app, audience in (
        (here, standing_app, "https://sandbox.example"),
        (there, other_app, PUBLIC_URL),
    ):
        wrong = program.sign(program.claims(aud=audience))
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": wrong}
        assert_refused(post(app, **form), 401, "invalid_client")
    kids = [
        {key["kid"] for key in app.test_client().get("/oauth2/jwks").get_json()["keys"]}
        for app in (standing_app, other_app)
    ]
    assert kids[0].isdisjoint(kids[1])


def test_nothing_that_shows_who_a_client_is_comes_into_a_log(
    standing_app: Flask,
    house_of_app: TheHouse,
    party: Party,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    program = Program(house_of_app, party, "ES256")
    given = program.sign(program.claims())
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": given}
    token = post(standing_app, **form).get_json()["access_token"]
    post(standing_app, **form)
    post(standing_app, headers=basic(party.client_id, party.client_secret))
    post(standing_app, client_id=party.client_id, client_secret=party.client_secret + "x")
    me(standing_app, token)
    me(standing_app, token + "x")
    standing_app.test_client().post("/oauth2/revoke", data={"token": token} | form)
    out, err = capfd.readouterr()
    said = caplog.text + out + err
    for secret in (given, token, party.client_secret, party.token, party.subscription_key or ""):
        assert secret not in said
        assert secret[-20:] not in said


def test_a_client_that_we_did_not_write_gets_a_token_by_its_key(
    standing_app: Flask, house_of_app: TheHouse, party: Party
) -> None:
    """Authlib's own way to sign (RFC 7523), as a supplier's program would use it."""
    rfc7523 = pytest.importorskip("authlib.oauth2.rfc7523")
    program = Program(house_of_app, party, "RS256")
    signed = rfc7523.private_key_jwt_sign(
        program.key,
        client_id=program.client_id,
        token_endpoint=PUBLIC_URL,  # what it puts into `aud`: the issuer
        claims=times(house_of_app),
    )
    answer = post(standing_app, client_assertion_type=ASSERTION_TYPE, client_assertion=text_of(signed))
    assert answer.status_code == 200, answer.get_data(as_text=True)


def times(house: TheHouse) -> dict[str, Any]:
    """The house's clock stands still: its time, and not the machine's."""
    now = int(house.clock.now().timestamp())
    return {"iat": now, "exp": now + 120}


def text_of(signed: Any) -> str:
    return signed.decode() if isinstance(signed, bytes) else str(signed)


def test_the_answer_to_a_token_request_is_json_without_more(standing_app: Flask, party: Party) -> None:
    answer = post(standing_app, client_id=party.client_id, client_secret=party.client_secret)
    assert set(json.loads(answer.data)) == {"access_token", "token_type", "expires_in"}
