"""Journeys of the house's own people in Chromium: what stands still without them, and what they stop at once.

Each is told once, on a small screen; axe judges every kind of page that it passes, and the console stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from databeheer.brussels import BRUSSELS, day_of
from databeheer.door.client import DoorRefusedError
from databeheer.site.storytelling import assessment, file_assessment
from tests.browser import chromium
from tests.databases import Databases
from tests.house import Colleague, Customer, Party
from tests.journeys.portal.town import Town, Trip, settled
from tests.journeys.portal.ways import ByPointer, Walker

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(databases: Databases) -> Iterator[Town]:
    with chromium() as browser, settled(databases, browser) as town:
        yield town


def at_work(trip: Trip, colleague: Colleague, path: str = "/dienst") -> Walker:
    """A browser of somebody of the house, who just logged in."""
    colleague.log_in()
    walker = trip.window(colleague)
    walker.open(path)
    return walker


def pick(walker: Walker, label: str, option: str) -> None:
    walker.page.get_by_label(label).first.select_option(label=option)


def reads(party: Party, permission_id: str) -> str:
    """Read now: `granted`, or why not."""
    party.token = party.house.token(party.client_id, party.client_secret)
    try:
        party.read(permission_id)
    except DoorRefusedError as refusal:
        return str(refusal.reason)
    return "granted"


def lapsed_assessment(trip: Trip) -> None:
    """An assessment lapses, access stops; a new one is written and approved, and access resumes (R114, R115, R118)."""
    house, today = trip.house, day_of(trip.house.clock.now())
    party = house.party("Zonnewijzer", "energy_service", papers=False)
    file_assessment(house.operator, party.party_id, "GEB-oud", today - timedelta(days=729))
    url = "https://zonnewijzer.example/verwerkingen"
    house.operator("registry.overview.check", party_id=party.party_id, url=url, reachable=True)
    lotte = trip.somebody()
    trip.home(lotte)
    asked = party.ask()
    lotte.grant(asked)
    assert reads(party, asked["permission_id"]) == "granted"
    house.clock.advance(timedelta(days=3))
    assert reads(party, asked["permission_id"]) == "no_dpia"

    hilde, pieter = house.colleague("hilde", "privacy_officer"), house.colleague("pieter", "privacy_officer")
    writing = at_work(trip, hilde, "/dienst/registers/assessment/nieuw")
    pick(writing, "Over welke partij", "Zonnewijzer")
    said = assessment("GEB-nieuw", day_of(house.clock.now()))
    for name, words in said.items():
        writing.page.locator(f"main #{name}").fill(words)
    writing.press("Schrijf op")
    writing.sees("wacht op een tweede persoon")
    writing.press("Keur goed")
    writing.sees("Een ander dan wie het schreef, beslist.")
    assert reads(party, asked["permission_id"]) == "no_dpia"
    deciding = at_work(trip, pieter, "/dienst/registers/assessment")
    deciding.press("GEB-nieuw")
    deciding.press("Keur goed")
    deciding.sees("Versie 1: geldt", "Goedgekeurd door Pieter")
    assert reads(party, asked["permission_id"]) == "granted"


def breach(trip: Trip) -> None:
    """From detection to report: aware, judged by two, the authority told within 72 hours, closed (R140, R141)."""
    house = trip.house
    femke, griet = (
        house.colleague("femke", "security_officer"),
        house.colleague("griet", "privacy_officer"),
    )
    now = house.clock.now().astimezone(BRUSSELS)

    def moment(hours: int) -> str:
        return f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M}"

    found = at_work(trip, femke, "/dienst/registers/breach/nieuw")
    found.fill("Inbreuk", "Een lijst lag open op straat")
    pick(found, "Aard", "Vertrouwelijkheid")
    found.fill("Ontdekt op", moment(5))
    found.fill("Wat er gebeurd is", "Een map met namen viel van een fiets.")
    found.press("Schrijf op")
    record = found.page.url
    found.press("Schrijf een nieuwe versie")
    found.fill("Kennisneming", moment(4))
    found.press("Schrijf op")
    found.sees("Versie 2: geldt")
    assert "breach_notice" in {one["kind"] for one in house.operator("systems.show")["coming"]}
    found.press("Beoordelingen van inbreuken: schrijf iets nieuws")
    pick(found, "Risico voor mensen", "Er is een risico")
    judged = {
        "Soorten gegevens": "Namen en adressen",
        "Mensen, ongeveer": "12",
        "Gegevens, ongeveer": "12",
        "Waarschijnlijke gevolgen": "Wie de map vond, kent twaalf adressen.",
        "Maatregelen": "De map is terug.",
    }
    for label, words in judged.items():
        found.fill(label, words)
    found.press("Schrijf op")
    at_work(trip, griet, found.page.url.removeprefix(trip.town.address)).press("Keur goed")
    found.page.goto(record)
    found.fill("Waarom", "De map is terug.")
    found.press("Sluit af")
    found.sees("De autoriteit heeft nog geen melding. Schrijf eerst de melding.")
    found.press("Meldingen aan de autoriteit: schrijf iets nieuws")
    found.fill("Verstuurd op", moment(1))
    pick(found, "Fase", "Eerste melding")
    for label, words in {
        "Kenmerk bij de autoriteit": "GBA-1",
        "Aard, categorieën en aantallen": "Twaalf namen en adressen",
        "Contactpunt": "privacy@house.example",
        "Waarschijnlijke gevolgen": "Klein",
        "Maatregelen": "De map is terug.",
    }.items():
        found.fill(label, words)
    found.press("Schrijf op")
    assert "breach_notice" not in {one["kind"] for one in house.operator("systems.show")["coming"]}
    found.page.goto(record)
    found.fill("Waarom", "De map is terug, en de autoriteit weet het.")
    found.press("Sluit af")
    found.sees("Afgesloten", "de autoriteit weet het")


def review(trip: Trip) -> None:
    """A role that nobody confirmed in half a year is suspended, and counts again once a manager confirms it (R160)."""
    house = trip.house
    nadia = house.colleague("nadia", "desk")
    house.clock.advance(timedelta(days=150))
    tom = house.colleague("tom", "manager")
    house.clock.advance(timedelta(days=40))
    desk = at_work(trip, nadia)
    desk.sees("telt nu niet")
    desk.open("/dienst/dossiers/nieuw")
    desk.does_not_see("Open dossier")
    boss = at_work(trip, tom, "/dienst/medewerkers")
    for what in ("kijken", "wijzigen"):  # each is confirmed
        with boss.page.expect_navigation():
            boss.page.get_by_role("button", name=f"Nog nodig Loket om te {what} van Nadia").click()
    desk.open("/dienst/dossiers/nieuw")
    desk.sees("Nieuw dossier")


def leaver(trip: Trip) -> None:
    """Somebody left: what he does next, in the middle of his session, does not happen any more (R158)."""
    house = trip.house
    milan, vera = house.colleague("milan", "metering_clerk"), house.colleague("vera", "manager")
    lotte: Customer = trip.somebody("Lotte Peeters")
    ean = trip.home(lotte)
    desk = at_work(trip, milan, "/dienst/dossiers/nieuw")
    desk.choose("Ontbrekende meetwaarden")
    desk.fill("Waarvoor", "september ontbreekt")
    desk.fill("EAN-code", ean)
    desk.press("Open dossier")
    desk.press("Kijk")
    desk.sees(ean)
    desk.open("/dienst")
    case = milan.call("staff.case.list")["cases"][0]["reference"]
    boss = at_work(trip, vera, "/dienst/medewerkers")
    boss.press("Iemand vertrok")
    boss.fill("Een lijn per persoon", "E-milan")
    boss.press("Sluit af")
    boss.sees("Er is niemand afgesloten")
    boss.fill("Een lijn per persoon", f"E-milan,{day_of(house.clock.now()).isoformat()}")
    boss.press("Sluit af")
    boss.sees("1 account is afgesloten")
    looked = len(lotte.statements())
    desk.page.goto(f"{trip.town.address}/dienst")
    assert not desk.page.url.startswith(f"{trip.town.address}/dienst"), "he still is in"
    with pytest.raises(DoorRefusedError, match="session"):
        milan.call("staff.look", reference=case)
    assert len(lotte.statements()) == looked


JOURNEYS: dict[str, Callable[[Trip], None]] = {
    "an assessment lapses, access stops, a new one, access resumes": lapsed_assessment,
    "a breach from detection to report": breach,
    "a leaver is cut off in the middle of a session": leaver,
    "an access review suspends": review,  # half a year later: the last one
}


@pytest.mark.requirement("R114", "R115", "R118", "R140", "R141", "R156", "R158", "R160")
@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_journey(town: Town, journey: str, tmp_path: Path) -> None:
    with town.trip(ByPointer, tmp_path) as trip:
        JOURNEYS[journey](trip)
