"""The published terms are the ones that the door erases by."""

from __future__ import annotations

import pytest

from databeheer.ean_codes.homes import TOLD_COUNTED
from databeheer.oversight.retention import ATTEMPTS_YEARS, FULL_YEARS, LEDGER_YEARS, READINGS_YEARS
from tests.house import TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close


@pytest.mark.requirement("R137")
def test_the_terms_are_published_for_anybody(house: TheHouse) -> None:
    app = make_whole_site(house)
    anybody = browser(app)
    page = Page(anybody.get("/bewaartermijnen"))
    assert page.status == 200
    assert f"Meetgegevens van een klant op een adres {READINGS_YEARS} jaar nadat hij daar weg is" in page.text
    assert f"die op een adres blijft dit jaar en de {FULL_YEARS} volle jaren ervoor" in page.text
    assert f"{LEDGER_YEARS} jaar nadat hij daar weg is, of na de laatste regel" in page.text
    assert f"EAN-code vroeg {ATTEMPTS_YEARS} jaar na de laatste poging" in page.text
    assert "over een klacht 5 jaar nadat het gesloten is" in page.text
    assert f"naar een adres gestuurd is {TOLD_COUNTED.days} dagen" in page.text
    told = anybody.get("/bewaartermijnen.json").get_json()
    assert told["terms"]["readings_years"] == READINGS_YEARS
    assert len(told["version"]) == 12
    assert "/bewaartermijnen.json" in page.links
    assert "/bewaartermijnen" in Page(anybody.get("/register")).links
    close(app)
