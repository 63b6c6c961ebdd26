"""The demo: starts every process, tells the story once, listens to the start page's wishes, ends cleanly.

The demo runs all processes under one user, which an installation would not do; the start page says so.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from databeheer.clock import SettableClock, SystemClock
from databeheer.demo import story, tamper
from databeheer.demo.cast import PEOPLE_STORIES
from databeheer.demo.join_story import tell_joins
from databeheer.demo.regulator import sign_shipped_list
from databeheer.demo.taking_in import Work, take_street_in
from databeheer.door.client import DoorClient
from databeheer.door.main import AUDIENCE, house_from
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.errors import DatabeheerError
from databeheer.identity.demo_key import ProviderKey
from databeheer.identity.demo_provider import ISSUER
from databeheer.metering.exports import ExportFile, read_export
from databeheer.metering.intake import take_in
from databeheer.metering.street.plan import StreetPlan
from databeheer.metering.street.willow_street import willow_street
from databeheer.site.home import Home
from databeheer.site.house import Site, Storage, free_port, new_origin, prepare
from databeheer.site.witnesses import POLICY_VARIABLE, make_demo_witness
from databeheer.storage.engine import make_engine
from ledger.witness.keyfile import read_key_file

Say = Callable[[str], None]
VISITOR = "bezoeker"


@dataclass
class Demo:
    """One running demo. `say` tells the person at the terminal what goes on."""

    home: Home
    port: int
    say: Say
    provider_port: int = 0
    storage: Storage = field(init=False)
    site: Site = field(init=False)
    facts: dict[str, Any] = field(default_factory=dict)
    is_resetting: bool = False

    def __post_init__(self) -> None:
        self.storage = Storage(self.home)
        self.site = Site(self.home, self.storage, self.base_url)
        self.provider_port = free_port()

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
        ProviderKey.open(self.home.provider_key)
        if self.facts_file.exists():
            self.facts = json.loads(self.facts_file.read_text())
            self.say("Uw demo van de vorige keer is er nog.")
        else:
            self._tell_story()
        self._start_processes()
        if own_exports:
            self.add_own(own_exports)
        self._start_provider()  # it reads once who there is
        self._start_web()

    def stop(self) -> None:
        """End everything, the last started first; the data stay."""
        self.site.end_all()
        self.storage.stop()

    def _start_processes(self) -> None:
        self.site.start_door(self._door_settings())
        self.site.start_publisher({POLICY_VARIABLE: str(self.home.witness_policy)})
        self.site.start_clerk()

    def _start_witness(self) -> None:
        """Start the demo's own witness early: it is ready by the time that the publisher asks it."""
        port = free_port()
        make_demo_witness(self.home, f"{self.base_url}/ledger", f"http://127.0.0.1:{port}")
        command = ["-m", "ledger", "witness", "serve", "--key", str(self.home.witness_key)]
        command += ["--state", str(self.home.witness_state), "--log", self.home.log_signer().vkey]
        self.site.run("witness", [*command, "--bind", f"127.0.0.1:{port}"], {})

    def _start_provider(self) -> None:
        self._write_people()
        self.site.run(
            "identity",
            [
                "-m",
                "databeheer.identity.demo_provider",
                "--demo",
                "--port",
                str(self.provider_port),
                "--key",
                str(self.home.provider_key),
                "--people",
                str(self.home.path / "identity" / "people.json"),
                "--redirect-uri",
                f"{self.base_url}/aanmelden/terug",
            ],
            {},
        )
        self.site.wait_until("identity", self._provider_listens)

    def _provider_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.provider_port), timeout=5).close()
        except OSError:
            return False
        return True

    def _start_web(self) -> None:
        environment = {
            "DATABEHEER_WEB_DATABASE_URL": self.storage.url("web"),
            "DATABEHEER_DOOR_SOCKET": str(self.home.door_socket),
            "DATABEHEER_LEDGER_DIRECTORY": str(self.home.ledger),
            "DATABEHEER_WEB_SECRET_KEY": self.home.web_key.read_text(),
            "DATABEHEER_BASE_URL": self.base_url,
            "DATABEHEER_DEMO": "1",
            "DATABEHEER_PROVIDER_URL": f"http://127.0.0.1:{self.provider_port}",
            "DATABEHEER_SUPERVISOR_SOCKET": str(self.home.supervisor_socket),
        }
        command = ["-m", "gunicorn", "--config", "python:web.gunicorn_settings"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "8"]
        command += ["--worker-class", "gthread", "--graceful-timeout", "5", "--no-control-socket"]
        command += ["--worker-tmp-dir", str(self.home.run), "web.serve:application()"]
        self.site.run("web", command, environment)
        self.site.wait_until("web", self.is_ready)

    def is_ready(self) -> bool:
        """Say whether GET /health/ready answers 200."""
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _door_settings(self) -> dict[str, str]:
        """Whom the door believes here: the stand-ins for the identity provider and for the regulator."""
        return {
            **sign_shipped_list(self.home.path / "regulator"),
            "DATABEHEER_PROVIDER_ISSUER": ISSUER,
            "DATABEHEER_PROVIDER_PUBLIC_KEY": str(self.home.provider_public_key),
            "DATABEHEER_PROVIDER_URL": f"http://127.0.0.1:{self.provider_port}/authorize",
        }

    # ---- the story ---------------------------------------------------------------------------------------

    def _tell_story(self) -> None:
        plan = willow_street(story.last_story_day(SystemClock().now()))
        with self._door_with(SettableClock(SystemClock().now())) as (door, clock):
            teller = story.Teller(
                door, clock, self.home.operator_key.read_text(), self._log_in_for(door, clock)
            )
            self.say("De straat wordt ingericht …")
            story.tell_registry(teller, plan)
            self._take_street_in(plan, teller)
            story.tell_last_night(teller, plan)
            tell_joins(teller, plan)
            story.tell_what_time_did(teller)
        self.facts = {"parties": teller.parties, "last_day": plan.last_day.isoformat(), "visitor": False}
        self._keep_facts()

    def _take_street_in(self, plan: StreetPlan, teller: story.Teller) -> None:
        teller.at(plan.last_day + timedelta(days=1), 0, 40)
        folder = self.home.path / "street"
        folder.mkdir(mode=0o700, exist_ok=True)
        works = [
            Work(
                plan.last_day,
                point.key,
                folder,
                self.home.door_socket,
                self.home.intake_key.read_text(),
                self.storage.url("intake"),
            )
            for point in plan.points
        ]
        take_street_in(
            works, lambda done, of: self.say(f"Twee jaar metingen inlezen: {done} van {of} aansluitingen")
        )
        shutil.rmtree(folder)

    def _door_with(self, clock: SettableClock) -> _StoryDoor:
        """A door in this process with the story's clock; the real one takes over once the story is told."""
        environment = {
            "DATABEHEER_DOOR_DATABASE_URL": self.storage.url("door"),
            "DATABEHEER_KEYS": str(self.home.keys),
            "DATABEHEER_PROMISE_KEY": str(self.home.promise_key),
            "DATABEHEER_OPERATOR_KEY_HASH": str(self.home.operator_key_hash),
            "DATABEHEER_INTAKE_KEY_HASH": str(self.home.intake_key_hash),
            "DATABEHEER_CLERK_KEY_HASH": str(self.home.clerk_key_hash),
            "DATABEHEER_LEDGER_ORIGIN": self.home.origin,
            "DATABEHEER_BASE_URL": self.base_url,
            **self._door_settings(),
        }
        return _StoryDoor(environment, clock, self.home.door_socket)

    def _log_in_for(self, door: DoorClient, clock: SettableClock) -> Callable[[str, str], str]:
        key = ProviderKey.open(self.home.provider_key)

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

    # ---- the visitor's own export --------------------------------------------------------------------------

    def add_own(self, exports: list[ExportFile]) -> None:
        """Add the visitor as a grid user, with the access points of these exports, and take them in."""
        door, key = DoorClient(self.home.door_socket), self.home.operator_key.read_text()
        teller = story.Teller(door, SettableClock(SystemClock().now()), key, lambda *_: "")
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
        self, teller: story.Teller, person: str, ean: str, commodity: str, export: ExportFile
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
        self.site.end("identity", "clerk", "publisher", "door", "witness")
        self._wipe()
        prepare(self.home, self.storage, new_origin())
        self._start_witness()
        self._tell_story()
        self._start_processes()
        self._start_provider()
        self.say("De demo is opnieuw begonnen: met een nieuw logboek en nieuwe sleutels.")

    def _wipe(self) -> None:
        """Throw the database, the keys and the log away."""
        self.storage.reach()
        self.storage.drop()
        for name in ("publisher", "door", "witness"):
            shutil.rmtree(self.home.path / name, ignore_errors=True)
        for path in (self.home.keys, self.home.ledger):
            shutil.rmtree(path, ignore_errors=True)
        secrets = (self.home.operator_key, self.home.intake_key, self.home.clerk_key)
        for file in (self.home.origin_file, *secrets, self.facts_file):
            file.unlink(missing_ok=True)

    # ---- what a visitor needs -------------------------------------------------------------------------------

    def description(self) -> dict[str, Any]:
        """URL, log-ins and credentials: what `--json` prints."""
        parties = [
            {
                "key": key,
                "name": party["name"],
                "role": party["role"],
                "party_id": party["party_id"],
                "token_url": f"{self.base_url}/oauth2/token",
                "client_id": party["client_id"],
                "client_secret": party["client_secret"],
                "subscription_key": party["subscription_key"],
                "data_access_contract_number": party.get("contract"),
                "api_url": f"{self.base_url}/api/v1",
                "facade_token_url": f"{self.base_url}/demo/oauth2/v2.0/token",
                "facade_url": f"{self.base_url}/esco/v3",
            }
            for key, party in self.facts["parties"].items()
            if "client_id" in party
        ]
        people = self._people()
        return {
            "url": self.base_url,
            "login_url": f"{self.base_url}/aanmelden",
            "logins": {
                "customers": [one for one in people if one["role"] == "customer"],
                "inspector": next(one for one in people if one["role"] == "inspector"),
            },
            "credentials": {"parties": parties},
            "ledger": {
                "url": f"{self.base_url}/ledger",
                "origin": self.home.origin,
                "vkey": self.home.log_signer().vkey,
                "door_vkey": self.home.door_signer().vkey,
                "policy_url": f"{self.base_url}/ledger/policy",
                "witness": {
                    "vkey": read_key_file(self.home.witness_key).vkey,
                    "independent": False,
                },
            },
            "home": str(self.home.path),
        }

    def _people(self) -> list[dict[str, Any]]:
        plan = willow_street(story.last_story_day(SystemClock().now()))
        people: list[dict[str, Any]] = []
        for person in plan.people:
            if person.key in PEOPLE_STORIES:
                age, text = PEOPLE_STORIES[person.key]
                people.append(
                    {"sub": person.key, "name": person.name, "age": age, "story": text, "role": "customer"}
                )
        if self.facts.get("visitor"):
            text = "Uw eigen metingen, uit de export die u meegaf."
            people.insert(
                0, {"sub": VISITOR, "name": "U, de bezoeker", "age": None, "story": text, "role": "customer"}
            )
        text = "Ziet in één minuut de toestand van het huis, en gelooft niets zonder bewijs."
        people.append(
            {"sub": "ines", "name": "Ines De Wachter", "age": 44, "story": text, "role": "inspector"}
        )
        return people

    def _write_people(self) -> None:
        (self.home.path / "identity" / "people.json").write_text(json.dumps(self._people()))

    def _keep_facts(self) -> None:
        part = self.facts_file.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.facts, file)
        part.rename(self.facts_file)


