"""One house for all tests of a module: each writes records of its own, about parties of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.house import TheHouse, open_house


@pytest.fixture(scope="module")
def kept(databases: Databases) -> Iterator[TheHouse]:
    """A house in which the tests of a module write after each other."""
    with databases.clone() as database, open_house(database) as house:
        yield house
