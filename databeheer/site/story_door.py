"""The door that a story is told to: a house's own, in the storyteller's process, with the storyteller's clock."""

from __future__ import annotations

from pathlib import Path

from databeheer.clock import SettableClock
from databeheer.door.client import DoorClient
from databeheer.door.main import house_from
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService


class StoryDoor:
    """The door in this process, with a clock that the storyteller moves.

    It listens on a socket of its own, which the storyteller and its helpers alone know: whoever waits at the
    house's socket, as the web does, must never be let in by a door whose clock tells another time.
    """

    def __init__(self, environment: dict[str, str], clock: SettableClock, socket: Path) -> None:
        self._house = house_from(environment, clock)
        self._server = DoorServer(socket, DoorService(self._house))
        self._clock = clock
        self._client = DoorClient(socket)

    def __enter__(self) -> tuple[DoorClient, SettableClock]:
        self._server.start()
        return self._client, self._clock

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._server.close()
        self._house.engine.dispose()
