"""Every page in every state, in Chromium: sound, silent, light, and whole at 1280 and 320 pixels and at 200 % text.

With `DATABEHEER_SCREENSHOTS=1`, as `make screenshots` sets it, their pictures are left in `build/screenshots`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error

from tests.browser import NARROW, WIDE, Watched, chromium
from tests.databases import Databases
from tests.house import open_house
from tests.web.every_page.places import FILES, NOT_PAGES, PLACES, Place
from tests.web.every_page.story import Story, tell
from tests.web.sites import whole_site_served
from tests.web.supervising import supervising

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
PICTURES = os.environ.get("DATABEHEER_SCREENSHOTS") == "1"
"""Whether to take pictures, which takes longer than all else here; `make screenshots` does."""
FIRST_LOAD = 100_000
COLUMN_IS_HIDDEN = """[...document.querySelectorAll(".table-scroll")].some(
    one => one.checkVisibility() && one.scrollWidth > one.clientWidth)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def story(browser: Browser, databases: Databases) -> Iterator[Story]:
    """The house, once for all pages; the browser first, for without one there is nothing to tell."""
    with databases.clone() as database, open_house(database) as house:
        yield tell(house)


@pytest.fixture(scope="module")
def site(story: Story) -> Iterator[Flask]:
    with (
        supervising(story.fulfil) as (socket, _),
        whole_site_served(story.house, demo=True, supervisor_socket=socket) as app,
    ):
        yield app


class Walk:
    """A browser that goes from place to place, and a window in it for each person."""

    def __init__(self, browser: Browser, site: Flask, story: Story) -> None:
        self.browser, self.story = browser, story
        self.address: str = site.config["WEB_SETTINGS"].base_url
        self.windows: dict[str, Watched] = {}
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def window(self, who: str) -> Watched:
        if who not in self.windows:
            context: BrowserContext = self.browser.new_context(viewport=WIDE, locale="nl-BE")  # type: ignore[arg-type]
            if who in self.story.sessions:
                cookie = {"name": "session", "value": self.story.sessions[who], "url": self.address}
                context.add_cookies([cookie])  # type: ignore[list-item]
            self.windows[who] = Watched(context.new_page())
        return self.windows[who]

    def faults_at(self, place: Place) -> Iterator[str]:
        """Go there, do what is done there, look at it in both widths; yields what is wrong."""
        window = self.window(place.who)
        page = window.page
        window.console.clear()
        window.heard.clear()
        answer = page.goto(self.address + place.path.format(**self.story.facts))
        assert answer
        heard = list(window.heard)
        if answer.status != place.status:
            yield f"answers {answer.status}"
        if sum(len(one.body()) for one in heard if one.status == 200) > FIRST_LOAD:
            yield "loads too much"
        yield from (f"asks {one.url}" for one in heard if not one.url.startswith(self.address))
        try:
            place.do(page, self.story.facts)
        except (AssertionError, Error) as error:
            yield f"cannot be done there: {error}"
        if page.evaluate("document.scripts.length"):
            yield "has a script"
        if page.locator("h1").count() != 1:
            yield "has not one main heading"
        for width, name in ((WIDE, "1280"), (NARROW, "320")):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            if (
                PICTURES or width is NARROW
            ):  # where all is tightest; a page tells axe little more when it is wide
                yield from (f"{name}: {fault}" for fault in window.faults())
            if window.is_wider_than_the_screen():
                yield f"{name}: scrolls sideways"
            if width is NARROW and page.evaluate(COLUMN_IS_HIDDEN):
                yield f"{name}: a table hides a column"
            if PICTURES:
                page.screenshot(path=SCREENSHOTS / f"{place.name}-{name}.png", full_page=True)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if window.is_wider_than_the_screen():
            yield "200 % text: scrolls sideways"
        yield from (line for line in window.console if not re.search("status of 4[0-9][0-9]", line))


def test_every_page_is_sound_in_every_state(browser: Browser, site: Flask, story: Story) -> None:
    walk = Walk(browser, site, story)
    faults = [f"{place.name}: {fault}" for place in PLACES for fault in walk.faults_at(place)]
    assert not faults, "\n".join(faults)


def test_every_page_of_the_site_has_a_place_in_the_walk(site: Flask, story: Story) -> None:
    routes = site.url_map.bind("localhost")
    visited = {
        routes.match(urlsplit(place.path.format(**story.facts)).path)[0]
        for place in PLACES
        if place.status != 404
    }
    pages = {
        rule.endpoint
        for rule in site.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.split(".")[0] not in NOT_PAGES
    }
    assert sorted(pages - FILES - visited) == []
    assert sorted(FILES - pages) == []
