"""Who signs records of necessity, and the street that joins are of, for every test of joins that names them."""

from __future__ import annotations

import pytest

from tests.copies import setting_up
from tests.databeheer.joins.necessities import ELS, TOM, WITHOUT, register
from tests.databeheer.joins.street import Neighbour, settle
from tests.house import TheHouse


@pytest.fixture
@setting_up
def people(house: TheHouse) -> dict[str, str]:
    """Els and Tom, registered; the list in force lacks the fraud case."""
    house.sign_joins(WITHOUT)
    return {person: register(house, person, key) for person, key in (("Els", ELS), ("Tom", TOM))}


@pytest.fixture
@setting_up
def neighbours(house: TheHouse) -> list[Neighbour]:
    """A street that is large enough for a list's smallest count."""
    return settle(house, 5)