class _StoryDoor:
    """The door in this process, with a clock that the storyteller moves."""

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


class _WishHandler(socketserver.StreamRequestHandler):
    server: _WishServer

    def handle(self) -> None:
        line = self.rfile.readline(4096)
        try:
            wish = json.loads(line)
            answer = self.server.fulfil(wish)
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"a wish is not understood: {type(error).__name__}"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class _WishServer(socketserver.ThreadingUnixStreamServer):
    """The socket by which the demo's web asks its supervisor for what the web may not do itself."""

    daemon_threads = True

    def __init__(self, path: Path, demo: Demo) -> None:
        self._demo = demo
        self._busy = threading.Lock()
        self._worker = ThreadPoolExecutor(1)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _WishHandler)
        finally:
            os.umask(before)

    def fulfil(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Reset, or tamper with a copy and verify it; one wish at a time."""
        if wish["do"] == "reset":
            if not self._busy.acquire(blocking=False):
                return {"error": "busy"}
            self._worker.submit(self._reset)
            return {"started": True}
        if wish["do"] == "tamper":
            with self._busy:
                return tamper.show(self._demo.home, self._demo.storage, wish["kind"])
        if wish["do"] == "describe":
            # The demo's web plays a party; in earnest no page knows a party's credentials.
            return self._demo.description() | {"last_day": self._demo.facts.get("last_day")}
        return {"error": "unknown wish"}

    def _reset(self) -> None:
        self._demo.is_resetting = True
        try:
            self._demo.reset()
        finally:
            self._demo.is_resetting = False
            self._busy.release()


def run(
    home: Home, port: int, files: list[Path], say: Say, announce: Callable[[dict[str, Any]], None]
) -> int:
    """Run the demo until SIGINT, SIGTERM or SIGHUP; returns the exit status.

    Only one demo runs a home: where one does already, its description is announced and nothing is started.
    """
    exports = [read_export(file) for file in files]  # before anything starts: a bad file changes nothing
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home.path / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _announce_running(home, say, announce)
        if not _is_free(port):
            say(f'Poort {port} is bezet. Kies een andere: make demo ARGS="--port {free_port()}"')
            return 1
        return _run_alone(Demo(home, port, say), exports, announce)


def _run_alone(demo: Demo, exports: list[ExportFile], announce: Callable[[dict[str, Any]], None]) -> int:
    for number in _ENDINGS:
        signal.signal(number, _interrupt)
    wishes: _WishServer | None = None
    try:
        wishes = _listen_for_wishes(demo)
        demo.start(exports)
        announce(demo.description())
        while (ended := demo.site.ended()) is None or demo.is_resetting:
            if demo.storage.revive():
                demo.say("De databank was gestopt en is opnieuw gestart.")
            time.sleep(0.5)
        demo.say(f"Het onderdeel {ended} is gestopt; zie {demo.home.logs}/{ended}.log")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _ignore_endings()
        demo.say("De demo sluit af …")
        if wishes is not None:
            wishes.shutdown()
        demo.stop()


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _ignore_endings() -> None:
    # A second Ctrl-C must not leave half of the house running.
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _announce_running(home: Home, say: Say, announce: Callable[[dict[str, Any]], None]) -> int:
    """Tell of the demo that runs this home already; 1 where it cannot be asked yet."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30)
            connection.connect(str(home.supervisor_socket))
            connection.sendall(b'{"do": "describe"}\n')
            with connection.makefile("rb") as lines:
                description = json.loads(lines.readline())
    except (OSError, ValueError):
        description = {"error": "busy"}
    if "error" in description:
        say("Deze demo start juist op, of sluit af. Probeer het over een minuut opnieuw.")
        return 1
    say(f"Deze demo draait al op {description['url']}")
    announce(description)
    return 0


def _interrupt(*_: object) -> None:
    _ignore_endings()
    raise KeyboardInterrupt


def _listen_for_wishes(demo: Demo) -> _WishServer:
    server = _WishServer(demo.home.supervisor_socket, demo)
    threading.Thread(target=server.serve_forever, name="wishes", daemon=True).start()
    return server
