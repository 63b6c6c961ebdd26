"""Every page in every state, in Chromium: sound, silent, light, and whole at 320 pixels, where all is tightest.

`make screenshots` walks it at 1280 pixels and at 200 % text too, and leaves the pictures in `build/screenshots`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error, Response
from pypdf import PdfReader

from tests.browser import NARROW, WIDE, Watched, chromium
from tests.databases import Databases
from tests.house import open_house
from tests.web.every_page.places import FILES, NOT_PAGES, PLACES, Place
from tests.web.every_page.story import Story, tell
from tests.web.sites import whole_site_served
from tests.web.supervising import supervising

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
PICTURED = os.environ.get("DATABEHEER_SCREENSHOTS")
"""Of which places to take pictures, by a pattern of their names; `make screenshots` sets it, and takes minutes."""
FIRST_LOAD = 100_000
LOADED = "performance.getEntriesByType('resource').map(one => one.name)"
SHAPE = """({
    scrolls: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    hides: [...document.querySelectorAll(".table-scroll")].some(
        one => one.checkVisibility() && one.scrollWidth > one.clientWidth),
    scripts: document.scripts.length,
    headings: document.querySelectorAll("h1").length,
})"""


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


@pytest.fixture(scope="module")
def other_site(story: Story) -> Iterator[Flask]:
    """The same house served as no demo."""
    with whole_site_served(story.house) as app:
        yield app


class Walk:
    """A browser that goes from place to place, and a window in it for each person."""

    def __init__(self, browser: Browser, story: Story, site: Flask, other_site: Flask) -> None:
        self.browser, self.story = browser, story
        self.address, self.outside_demo = (one.config["WEB_SETTINGS"].base_url for one in (site, other_site))
        self.windows: dict[str, Watched] = {}
        self.looks: set[str] = set()
        self.heard: list[Response] = []
        self.weights: dict[str, int] = {}
        """How many bytes each address gave when it was last asked."""

    def window(self, who: str) -> Watched:
        if who not in self.windows:
            context: BrowserContext = self.browser.new_context(viewport=NARROW, locale="nl-BE")
            if who in self.story.sessions:
                session = self.story.sessions[who]
                context.add_cookies([{"name": "session", "value": session, "url": self.address}])
            self.windows[who] = Watched(context.new_page())
            self.windows[who].page.on("response", lambda response: self.heard.append(response))
        return self.windows[who]

    def faults_at(self, place: Place) -> Iterator[str]:
        """Go there, do what is done there, look at it; yields what is wrong. A place that breaks hides no other."""
        try:
            with place.during(self.story):
                yield from self._faults_at(place)
        except Error as error:
            yield f"breaks: {error}"
            self.windows.pop(place.who).page.context.close()

    def _faults_at(self, place: Place) -> Iterator[str]:
        address = self.outside_demo if place.is_outside_demo else self.address
        window = self.window(place.who)
        page = window.page
        window.console.clear()
        self.heard.clear()
        answer = page.goto(address + place.path.format(**self.story.facts))
        assert answer
        heard = list(self.heard)
        if answer.status != place.status:
            yield f"answers {answer.status}"
        self.weights |= {
            one.url: int(one.headers["content-length"]) for one in heard if not 300 <= one.status < 400
        }
        if (weight := self.first_load(page.url, page.evaluate(LOADED))) > FIRST_LOAD:
            yield f"loads {weight} bytes"
        yield from (f"asks {one.url}" for one in heard if not one.url.startswith(address))
        try:
            place.do(page, self.story.facts)
        except (AssertionError, Error) as error:
            yield f"cannot be done there: {error}"
        yield from (f"320: {fault}" for fault in window.faults(self.looks))
        yield from self.unsound(window, "320")
        if PICTURED:
            yield from self.pictured(window, place.name)
        yield from (line for line in window.console if not re.search("status of [45][0-9][0-9]", line))

    def first_load(self, page: str, loaded: list[str]) -> int:
        """What a browser that has been nowhere yet would ask for: also what this one kept from a page before."""
        # The browser asks for its tab's icon when it likes: that one may not have come yet.
        return sum(self.weights.get(one, 0) for one in {page, *loaded})

    def unsound(self, window: Watched, name: str) -> Iterator[str]:
        is_so = window.page.evaluate(SHAPE)
        if is_so["scripts"]:
            yield "has a script"
        if is_so["headings"] != 1:
            yield "has not one main heading"
        if is_so["scrolls"]:
            yield f"{name}: scrolls sideways: {window.widest()}"
        if is_so["hides"]:
            yield f"{name}: a table hides a column"

    def pictured(self, window: Watched, name: str) -> Iterator[str]:
        """Leave its pictures; whole at twice the size of the letters too (WCAG 1.4.4)."""
        page = window.page
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-320.png", full_page=True)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        yield from self.unsound(window, "320 at 200 % text")
        page.set_viewport_size(WIDE)
        if window.is_wider_than_the_screen():
            yield f"1280 at 200 % text: scrolls sideways: {window.widest()}"
        page.evaluate("document.documentElement.style.fontSize = ''")
        yield from (f"1280: {fault}" for fault in window.faults())
        yield from self.unsound(window, "1280")
        page.screenshot(path=SCREENSHOTS / f"{name}-1280.png", full_page=True)
        page.set_viewport_size(NARROW)


def test_every_page_is_sound_in_every_state(
    browser: Browser, story: Story, site: Flask, other_site: Flask
) -> None:
    walk = Walk(browser, story, site, other_site)
    faults = [
        f"{place.name}: {fault}"
        for place in PLACES
        if re.search(PICTURED or "", place.name)
        for fault in walk.faults_at(place)
    ]
    assert not faults, "\n".join(faults)


ON_PAPER = {
    "/mijn": (6, "Wie mag uw meetgegevens zien?", "Bram Energieadvies", "Laatst gelezen", "Energiedecreet"),
    "/mijn/gelezen?zoek=Bram": (
        9,
        "Wie las mijn gegevens?",
        "Las uw verbruik per kwartier",
        "Met uw toestemming",
    ),
    "/mijn/vraag/{waiting}": (2, "vraagt uw meetgegevens", "Wie vraagt het?", "En als u weigert?"),
    "/mijn/vraag/{active}/antwoord": (2, "U gaf", "Hoelang mag dit?", "Kunt u zich bedenken?"),
    "/mijn/verbruik?adres={electricity}&dag=2023-10-29": (5, "Zondag 29 oktober 2023", "23.45", "5,050 kWh"),
}
"""What people print: on how many sheets it fits, and words that stand on them."""
PRESSED = (
    "Intrekken",
    "Weigeren",
    "Afmelden",
    "Meer",
    "Mijn verbruik Berichten",
    "Naar mijn overzicht",
    "Deutsch",
)
A4 = (595, 842)


def test_what_people_print_comes_out_whole_and_without_what_can_be_pressed(
    browser: Browser, story: Story, site: Flask, other_site: Flask
) -> None:
    page = (walk := Walk(browser, story, site, other_site)).window("lotte").page
    for path, (most, *words) in ON_PAPER.items():
        page.goto(walk.address + path.format(**story.facts))
        sheets = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages
        printed = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
        assert [each for each in words if each not in printed] == [], path
        assert [each for each in PRESSED if each in printed] == [], path
        assert len(sheets) <= most, path
        assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in sheets} == {A4}


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
