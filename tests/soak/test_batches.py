"""Hundreds of kills of intake, door and database in the middle of batches: the store of the clean sequence."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from random import Random

from tests.databases import Databases
from tests.databeheer.metering.sequences import give_clean, sequence, settle, stored
from tests.databeheer.metering.test_sequences import taking
from tests.house import open_house_now
from tests.soak.killing_batches import check, give_under_fire, intakes

BATCHES = int(os.environ.get("DATABEHEER_SOAK_BATCHES", "60"))
KILLS = 5


def test_hundreds_of_kills_in_the_middle_of_batches_leave_the_store_of_the_clean_sequence(
    databases: Databases, tmp_path: Path
) -> None:
    seed = os.environ.get("DATABEHEER_SOAK_SEED") or secrets.token_hex(4)
    print(f"DATABEHEER_SOAK_SEED={seed}")
    steps = sequence(Random(seed), BATCHES)
    with databases.clone() as database, open_house_now(database) as clean:
        settle(clean.operator)
        give_clean(steps, clean.operator, taking(clean, tmp_path / "clean"))
        expected = stored(clean.house)
    with intakes(tmp_path / "home", Random(f"{seed} kills")) as house:
        give_under_fire(house, steps, KILLS)
        print(f"{dict(house.killed)} killed")
        check(house, expected)
