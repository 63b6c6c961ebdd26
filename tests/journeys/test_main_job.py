"""The main job, in a real browser, on the real processes and a real export.

A party asks by API, the customer grants, the party reads the 100 quarter-hours of 29 October 2023 with two
clients, the customer sees both reads and withdraws, the next read is refused, the customer sees the refusal, and
the inspector counts two reads and one refusal. It leaves screenshots in build/screenshots/.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from databeheer.metering.exports import read_export
from tests.browser import NARROW, WIDE, Watched, chromium
from tests.journeys.fluvius_client import run
from tests.journeys.site import JourneySite, running_site
from tests.web.programs import EXPECTED_2023, EXPORT_2023, GAS_2023, shared_file

pytestmark = pytest.mark.walk

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
EAN = "541448899990000039"
DAY = {"from": "2023-10-29", "until": "2023-10-30", "granularity": "quarter_hour"}
PICTURE = {"width": 1280, "height": 1400}
REFERENCE = "journey-2023"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneySite]:
    exports = [read_export(shared_file(EXPORT_2023)), read_export(shared_file(GAS_2023))]
    with running_site(tmp_path_factory.mktemp("site"), exports) as site:
        yield site


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[], Watched]]:
    """Open a page of somebody's own browser: nothing is shared between two people."""
    contexts = []

    def new_page() -> Watched:
        contexts.append(browser.new_context(viewport=WIDE, locale="nl-BE"))
        return Watched(contexts[-1].new_page())

    yield new_page
    for context in contexts:
        context.close()


class PartyProgram:
    """A market party's own program: plain HTTP, nothing of ours."""

    def __init__(self, party: dict[str, Any]) -> None:
        self.party = party
        form = {
            "grant_type": "client_credentials",
            "client_id": party["client_id"],
            "client_secret": party["client_secret"],
        }
        answer = self._send(party["token_url"], urllib.parse.urlencode(form).encode(), {})
        self._token = answer[1]["access_token"]

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any, Any]:
        return self._send(
            self.party["api_url"] + path, json.dumps(body).encode(), self._headers("application/json")
        )

    def get(self, path: str, **query: str) -> tuple[int, Any, Any]:
        return self._send(
            f"{self.party['api_url']}{path}?{urllib.parse.urlencode(query)}", None, self._headers("")
        )

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token}"}
        return headers | ({"Content-Type": content_type} if content_type else {})

    def _send(self, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any, Any]:
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers


def keep(watched: Watched, name: str) -> None:
    """Check a page as everybody may meet it, and leave screenshots: wide, narrow, and its upper part for the README."""
    assert watched.faults() == []
    assert watched.console == []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width, size in (("1280", WIDE), ("320", NARROW)):
        watched.page.set_viewport_size(size)
        assert not watched.is_wider_than_the_screen(), f"{name} scrolls sideways at {width} px"
        watched.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
    watched.page.set_viewport_size(PICTURE)
    watched.page.screenshot(path=SCREENSHOTS / f"{name}-top.png")
    watched.page.set_viewport_size(WIDE)


def log_in(page: Page, url: str, name: str) -> None:
    """Log in at the stand-in provider, wherever the site sends its visitor for that."""
    page.goto(url)
    page.get_by_role("button", name=name).click()


def exported() -> dict[tuple[str, str], str]:
    """The export's values of 29 October 2023 in real time, per direction and place in the day.

    Taken from the file that was derived from the export apart from our code: the repeated hour is interleaved there.
    """
    data = json.loads(shared_file(EXPECTED_2023).read_text())["data"]
    (meter,) = data["headpoint"]["physicalMeters"]
    return {
        (direction, str(place)): f"{next(iter(registers.values()))['value']:.3f}"
        for place, one in enumerate(meter["quarterHourlyEnergy"])
        for direction, registers in one["measurements"][0].items()
    }


def read_by_own_api(program: PartyProgram, permission_id: str) -> dict[tuple[str, str], str]:
    status, readings, headers = program.get(f"/permissions/{permission_id}/readings", **DAY)
    assert status == 200, readings
    assert headers["Ledger-Promise"]
    return {
        (channel["direction"], str(place)): slot["value"]
        for channel in readings["channels"]
        for place, slot in enumerate(channel["readings"])
    }


