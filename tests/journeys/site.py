"""A site of real processes for the browser: database, door, publisher, identity provider, web, as the demo runs them.

It has no story, so that an inspector can count; its one customer is Lotte, with the real export.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from databeheer.clock import SettableClock, SystemClock
from databeheer.demo import story
from databeheer.demo.supervisor import Demo
from databeheer.metering.exports import ExportFile
from databeheer.site.home import Home
from databeheer.site.house import free_port
from databeheer.site.storytelling import Teller, log_in_for


class JourneySite(Demo):
    """The demo's processes without the demo's story: four parties, one customer, her own export."""

    def _tell_story(self) -> None:
        with self._door_with(SettableClock(SystemClock().now())) as (door, clock):
            teller = Teller(
                door, clock, self.home.operator_key.read_text(), log_in_for(self.home, door, clock)
            )
            story.tell_parties(teller)
        self.facts = {"parties": teller.parties, "visitor": False}
        self._keep_facts()

    def party(self, key: str) -> dict[str, Any]:
        """URLs and credentials of a party, as `databeheer demo --json` prints them."""
        found: list[dict[str, Any]] = self.description()["credentials"]["parties"]
        return next(party for party in found if party["key"] == key)


@contextmanager
def running_site(folder: Path, exports: list[ExportFile]) -> Iterator[JourneySite]:
    """Run a site in `folder` and end it."""
    said: list[str] = []
    site = JourneySite(Home(folder), free_port(), said.append)
    try:
        site.start(exports)
        yield site
    finally:
        site.stop()
