"""One house for all tests of a file at the desk: each has a contact of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.house import Colleague, Party, TheHouse, open_house


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def nadia(house: TheHouse) -> Colleague:
    return house.colleague("nadia", "desk")


@pytest.fixture(scope="module")
def bram(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")
