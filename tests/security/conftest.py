"""A house that somebody walked through: readings taken in, permissions of every kind, reads and refusals."""

from __future__ import annotations

import pytest

from tests.copies import setting_up
from tests.databeheer.door.conftest import export
from tests.house import Customer, TheHouse


@pytest.fixture
@setting_up
def measured(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with her readings of three days taken in."""
    house.ingest(export())
    return lotte
