"""The door while the demo's story is told: in this process, with a clock that the storyteller moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from databeheer.clock import SettableClock
from databeheer.door.client import DoorClient
from databeheer.door.main import AUDIENCE, house_from
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import ISSUER
from databeheer.site.home import Home


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


def log_in_for(home: Home, door: DoorClient, clock: SettableClock) -> Callable[[str, str], str]:
    """Return how somebody logs in, in the story: with an answer that the stand-in for the provider signs."""
    key = ProviderKey.open(home.provider_key)

    def log_in(subject: str, name: str) -> str:
        nonce = door.call("login.begin")["nonce"]
        now = int(clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "name": name,
            "role": "customer",
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
        }
        return str(door.call("login.finish", answer=key.sign(claims), nonce=nonce)["session"])

    return log_in
