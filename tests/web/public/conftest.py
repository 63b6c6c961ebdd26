"""One house for all tests of public pages that change nothing in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from ledger.note import SigningKey
from tests.databases import Databases
from tests.house import Party, TheHouse, open_house
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close


@dataclass(frozen=True)
class Standing:
    """A published house and somebody who walks by."""

    house: TheHouse
    browser: FlaskClient
    key: SigningKey
    supplier: Party


@pytest.fixture(scope="module")
def standing(databases: Databases) -> Iterator[Standing]:
    with databases.clone() as database, open_house(database) as house:
        supplier = house.party("Leiestroom", "supplier")
        house.party("Bram <b>Energieadvies</b>", "energy_service")
        house.party("Net", "dso", operator=1)
        app = make_whole_site(house)
        yield Standing(house, browser(app), publish(house), supplier)
        close(app)
