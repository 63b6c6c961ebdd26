"""Through the portal to a provider and back: what the visitor reads when it does not work out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from databeheer.identity.oidc import own_keys
from tests.databases import Database
from tests.databeheer.identity.oidc.test_lying_provider import CLIENT, honest, sign
from tests.house import open_house
from tests.identity_providers import LEVEL, SETTINGS, Lying, lying, reached
from tests.web.portal.visiting import Page, Visitor, make_site
from web import close


@pytest.fixture
def liar() -> Iterator[Lying]:
    with lying() as liar:
        honest(liar)
        yield liar


@pytest.fixture
def visitor(database: Database, liar: Lying, tmp_path: Path) -> Iterator[Visitor]:
    own_keys.make(tmp_path / "client.jwks")
    text = SETTINGS.format(issuer=liar.issuer, client_id=CLIENT, level=LEVEL, signed_with="RS256")
    with reached(tmp_path, text) as provider, open_house(database) as house:
        object.__setattr__(house.house, "provider", provider)
        site = make_site(house)
        yield Visitor(site, house)
        close(site)


def begin(visitor: Visitor, path: str = "/aanmelden") -> dict[str, str]:
    asked = parse_qs(urlsplit(visitor.get(path).location).query)
    return {name: values[0] for name, values in asked.items()}


def come_back(visitor: Visitor, liar: Lying, asked: dict[str, str], **changes: object) -> Page:
    now = int(visitor.house.clock.now().timestamp())
    claims = {"iss": liar.issuer, "aud": CLIENT, "sub": "p", "name": "Maria", "acr": LEVEL, "iat": now}
    claims |= {"nonce": asked["nonce"], "exp": now + 300, "auth_time": now, **changes}
    body = json.dumps({"id_token": sign(claims)}).encode()
    liar.answers["/token"] = lambda _: (200, body)
    # A provider may add what it likes.
    more = {"iss": liar.issuer, "state": asked["state"], "session_state": "x.y"}
    return visitor.get("/aanmelden/terug", code="a-code", **more)


def test_a_visitor_logs_in_and_reads_what_to_do_where_it_fails(visitor: Visitor, liar: Lying) -> None:
    asked = begin(visitor)
    assert asked["redirect_uri"].endswith("/aanmelden/terug")
    assert come_back(visitor, liar, asked).location == "/mijn"
    session = visitor.cookie("session").value
    assert visitor.get("/mijn").status == 200

    # Logging in again ends the session of before.
    assert come_back(visitor, liar, begin(visitor, "/aanmelden?opnieuw=1")).location == "/mijn"
    visitor.http.set_cookie("session", session)
    assert visitor.get("/mijn").location == "/aanmelden"

    for changes, status, said in [
        ({"acr": "urn:test:weak"}, 403, "niet sterk genoeg"),
        ({"aud": "somebody"}, 400, "Aanmelden is niet gelukt"),
    ]:
        page = come_back(visitor, liar, begin(visitor), **changes)
        assert (page.status, said in page.text) == (status, True), changes

    asked = begin(visitor)
    page = visitor.get("/aanmelden/terug", error="access_denied", state=asked["state"], iss=liar.issuer)
    assert (page.status, "brak het aanmelden af" in page.text) == (403, True)

    liar.answers["/token"] = lambda _: (500, b"")
    asked = begin(visitor)
    page = visitor.get("/aanmelden/terug", code="c", state=asked["state"], iss=liar.issuer)
    assert (page.status, "antwoordt nu niet" in page.text) == (503, True)


def test_a_browser_that_did_not_begin_is_not_let_in_by_anothers_answer(visitor: Visitor, liar: Lying) -> None:
    victim = Visitor(visitor.site, visitor.house)
    begin(victim)
    page = come_back(victim, liar, begin(visitor))
    assert page.status == 400
    assert victim.cookie("session") is None
    assert not [path for path, _ in liar.asked if path == "/token"]


def test_where_the_provider_is_away_the_visitor_is_told_before_he_leaves(
    database: Database, tmp_path: Path
) -> None:
    own_keys.make(tmp_path / "client.jwks")
    text = SETTINGS.format(issuer="http://127.0.0.1:1", client_id=CLIENT, level=LEVEL, signed_with="RS256")
    with reached(tmp_path, text) as provider, open_house(database) as house:
        object.__setattr__(house.house, "provider", provider)
        site = make_site(house)
        page = Visitor(site, house).get("/aanmelden")
        close(site)
    assert page.status == 503
    assert "antwoordt nu niet" in page.text
