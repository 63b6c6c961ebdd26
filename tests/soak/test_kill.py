"""64 clients in three processes for a minute, while clients, door, publisher and PostgreSQL are killed at random."""

from __future__ import annotations

import os
import random
import secrets
import time
from pathlib import Path

from tests.soak.killing import VICTIMS, check_everything, under_load

SECONDS = float(os.environ.get("DATABEHEER_SOAK_SECONDS", "60"))
CLIENTS = 64


def test_a_minute_of_random_kills_leaves_one_history_with_everything_acknowledged_once(
    tmp_path: Path,
) -> None:
    seed = os.environ.get("DATABEHEER_SOAK_SEED") or secrets.token_hex(4)
    print(f"DATABEHEER_SOAK_SEED={seed}")
    chance = random.Random(seed)
    with under_load(tmp_path / "home", CLIENTS) as house:
        house.until_acknowledged(CLIENTS)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            house.kill(chance.choice(VICTIMS))
            house.until_acknowledged(chance.randrange(1, 4 * CLIENTS))
        house.come_to_rest()
        print(
            f"{house.acknowledged} acknowledged, {dict(house.killed)} killed, {len(house.seen)} checkpoints"
        )
        check_everything(house)
