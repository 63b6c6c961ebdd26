"""The token address: RFC 6749 in what it takes, what it gives and how it refuses."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import OKPKey

from tests.house import PUBLIC_URL, Party, TheHouse

FORM = "application/x-www-form-urlencoded"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OWN, FACADE = "/oauth2/token", "/any-tenant/oauth2/V2.0/token"


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def post(app: Flask, path: str = OWN, *, headers: dict[str, str] | None = None, **form: str) -> Any:
    given = {"grant_type": "client_credentials"} | form
    return app.test_client().post(path, data=given, headers=headers)


def assert_refused(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/json"
    assert answer.get_json()["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture(scope="session")
def party(standing_app: Flask) -> Party:
    found: Party = standing_app.extensions["standing_party"]
    return found


@pytest.mark.parametrize("path", [OWN, FACADE, "/oauth2/v2.0/token", "/OAUTH2/V2.0/TOKEN"])
@pytest.mark.parametrize("way", ["post", "basic"])
def test_a_secret_gets_a_token_that_nobody_may_keep(
    standing_app: Flask, party: Party, path: str, way: str
) -> None:
    if way == "post":
        answer = post(standing_app, path, client_id=party.client_id, client_secret=party.client_secret)
    else:
        answer = post(standing_app, path, headers=basic(party.client_id, party.client_secret))
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["token_type"] == "Bearer"
    assert body["access_token"]
    assert 0 < body["expires_in"] <= 3600
    assert ("ext_expires_in" in body) == (path != OWN)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_the_scope_of_fluvius_clients_is_taken_by_the_facade_and_refused_by_the_own_api(
    standing_app: Flask, party: Party
) -> None:
    form = {"client_id": party.client_id, "client_secret": party.client_secret, "scope": "api://x/.default"}
    assert post(standing_app, FACADE, **form).status_code == 200
    assert_refused(post(standing_app, OWN, **form), 400, "invalid_scope")


@pytest.mark.parametrize("path", [OWN, FACADE])
def test_a_wrong_secret_and_an_unknown_client_are_told_alike(
    standing_app: Flask, party: Party, path: str
) -> None:
    wrong = post(standing_app, path, client_id=party.client_id, client_secret="guess")
    unknown = post(standing_app, path, client_id="client-of-nobody", client_secret="guess")
    for answer in (wrong, unknown):
        assert_refused(answer, 401, "invalid_client")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="databeheer"'
    assert wrong.get_json() == unknown.get_json()


REFUSED_FORMS: dict[str, tuple[dict[str, str], int, str]] = {
    "no way to show who": ({"client_id": "c"}, 401, "invalid_client"),
    "another grant": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "no client id": ({"client_secret": "s"}, 401, "invalid_client"),
    "two ways": (
        {"client_secret": "s", "client_id": "c", "client_assertion": "a.b.c"},
        400,
        "invalid_request",
    ),
    "an unknown field": ({"client_id": "c", "client_secret": "s", "audience": "x"}, 400, "invalid_request"),
    "a secret of a million": ({"client_id": "c", "client_secret": "s" * 60_000}, 401, "invalid_client"),
    "an id that is not ASCII": ({"client_id": "é", "client_secret": "s"}, 401, "invalid_client"),
    "an assertion of no type": ({"client_assertion": "a.b.c"}, 400, "invalid_request"),
    "an assertion that is none": (
        {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE},
        401,
        "invalid_client",
    ),
    "an assertion without a subject": (
        {"client_assertion": "e30.e30.e30", "client_assertion_type": ASSERTION_TYPE},
        401,
        "invalid_client",
    ),
    "an assertion with a strange subject": (
        {
            "client_assertion": "e30.eyJzdWIiOlsxXX0.e30",  # {"sub":[1]}
            "client_assertion_type": ASSERTION_TYPE,
        },
        401,
        "invalid_client",
    ),
}


@pytest.mark.parametrize(("form", "status", "code"), REFUSED_FORMS.values(), ids=REFUSED_FORMS.keys())
def test_a_wrong_request_is_told_in_the_words_of_the_standard(
    standing_app: Flask, form: dict[str, str], status: int, code: str
) -> None:
    assert_refused(post(standing_app, **form), status, code)


def test_who_sends_no_proof_reads_what_to_send(standing_app: Flask) -> None:
    said = post(standing_app, client_id="c").get_json()["error_description"]
    assert said == "send client_id and client_secret, or client_assertion and its type"


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"nocolon").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
        "Bearer x",
        "",
    ],
)
def test_a_wrong_header_is_refused(standing_app: Flask, header: str) -> None:
    assert_refused(post(standing_app, headers={"Authorization": header}), 401, "invalid_client")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"scope",
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"\xff=1",
        b"a=%zz",
        b"{}",
    ],
)
def test_a_body_that_is_no_form_is_refused(standing_app: Flask, body: bytes) -> None:
    answer = standing_app.test_client().post(OWN, data=body, content_type=FORM)
    assert_refused(answer, 400, "invalid_request")


def test_another_media_type_size_or_method_is_refused_in_the_same_form(standing_app: Flask) -> None:
    client = standing_app.test_client()
    assert_refused(client.post(OWN, json={"grant_type": "client_credentials"}), 415, "invalid_request")
    assert_refused(client.post(OWN, data=b"x" * 70_000, content_type=FORM), 413, "invalid_request")
    assert_refused(client.get(OWN), 405, "invalid_request")
    assert_refused(client.get(FACADE), 405, "invalid_request")


def signing_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


def assertion(house: TheHouse, key: OKPKey, client_id: str, **changes: Any) -> str:
    now = int(house.clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": PUBLIC_URL,
        "jti": f"once-only-{changes.pop('number', 0)}",
        "iat": now,
        "exp": now + 60,
    } | changes
    payload = json.dumps(claims).encode()
    return jws.serialize_compact({"alg": "Ed25519"}, payload, key, algorithms=["Ed25519"])


def test_a_signed_assertion_gets_a_token_once(house: TheHouse, program_app: Flask, bram: Party) -> None:
    key = signing_key()
    public = json.dumps(key.as_dict(private=False))
    client_id = house.operator(
        "registry.client.add", party_id=bram.party_id, profiles=["own"], public_key=public
    )["client_id"]
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(house, key, client_id)}
    # Without client_id: the assertion itself names the client (RFC 7521, 4.2).
    answer = post(program_app, **form)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    token = answer.get_json()["access_token"]
    me = program_app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.get_json()["name"] == "Bram Energieadvies"
    assert_refused(post(program_app, **form), 401, "invalid_client")
    wrong: list[str] = [
        assertion(house, signing_key(), client_id, number=1),
        assertion(house, key, client_id, number=2, aud="https://evil.example"),
        assertion(house, key, client_id, number=3, aud=[PUBLIC_URL, "https://evil.example"]),
        assertion(house, key, client_id, number=4, exp=int(house.clock.now().timestamp()) + 10**9),
        assertion(house, key, client_id, number=5, sub="client-of-nobody"),
    ]
    for one in wrong:
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": one}
        assert_refused(post(program_app, **form), 401, "invalid_client")
