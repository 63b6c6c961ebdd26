"""The inspector's page of clocks, the same as JSON, and the list of deletions that no party confirmed in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.clocks import shipped
from databeheer.site.clerk import Clerk
from tests.copies import beside
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close

PATHS = ("/toezicht/termijnen", "/toezicht/termijnen.json")


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Any]:
    app = make_whole_site(house)
    yield app
    close(app)


@pytest.fixture
def withdrawn(house: TheHouse, lotte: Customer, bram: Party) -> str:
    """A permission of Bram's that Lotte withdrew; he has thirty days to say that he deleted what he read."""
    asked = bram.ask()
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])
    return str(asked["permission_id"])


def ines(site: Any, house: TheHouse) -> FlaskClient:
    """An inspector at her browser; she logs in anew, for weeks may have passed."""
    return browser(site, house.inspector())


def later(house: TheHouse, days: float) -> None:
    house.clock.advance(timedelta(days=days))


@pytest.mark.parametrize("path", PATHS)
def test_nobody_but_an_inspector_sees_it(site: Any, lotte: Customer, path: str) -> None:
    nobody = browser(site).get(path)
    assert (nobody.status_code, nobody.headers["Location"]) == (303, "/aanmelden")
    assert browser(site, lotte.session).get(path).status_code == 403


def test_a_house_in_which_nothing_ran_says_so(site: Any, house: TheHouse) -> None:
    page = Page(ines(site, house).get("/toezicht/termijnen"))
    assert "Geen enkele termijn is gemist en nog open" in page.text
    assert "De komende zeven dagen loopt er niets af" in page.text


def test_what_runs_out_this_week_and_what_ran_out_stand_there_by_party_and_no_customer(
    site: Any, house: TheHouse, lotte: Customer, bram: Party, withdrawn: str
) -> None:
    task = shipped().get("deletion_confirmation").task_nl
    later(house, 25)
    page = Page(ines(site, house).get("/toezicht/termijnen"))
    assert "Geen enkele termijn is gemist" in page.text
    assert f"{task} {bram.name}" in page.text
    later(house, 6)
    page = Page(ines(site, house).get("/toezicht/termijnen"))
    assert "nog niet genoteerd" in page.text
    Clerk(house.client, house.clerk_key).round()
    page = Page(ines(site, house).get("/toezicht/termijnen"))
    assert f"{task} {bram.name}" in page.text
    assert "nog niet genoteerd" not in page.text
    assert lotte.name not in page.html
    assert withdrawn not in page.html
    bram.token = house.token(bram.client_id, bram.client_secret)
    bram.call("permission.confirm_deletion", permission_id=withdrawn)
    page = Page(ines(site, house).get("/toezicht/termijnen"))
    assert "Geen enkele termijn is gemist en nog open" in page.text
    assert f"{task} {bram.name} 30 dagen 0 1 1 0 0" in page.text


def test_programs_get_the_same_of_a_year(site: Any, house: TheHouse, bram: Party, withdrawn: str) -> None:
    later(house, 31)
    answer = ines(site, house).get("/toezicht/termijnen.json")
    assert answer.mimetype == "application/json"
    report = answer.get_json()
    assert (report["format"], report["catalogue"]) == ("databeheer clocks 1", shipped().version)
    assert len(report["months"]) == 12
    [missed] = report["overdue"]
    assert (missed["kind"], missed["about"], missed["party"]["name"]) == (
        "deletion_confirmation",
        withdrawn,
        bram.name,
    )
    assert sum(one["missed"] for month in report["months"] for one in month["figures"]) == 1


def test_a_customer_reads_in_own_words_that_a_term_was_missed(
    site: Any, house: TheHouse, lotte: Customer, withdrawn: str
) -> None:
    later(house, 31)
    Clerk(house.client, house.clerk_key).round()
    page = Page(browser(site, house.log_in(lotte.subject, lotte.name)).get("/mijn/gelezen?soort=alles"))
    assert "Termijn niet gehaald" in page.text
    assert shipped().get("deletion_confirmation").missed_nl in page.text


# ---- deletions that are overdue, on the page with the state of the house ---------------------------------------------


@pytest.mark.requirement("R32")
def test_parties_that_did_not_confirm_in_time_stand_on_the_inspectors_first_page(
    site: Any, house: TheHouse, lotte: Customer, bram: Party, joris: Party, withdrawn: str
) -> None:
    heading = "Wie bevestigde niet op tijd dat gegevens gewist zijn?"
    for _ in range(2):
        asked = joris.ask()
        lotte.grant(asked)
        lotte.withdraw(asked["permission_id"])
    later(house, 29)
    assert heading not in Page(ines(site, house).get("/toezicht")).text
    later(house, 2)  # the day of the end does not count, and the thirtieth counts whole
    page = Page(ines(site, house).get("/toezicht"))
    assert heading in page.text
    assert f"{bram.name} 1 " in page.text
    assert f"{joris.name} 2 " in page.text
    assert lotte.name not in page.html
    assert withdrawn not in page.html
    bram.token = house.token(bram.client_id, bram.client_secret)
    bram.call("permission.confirm_deletion", permission_id=withdrawn)
    page = Page(ines(site, house).get("/toezicht"))
    assert f"{bram.name} 1 " not in page.text
    assert f"{joris.name} 2 " in page.text
