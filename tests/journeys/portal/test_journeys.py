"""Every journey through the portal, in Chromium: with a pointer, with the keyboard alone, and without JavaScript.

What somebody does is told once, in the modules beside this one; `ways` does it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.databases import Databases
from tests.journeys.portal import business, deciding, granting, linking, looking, metering
from tests.journeys.portal.town import Town, Trip, settled
from tests.journeys.portal.ways import WAYS

pytestmark = pytest.mark.browser

JOURNEYS: dict[str, Callable[[Trip], None]] = {
    "first visit and linking": linking.first_visit,
    "lock-out and unlock by letter": linking.lock_out,
    "grant from a link": granting.grant_from_a_link,
    "grant by choosing": granting.grant_by_choosing,
    "two signers": granting.two_signers,
    "withdraw": granting.withdraw,
    "reading the log and verifying a receipt": looking.read_the_log,
    "doubt": looking.doubt,
    "quarter-hours off": metering.quarter_hours_off,
    "ports": metering.ports,
    "move-out": metering.move_out,
    "rights": deciding.rights,
    "power of attorney": deciding.power_of_attorney,
    "business with 200 access points": business.many_points,
}

PROMISED = {
    "first visit and linking",
    "grant from a link",
    "grant by choosing",
    "two signers",
    "withdraw",
    "reading the log and verifying a receipt",
    "doubt",
    "quarter-hours off",
    "ports",
    "move-out",
    "business with 200 access points",
    "rights",
    "power of attorney",
    "lock-out and unlock by letter",
}
"""What the portal is for: none of it may need a pointer, eyes or JavaScript."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town(browser: Browser, databases: Databases) -> Iterator[Town]:
    """One house and one browser for all journeys; the browser first, for without one nobody comes."""
    with settled(databases, browser) as town:
        yield town


@pytest.fixture
def a_new_minute(town: Town) -> None:
    """Forget how often was asked: the clock stands still, and all come from one address."""
    with psycopg.connect(town.house.database.url("superuser")) as connection:
        connection.execute("DELETE FROM web.rate")


@pytest.mark.requirement("R47", "R50", "R92")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("journey", JOURNEYS)
@pytest.mark.usefixtures("a_new_minute")
def test_a_journey(town: Town, journey: str, way: str, tmp_path: Path) -> None:
    with town.trip(WAYS[way], tmp_path) as trip:
        JOURNEYS[journey](trip)


def test_every_journey_that_was_promised_goes_by_pointer_by_keyboard_and_without_javascript() -> None:
    goes = {mark.args[0]: {*mark.args[1]} for mark in test_a_journey.pytestmark if mark.name == "parametrize"}
    assert goes == {"journey": PROMISED, "way": {*WAYS}}
    uses = [way.uses for way in WAYS.values()]
    assert frozenset().union(*uses) == {"pointer", "keyboard", "no JavaScript"}
    assert all(way.javascript is ("no JavaScript" not in way.uses) for way in WAYS.values())
    assert len(set(JOURNEYS.values())) == len(JOURNEYS)
