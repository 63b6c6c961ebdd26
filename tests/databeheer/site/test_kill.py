"""Whatever is killed in the middle of its work: the log stays one history, and holds what was acknowledged, once.

The short form; `make soak` kills at random for a minute, under 64 clients.
"""

from __future__ import annotations

from pathlib import Path

from tests.soak.killing import VICTIMS, check_everything, under_load


def test_killed_clients_door_publisher_and_database_leave_one_history_with_everything_acknowledged_once(
    tmp_path: Path,
) -> None:
    with under_load(tmp_path / "home", clients=12) as house:
        house.until_acknowledged(20)
        for victim in VICTIMS:
            house.kill(victim)
            house.until_acknowledged(30)
        house.come_to_rest()
        check_everything(house)
