"""The pages of rights in Chromium: each right by keyboard, accessible in every state, wide and at 320 pixels."""

from __future__ import annotations

import re
import socket

import pytest

from tests.browser import NARROW, WIDE, Watched, chromium, served
from tests.house import Customer, TheHouse
from tests.web.sites import make_whole_site

pytestmark = pytest.mark.browser


@pytest.mark.requirement("R50", "R47")
def test_a_visitor_asks_to_put_right_objects_and_takes_back_with_the_keyboard_alone(
    house: TheHouse, lotte: Customer
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    app = make_whole_site(house, base_url=address)
    with served(app, port), chromium() as browser:
        context = browser.new_context(viewport=WIDE, locale="nl-BE")  # type: ignore[arg-type]
        context.add_cookies([{"name": "session", "value": lotte.session, "url": address}])
        watched = Watched(context.new_page())
        page = watched.page

        def sound() -> None:
            """Nothing is wrong with this state of the page, at either width."""
            assert watched.faults() == [], page.url
            page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            assert not watched.is_wider_than_the_screen(), page.url
            page.set_viewport_size(WIDE)  # type: ignore[arg-type]

        def press(selector: str, key: str = "Enter") -> None:
            page.locator(selector).first.focus()
            assert watched.focus_is_visible() or "radio" in selector, selector
            page.keyboard.press(key)

        page.goto(f"{address}/mijn")
        press("nav a[href='/mijn/rechten']")
        page.wait_for_url("**/mijn/rechten")
        sound()
        press("main a[href='/mijn/rechten/verbeteren']")
        page.wait_for_url("**/verbeteren")
        sound()
        press("main form button")
        page.get_by_role("alert").wait_for()
        sound()
        press("input[type=radio][value=name]", "Space")
        page.locator("textarea").focus()
        page.keyboard.type("Mijn naam is met een c.")
        press("main form button")
        page.get_by_role("status").wait_for()
        assert "Antwoord uiterlijk op" in page.inner_text("main")
        sound()
        press("main a[href='/mijn/rechten/bezwaar']")
        page.wait_for_url("**/bezwaar")
        press("input[type=radio][value=welfare_centre]", "Space")
        press("main form button")
        page.get_by_role("alert").wait_for()
        assert page.locator("input[value=welfare_centre]").is_checked()  # nothing that was filled in is lost
        press("summary")
        sound()
        page.locator("textarea").focus()
        page.keyboard.type("Mijn zus werkt er.")
        press("main form button")
        page.get_by_role("status").wait_for()
        press("form[action$=terugnemen] button")
        page.get_by_text("U hebt uw verzoek teruggenomen").wait_for()
        sound()
        for path in ("/mijn/rechten/alles", "/privacy"):
            answer = page.goto(address + path)
            assert answer
            assert len(answer.body()) < 100_000, path
            sound()
        assert [line for line in watched.console if not re.search("status of 40[04]", line)] == []
        context.close()
