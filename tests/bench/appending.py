"""What the append benches share: a durable PostgreSQL, and 64 clients in three processes that each do one thing."""

from __future__ import annotations

import multiprocessing
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from databeheer.door.client import DoorClient, Proof
from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger import postgres
from ledger.sequencer import Sequencer

PROCESSES = 3
CLIENTS = 64
PATIENCE_SECONDS = 120

Client = Callable[[], Any]


@contextmanager
def durable_server() -> Iterator[str]:
    """A PostgreSQL of the bench's own, with fsync; yields the superuser's URL."""
    server = EmbeddedPostgreSQL(Path(tempfile.mkdtemp(prefix="databeheer-bench-")), durable=True)
    try:
        yield server.start()
    finally:
        server.remove()


@contextmanager
def ledger_database(server_url: str) -> Iterator[str]:
    """An empty ledger in a database of its own, and a table for bare commits."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        url = server_url.replace("/postgres?", f"/{name}?")
        try:
            with psycopg.connect(url) as connection:
                connection.execute(postgres.SCHEMA)
                connection.execute("CREATE TABLE bare (value bytea NOT NULL)")
            yield url
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def bare_commit(url: str, rounds: int = 200) -> float:
    """Median seconds of a bare commit: one row of 109 bytes in one statement, over an open connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        return _median(lambda: connection.execute(_BARE, [secrets.token_bytes(109)]), rounds)


def lone_append(url: str, rounds: int = 200) -> float:
    """Median seconds that one client of a group committer waits for its entry, while nobody else appends."""
    with Sequencer(lambda: psycopg.connect(url)) as log:
        return _median(lambda: log.submit([secrets.token_bytes(32)]).result(), rounds)


def rate(kind: str, *target: str, seconds: float = 3.0) -> float:
    """How often a second 64 clients in three processes do `kind`, each waiting for its answer every time."""
    context = multiprocessing.get_context("spawn")
    ready, counts = context.Barrier(PROCESSES + 1), context.Queue()
    shares = [CLIENTS // PROCESSES + (place < CLIENTS % PROCESSES) for place in range(PROCESSES)]
    processes = [
        context.Process(target=_work, args=(kind, target, share, seconds, ready, counts)) for share in shares
    ]
    for process in processes:
        process.start()
    ready.wait(PATIENCE_SECONDS)
    figures = [counts.get(timeout=PATIENCE_SECONDS) for _ in processes]
    for process in processes:
        process.join()
    return float(sum(count / spent for count, spent in figures))


def client_of(kind: str, stack: ExitStack, *target: str) -> Client:
    """One client that does `kind` each time it is called."""
    return _KINDS[kind](stack, *target)()


def _work(kind: str, target: tuple[str, ...], clients: int, seconds: float, ready: Any, counts: Any) -> None:
    with ExitStack() as stack:
        make = _KINDS[kind](stack, *target)
        acts = [make() for _ in range(clients)]
        done = [0] * clients
        stop = threading.Event()

        def run(place: int) -> None:
            while not stop.is_set():
                acts[place]()
                done[place] += 1

        threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
        ready.wait(PATIENCE_SECONDS)
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        counts.put((sum(done), time.perf_counter() - start))


def _grouped(stack: ExitStack, url: str) -> Callable[[], Client]:
    """Each process has one group committer for all its clients."""
    log = stack.enter_context(Sequencer(lambda: psycopg.connect(url)))
    return lambda: lambda: log.submit([secrets.token_bytes(32)]).result()


def _locking(stack: ExitStack, url: str) -> Callable[[], Client]:
    """The usual design: every client locks the head row, appends one entry and commits."""

    def client() -> Client:
        connection = stack.enter_context(psycopg.connect(url))

        def append() -> None:
            with connection.transaction():
                postgres.append(connection, postgres.lock_head(connection), [secrets.token_bytes(32)])

        return append

    return client


def _reading(stack: ExitStack, socket: str, token: str, permission: str) -> Callable[[], Client]:
    """A day of quarter-hours under a permission, through the door's socket: decided, recorded, opened, promised."""
    wish = {"permission_id": permission, "from": "2023-10-27T22:00:00Z", "until": "2023-10-28T22:00:00Z"}

    def client() -> Client:
        door = DoorClient(socket)
        stack.callback(door.close)
        return lambda: door.call("readings.read", Proof.token(token), granularity="quarter_hour", **wish)

    return client


_KINDS: dict[str, Callable[..., Callable[[], Client]]] = {
    "grouped": _grouped,
    "locking": _locking,
    "reading": _reading,
}
_BARE = "INSERT INTO bare VALUES (%b)"


def _median(work: Client, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
