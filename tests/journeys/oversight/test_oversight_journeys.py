"""An inspector's journeys, in Chromium: from a complaint to checked evidence; a list signed, joins lawful and not.

Each is gone once, by keyboard where something is pressed; axe and the console are watched at every page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from databeheer.brussels import day_of
from databeheer.cli import main as databeheer
from databeheer.door.client import DoorRefusedError
from ledger.cli import main as ledger
from tests.browser import WIDE, Watched, chromium
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.databeheer.joins.street import STRICT, settle
from tests.house import REGULATOR, TheHouse, open_house
from tests.web.programs import publish
from tests.web.sites import whole_site_served

pytestmark = pytest.mark.browser

AN_ANSWER = re.compile("status of 400")
"""How Chromium notes a form that comes back; all else that its console says is a fault."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def house(browser: Browser, databases: Databases) -> Iterator[TheHouse]:
    """One house for both journeys; the browser first, for without one nobody comes."""
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def address(house: TheHouse) -> Iterator[str]:
    with whole_site_served(house) as app:
        yield app.config["WEB_SETTINGS"].base_url


@dataclass
class Inspector:
    """Somebody of the regulator at a browser of her own, who uses the keyboard."""

    context: BrowserContext
    address: str
    watched: Watched = field(init=False)
    faults: list[str] = field(default_factory=list)
    looks: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.watched = Watched(self.context.new_page())
        self.page = self.watched.page

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")
        self.look()

    def press(self, name: str) -> None:
        """Press a button or a link by keyboard, and wait for the page that answers."""
        button = (
            self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first
        )
        button.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def sees(self, *words: str) -> None:
        for one in words:
            expect(self.page.locator("main")).to_contain_text(one)

    def look(self) -> None:
        self.faults += self.watched.faults(self.looks)

    def finish(self) -> None:
        assert self.faults == []
        assert [line for line in self.watched.console if not AN_ANSWER.search(line)] == []


def comes(browser: Browser, house: TheHouse, address: str, subject: str) -> Inspector:
    context = browser.new_context(viewport=WIDE, locale="nl-BE", accept_downloads=True)
    context.add_cookies(
        [
            {
                "name": "session",
                "value": house.log_in(subject, subject.title(), role="inspector"),
                "url": address,
            }
        ]
    )
    return Inspector(context, address)


@pytest.mark.requirement("R15")
def test_from_a_complaint_to_evidence_that_is_checked_on_another_machine(
    browser: Browser, house: TheHouse, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lotte, bram = (
        house.customer("lotte", "Lotte Janssens"),
        house.party("Bram Energieadvies", "energy_service"),
    )
    house.point(LOTTES_EAN, lotte, since=date(2022, 1, 1))
    asked = bram.ask()
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])
    with pytest.raises(DoorRefusedError):
        bram.read(asked["permission_id"])
    log = publish(house)
    keys = tmp_path / "keys"
    keys.write_text(f"{log.vkey}\n{house.house.promise_key.vkey}\n")
    (house.folder / "public" / "vkey").write_bytes(keys.read_bytes())

    ines = comes(browser, house, address, "ines")
    ines.open("/toezicht")
    ines.sees("In één minuut", "Handtekening net nagerekend", "0 klachten zijn open")
    ines.press("Klachten")
    ines.sees("Er is nog geen klacht")
    ines.press("Klacht openen")
    ines.sees("Er is nog iets nodig")
    today = day_of(house.clock.now())
    ines.page.get_by_label("Uw dossier").fill("VNR-2026/17")
    ines.page.get_by_label("Wie klaagt?").select_option("customer")
    ines.page.get_by_label("EAN-code van de aansluiting").fill(LOTTES_EAN)
    ines.page.get_by_label("Eerste dag").fill((today - timedelta(days=1)).isoformat())
    ines.page.get_by_label("Laatste dag").fill(today.isoformat())
    ines.press("Klacht openen")
    ines.sees("Klacht VNR-2026/17", "één aansluiting")
    ines.page.get_by_role("button", name="Bewijs downloaden").focus()
    with ines.page.expect_download() as download:
        ines.page.keyboard.press("Enter")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    assert ledger(["bundle", "verify", str(file), "--key", str(keys), "--door-key", str(keys), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"]
    file.write_bytes(file.read_bytes().replace(b"manifest", b"manifesT", 1))
    assert ledger(["bundle", "verify", str(file), "--key", str(keys), "--door-key", str(keys)]) != 0
    capsys.readouterr()
    assert lotte.statements(kind="reads")[0]["task"] == "VNR-2026/17"
    ines.page.get_by_label("Wat kwam eruit?").select_option("founded")
    ines.press("Klacht sluiten")
    ines.sees("Gegrond", "Deze klacht is gesloten")
    ines.finish()


@pytest.mark.requirement("R130", "R131", "R132")
def test_a_list_is_signed_a_lawful_join_takes_two_and_an_unlawful_one_is_refused(
    browser: Browser, house: TheHouse, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.party("Toezichthouder", "regulator")
    settle(house, 10)
    house.join_files.content.write_bytes(STRICT)  # the signature beside it is of the list before
    ines = comes(browser, house, address, "ines")
    ines.open("/toezicht/koppelingen")
    ines.sees("De lijst is nu niet geldig", "Er wacht geen enkele koppeling")
    ines.press("Voer uit")
    ines.sees("Geweigerd, en vastgelegd")

    seed = tmp_path / "regulator.key"
    seed.write_text(bytes(REGULATOR._key).hex())
    sign = [
        "oversight",
        "sign-joins",
        str(house.join_files.content),
        "--key",
        str(seed),
        "--name",
        REGULATOR.name,
    ]
    assert databeheer(sign) == 0
    assert capsys.readouterr().out.strip() == REGULATOR.vkey
    ines.press("Voer uit")
    ines.sees("De lijst is geldig", "vraagt de goedkeuring van 2 personen", "1 van de 2 personen")
    jan = comes(browser, house, address, "jan")
    jan.open("/toezicht/koppelingen")
    jan.press("Ik ga akkoord")
    jan.sees("2 van de 2 personen gaan akkoord")
    ines.press("Voer uit")
    ines.sees("Uitgevoerd en vastgelegd")
    ines.press("Probeer toch")
    ines.sees("Geweigerd, en vastgelegd", "Deze koppeling staat niet op de lijst")
    for one in (ines, jan):
        one.finish()
