"""The full count of interleavings, from several connections at once.

An interleaving is one read and where it came among the grant, the withdrawal and the move of its point.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.databases import Database
from tests.house import open_house
from tests.interleaving import Street

INTERLEAVINGS, STREETS, POINTS = 100_000, 4, 50
"""Each street is a house of its own: `-k street` with a number runs one, and two may run side by side."""


@pytest.fixture(autouse=True)
def keys_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two new keys for each newcomer, durable on disk, would be most of the time that this takes."""
    if Path("/dev/shm").is_dir():
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")


@pytest.mark.parametrize("number", range(STREETS), ids="street{}".format)
def test_no_read_ever_gives_what_the_order_of_the_ledger_does_not_imply(
    database: Database, number: int
) -> None:
    with open_house(database, now=datetime(2019, 3, 24, 9, tzinfo=UTC)) as house:
        street = Street(house, POINTS, Random(2026 + number))
        while street.checked < INTERLEAVINGS // STREETS:
            street.round()
        street.close()
