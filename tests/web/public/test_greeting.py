"""A public page greets who is logged in, and lets that person log off; files never ask the door."""

from __future__ import annotations

import pytest

import web.public.greeting
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close

PAGES = ("/", "/ledger", "/register", "/grondslagen", "/joins")


def test_a_customer_is_greeted_by_name_and_can_log_off(house: TheHouse, maria: Customer) -> None:
    app = make_whole_site(house, demo=True)
    client = browser(app, maria.session)
    for path in PAGES:
        page = Page(client.get(path))
        assert maria.name in page.text, path
        assert "Aanmelden" not in page.text.split("Het logboek")[0], path
    gone = client.post("/afmelden", data=Page(client.get("/")).form("/afmelden").fields)
    assert gone.status_code == 303
    after = Page(client.get("/"))
    assert maria.name not in after.text
    assert not after.has_form("/afmelden")
    close(app)


def test_an_inspector_is_greeted_by_role(house: TheHouse) -> None:
    app = make_whole_site(house, demo=True)
    page = Page(browser(app, house.inspector()).get("/ledger"))
    assert "Toezichthouder Afmelden" in page.text
    close(app)


@pytest.mark.parametrize("session", [None, "a session that never was", "x" * 600])
def test_nobody_else_is(house: TheHouse, session: str | None) -> None:
    app = make_whole_site(house)
    page = Page(browser(app, session).get("/"))
    assert "/aanmelden" in page.links
    assert page.forms == []
    close(app)


def test_the_logs_files_never_ask_who_looks(
    house: TheHouse, maria: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(house)
    asked: list[str] = []
    monkeypatch.setattr(web.public.greeting, "ask", lambda command, proof: asked.append(command))
    app = make_whole_site(house)
    client = browser(app, maria.session)
    for path in ("/ledger/checkpoint", "/ledger/vkey", "/health/live", "/register.json"):
        client.get(path)
    assert asked == []
    close(app)
