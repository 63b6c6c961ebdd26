"""More doors on the house of a test, and what it takes to make a command wait: real locks, no sleeps."""

from __future__ import annotations

import os
import signal
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from databeheer.door.client import DoorClient
from databeheer.site.house import door_answers
from ledger.note import SigningKey, VerifierKey
from tests.beginning import Begun, begin
from tests.house import ISSUER, ORIGIN, POSTMAN_KEY, PUBLIC_URL, TheHouse

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60.0  # for a fault; a test that passes never waits this long
BETWEEN_LOOKS_SECONDS = 0.002
"""How long who waits looks away: whatever is waited for needs the processor."""
PROMISE_SEED = b"\x07" * 32

HEAD = "SELECT 1 FROM ledger.head FOR UPDATE"
"""What makes every turn of the door wait."""
FACTS = "LOCK TABLE registry.channel IN ACCESS EXCLUSIVE MODE"
"""What makes a read wait that has its turn already."""

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'databeheer_door'"
    " AND wait_event_type = 'Lock'"
)
T = TypeVar("T")


class Held:
    """A lock in the database, held by somebody who is not the door, until `release`."""

    def __init__(self, house: TheHouse, what: str) -> None:
        self._watcher = psycopg.connect(house.database.url("superuser"), autocommit=True)
        self.connection = psycopg.connect(house.database.url("superuser"))
        self.connection.execute(what.encode())
        self._queue = house.house.queue

    def until_waiting(self, number: int) -> None:
        """Return once so many of the door's commands wait: for a lock, or behind one that does."""
        until(lambda: self._count() + self._queue.waiting >= number, f"{number} of the door's commands wait")

    def release(self) -> None:
        self.connection.commit()

    def close(self) -> None:
        self.connection.close()
        self._watcher.close()

    def _count(self) -> int:
        row = self._watcher.execute(_WAITING).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def held(house: TheHouse, what: str = HEAD) -> Iterator[Held]:
    """Hold a lock; `release` lets go of it, the end of the block does in any case."""
    lock = Held(house, what)
    try:
        yield lock
    finally:
        lock.close()


def until(holds: Callable[[], bool], what: str) -> None:
    """Return once `holds()`; fail where it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(BETWEEN_LOOKS_SECONDS)


def meanwhile(client: DoorClient, act: Callable[[], T]) -> Future[T]:
    """Do something in a thread of its own, which has a connection to the door of its own."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            result = act()
        except BaseException as error:
            client.close()
            answer.set_exception(error)
        else:
            client.close()
            answer.set_result(result)

    threading.Thread(target=run, daemon=True).start()
    return answer


@dataclass
class DoorProcess:
    """A door that runs as a process of its own, over the database and the key store of a house."""

    environment: dict[str, str]
    socket: Path
    log: Path
    process: Begun
    client: DoorClient

    @property
    def verifier(self) -> VerifierKey:
        return promise_key().verifier

    def kill(self) -> None:
        """As the machine would: no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.client.close()

    def end(self) -> int:
        self.client.close()
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)


def promise_key() -> SigningKey:
    """The key with which a door process signs promises."""
    return SigningKey(f"{ORIGIN}/door", PROMISE_SEED)


def door_environment(house: TheHouse) -> dict[str, str]:
    """What a door process of this house is told; its files are written beside the house's."""
    folder = house.folder
    (folder / "promise.key").write_text(PROMISE_SEED.hex())
    (folder / "operator.sha256").write_text(sha256(house.operator_key.encode()).hexdigest())
    (folder / "intake.sha256").write_text(sha256(house.intake_key.encode()).hexdigest())
    (folder / "clerk.sha256").write_text(sha256(house.clerk_key.encode()).hexdigest())
    (folder / "postman.sha256").write_text(sha256(POSTMAN_KEY.encode()).hexdigest())
    public = urlsafe_b64encode(bytes(house.provider_key.verify_key)).decode().rstrip("=")
    (folder / "provider.pub").write_text(public)
    return {
        "DATABEHEER_DOOR_DATABASE_URL": house.database.url("door"),
        "DATABEHEER_DOOR_SOCKET": str(folder / "process.sock"),
        "DATABEHEER_KEYS": str(folder / "keys"),
        "DATABEHEER_PROMISE_KEY": str(folder / "promise.key"),
        "DATABEHEER_OPERATOR_KEY_HASH": str(folder / "operator.sha256"),
        "DATABEHEER_INTAKE_KEY_HASH": str(folder / "intake.sha256"),
        "DATABEHEER_CLERK_KEY_HASH": str(folder / "clerk.sha256"),
        "DATABEHEER_POSTMAN_KEY_HASH": str(folder / "postman.sha256"),
        "DATABEHEER_SENDS_EMAIL": "1",
        "DATABEHEER_LOOPBACK_WEBHOOKS": "1",
        "DATABEHEER_LEDGER_ORIGIN": ORIGIN,
        "DATABEHEER_BASE_URL": PUBLIC_URL,
        "DATABEHEER_PROVIDER_ISSUER": ISSUER,
        "DATABEHEER_PROVIDER_PUBLIC_KEY": str(folder / "provider.pub"),
        "DATABEHEER_PROVIDER_URL": "http://127.0.0.1:1/authorize",
    }


def start_door(house: TheHouse, **changes: str) -> DoorProcess:
    """Start a door process and wait until it answers."""
    environment = door_environment(house) | changes
    socket, log = Path(environment["DATABEHEER_DOOR_SOCKET"]), house.folder / "door.log"
    process = launch(environment, log)

    def ready() -> bool:
        assert process.poll() is None, f"the door ended: {log.read_text()}"
        return door_answers(socket)

    until(ready, "the door answers")
    return DoorProcess(environment, socket, log, process, DoorClient(socket))


def launch(environment: dict[str, str], log: Path) -> Begun:
    """Start `databeheer.door.main` with this environment and nothing else of ours."""
    return begin("databeheer.door.main", {"PATH": os.environ["PATH"], **environment}, log)


@contextmanager
def door_process(house: TheHouse, **changes: str) -> Iterator[DoorProcess]:
    """A door process for the length of a block; `house.client` is its client meanwhile."""
    door = start_door(house, **changes)
    before, house.client = house.client, door.client
    try:
        yield door
    finally:
        house.client = before
        if door.process.poll() is None:
            door.end()


def query(house: TheHouse, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Ask the database something, as the superuser, past every lock but the trigger's."""
    with psycopg.connect(house.database.url("superuser")) as connection:
        return connection.execute(statement.encode(), parameters).fetchall()


def execute(house: TheHouse, statement: str, *parameters: Any) -> int:
    """Change something in the database as the superuser; returns the number of rows."""
    with psycopg.connect(house.database.url("superuser")) as connection:
        return connection.execute(statement.encode(), parameters).rowcount
