"""The demo: starts every process, tells the story once, listens to the start page's wishes, ends cleanly.

The demo runs all processes under one user, which an installation would not do; the start page says so.
"""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from databeheer.clock import SettableClock, SystemClock
from databeheer.demo import story
from databeheer.demo.description import VISITOR, describe, who_logs_in
from databeheer.demo.join_story import tell_joins, tell_statistics
from databeheer.demo.post_box import DATA_MANAGERS_ADDRESS, PostBox, bring, story_postman, tell_post
from databeheer.demo.register_story import tell_registers
from databeheer.demo.regulator import sign_shipped_list
from databeheer.demo.staff_story import tell_last_looks
from databeheer.demo.taking_in import Work, take_street_in
from databeheer.door.client import DoorClient
from databeheer.errors import DatabeheerError
from databeheer.metering.exports import ExportFile
from databeheer.metering.intake import take_in
from databeheer.metering.street.plan import StreetPlan
from databeheer.metering.street.willow_street import willow_street
from databeheer.site.front import believing_stand_in, start_stand_in, start_web
from databeheer.site.home import Home, keep_privately
from databeheer.site.house import Site, Storage, free_port, new_origin, prepare, wipe
from databeheer.site.one_run import Say
from databeheer.site.storytelling import Teller, log_in_for
from databeheer.site.witnesses import POLICY_VARIABLE, make_demo_witness
from databeheer.storage.engine import make_engine

if TYPE_CHECKING:
    from databeheer.site.story_door import StoryDoor


