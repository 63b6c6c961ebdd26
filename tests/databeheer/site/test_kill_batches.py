"""Whoever is killed in the middle of a batch: taken in again, the store is that of the clean sequence.

The short form; `make soak` kills hundreds of times.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.databases import Databases
from tests.databeheer.metering.sequences import give_clean, sequence, settle, stored
from tests.databeheer.metering.test_sequences import taking
from tests.house import open_house
from tests.soak.killing_batches import VICTIMS, check, give_under_fire, intakes


def test_killed_intake_door_and_database_leave_the_store_of_the_clean_sequence(
    databases: Databases, tmp_path: Path
) -> None:
    steps = sequence(Random(4), batches=3)
    with databases.clone() as database, open_house(database) as clean:
        settle(clean.operator)
        give_clean(steps, clean.operator, taking(clean, tmp_path / "clean"))
        expected = stored(clean.house)
    with intakes(tmp_path / "home", Random(9)) as house:
        give_under_fire(house, steps, kills=2)
        assert set(house.killed) == set(VICTIMS)
        check(house, expected)
