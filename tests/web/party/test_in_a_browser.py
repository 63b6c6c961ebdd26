"""The party pages in Chromium: accessible, silent, and no wider than a small screen."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import NARROW, Watched, chromium, served
from tests.databeheer.onboarding.people import Officer, officer
from tests.house import TheHouse
from tests.web.sites import make_whole_site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(house: TheHouse) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(make_whole_site(house, base_url=f"http://127.0.0.1:{port}"), port):
        yield f"http://127.0.0.1:{port}"


def test_every_party_page_is_accessible_and_silent_on_a_small_screen(
    browser: Browser, address: str, house: TheHouse
) -> None:
    nora = officer(house)
    context = browser.new_context(viewport=NARROW, locale="nl-BE")  # type: ignore[arg-type]
    context.add_cookies([{"name": "session", "value": nora.session, "url": address}])

    def look(*paths: str) -> None:
        for path in paths:
            watched = Watched(context.new_page())
            watched.page.goto(address + path)
            assert watched.faults() == [], path
            assert not watched.is_wider_than_the_screen(), path
            assert [line for line in watched.console if not re.search("status of 40", line)] == [], path
            watched.page.close()

    look("/partij/aanvraag")
    nora.apply()
    look("/partij", "/partij/sleutels", "/partij/webhooks", "/partij/gebruik", "/partij/proef")
    _fill_all(nora)
    look("/partij", "/partij/bewijs", "/partij/bewijs/indienen", "/partij/sleutels", "/partij/webhooks")
    page = context.new_page()
    watched = Watched(page)
    page.goto(f"{address}/partij/proef")
    page.get_by_role("button", name="Doe de proefoproep").click()
    expect(page.get_by_role("heading", name="Hier stopt het")).to_be_visible()
    assert watched.faults() == []
    page.goto(f"{address}/partij/bewijs")
    page.get_by_role("button", name="Bewaar het adres").click()
    expect(page.get_by_text("Het adres van uw overzicht is bewaard")).to_be_visible()
    page.get_by_label("Adres van uw overzicht").fill("zonder https")
    page.get_by_role("button", name="Bewaar het adres").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert watched.faults() == []
    page.goto(f"{address}/partij/sleutels")
    page.get_by_role("button", name="Beëindig dit programma").first.click()
    expect(page.get_by_role("heading", name="Dit programma beëindigen?")).to_be_visible()
    assert watched.faults() == []
    context.close()


def _fill_all(nora: Officer) -> None:
    nora.program()
    nora.program(("facade",))
    nora.call("webhook.put", url="https://hooks.example.com/in")
    nora.call("webhook.test")
    nora.fill()
