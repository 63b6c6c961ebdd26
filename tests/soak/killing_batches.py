"""A house of real processes that takes batches in while intake, door and database are killed with SIGKILL.

Nothing waits for time: what is killed next is killed once intake has told of so many steps.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.door.house import House
from databeheer.door.main import house_from
from databeheer.metering.batches.taking import take_batch
from databeheer.site.home import CHECKOUT, Home
from databeheer.site.house import ProcessEndedError, Site, Storage, prepare
from databeheer.storage.embedded import EmbeddedPostgreSQL
from databeheer.storage.engine import make_engine
from tests.databeheer.metering.head_end import Sent
from tests.databeheer.metering.sequences import Again, Move, Send, Step, move, settle, stored
from tests.doors import PATIENCE_SECONDS, until
from tests.soak.taking import REFUSED

VICTIMS = ("intake", "door", "backend")
_MOST_STEPS = 22
"""A batch of four days is some twenty steps; a kill may come after its last one too."""


@dataclass
class Intakes:
    """A house, and batches that are taken into it."""

    home: Home
    random: Random
    storage: Storage = field(init=False)
    site: Site = field(init=False)
    killed: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        self.storage = Storage(self.home)
        self.site = Site(self.home, self.storage)
        prepare(self.home, self.storage)
        self._start_door()
        self.operator("registry.operator.add", operator=1, code="net", name="Net")
        settle(self.operator)

    def _start_door(self) -> None:
        try:
            self.site.start_door()
        except ProcessEndedError:  # where the machine does much else, it takes longer
            if self.site.process("door").poll() is not None:
                raise
            until(self.site.door_answers, "the door answers")

    def operator(self, command: str, **arguments: Any) -> dict[str, Any]:
        with DoorClient(self.home.door_socket) as door:
            return door.call(command, Proof.operator(self.home.operator_key.read_text()), **arguments)

    # ---- taken in --------------------------------------------------------------------------------------------

    def take(self, send: Send) -> str:
        """Take a batch in, in peace."""
        engine = make_engine(self.storage.url("intake"), pool_size=1)
        with DoorClient(self.home.door_socket) as door:
            key = self.home.intake_key.read_text()
            report = take_batch(self._written(send), door, key, engine, SystemClock())
        engine.dispose()
        return str(report.outcome)

    def _written(self, send: Send) -> Path:
        return Sent(list(send.rows), send.batch).write(self.home.path / "sent")

    def take_under_fire(self, send: Send, kills: int, meanwhile: Callable[[], None]) -> None:
        """Take a batch in, with so many kills on the way; moves that are reported meanwhile come in between."""
        for _ in range(kills):
            self._killed_once(send, VICTIMS[self.killed.total() % len(VICTIMS)])
        process, steps = self._intake(self._written(send))
        self._wait(process, steps, self.random.randrange(_MOST_STEPS))
        meanwhile()
        process.wait(PATIENCE_SECONDS)
        os.close(steps)
        assert process.returncode in (0, REFUSED), (self.home.logs / "intake.log").read_text()
        if process.returncode == REFUSED:
            assert self.take(send) == "stored"

    def _killed_once(self, send: Send, victim: str) -> None:
        process, steps = self._intake(self._written(send))
        self._wait(process, steps, self.random.randrange(_MOST_STEPS))
        self.killed[victim] += 1
        if victim == "intake":
            process.kill()
        elif victim == "door":
            door = self.site.process("door")
            door.kill()
            door.wait()
            self._start_door()
        else:
            self._kill_backend()
        process.wait(PATIENCE_SECONDS)  # what was left alone ends by itself, done or broken off
        os.close(steps)

    def _intake(self, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
        steps, told = os.pipe()
        given = (self.home.door_socket, self.home.intake_key, folder, told)
        with (self.home.logs / "intake.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.taking", *map(str, given)],
                env={
                    "PATH": os.environ["PATH"],
                    "DATABEHEER_INTAKE_DATABASE_URL": self.storage.url("intake"),
                },
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[told],
            )
        os.close(told)
        return process, steps

    def _wait(self, process: subprocess.Popen[bytes], steps: int, count: int) -> None:
        """Return once it has told of so many steps, or has ended."""
        while count and (read := os.read(steps, count)):
            count -= len(read)

    def _kill_backend(self) -> None:
        """One server process of intake's or the door's: PostgreSQL ends all others and recovers from its log."""
        with psycopg.connect(self.storage.url("superuser")) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = ANY(%s) ORDER BY random() LIMIT 1",
                [["databeheer_intake", "databeheer_door"]],
            ).fetchone()
        if row is not None:
            os.kill(row[0], signal.SIGKILL)
        until(self._answers, "PostgreSQL recovers, and the door reaches it")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.storage.url("superuser")).close()
        except psycopg.OperationalError:
            return False
        return self.site.door_answers()

    # ---- what must hold --------------------------------------------------------------------------------------

    @contextmanager
    def house(self) -> Iterator[House]:
        """The means of a door, to look at what is stored."""
        house = house_from(self.site.door_environment())
        try:
            yield house
        finally:
            house.engine.dispose()

    def end(self) -> None:
        self.site.end_all()
        EmbeddedPostgreSQL(self.home.postgres).remove()


@contextmanager
def intakes(folder: Path, random: Random) -> Iterator[Intakes]:
    """A house for the length of a block."""
    made = Intakes(Home(folder), random)
    try:
        made.start()
        yield made
    finally:
        made.end()


def give_under_fire(house: Intakes, steps: list[Step], kills: int) -> None:
    """Give a sequence, with this many kills for each batch; moves are reported late, while batches are taken in."""
    waiting: list[Move] = []

    def report() -> None:
        while waiting:
            move(house.operator, waiting.pop(0))

    for step in steps:
        if isinstance(step, Move):
            waiting.append(step)
        elif isinstance(step, Again):
            assert house.take(step.send) == "no-change"
        else:
            house.take_under_fire(step, kills, report)
    report()


def check(house: Intakes, expected: object) -> None:
    """See that the store is the clean sequence's, and that the ledger says once of each batch that it is stored."""
    with house.house() as means:
        assert stored(means) == expected
    problems = house.operator("ledger.check_bodies", start=0, limit=2000)["problems"]
    assert problems == []
    with psycopg.connect(house.storage.url("superuser")) as connection:
        [(entries,)] = connection.execute(
            "SELECT count(*) FROM ledger.body WHERE event = 'readings.stored'"
        ).fetchall()
        [(batches,)] = connection.execute(
            "SELECT count(*) FROM metering.batch WHERE stored_index IS NOT NULL"
        ).fetchall()
    assert entries == batches
