"""The stand-in provider's page in Chromium: accessible, silent, and it brings the visitor back."""

from __future__ import annotations

import threading
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest
from playwright.sync_api import ViewportSize

from databeheer.clock import SystemClock
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import DemoPerson, DemoProvider, _QuietHandler, _Server
from tests.browser import NARROW, WIDE, Watched, chromium

CALLBACK = "http://127.0.0.1:9/aanmelden/terug"
PEOPLE = (
    DemoPerson("maria", "Maria Peeters", 70, "Heeft zonnepanelen en wil weten wie meekijkt.", "customer"),
    DemoPerson("ines", "Ines Maes", 45, "Houdt toezicht.", "inspector"),
)


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "320 pixels"])
def test_a_visitor_chooses_who_to_be_and_comes_back(tmp_path: Path, viewport: ViewportSize) -> None:
    provider = DemoProvider(ProviderKey.open(tmp_path / "key"), PEOPLE, CALLBACK, SystemClock())
    with make_server("127.0.0.1", 0, provider, _Server, _QuietHandler) as server, chromium() as browser:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        watched = Watched(browser.new_page(viewport=viewport))
        page = watched.page
        page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(status=200, body="terug"))
        question = f"nonce={'n' * 43}&state={'s' * 43}&redirect_uri={CALLBACK}"
        page.goto(f"http://127.0.0.1:{server.server_port}/authorize?{question}")
        assert watched.faults() == []
        assert not watched.is_wider_than_the_screen()
        page.get_by_role("button", name="Maria Peeters").click()
        page.wait_for_url("**/aanmelden/terug?answer=*")
        assert watched.console == []
        server.shutdown()