@dataclass
class Demo:
    """One running demo. `say` tells the person at the terminal what goes on."""

    home: Home
    port: int
    say: Say
    provider_port: int = 0
    storage: Storage = field(init=False)
    site: Site = field(init=False)
    post: PostBox = field(init=False)
    facts: dict[str, Any] = field(default_factory=dict)
    is_resetting: bool = False

    def __post_init__(self) -> None:
        self.storage = Storage(self.home)
        self.site = Site(self.home, self.storage, self.base_url)
        self.provider_port = free_port()
        if self.facts_file.exists():
            self.facts = json.loads(self.facts_file.read_text())
        self.post = PostBox(self.home.path / "post", self.facts.get("hooks"))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def facts_file(self) -> Path:
        return self.home.path / "demo.json"

    # ---- starting ----------------------------------------------------------------------------------------

    def start(self, own_exports: list[ExportFile]) -> None:
        """Start the database, tell the story where it was not told yet, then start door, publisher and web."""
        self.say("De databank start …")
        if self.home.origin_file.exists() and not self.facts_file.exists():
            self._wipe()  # an earlier start was broken off in the middle of its story
        prepare(self.home, self.storage)
        self._start_witness()
        if self.facts:
            self.say("Uw demo van de vorige keer is er nog.")
        else:
            self._tell_story()
        self._start_processes()
        if own_exports:
            self.add_own(own_exports)
        start_stand_in(self.site, self.provider_port, who_logs_in(self.facts))  # it reads once who there is
        self._start_web()

    def stop(self) -> None:
        """End everything, the last started first; the data stay."""
        self.site.end_all()
        self.post.close()
        self.storage.stop()

    def _start_processes(self) -> None:
        self.site.start_door(self._door_settings() | {"DATABEHEER_DATA_MANAGER_EMAIL": DATA_MANAGERS_ADDRESS})
        self._settle_hooks()
        self.site.start_publisher({POLICY_VARIABLE: str(self.home.witness_policy)})
        self.site.start_clerk()
        self.site.start_postman(self.post.postman_settings)

    def _settle_hooks(self) -> None:
        """Have web hooks come to where they are taken now: somebody else may have the port of last time."""
        kept = self.facts.get("hooks")
        if kept is None or kept["port"] == self.post.hooks.port:
            return
        with DoorClient(self.home.door_socket) as door:
            teller = Teller(door, SettableClock(SystemClock().now()), "", lambda *_: "")
            teller.parties = self.facts["parties"]
            self.facts["hooks"] = self.post.settle(teller)
        self._keep_facts()

    def _start_witness(self) -> None:
        """Start the demo's own witness early: it is ready by the time that the publisher asks it."""
        port = free_port()
        make_demo_witness(self.home, f"{self.base_url}/ledger", f"http://127.0.0.1:{port}")
        command = ["-m", "ledger", "witness", "serve", "--key", str(self.home.witness_key)]
        command += ["--state", str(self.home.witness_state), "--log", self.home.log_signer().vkey]
        self.site.run("witness", [*command, "--bind", f"127.0.0.1:{port}"], {})

    def _start_web(self) -> None:
        start_web(
            self.site,
            self.port,
            {
                "DATABEHEER_CONTACT": DATA_MANAGERS_ADDRESS,
                "DATABEHEER_POSTAL_ADDRESS": "Databeheer, Voorbeeldplein 1, 9000 Gent",
                "DATABEHEER_DEMO": "1",
                "DATABEHEER_PROVIDER_URL": f"http://127.0.0.1:{self.provider_port}",
                "DATABEHEER_SUPERVISOR_SOCKET": str(self.home.supervisor_socket),
            },
        )

    def _door_settings(self) -> dict[str, str]:
        """Whom the door believes here: the stand-ins for the identity provider and for the regulator."""
        return {
            **sign_shipped_list(self.home.path / "regulator"),
            "DATABEHEER_LOOPBACK_WEBHOOKS": "1",
            "DATABEHEER_SENDS_EMAIL": "1",
            **believing_stand_in(self.home, self.provider_port),
        }

    # ---- the story ---------------------------------------------------------------------------------------

    def _tell_story(self) -> None:
        plan = willow_street(story.last_story_day(SystemClock().now()))
        with (
            self._door_with(SettableClock(SystemClock().now())) as (door, clock),
            closing(story_postman(self.home, self.storage.url("postman"), self.post, clock)) as postman,
        ):
            teller = Teller(
                door, clock, self.home.operator_key.read_text(), log_in_for(self.home, door, clock)
            )
            self.say("De straat wordt ingericht …")
            story.tell_registry(teller, plan)
            tell_registers(teller, plan)
            hooks = tell_post(teller, plan, self.post, postman)
            story.tell_request(teller, plan)
            bring(postman)
            self._take_street_in(plan, teller)
            tell_statistics(teller, plan)
            story.tell_last_night(teller, plan)
            tell_last_looks(teller, plan)
            bring(postman)
            tell_joins(teller, plan)
            teller.tell_what_time_did()
        self.facts = {"parties": teller.parties, "last_day": plan.last_day.isoformat(), "visitor": False}
        self.facts["hooks"] = hooks
        self._keep_facts()

    def _take_street_in(self, plan: StreetPlan, teller: Teller) -> None:
        teller.at(plan.last_day + timedelta(days=1), 0, 40)
        folder = self.home.path / "street"
        folder.mkdir(mode=0o700, exist_ok=True)
        works = [
            Work(
                plan.last_day,
                point.key,
                folder,
                self.home.story_socket,
                self.home.intake_key.read_text(),
                self.storage.url("intake"),
            )
            for point in plan.points
        ]
        take_street_in(
            works, lambda done, of: self.say(f"Twee jaar metingen inlezen: {done} van {of} aansluitingen")
        )
        shutil.rmtree(folder)

    def _door_with(self, clock: SettableClock) -> StoryDoor:
        """A door in this process with the story's clock; the real one takes over once the story is told."""
        # Here, not above: a demo whose story was told needs no door in this process.
        from databeheer.site.story_door import StoryDoor

        return StoryDoor(self.site.door_environment() | self._door_settings(), clock, self.home.story_socket)

    # ---- the visitor's own export --------------------------------------------------------------------------

    def add_own(self, exports: list[ExportFile]) -> None:
        """Add the visitor as a grid user, with the access points of these exports, and take them in."""
        door, key = DoorClient(self.home.door_socket), self.home.operator_key.read_text()
        teller = Teller(door, SettableClock(SystemClock().now()), key, lambda *_: "")
        person = teller.operator("registry.person.add", subject=VISITOR, name="U, de bezoeker")["person_id"]
        engine = make_engine(self.storage.url("intake"), pool_size=1)
        for export in exports:
            for ean, point in export.points.items():
                self._register_own(teller, person, ean.digits, point.commodity.value, export)
            report = take_in(export, door, self.home.intake_key.read_text(), engine)
            days = len({day.day for day in report.file.days})
            self.say(f"{export.name}: {days} {'dag' if days == 1 else 'dagen'} ingelezen")
        engine.dispose()
        door.close()
        self.facts["visitor"] = True
        self._keep_facts()

    def _register_own(
        self, teller: Teller, person: str, ean: str, commodity: str, export: ExportFile
    ) -> None:
        try:
            teller.operator(
                "registry.access_point.register", ean=ean, commodity=commodity, address="Uw eigen aansluiting"
            )
            teller.operator(
                "registry.occupancy.begin", ean=ean, person_id=person, from_day=export.first_day.isoformat()
            )
        except DatabeheerError as error:
            if error.code != "conflict":
                raise  # the same export a second time: the point is there already

    # ---- wishes of the start page ---------------------------------------------------------------------------

    def reset(self) -> None:
        """Start over: a new log with a new origin and new keys, an empty database, the story anew."""
        self.site.end("identity", "postman", "clerk", "publisher", "door", "witness")
        self._wipe()
        self.post.arrivals.forget()
        prepare(self.home, self.storage, new_origin())
        self._start_witness()
        self._tell_story()
        self._start_processes()
        start_stand_in(self.site, self.provider_port, who_logs_in(self.facts))
        self.say("De demo is opnieuw begonnen: met een nieuw logboek en nieuwe sleutels.")

    def _wipe(self) -> None:
        wipe(self.home, self.storage, self.facts_file)

    # ---- what a visitor needs -------------------------------------------------------------------------------

    def description(self) -> dict[str, Any]:
        """URL, log-ins and credentials: what `--json` prints."""
        return describe(self.home, self.base_url, self.facts)

    def _keep_facts(self) -> None:
        keep_privately(self.facts_file, json.dumps(self.facts))
