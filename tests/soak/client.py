"""A process of clients that may be killed at any time: `python -m tests.soak.client PLAN JOURNAL THREADS ACKNOWLEDGED`.

Each thread does one thing after the other at the door and repeats it until it is answered: a request and an end under
an idempotency key, a read without one. A key is written in the journal before it is first sent, an answer when it is
there; whoever comes after a kill first repeats what was begun and not answered. A byte in the pipe `ACKNOWLEDGED`
tells of each answer. SIGTERM: finish what is at hand.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof

ASK_AGAIN = {"unavailable", "queue-full"}
WISH = {
    "purpose": "energy_advice",
    "category": "readings",
    "granularity": "quarter_hour",
    "directions": ["offtake"],
    "data_from": "2022-12-31T23:00:00Z",
}


class Journal:
    """Lines of JSON, each written at once: a kill can cut off the last one only."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, **members: Any) -> None:
        os.write(self._descriptor, b"\n" + json.dumps(members).encode() + b"\n")


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal."""
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            members = json.loads(line)
        except ValueError:  # empty, or cut off by a kill: then it was not sent, or not taken for answered
            continue
        yield members


class Clients:
    """The threads of this process, and what they share."""

    def __init__(self, plan: dict[str, str], journal: Path, acknowledged: int) -> None:
        self._plan = plan
        self._proof = Proof.token(plan["token"])
        self._acknowledged = acknowledged
        self._unfinished = self._left_by_the_killed(journal)
        self._journal = Journal(journal)
        self.stop = threading.Event()

    def _left_by_the_killed(self, path: Path) -> list[dict[str, Any]]:
        begun: dict[str, dict[str, Any]] = {}
        for line in lines_of(path):
            if "begun" in line:
                begun[line["begun"]] = line
            elif "answered" in line:
                begun.pop(line["answered"], None)
        return list(begun.values())

    def run(self) -> None:
        """One thread: what a predecessor left, then request, read, read, end, until told to stop."""
        door = DoorClient(self._plan["socket"])
        while self._unfinished:
            try:
                left = self._unfinished.pop()
            except IndexError:
                break
            self._until_answered(door, left)
        while not self.stop.is_set():
            asked = self._keyed(door, "permission.request", {**WISH, "reference": uuid4().hex})
            for _ in range(2):
                self._read(door)
            self._keyed(door, "permission.terminate", {"permission_id": asked["permission_id"]})
        door.close()

    def _keyed(self, door: DoorClient, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        begun = {"begun": str(uuid4()), "command": command, "arguments": arguments}
        self._journal.write(**begun)
        return self._until_answered(door, begun)

    def _until_answered(self, door: DoorClient, begun: dict[str, Any]) -> dict[str, Any]:
        key = begun["begun"]
        answer = self._call(door, begun["command"], {**begun["arguments"], "idempotency_key": key})
        self._answered(answered=key, command=begun["command"], answer=answer)
        return answer

    def _read(self, door: DoorClient) -> None:
        wish = {
            "from": "2023-10-27T22:00:00Z",
            "until": "2023-10-28T22:00:00Z",
            "granularity": "quarter_hour",
        }
        answer = self._call(door, "readings.read", {"permission_id": self._plan["permission"], **wish})
        kept = {name: answer[name] for name in ("index", "promise")}
        self._answered(answered="", command="readings.read", answer=kept)

    def _call(self, door: DoorClient, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                return door.call(command, self._proof, **arguments)
            except DoorUnreachableError:
                self.stop.wait(0.02)  # not a busy loop on the cores that bring the house up again
            except DoorRefusedError as error:
                if error.code not in ASK_AGAIN:
                    self._journal.write(refused=error.code, detail=str(error), command=command)
                    raise
                self.stop.wait(0.02)

    def _answered(self, **members: Any) -> None:
        self._journal.write(**members)
        os.write(self._acknowledged, b".")


def main() -> None:
    plan, journal, threads, acknowledged = sys.argv[1:]
    clients = Clients(json.loads(Path(plan).read_text()), Path(journal), int(acknowledged))
    signal.signal(signal.SIGTERM, lambda *_: clients.stop.set())
    running = [threading.Thread(target=clients.run) for _ in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main()
