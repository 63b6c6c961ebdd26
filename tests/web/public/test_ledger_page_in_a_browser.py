"""The page `/ledger` in Chromium, in each of its states: accessible, silent, usable at 320 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import NARROW, WIDE, Watched, chromium
from tests.web.programs import serving
from tests.web.public.test_ledger_page import Published
from web import close

pytestmark = pytest.mark.browser

STATES = ("late", "refused", "empty")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def bring(published: Published, state: str) -> None:
    """Let the log grow for a day with a hole in it, then bring it into this state."""
    if state != "empty":
        for hour in range(26):
            if hour not in (7, 8):
                published.keeper.looked(11 * hour)
            published.clock.advance(timedelta(hours=1))
    if state == "refused":
        published.keeper.refused()


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_accessible_and_fits_every_screen(browser: Browser, tmp_path: Path, state: str) -> None:
    published = Published(tmp_path / "log", 0 if state == "empty" else 300)
    bring(published, state)
    with serving(published.app) as port:
        context = browser.new_context(locale="nl-BE")
        watched = Watched(context.new_page(), is_judged_often=False)
        answer = watched.page.goto(f"http://127.0.0.1:{port}/ledger")
        assert answer
        assert answer.ok
        for summary in watched.page.locator("summary").all():
            summary.click()
        assert watched.page.locator(".chart").count() == (state != "empty")
        for viewport in (WIDE, NARROW):
            watched.page.set_viewport_size(viewport)
            assert watched.faults() == [], state
            assert not watched.is_wider_than_the_screen()
            hidden = watched.page.locator(".table-scroll").evaluate_all(
                "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
            )
            assert hidden == 0
        assert watched.console == []
        context.close()
    close(published.app)
