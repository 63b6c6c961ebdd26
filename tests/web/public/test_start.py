"""The start page: three doors in the demo; nothing of the demo anywhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of, slots_in_day
from tests.databeheer.metering.builders import day_rows, english
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.public.conftest import Standing
from tests.web.sites import browser, make_whole_site, whole_site_served
from tests.web.supervising import supervising
from web import close

DEMO_ONLY = ("/demo/opnieuw", "/demo/dienst", "/demo/postbus", "/toezicht/knoeien")


def test_outside_the_demo_there_is_a_plain_start_page(standing: Standing) -> None:
    page = Page(standing.browser.get("/"))
    assert page.status == 200
    assert "demo" not in page.text.lower()
    assert {"/aanmelden", "/register", "/ledger"} <= set(page.links)


@pytest.mark.parametrize("path", DEMO_ONLY)
def test_outside_the_demo_nothing_of_it_is_there(standing: Standing, path: str) -> None:
    assert standing.browser.get(path).status_code == 404
    assert standing.browser.post(path).status_code in (400, 404)


@pytest.mark.parametrize("path", ["/", "/ledger", "/register", "/grondslagen", "/joins"])
def test_public_pages_are_small_and_without_inline_code(standing: Standing, path: str) -> None:
    answer = standing.browser.get(path)
    assert Page(answer).inline == []
    assert len(answer.data) < 100_000


def test_the_demo_opens_on_three_doors_and_a_story(house: TheHouse) -> None:
    app = make_whole_site(house, demo=True)
    page = Page(browser(app).get("/"))
    assert {"/aanmelden", "/demo/dienst", "/toezicht"} <= set(page.links)
    assert "Het verhaal in vijf stappen" in page.text
    close(app)


def test_starting_over_is_asked_of_the_supervisor_and_only_by_a_form_of_ours(house: TheHouse) -> None:
    with supervising(lambda wish: {"started": True}) as (socket, asked):
        app = make_whole_site(house, demo=True, supervisor_socket=socket)
        client = browser(app)
        assert client.post("/demo/opnieuw").status_code == 400
        assert asked == []
        form = Page(client.get("/demo/opnieuw")).form("/demo/opnieuw")
        started = Page(client.post("/demo/opnieuw", data=form.fields))
        assert "begint opnieuw" in started.text
        assert asked == [{"do": "reset"}]
        close(app)


@pytest.mark.parametrize("answer", [{"error": "busy"}, [], {"error": "unknown wish"}])
def test_a_supervisor_that_does_not_do_it_is_said_plainly(house: TheHouse, answer: Any) -> None:
    with supervising(lambda wish: answer) as (socket, _):
        app = make_whole_site(house, demo=True, supervisor_socket=socket)
        client = browser(app)
        form = Page(client.get("/demo/opnieuw")).form("/demo/opnieuw")
        assert client.post("/demo/opnieuw", data=form.fields).status_code == 503
        close(app)


def test_a_visitor_plays_a_service_by_real_calls_of_the_api(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    newest = day_of(house.clock.now()) - timedelta(days=1)
    house.ingest(english(*day_rows(newest)))
    described = {
        "last_day": newest.isoformat(),
        "credentials": {
            "parties": [
                {
                    "key": "advice",
                    "name": bram.name,
                    "role": "energy_service",
                    "client_id": bram.client_id,
                    "client_secret": bram.client_secret,
                },
                {"key": "net", "name": "Net", "role": "dso", "client_id": "x", "client_secret": "y"},
            ]
        },
    }
    with (
        supervising(lambda wish: described) as (socket, _),
        whole_site_served(house, demo=True, supervisor_socket=socket) as app,
    ):
        client = browser(app)
        start = Page(client.get("/demo/dienst"))
        assert [link for link in start.links if "wie=" in link] == ["/demo/dienst?wie=advice"]
        assert "Kies hierboven welke dienst u speelt." in start.text
        assert "Kies hierboven" not in Page(client.get("/demo/dienst?wie=advice")).text
        asking = Page(client.get("/demo/dienst?wie=advice")).form("/demo/dienst/vraag")
        asked = Page(client.post("/demo/dienst/vraag", data=asking.fields))
        link = next(link for link in asked.links if "/verbruik/dienstverlener?id=" in link)
        assert "(201)" in asked.text
        reading = asked.form("/demo/dienst/lees")
        refused = Page(client.post("/demo/dienst/lees", data=reading.fields))
        assert "(403)" in refused.text
        assert "permission-not-active" in refused.text
        lotte.grant({"permission_id": reading.fields["permission_id"], "link_code": link.partition("id=")[2]})
        read = Page(client.post("/demo/dienst/lees", data=reading.fields))
        assert "(200)" in read.text
        assert f"U kreeg {slots_in_day(newest)} waarden" in read.text
        assert "ledger-promise/v1" in read.text
        assert bram.client_secret not in start.html + asked.html + refused.html + read.html
    assert "“Consent was asked, but has not been given yet.”" in refused.text
    assert {one["event"] for one in lotte.statements(kind="reads")} >= {"data.read"}
