"""Whatever happens to batches on the way: the store ends as if each had come once, in order, with every move known."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from databeheer.door.client import DoorUnreachableError
from databeheer.metering.batches.taking import take_batch
from tests.counts import examples
from tests.databases import Databases
from tests.databeheer.metering.head_end import Sent
from tests.databeheer.metering.sequences import (
    Again,
    Move,
    Send,
    Step,
    give_clean,
    move,
    sequence,
    settle,
    stored,
)
from tests.databeheer.metering.test_batches import _Between, _DiesBefore
from tests.doors import execute
from tests.house import TheHouse, open_house

COMMANDS = ("batch.begin", "batch.keys", "batch.stored")


def taking(house: TheHouse, folder: Path) -> Callable[..., str]:
    engine = house.engine("intake")

    def take(send: Send, door: Any = None) -> str:
        place = Sent(list(send.rows), send.batch).write(folder)
        report = take_batch(place, door or house.client, house.intake_key, engine, house.clock)
        return str(report.outcome)

    return take


@dataclass
class Disorder:
    """A house in which batches die and come again, and moves are reported late, some in the middle of a batch."""

    house: TheHouse
    take: Callable[..., str]
    random: Random
    waiting: list[Move] = field(default_factory=list)

    def give(self, steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, Move):
                self.waiting.append(step)
                if self.random.random() < 0.5:
                    self.report_moves()
            elif isinstance(step, Again):
                assert self.take(step.send) == "no-change"
            else:
                self.send(step)
        self.report_moves()

    def send(self, step: Send) -> None:
        for _ in range(self.random.randint(0, 2)):
            command, after = self.random.choice(COMMANDS), self.random.random() < 0.5
            with suppress(DoorUnreachableError):
                self.take(step, _DiesBefore(self.house.client, command, after=after))
        meanwhile = self.report_moves if self.random.random() < 0.7 else lambda: self._at_once(step)
        between = _Between(self.house.client, self.random.choice(COMMANDS), meanwhile)
        if self.take(step, between) == "refused":  # a move came in between, or the same batch
            assert self.take(step) in ("stored", "no-change")
        assert self.take(step) == "no-change"

    def _at_once(self, step: Send) -> None:
        """The same batch comes a second time while it is taken in."""
        self.take(step)

    def report_moves(self) -> None:
        while self.waiting:
            move(self.house.operator, self.waiting.pop(0))


@pytest.mark.parametrize("seed", range(examples(2, of=6)))
def test_batches_corrections_late_moves_duplicates_and_crashes_end_in_the_store_of_the_clean_sequence(
    databases: Databases, house: TheHouse, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    steps = sequence(random, batches=4)
    settle(house.operator)
    Disorder(house, taking(house, tmp_path), random).give(steps)
    with databases.clone() as database, open_house(database) as clean:
        settle(clean.operator)
        give_clean(steps, clean.operator, taking(clean, tmp_path))
        expected = stored(clean.house)
    found = stored(house.house)
    assert found.keys() == expected.keys()
    assert found == expected
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_the_comparison_sees_a_version_that_is_missing_or_too_many(house: TheHouse, tmp_path: Path) -> None:
    steps = sequence(Random(1), batches=3)
    settle(house.operator)
    give_clean(steps, house.operator, taking(house, tmp_path))
    before = stored(house.house)
    execute(house, "DELETE FROM metering.profile WHERE version = 2")
    assert stored(house.house) != before
