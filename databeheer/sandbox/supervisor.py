"""A sandbox that is served on one machine: made once, its story told, then every process of a house beside it.

It runs all processes under one user, as the demo does. The people who log in are invented ones, so the stand-in for
the identity provider lets whoever comes be one of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from databeheer.brussels import day_of
from databeheer.clock import SettableClock, SystemClock
from databeheer.door.client import DoorClient
from databeheer.errors import ConflictError
from databeheer.sandbox import UNFINISHED, new_name, story
from databeheer.sandbox.codes import SandboxCode
from databeheer.sandbox.description import FACADE_AUDIENCE, describe, who_logs_in
from databeheer.sandbox.filling import Means, codes
from databeheer.sandbox.keys import make_key
from databeheer.site.front import believing_stand_in, start_stand_in, start_web
from databeheer.site.home import Home, keep_privately
from databeheer.site.house import Site, Storage, free_port, prepare, wipe
from databeheer.site.one_run import Say
from databeheer.site.storytelling import Teller, log_in_for
from databeheer.storage.engine import make_engine

CONTACT = "databeheer@proefomgeving.example"
_NIGHT_ENDS = 5
"""Local hour from which the night, in which the last readings came, is over."""


@dataclass
class Sandbox:
    """One served sandbox. `say` tells the person at the terminal what goes on."""

    home: Home
    port: int
    say: Say
    numbers: int
    days: int
    storage: Storage = field(init=False)
    site: Site = field(init=False)
    provider_port: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    is_resetting: bool = False

    def __post_init__(self) -> None:
        self.storage = Storage(self.home)
        self.site = Site(self.home, self.storage, self.base_url)
        self.provider_port = free_port()
        if self.facts_file.exists():
            self.facts = json.loads(self.facts_file.read_text())

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def facts_file(self) -> Path:
        """What was told, and the parties' credentials: for the user who made the sandbox alone."""
        return self.home.path / "sandbox.json"

    @property
    def unfinished_file(self) -> Path:
        """There while the story is told: a start that was broken off in it leaves nothing worth keeping."""
        return self.home.path / UNFINISHED

    def start(self, *, anew: bool = False) -> None:
        """Make the sandbox where there is none, or `anew`; then start everything, the web last.

        Raises:
            ConflictError: somebody made this sandbox in another way; nothing was changed.
        """
        if self.home.exists() and not (anew or self.facts or self.unfinished_file.exists()):
            raise ConflictError(
                f"the sandbox in {self.home.path} was made by `databeheer sandbox fill`, and stays as it is: run it as"
                " any house, name another DATABEHEER_HOME, or give --anew to throw it away"
            )
        self.say("The database starts ...")
        if anew or not self.facts:
            keep_privately(self.unfinished_file, "")
            if self.home.exists():
                self._wipe()
        prepare(self.home, self.storage, new_name(os.urandom(6).hex()))
        if self.facts:
            self.say("The sandbox of last time is opened.")
        else:
            self._make()
        self.site.start_door(self._door_settings())
        self.site.start_publisher()
        self.site.start_clerk()
        self.site.start_postman({"DATABEHEER_LOOPBACK_WEBHOOKS": "1"})
        start_stand_in(self.site, self.provider_port, who_logs_in(self.codes))
        start_web(
            self.site,
            self.port,
            {
                "DATABEHEER_CONTACT": CONTACT,
                "DATABEHEER_PROVIDER_URL": f"http://127.0.0.1:{self.provider_port}",
            },
        )

    def stop(self) -> None:
        """End everything, the last started first; the contents stay."""
        self.site.end_all()
        self.storage.stop()

    def description(self) -> dict[str, Any]:
        """URL, credentials and access points: what `--json` prints."""
        return describe(self.home, self.base_url, self.facts)

    @property
    def codes(self) -> list[SandboxCode]:
        """The ordinary access points, of every kind, for mandates that are played."""
        return codes(int(self.facts["numbers"]))

    def _door_settings(self) -> dict[str, str]:
        return {
            **believing_stand_in(self.home, self.provider_port),
            "DATABEHEER_FACADE_AUDIENCE": FACADE_AUDIENCE,
            "DATABEHEER_LOOPBACK_WEBHOOKS": "1",
        }

    def _wipe(self) -> None:
        self.facts = {}
        wipe(self.home, self.storage, self.facts_file)

    def _make(self) -> None:
        self.say("A sandbox is made: five years are told to it. That takes some minutes ...")
        now = SystemClock().now()
        today = day_of(now - timedelta(hours=_NIGHT_ENDS))
        keys = {party: make_key() for party in story.PARTIES}
        # Here, not above: a sandbox that was made needs no door in this process.
        from databeheer.site.story_door import StoryDoor

        door = StoryDoor(
            self.site.door_environment() | self._door_settings(),
            SettableClock(now - story.YEARS - timedelta(days=2)),
            self.home.story_socket,
        )
        with door as (client, clock):
            parties, permissions = self._tell(
                client, clock, today, {key: one.public for key, one in keys.items()}
            )
        for party, key in keys.items():
            file = self.home.path / "parties" / f"{party}.pem"
            keep_privately(file, key.private_pem)
            parties[party]["private_key"] = str(file)
        self.facts = {
            "parties": parties,
            "permissions": permissions,
            "last_day": (today - timedelta(days=1)).isoformat(),
            "numbers": self.numbers,
        }
        keep_privately(self.facts_file, json.dumps(self.facts))
        self.unfinished_file.unlink()

    def _tell(
        self, client: DoorClient, clock: SettableClock, today: Any, public_keys: dict[str, str]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
        operator_key = self.home.operator_key.read_text()
        teller = Teller(client, clock, operator_key, log_in_for(self.home, client, clock))
        teller.operator("registry.operator.add", operator=1, code="proefstad", name="Netbeheer Proefstad")
        engine = make_engine(self.storage.url("intake"), pool_size=1)
        try:
            means = Means(client, operator_key, self.home.intake_key.read_text(), engine)
            permissions = story.tell(teller, means, today, codes(self.numbers), self.days, public_keys)
        finally:
            engine.dispose()
        return teller.parties, permissions