def read_by_fluvius_client(site: JourneySite, party: dict[str, Any]) -> list[dict[str, Any]]:
    credentials = {
        "subscription_key": party["subscription_key"],
        "client_id": party["client_id"],
        "client_secret": party["client_secret"],
        "tenant_id": "demo",
        "scope": "api://databeheer/.default",
        "data_access_contract_number": party["data_access_contract_number"],
    }
    wish = {
        "ean": EAN,
        "period_type": "readTime",
        "reference_number": REFERENCE,
        "granularity": "hourly_quarterhourly",
        "from_date": "2023-10-28T22:00:00+00:00",
        "to_date": "2023-10-29T23:00:00+00:00",
    }
    (energy,) = run(site.port, credentials, ("get_energy", wish))
    slices: list[dict[str, Any]] = energy["ok"]["data"]["headpoint"]["physicalMeters"][0][
        "quarterHourlyEnergy"
    ]
    return slices


def lines_of(page: Page, words: str) -> list[str]:
    return [text for text in page.locator("ol.book > li").all_inner_texts() if words in text]


@pytest.mark.requirement("R1", "R22", "R40", "R44", "R46", "R164")
def test_the_main_job_from_request_to_inspection(site: JourneySite, open_page: Callable[[], Watched]) -> None:
    party = site.party("advice")
    program = PartyProgram(party)
    expected = exported()
    assert len(expected) == 2 * 100

    # The party asks.
    status, asked, _ = program.post(
        "/permission-requests",
        {
            "purpose": "energy_advice",
            "granularity": "quarter_hour",
            "directions": ["offtake", "injection"],
            "data_from": "2023-10-01",
            "data_until": None,
            "valid_until": None,
            "reference": REFERENCE,
            "ean": EAN,
        },
    )
    assert status in (200, 201), asked
    assert program.get(f"/permissions/{asked['id']}")[1]["state"] == "requested"

    # The customer finds it by the link, reads it, grants it.
    lotte = open_page()
    log_in(lotte.page, asked["link"], "U, de bezoeker")
    expect(
        lotte.page.get_by_role("heading", name="Bram Energieadvies vraagt uw meetgegevens")
    ).to_be_visible()
    keep(lotte, "request")
    lotte.page.get_by_role("button", name="Vroegere en nieuwe gegevens toestaan").click()
    expect(lotte.page.get_by_role("heading", level=1)).to_contain_text("toestemming")
    keep(lotte, "granted")

    # The party reads, with its own program and with an unmodified Fluvius client.
    assert read_by_own_api(program, asked["id"]) == expected
    slices = read_by_fluvius_client(site, party)
    assert len(slices) == 100
    for direction in ("offtake", "injection"):
        values = [next(iter(one["measurements"][0][direction].values()))["value"] for one in slices]
        assert values == [float(expected[direction, str(place)]) for place in range(100)]

    # The customer sees both reads: party, ground, data, time.
    lotte.page.goto(f"{site.base_url}/mijn/gelezen")
    reads = [text for text in lines_of(lotte.page, "Las uw verbruik") if "Uzelf" not in text]
    assert len(reads) == 2
    for text in reads:
        assert "Bram Energieadvies" in text
        assert "toestemming" in text
        assert "per kwartier" in text
        assert "29 oktober 2023" in text
    keep(lotte, "who-read")
    lotte.page.goto(f"{site.base_url}/mijn")
    keep(lotte, "overview")

    # She withdraws in one step; the next read is refused, and she sees that too.
    lotte.page.get_by_role("button", name="Intrekken").click()
    expect(lotte.page.get_by_role("status")).to_be_visible()
    keep(lotte, "withdrawn")
    status, problem, headers = program.get(f"/permissions/{asked['id']}/readings", **DAY)
    assert (status, problem["type"]) == (403, "/problems/permission-ended")
    assert headers["Ledger-Promise"]
    lotte.page.goto(f"{site.base_url}/mijn/gelezen")
    assert len(lines_of(lotte.page, "Kreeg niets")) == 1
    keep(lotte, "refusal")

    # The inspector counts.
    ines = open_page()
    log_in(ines.page, f"{site.base_url}/toezicht", "Ines")
    counted = ines.page.locator("section", has=ines.page.get_by_role("heading", name="Gelezen door partijen"))
    expect(counted.locator(".big-number")).to_have_text("2")
    refused = ines.page.locator("section", has=ines.page.get_by_role("heading", name="Geweigerd"))
    expect(refused.locator(".big-number")).to_have_text("1")
    keep(ines, "inspector")


def test_a_stranger_verifies_the_ledger_that_the_journey_left(site: JourneySite, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ledger.cli", "verify", f"{site.base_url}/ledger"]
    command += ["--key", f"{site.base_url}/ledger/vkey", "--full", "--state", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["size"] > 0
