"""A house with readings of three days, and a permission that Lotte gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.copies import setting_up
from tests.databases import Databases
from tests.databeheer.door.bulk import Neighbours, settle
from tests.databeheer.metering.builders import day_rows, english
from tests.house import Customer, Party, TheHouse, open_house

DAYS = (date(2023, 10, 28), date(2023, 10, 29), date(2023, 10, 30))
"""96, 100 and 96 quarter-hours."""


def export() -> bytes:
    """The offtake of Lotte's meter on those days."""
    return english(*(row for day in DAYS for row in day_rows(day)))


@pytest.fixture
@setting_up
def measured(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with her readings taken in."""
    house.ingest(export())
    return lotte


@pytest.fixture
@setting_up
def granted(house: TheHouse, measured: Customer, bram: Party) -> dict[str, Any]:
    """Bram's request, which Lotte granted."""
    asked = bram.ask()
    measured.grant(asked)
    return asked


@pytest.fixture(scope="module")
def standing(databases: Databases) -> Iterator[TheHouse]:
    """One house for all tests of a module that change nothing in it."""
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture
@setting_up
def neighbours(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> Neighbours:
    """Lotte and Maria, each with a day of readings and a permission that Bram has."""
    return settle(house, lotte, maria, bram)
