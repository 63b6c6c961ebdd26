"""Public and inspector's pages in Chromium: accessible, silent, light, usable at 320 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from databeheer.demo.copying import Original
from databeheer.demo.tamper import tamper
from tests.browser import NARROW, WIDE, Watched, chromium
from tests.databeheer.joins.street import SEPTEMBER, settle
from tests.house import Party, TheHouse
from tests.web.programs import publish
from tests.web.sites import whole_site_served
from tests.web.supervising import supervising

pytestmark = pytest.mark.browser

PUBLIC = (
    "/",
    "/ledger",
    "/register",
    "/grondslagen",
    "/joins",
    "/meetwaarden",
    "/demo/dienst?wie=advice",
    "/demo/opnieuw",
)
OVERSIGHT = (
    "/toezicht",
    "/toezicht/logboek",
    "/toezicht/inzage",
    "/toezicht/termijnen",
    "/toezicht/koppelingen",
    "/toezicht/knoeien",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(house: TheHouse, net: Party, bram: Party) -> Iterator[str]:
    """A demo with a street, a join, reads and refusals, and a supervisor that harms copies."""
    house.party("Toezichthouder", "regulator")
    neighbours = settle(house, 10)
    net.call(
        "joins.run",
        case_id="fraud-month-totals",
        purpose="fraud_detection",
        requester_note="FR-1",
        eans=[one.ean.digits for one in neighbours],
        **SEPTEMBER,
    )
    asked = bram.ask(granularity="day")
    neighbours[0].person.grant(asked)
    bram.read(asked["permission_id"], granularity="day")
    key = publish(house)
    party = {
        "key": "advice",
        "name": bram.name,
        "role": "energy_service",
        "client_id": bram.client_id,
        "client_secret": bram.client_secret,
    }

    def fulfil(wish: dict[str, Any]) -> dict[str, Any]:
        if wish["do"] == "describe":
            return {"credentials": {"parties": [party]}}
        original = Original(house.database.url("superuser"), house.folder / "public", key)
        return tamper(original, wish["kind"], house.folder / "scratch")

    with (
        supervising(fulfil) as (socket, _),
        whole_site_served(house, demo=True, supervisor_socket=socket) as app,
    ):
        yield app.config["WEB_SETTINGS"].base_url


def test_every_page_is_accessible_light_and_silent_at_both_widths(
    browser: Browser, address: str, house: TheHouse
) -> None:
    context = browser.new_context(locale="nl-BE")
    context.add_cookies([{"name": "session", "value": house.inspector(), "url": address}])
    watched = Watched(context.new_page())
    for path in (*PUBLIC, *OVERSIGHT):
        answer = watched.page.goto(address + path)
        assert answer
        assert len(answer.body()) < 100_000, path
        for width in (WIDE, NARROW):
            watched.page.set_viewport_size(width)  # type: ignore[arg-type]
            assert watched.faults() == [], (path, width)
            assert not watched.is_wider_than_the_screen(), (path, width)
        assert watched.console == [], path
    context.close()


def test_at_320_pixels_every_column_is_seen(browser: Browser, address: str, house: TheHouse) -> None:
    context = browser.new_context(viewport=NARROW, locale="nl-BE")  # type: ignore[arg-type]
    context.add_cookies([{"name": "session", "value": house.inspector(), "url": address}])
    watched = Watched(context.new_page())
    for path, button in (
        ("/toezicht", ""),
        ("/toezicht/knoeien", "Vervals de kopie : Verander een regel"),
        ("/demo/dienst?wie=advice", ""),
    ):
        watched.page.goto(address + path)
        if button:
            watched.page.get_by_role("button", name=button).click()
            expect(watched.page.get_by_role("status")).to_be_visible()
        tables = watched.page.locator(".table-scroll")
        assert tables.count() > 0, path
        hidden = tables.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length")
        assert hidden == 0, path
        assert watched.faults() == [], path
    assert watched.console == []
    context.close()


def test_what_the_buttons_lead_to_is_accessible_too(browser: Browser, address: str, house: TheHouse) -> None:
    context = browser.new_context(viewport=WIDE, locale="nl-BE")  # type: ignore[arg-type]
    context.add_cookies([{"name": "session", "value": house.inspector(), "url": address}])
    watched = Watched(context.new_page())
    page = watched.page
    for path, button in (
        ("/toezicht/koppelingen", "Voer uit de statistiek per maand"),
        ("/toezicht/koppelingen", "Probeer toch verbruik naast adressen te leggen"),
        ("/toezicht/knoeien", "Vervals de kopie : Wissel twee regels"),
        ("/toezicht/knoeien", "Vervals de kopie : Schrijf het einde opnieuw, met de echte sleutel"),
        ("/demo/dienst?wie=advice", "Vraag toestemming"),
    ):
        page.goto(address + path)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("status"), button).to_be_visible()
        assert watched.faults() == [], button
    assert watched.console == []
    context.close()
