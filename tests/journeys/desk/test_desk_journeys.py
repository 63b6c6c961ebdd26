"""At the desk in Chromium: a call from identifying to the letter, and a paper that stops the next read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from databeheer.door.client import DoorRefusedError
from tests.browser import Watched, chromium, free_port, served
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.house import Colleague, Customer, Party, TheHouse, open_house
from tests.journeys.portal.ways import ByKeyboard, ByPointer, Walker
from tests.web.sites import make_whole_site

pytestmark = pytest.mark.browser

METER = "1SAG9300000001"


@dataclass
class Desk:
    """Nadia at the desk, Lotte who calls and writes, and Bram who reads at Lotte's."""

    house: TheHouse
    browser: Browser
    address: str
    nadia: Colleague
    lotte: Customer
    bram: Party

    @contextmanager
    def window(self, way: type[Walker], session: str) -> Iterator[Walker]:
        """A browser of somebody's own; at its end its console was silent."""
        context = self.browser.new_context(viewport=way.viewport, locale="nl-BE")
        context.add_cookies([{"name": "session", "value": session, "url": self.address}])
        walker = way(Watched(context.new_page(), is_judged_often=False), self.address, set())
        yield walker
        walker.finish()
        context.close()


@pytest.fixture(scope="module")
def desk(databases: Databases) -> Iterator[Desk]:
    site = f"http://127.0.0.1:{(port := free_port())}"
    with chromium() as browser, databases.clone() as database, open_house(database) as house:
        lotte = house.customer("lotte", "Lotte Janssens")
        house.point(LOTTES_EAN, lotte)
        house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True, ports=["P1"])
        people = house.colleague("nadia", "desk"), lotte, house.party("Bram Energieadvies", "energy_service")
        with served(make_whole_site(house, base_url=site), port):
            yield Desk(house, browser, site, *people)


@pytest.mark.requirement("R81", "R83", "R84", "R86", "R88")
def test_a_call_from_who_asks_to_the_letter(desk: Desk) -> None:
    with desk.window(ByPointer, desk.nadia.session) as nadia:
        nadia.open("/dienst/loket")
        nadia.sees("U en uw team hebben geen open contact")
        nadia.choose("Telefoon")
        nadia.choose("De klant zelf")
        nadia.fill("Waarover gaat het?", "vraagt haar EAN-code")
        nadia.press("Open contact")
        nadia.mend("Zeg de beller eerst dat het gesprek opgenomen wordt")
        nadia.choose("ik zei dat het gesprek opgenomen wordt")
        nadia.fill("nummer van de opname", "TC-2026/81")
        nadia.press("Open contact")
        nadia.sees("nog niet geïdentificeerd", "Vraag naam, meternummer")
        nadia.does_not_see("Kijk naar de gegevens")
        nadia.fill("Naam en voornaam", "Lotte Jansen")
        nadia.fill("Meternummer", METER)
        nadia.fill("EAN-code", LOTTES_EAN)
        nadia.press("Kijk na wie vraagt")
        nadia.sees("Dit klopt niet samen", "Nog 2 pogingen")
        nadia.fill("Naam en voornaam", "Janssens Lotte")
        nadia.press("Kijk na wie vraagt")
        nadia.sees("De klant zelf; geïdentificeerd", "U leest een EAN-code nooit voor")
        nadia.press("Kijk naar de gegevens")
        nadia.sees("Kerkstraat 1, 9000 Gent", "Niemand heeft of vroeg hier een toestemming")
        nadia.does_not_see(LOTTES_EAN)
        nadia.press("Terug naar het contact")
        nadia.fill("Meternummer", METER)
        nadia.press("Stuur de EAN-code")
        nadia.sees("per brief op naam", "Brief met de EAN-code geschreven", "U ziet de code niet")
        nadia.does_not_see(LOTTES_EAN)
        nadia.fill("Waarvoor", "belt terug over haar meter")
        nadia.press("Open dossier")
        nadia.sees("is open", "Dossier geopend over de klant", "tot iemand het sluit")
        nadia.press("Sluit contact")
        nadia.sees("U en uw team hebben geen open contact")
    [letter] = desk.house.operator("letter.list")["letters"]
    printed = desk.house.operator("letter.open", letter_id=letter["letter_id"])
    assert (printed["name"], printed["ean"]) == ("Lotte Janssens", LOTTES_EAN)
    with desk.window(ByPointer, desk.lotte.session) as lotte:
        lotte.open("/mijn/gelezen?soort=alles")
        lotte.sees("Een medewerker van de databeheerder, dossier Z", "Brief aan u met uw EAN-code")


@pytest.mark.requirement("R22", "R43", "R82")
def test_a_withdrawal_on_paper_stops_the_next_read(desk: Desk) -> None:
    permission = desk.lotte.grant(desk.bram.ask(ean=LOTTES_EAN))["permission"]["permission_id"]
    assert desk.bram.read(permission)["granted"]
    with desk.window(ByKeyboard, desk.nadia.session) as nadia:
        nadia.open("/dienst/loket")
        nadia.choose("Brief")
        nadia.choose("De klant zelf")
        nadia.fill("Waarover gaat het?", "trekt een toestemming in")
        nadia.press("Open contact")
        nadia.fill("Naam en voornaam", "Lotte Janssens")
        nadia.fill("Meternummer", METER)
        nadia.fill("Of: straat en nummer", "Kerkstraat 1")
        nadia.fill("Postcode", "9000")
        nadia.press("Kijk na wie vraagt")
        nadia.press("Kijk naar de gegevens")
        nadia.fill("Of de hash (SHA-256) van de scan", "9f")
        nadia.press("Voer intrekking in van Bram Energieadvies")
        nadia.sees("Kies het bestand van de scan")
        assert desk.bram.read(permission)["granted"]
        assert nadia.watched.faults() == []
        nadia.attach("Scan van het papier", "brief.pdf", b"%PDF-1.7 Lotte withdraws")
        nadia.press("Voer in")
        nadia.sees("Intrekking op papier ingevoerd")
        assert nadia.watched.faults() == []
    with pytest.raises(DoorRefusedError) as refused:
        desk.bram.read(permission)
    assert refused.value.code == "permission-ended"
