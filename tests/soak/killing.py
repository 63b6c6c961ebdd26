"""A house of real processes under load, whose parts are killed with SIGKILL and started again; what must hold after.

Nothing here waits for time: what is killed next is killed once so many operations were acknowledged.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from select import select
from typing import Any

import psycopg

from databeheer.brussels import day_of
from databeheer.clock import SystemClock
from databeheer.door.client import DoorClient, Proof
from databeheer.door.main import AUDIENCE
from databeheer.identity.demo_key import ProviderKey
from databeheer.metering.exports import read_export
from databeheer.metering.intake import take_in
from databeheer.site.home import CHECKOUT, Home
from databeheer.site.house import Site, Storage, prepare
from databeheer.site.storytelling import file_assessment
from databeheer.storage.embedded import EmbeddedPostgreSQL
from databeheer.storage.engine import make_engine
from ledger import postgres
from ledger.checkpoint import open_checkpoint
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.promise import open_promise
from ledger.tiles import Edge
from ledger.tree import leaf_hash
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import PATIENCE_SECONDS, until
from tests.soak.client import lines_of

PROCESSES = 3
EAN = "541448899990000039"
ISSUER = "https://identity.example"
VICTIMS = ("client", "door", "publisher", "backend", "postmaster")


@dataclass
class DangerousHouse:
    """The house, its clients, and who observes what is published. Made by `under_load`."""

    home: Home
    clients: int
    storage: Storage = field(init=False)
    site: Site = field(init=False)
    killed: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    seen: dict[bytes, float] = field(default_factory=dict)
    _pipe: tuple[int, int] = field(default_factory=os.pipe)
    _clients: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _doomed: int = 0

    # ---- setting up ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every process, let Lotte grant Bram a permission, start the clients."""
        self.storage = Storage(self.home)
        self.site = Site(self.home, self.storage)
        prepare(self.home, self.storage)
        self.site.start_door(self._door_settings())
        self.site.start_publisher()
        plan = self._settle()
        (self.home.path / "plan.json").write_text(json.dumps(plan))
        self._clients = [self._start_client(number) for number in range(PROCESSES)]

    def _door_settings(self) -> dict[str, str]:
        ProviderKey.open(self.home.provider_key)
        return {
            "DATABEHEER_PROVIDER_ISSUER": ISSUER,
            "DATABEHEER_PROVIDER_PUBLIC_KEY": str(self.home.provider_public_key),
            "DATABEHEER_PROVIDER_URL": "http://127.0.0.1:1/authorize",
        }

    def _settle(self) -> dict[str, str]:
        door = DoorClient(self.home.door_socket)
        key = self.home.operator_key.read_text()

        def operator(command: str, **arguments: Any) -> dict[str, Any]:
            return door.call(command, Proof.operator(key), **arguments)

        operator("registry.operator.add", operator=1, code="net", name="Net")
        person = operator("registry.person.add", subject="lotte", name="Lotte Janssens")["person_id"]
        operator("registry.access_point.register", ean=EAN, commodity="electricity", address="Kerkstraat 1")
        begun = operator("registry.occupancy.begin", ean=EAN, person_id=person, from_day="2022-01-01")
        engine = make_engine(self.storage.url("intake"), pool_size=1)
        export = read_export(english(*day_rows(date(2023, 10, 28))))
        take_in(export, door, self.home.intake_key.read_text(), engine)
        engine.dispose()
        party = operator("registry.party.add", name="Bram", role="energy_service", about="Bram")["party_id"]
        operator("registry.contract.add", party_id=party, number="c-1", valid_from="2020-01-01T00:00:00Z")
        file_assessment(operator, party, "d-1", day_of(SystemClock().now()))
        operator("registry.overview.check", party_id=party, url="https://bram.example", reachable=True)
        reach = {"name": "Bram", "email": "bram@bram.example", "phone": "+32 9 000 00 00"}
        operator("doubt.contact.set", party_id=party, **reach)
        client = operator("registry.client.add", party_id=party, profiles=["own"])
        token = door.call(
            "token.mint", client_id=client["client_id"], client_secret=client["client_secret"], profile="own"
        )["access_token"]
        wish = {"purpose": "energy_advice", "category": "readings", "granularity": "quarter_hour"}
        wish |= {"data_from": "2022-12-31T23:00:00Z"}
        asked = door.call("permission.request", Proof.token(token), directions=["offtake"], **wish)
        session = self._log_in(door)
        door.call(
            "permission.grant",
            Proof.session(session),
            permission_id=asked["permission_id"],
            link_code=asked["link_code"],
            occupancy_id=begun["occupancy_id"],
            notice="What was read",
            language="nl",
        )
        door.close()
        return {
            "socket": str(self.home.door_socket),
            "token": token,
            "permission": asked["permission_id"],
        }

    def _log_in(self, door: DoorClient) -> str:
        nonce, now = door.call("login.begin")["nonce"], int(SystemClock().now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "lotte",
            "name": "Lotte Janssens",
            "role": "customer",
        }
        claims |= {"nonce": nonce, "iat": now, "exp": now + 60}
        answer = ProviderKey.open(self.home.provider_key).sign(claims)
        return str(door.call("login.finish", answer=answer, nonce=nonce)["session"])

    def _start_client(self, number: int) -> subprocess.Popen[bytes]:
        threads = self.clients // PROCESSES + (number < self.clients % PROCESSES)
        arguments = (self.home.path / "plan.json", self._journal(number), threads, self._pipe[1])
        with (self.home.logs / "clients.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.soak.client", *map(str, arguments)],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._pipe[1]],
            )

    def _journal(self, number: int) -> Path:
        return self.home.path / f"journal-{number}"

    # ---- living dangerously ----------------------------------------------------------------------------------

    def until_acknowledged(self, more: int) -> None:
        """Return once so many more operations were acknowledged; every checkpoint on the way is kept."""
        goal = self.acknowledged + more
        while self.acknowledged < goal:
            dead = [client.returncode for client in self._clients if client.poll() is not None]
            assert not dead, f"a client ended by itself: {self.home.logs / 'clients.log'}"
            assert select([self._pipe[0]], [], [], PATIENCE_SECONDS)[0], "nothing is answered any more"
            self.acknowledged += len(os.read(self._pipe[0], min(256, goal - self.acknowledged)))
            self._look()

    def kill(self, victim: str) -> None:
        """Kill one part with SIGKILL, and start it again where nobody else does."""
        self.killed[victim] += 1
        getattr(self, f"_kill_{victim}")()
        self._look()

    def _kill_client(self) -> None:
        number, self._doomed = self._doomed, (self._doomed + 1) % PROCESSES
        self._clients[number].kill()
        self._clients[number].wait()
        self._clients[number] = self._start_client(number)

    def _kill_door(self) -> None:
        self._kill("door")
        self.site.start_door(self._door_settings())

    def _kill_publisher(self) -> None:
        self._kill("publisher")
        self.site.start_publisher()

    def _kill_backend(self) -> None:
        """One server process of the door's: PostgreSQL then ends all others and recovers from its log."""
        with psycopg.connect(self.storage.url("superuser")) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'databeheer_door' ORDER BY random() LIMIT 1"
            ).fetchone()
        if row is not None:
            os.kill(row[0], signal.SIGKILL)
        until(self._database_answers, "PostgreSQL recovers")

    def _kill_postmaster(self) -> None:
        pid = int((self.home.postgres / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        until(self.storage.revive, "the database is started again")

    def _kill(self, name: str) -> None:
        process = self.site.process(name)
        process.kill()
        process.wait()

    def _database_answers(self) -> bool:
        try:
            psycopg.connect(self.storage.url("superuser")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _look(self) -> None:
        """Keep the checkpoint that is published now, with the time at which it was first seen."""
        try:
            self.seen.setdefault((self.home.ledger / "checkpoint").read_bytes(), time.time())
        except FileNotFoundError:  # nothing is published yet
            return
        ended = self.site.ended()
        assert ended is None, f"the {ended} ended by itself: {self.home.logs}"

    # ---- what must hold --------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Let the clients finish what they began, and the publisher publish it."""
        for client in self._clients:
            client.terminate()
        os.set_blocking(self._pipe[0], False)
        until(self._clients_ended, "the clients finish what they began")
        assert [client.returncode for client in self._clients] == [0] * PROCESSES
        size = len(self.entries())
        until(lambda: self._published() == size, "the publisher publishes everything")

    def _clients_ended(self) -> bool:
        with suppress(BlockingIOError):
            self.acknowledged += len(os.read(self._pipe[0], 65536))
        self._look()
        return all(client.poll() is not None for client in self._clients)

    def _published(self) -> int:
        self._look()
        return max(open_checkpoint(note, [self.home.log_signer().verifier]).size for note in self.seen)

    def entries(self) -> list[bytes]:
        """The committed entries."""
        with psycopg.connect(self.storage.url("superuser")) as connection:
            return postgres.read_entries(connection, 0, 10_000_000)

    def events(self) -> Counter[str]:
        """How many bodies there are of each event."""
        with psycopg.connect(self.storage.url("superuser")) as connection:
            rows = connection.execute("SELECT event, count(*) FROM ledger.body GROUP BY event").fetchall()
        return Counter(dict(rows))

    def journals(self) -> list[dict[str, Any]]:
        return [line for number in range(PROCESSES) for line in lines_of(self._journal(number))]

    def end(self) -> None:
        for client in self._clients:
            client.kill()
            client.wait()
        self.site.end_all()
        # As root its data are not below `home`, which pytest removes.
        EmbeddedPostgreSQL(self.home.postgres).remove()
        shutil.rmtree(self.home.run, ignore_errors=True)
        for descriptor in self._pipe:
            os.close(descriptor)


@contextmanager
def under_load(folder: Path, clients: int) -> Iterator[DangerousHouse]:
    """A house with so many clients in three processes; everything is ended with the block."""
    house = DangerousHouse(Home(folder), clients)
    try:
        house.start()
        yield house
    finally:
        house.end()


def check_everything(house: DangerousHouse) -> None:
    """See that the log verifies, and that nothing acknowledged is missing, doubled or otherwise than promised."""
    verify_as_a_stranger(house.home)
    entries, lines = house.entries(), house.journals()
    assert [line for line in lines if "refused" in line] == []
    answers = [line for line in lines if "answered" in line]
    assert house.acknowledged >= len(answers) > 0
    check_keys(house, lines, answers)
    check_promises(house, entries, answers)
    check_checkpoints(house, entries)


def verify_as_a_stranger(home: Home) -> None:
    """`ledger verify --full` over the published directory, as anyone would."""
    verified = subprocess.run(
        [
            sys.executable,
            "-m",
            "ledger",
            "verify",
            str(home.ledger),
            "--key",
            str(home.ledger / "vkey"),
            "--full",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def check_keys(house: DangerousHouse, lines: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    """What was begun under a key was carried out once: one entry, one answer, however often it was sent."""
    begun = {line["begun"]: line["command"] for line in lines if "begun" in line}
    by_key: dict[str, list[Any]] = {}
    for line in answers:
        if line["answered"]:
            by_key.setdefault(line["answered"], []).append(line["answer"])
    assert by_key.keys() == begun.keys()
    assert all(answer == same[0] for same in by_key.values() for answer in same)
    events, commands = house.events(), Counter(begun.values())
    assert events["permission.requested"] == commands["permission.request"] + 1  # Lotte granted that one
    assert events["permission.terminated"] == commands["permission.terminate"]


def check_promises(house: DangerousHouse, entries: list[bytes], answers: list[dict[str, Any]]) -> None:
    """Every promise names the leaf that stands there, nobody else's, and was published before its deadline."""
    published = sorted(
        (when, open_checkpoint(note, [house.home.log_signer().verifier]).size)
        for note, when in house.seen.items()
    )
    indices: set[int] = set()
    given = {
        (line["answered"] or line["answer"]["index"], line["answer"]["promise"])
        for line in answers
        if "promise" in line["answer"]
    }
    for _, note in given:
        promise = open_promise(b64decode(note), house.home.door_signer().verifier)
        assert leaf_hash(entries[promise.index]) == promise.leaf
        assert promise.index not in indices
        indices.add(promise.index)
        assert next(when for when, size in published if size > promise.index) <= promise.deadline_unix


def check_checkpoints(house: DangerousHouse, entries: list[bytes]) -> None:
    """Every checkpoint that was ever seen is of the one history that the log now tells."""
    roots = {0: Edge().root()}
    edge, previous = Edge(), GENESIS_PREVIOUS
    for entry in entries:
        assert parse(entry).previous == previous
        previous = leaf_hash(entry)
        for _ in edge.extend(previous):
            pass
        roots[edge.size] = edge.root()
    for note in house.seen:
        checkpoint = open_checkpoint(note, [house.home.log_signer().verifier])
        assert checkpoint.root == roots[checkpoint.size]
