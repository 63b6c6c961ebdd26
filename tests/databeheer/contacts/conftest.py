"""The house of each file of tests, and who works at its desk."""

from __future__ import annotations

import pytest

from tests.desk import house, nadia
from tests.house import Party, TheHouse

__all__ = ["house", "nadia"]


@pytest.fixture(scope="module")
def bram(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")
