"""The clerk's process: on a steady beat it asks the door to write down what time did, and which clocks were missed.

It decides nothing and holds nothing but its own key, good for these commands. What it did before it was killed is
committed, what it did not is found at the next beat; two of them find nothing twice.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog

from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from databeheer.errors import DatabeheerError, UnauthenticatedError
from databeheer.logs import configure

BEAT_SECONDS = 30.0
ROUNDS = (
    "permission.sweep",
    "doubt.sweep",
    "credit.sweep",
    "letter.sweep",
    "delivery.sweep",
    "mandate_import.sweep",
    "staff.sweep",
    "desk.sweep",
    "complaint.sweep",
    "clocks.sweep",
    "webhook.sweep",
)
"""In this order: what ended starts clocks, and one that ended long ago may be missed by now."""

_log = structlog.get_logger("clerk")


class Clerk:
    """Does one round after the other; `key` is the clerk's own. `limit`: how much at once, else the door's most."""

    def __init__(self, door: DoorClient, key: str, limit: int | None = None) -> None:
        self._arguments = {} if limit is None else {"limit": limit}
        self._door = door
        self._proof = Proof.clerk(key)

    def round(self) -> Counter[str]:
        """Have everything written down that is due now; returns how much of what.

        A command that fails is left for the next round, and keeps none of the others from being done.

        Raises:
            DoorRefusedError: the door does not know the clerk's key.
            DoorUnreachableError: the door does not answer.
        """
        done: Counter[str] = Counter()
        for command in ROUNDS:
            try:
                for recorded in self._sweep(command):
                    done.update(recorded)
            except DoorRefusedError as refusal:
                if refusal.code == UnauthenticatedError.code:
                    raise
                _log.warning("the door refused", command=command, code=refusal.code)
        return done

    def _sweep(self, command: str) -> Iterator[dict[str, int]]:
        more, failed = True, 0
        while more:
            answer = self._door.call(command, self._proof, skip=failed, **self._arguments)
            if answer["failed"]:
                failed += answer["failed"]
                _log.error("not written down", command=command, failed=answer["failed"])
            yield answer["recorded"]
            more = answer["more"]

    def run(self, stop: threading.Event, beat_seconds: float = BEAT_SECONDS) -> None:
        """Do rounds until `stop` is set; a door that is away or busy is asked again at the next beat.

        Raises:
            DoorRefusedError: the door does not know the clerk's key.
        """
        while True:
            try:
                done = self.round()
            except DoorUnreachableError:
                _log.warning("the door does not answer")
            else:
                if done:
                    _log.info("written down", done=dict(done))
            if stop.wait(beat_seconds):
                return


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Work until SIGTERM or SIGINT."""
    configure()
    try:
        socket = environment["DATABEHEER_DOOR_SOCKET"]
        key = Path(environment["DATABEHEER_CLERK_KEY"]).read_text().strip()
        beat_seconds = float(environment.get("DATABEHEER_CLERK_BEAT_SECONDS") or BEAT_SECONDS)
        if not 0 < beat_seconds <= 3600:
            raise ValueError("DATABEHEER_CLERK_BEAT_SECONDS is more than 0 and at most 3600")
    except KeyError as error:
        sys.stderr.write(f"the clerk does not start: it needs {error.args[0]}\n")
        return 2
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the clerk does not start: {error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with DoorClient(socket) as door:
        try:
            Clerk(door, key).run(stop, beat_seconds)
        except DatabeheerError as error:
            sys.stderr.write(f"the clerk ends: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
