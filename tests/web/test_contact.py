"""Where people reach the data manager: on every page, and wherever a page says that they can tell us something."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from databeheer.brussels import day_of
from tests.copies import beside
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close

PAGES = ("/", "/bewaartermijnen", "/meetwaarden", "/nergens")


@pytest.fixture(params=["privacy@huis.example", "https://huis.example/contact", ""])
@beside
def site(house: TheHouse, request: pytest.FixtureRequest) -> Iterator[Flask]:
    app = make_whole_site(house, contact=request.param)
    yield app
    close(app)


def links_to_us(site: Flask, client: FlaskClient, path: str) -> int:
    """How many links of a page lead to the data manager; none is a link to nowhere."""
    page = Page(client.get(path))
    assert page.response.mimetype == "text/html"
    assert all(page.links), path
    settings = site.config["WEB_SETTINGS"]
    given = f"mailto:{settings.contact}" if "@" in settings.contact else settings.contact
    if given:
        assert (f"({settings.contact})" in page.text) == ("@" in settings.contact), (
            "an e-mail address is text too"
        )
    return page.links.count(given) if given else 0


def test_every_page_links_to_who_answers_and_no_link_leads_nowhere(
    site: Flask, house: TheHouse, lotte: Customer
) -> None:
    is_set = bool(site.config["WEB_SETTINGS"].contact)
    for path in PAGES:
        assert (links_to_us(site, browser(site), path) >= 1) == is_set, path
    # The foot of the page, and where it says that something can be told us.
    assert links_to_us(site, browser(site), "/meetwaarden") == 2 * is_set
    assert links_to_us(site, browser(site, lotte.session), "/mijn/wissen") == 2 * is_set
    assert links_to_us(site, browser(site, house.inspector()), "/toezicht") == is_set


def test_who_is_represented_against_the_rules_can_tell_us(
    site: Flask, house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    house.operator(
        "registry.representation.add",
        person_id=str(lotte.person_id),
        representative_id=str(maria.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=day_of(house.clock.now()).isoformat(),
    )
    is_set = bool(site.config["WEB_SETTINGS"].contact)
    assert links_to_us(site, browser(site, lotte.session), "/mijn/namens") == 2 * is_set
