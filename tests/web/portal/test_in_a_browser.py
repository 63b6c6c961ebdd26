"""The portal in Chromium, by keyboard alone; how its pages look and sound is walked in `tests/web/every_page`."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import NARROW, WIDE, Watched, chromium, served
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.builders import day_rows, english
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import make_site
from tests.web.programs import publish

pytestmark = pytest.mark.browser
LOTTES_GAS = "541448899990000046"
BEYOND_THE_SCREEN = (
    "[...document.querySelectorAll('.chart *')].some("
    "each => each.getBoundingClientRect().right > document.documentElement.clientWidth)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(house: TheHouse) -> Iterator[str]:
    """The portal's address, served over the house's door."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(make_site(house, base_url=f"http://127.0.0.1:{port}", demo=True), port):
        yield f"http://127.0.0.1:{port}"


def enter(browser: Browser, address: str, customer: Customer, viewport: dict[str, int]) -> BrowserContext:
    """A browser in which the customer has logged in."""
    context = browser.new_context(viewport=viewport, locale="nl-BE")  # type: ignore[arg-type]
    context.add_cookies([{"name": "session", "value": customer.session, "url": address}])
    return context


def test_a_request_is_granted_and_withdrawn_with_the_keyboard_alone(
    browser: Browser, address: str, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    gas = house.point(LOTTES_GAS, lotte, commodity="gas")
    asked = bram.ask()
    context = enter(browser, address, lotte, WIDE)
    watched = Watched(context.new_page())
    page = watched.page
    page.goto(f"{address}/verbruik/dienstverlener?id={asked['link_code']}")

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            assert watched.focus_is_visible()
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    tab_to("input[type=radio]")
    page.keyboard.press("Enter")  # on a choice: must not answer the request
    page.get_by_role("alert").wait_for()
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    page.locator(f"input[value='{gas}']").focus()
    page.keyboard.press("Space")
    tab_to("button[value=grant]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/antwoord")
    assert bram.permission(asked["permission_id"])["ean"] == LOTTES_GAS
    page.goto(f"{address}/mijn")
    tab_to("form[action$=intrekken] button")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert bram.permission(asked["permission_id"])["state"] == "revoked"
    assert watched.console == []
    context.close()


def test_a_party_is_chosen_with_the_keyboard_alone_and_without_script_and_two_who_live_there_sign(
    browser: Browser, address: str, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    context = enter(browser, address, lotte, WIDE)
    watched = Watched(context.new_page())
    page = watched.page
    page.goto(f"{address}/mijn/kiezen")

    def press(selector: str, key: str = "Enter") -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert watched.focus_is_visible()
                page.keyboard.press(key)
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    press(f"a[href$='/{bram.party_id}']")
    page.wait_for_url(f"**/{bram.party_id}")
    press("a[href$='/energy_advice']")
    page.wait_for_url("**/energy_advice")
    for name in ("occupancy_id", "fijn", "richting", "periode", "duur"):
        press(f"input[name={name}]", "Space")
    press("form#keuze button")
    page.get_by_role("heading", name="Kijk uw keuze na").wait_for()
    assert watched.faults() == []
    press("form[action$='/toestaan'] button")
    page.wait_for_url("**/antwoord")
    assert bram.call("permission.list", state="active")["permissions"]
    assert watched.console == []
    context.close()

    # Without script, and where somebody who lives there signs too.
    noor = house.customer("noor", "Noor Baert")
    ean = lotte.call("me")["occupancies"][0]["ean"]
    house.operator("registry.concerned.begin", ean=ean, person_id=str(noor.person_id), from_day="2022-01-01")
    for person, first in ((lotte, True), (noor, False)):
        plain = browser.new_context(java_script_enabled=False, viewport=NARROW)  # type: ignore[arg-type]
        plain.add_cookies([{"name": "session", "value": person.session, "url": address}])
        page = plain.new_page()
        if first:
            page.goto(f"{address}/mijn/kiezen/{bram.party_id}/energy_monitoring")
            for name in ("occupancy_id", "fijn", "richting", "periode", "duur"):
                page.locator(f"input[name={name}]").first.check()
            page.get_by_role("button", name="Kijk mijn keuze na").click()
            page.get_by_role("button", name="Toestaan", exact=True).click()
            page.get_by_role("heading", name="Uw antwoord is genoteerd").wait_for()
            assert len(bram.call("permission.list")["permissions"]) == 1
        else:
            page.goto(f"{address}/mijn")
            page.locator("a[href*='/mijn/vraag/']").first.click()
            page.get_by_role("button", name="toestaan").first.click()
            page.wait_for_url("**/antwoord")
            assert len(bram.call("permission.list", state="active")["permissions"]) == 2
        plain.close()


def by_keys(watched: Watched) -> Callable[[str], None]:
    """Go with the tabulator to what a selector names, seeing all the way where one is."""
    page = watched.page

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            assert watched.focus_is_visible()
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    return tab_to


def test_the_log_is_read_checked_and_doubted_and_meter_and_port_are_turned_with_the_keyboard_alone(
    browser: Browser, address: str, house: TheHouse, lotte: Customer, bram: Party, tmp_path: Path
) -> None:
    house.ingest(english(*day_rows(date(2023, 10, 29))))
    read = bram.read(lotte.grant(bram.ask())["permission"]["permission_id"])["index"]
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1", "S1"])
    key = publish(house)
    context = enter(browser, address, lotte, WIDE)
    watched = Watched(context.new_page())
    page, tab_to = watched.page, by_keys(watched)

    page.goto(f"{address}/mijn/gelezen")
    page.locator("#zoek").focus()  # past the fields for dates, whose parts the browser itself steps through
    page.keyboard.type("bram")
    page.keyboard.press("Enter")
    page.wait_for_url("**zoek=bram**")
    page.locator("#zoek").focus()
    tab_to(f"a[href$='/mijn/bewijs/{read}.tlog-proof']")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    kept = tmp_path / "bewijs.tlog-proof"
    download.value.save_as(kept)
    verify = [sys.executable, "-m", "ledger", "receipt", "verify", str(kept), "--key", key.vkey]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    kept.write_bytes(kept.read_bytes().replace(b"index ", b"index 1"))
    assert subprocess.run(verify, capture_output=True, check=False).returncode != 0

    tab_to(f"a[href$='/mijn/gelezen/{read}/twijfel']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/twijfel")
    tab_to("input[name=wat]")
    page.keyboard.press("Space")
    tab_to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mijn/twijfel/**")
    assert lotte.call("doubt.list", closed=False)["cases"]

    page.goto(f"{address}/mijn/uitlezing")
    tab_to("form[action$='/uitlezing'] button")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Uw keuze is bewaard").wait_for()
    page.get_by_text("Nu: één keer per dag.").wait_for()

    page.goto(f"{address}/mijn/poorten")
    tab_to("a[href$='/P1/openen']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/P1/openen")
    tab_to("form[action$='/P1/openen'] button")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert watched.faults() == []

    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-01-01")
    session = house.log_in(lotte.subject, lotte.name)
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    page.goto(f"{address}/mijn/verbruik?dag=2025-05-05")
    page.get_by_text("U woonde hier tot en met 31 december 2023.").wait_for()
    page.goto(f"{address}/mijn/poorten")
    page.get_by_text("Wij kennen geen meter op een adres waar u nu netgebruiker bent.").wait_for()
    assert watched.console == []
    context.close()


def test_the_first_key_leads_past_the_menu(browser: Browser, address: str, lotte: Customer) -> None:
    context = enter(browser, address, lotte, WIDE)
    page = context.new_page()
    page.goto(f"{address}/mijn")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhoud"
    context.close()


def test_a_power_of_attorney_is_given_taken_up_used_and_ended_with_the_keyboard_alone(
    browser: Browser, address: str, house: TheHouse, measured_autumn: Customer
) -> None:
    """On a small screen, and every state of its pages is accessible and silent."""
    hers = Watched(enter(browser, address, measured_autumn, NARROW).new_page())
    his = Watched(enter(browser, address, house.customer("theo", "Theo Wouters"), NARROW).new_page())

    def go_to(watched: Watched, selector: str) -> None:
        page = watched.page
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert watched.focus_is_visible(), selector
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    def press(watched: Watched, selector: str, key: str = "Enter") -> None:
        go_to(watched, selector)
        if key == "Space":
            watched.page.keyboard.press(key)
            return
        with watched.page.expect_navigation():
            watched.page.keyboard.press(key)
        assert not watched.faults(), watched.page.url
        assert not watched.is_wider_than_the_screen(), watched.page.url

    def says(watched: Watched, words: str) -> None:
        assert words in watched.page.inner_text("main"), watched.page.url

    hers.page.goto(f"{address}/mijn/volmacht")
    press(hers, "a[href='/mijn/volmacht/geven']")
    press(hers, "form[action$=nakijken] button")
    says(hers, "Er ontbreekt nog iets")
    go_to(hers, "#naam")
    hers.page.keyboard.type("Theo Wouters")
    for name in ("adres", "wat", "duur"):
        press(hers, f"input[name={name}]", "Space")
    press(hers, "form[action$=nakijken] button")
    says(hers, "Klopt dit?")
    press(hers, "form[action$='volmacht/geven'] button")
    code = hers.page.inner_text("p.figures strong")
    his.page.goto(f"{address}/mijn/volmacht/code")
    for typed, words in (("2222-2222-2222-2223", "Deze code werkt niet"), (code, "Wilt u handelen namens")):
        go_to(his, "#code")
        his.page.keyboard.press("Control+A")
        his.page.keyboard.type(typed)
        press(his, "form[action$=code] button")
        says(his, words)
    press(his, "form[action$=aannemen] button")
    press(his, "form[action^='/mijn/namens/'] button")
    assert "U handelt namens Lotte Janssens" in his.page.inner_text("body")
    hers.page.reload()
    press(hers, "form[action$=stoppen] button")
    says(hers, "Gestopt")
    his.page.reload()
    assert "Lotte" not in his.page.inner_text("body")
    said = (*hers.console, *his.console)  # Chromium names each answer that is no 200
    assert [one for one in said if "status of 40" not in one] == []
