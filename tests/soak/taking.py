"""A process that takes one batch in, and may be killed: `python -m tests.soak.taking SOCKET KEY FOLDER STEPS`.

A byte in the pipe `STEPS` tells of each thing that it begins or has done: a command to the door, a chunk of rows. Exit
status 0: it is stored, or was; 3: refused, such as by a move that came in between; else it broke off.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient
from databeheer.metering.batches.report import Outcome
from databeheer.metering.batches.taking import take_batch
from databeheer.storage.engine import make_engine

REFUSED = 3


class Telling:
    """A door client that tells of each command before and after it."""

    def __init__(self, client: DoorClient, steps: int) -> None:
        self._client, self._steps = client, steps

    def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
        os.write(self._steps, b".")
        answer = self._client.call(command, *rest, **arguments)
        os.write(self._steps, b".")
        return answer

    def close(self) -> None:
        self._client.close()


def main(socket: Path, key: Path, folder: Path, steps: int) -> int:
    """Take the batch in."""
    url = os.environ["DATABEHEER_INTAKE_DATABASE_URL"]
    door: Any = Telling(DoorClient(socket), steps)
    engine = make_engine(url, pool_size=1)
    report = take_batch(
        folder,
        door,
        key.read_text(),
        engine,
        SystemClock(),
        progress=lambda *_: os.write(steps, b".") and None,
    )
    return REFUSED if report.outcome is Outcome.REFUSED else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4]), int(sys.argv[4])))
