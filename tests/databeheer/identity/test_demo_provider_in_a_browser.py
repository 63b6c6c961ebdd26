"""The stand-in provider's page in Chromium: accessible, silent, and it brings the visitor back."""

from __future__ import annotations

import threading
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest
from werkzeug import Response

from databeheer.clock import SystemClock
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import DemoPerson, DemoProvider, _QuietHandler, _Server
from tests.browser import NARROW, WIDE, Watched, chromium, free_port, served

PEOPLE = (
    DemoPerson("maria", "Maria Peeters", 70, "Heeft zonnepanelen en wil weten wie meekijkt.", "customer"),
    DemoPerson("ines", "Ines Maes", 45, "Houdt toezicht.", "inspector"),
)


@pytest.mark.browser
def test_a_visitor_chooses_who_to_be_and_comes_back(tmp_path: Path) -> None:
    back = f"http://127.0.0.1:{(port := free_port())}/aanmelden/terug"
    provider = DemoProvider(ProviderKey.open(tmp_path / "key"), PEOPLE, back, SystemClock())
    with (
        make_server("127.0.0.1", 0, provider, _Server, _QuietHandler) as server,
        served(Response("terug"), port),
        chromium() as browser,
    ):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        question = f"nonce={'n' * 43}&state={'s' * 43}&redirect_uri={back}"
        for viewport in (WIDE, NARROW):
            watched = Watched(browser.new_page(viewport=viewport), is_judged_often=False)
            page = watched.page
            page.goto(f"http://127.0.0.1:{server.server_port}/authorize?{question}")
            assert watched.faults() == []
            assert not watched.is_wider_than_the_screen()
            page.get_by_role("button", name="Maria Peeters").click()
            page.wait_for_url("**/aanmelden/terug?answer=*")
            assert watched.console == []
        server.shutdown()
