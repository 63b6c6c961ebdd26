"""What the append benches share: a durable PostgreSQL, and 64 clients in three processes that append to it."""

from __future__ import annotations

import multiprocessing
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from databeheer.storage.embedded import EmbeddedPostgreSQL
from ledger import postgres
from ledger.sequencer import Sequencer

PROCESSES = 3
CLIENTS = 64

Client = Callable[[], object]


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
    """An empty ledger in a database of its own."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        url = server_url.replace("/postgres?", f"/{name}?")
        try:
            with psycopg.connect(url) as connection:
                connection.execute(postgres.SCHEMA)
            yield url
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def rate(kind: str, url: str, seconds: float) -> float:
    """Entries a second that 64 clients in three processes append durably, each waiting for its own every time."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES + 1)
    counts = context.Queue()
    shares = [CLIENTS // PROCESSES + (place < CLIENTS % PROCESSES) for place in range(PROCESSES)]
    processes = [
        context.Process(target=_work, args=(kind, url, share, seconds, ready, counts)) for share in shares
    ]
    for process in processes:
        process.start()
    ready.wait()
    figures = [counts.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(count / spent for count, spent in figures)


def _work(kind: str, url: str, clients: int, seconds: float, ready: Any, counts: Any) -> None:
    with ExitStack() as stack:
        make = {"group": _grouped, "head": _locking}[kind](stack, url)
        appends = [make() for _ in range(clients)]
        done = [0] * clients
        stop = threading.Event()

        def run(place: int) -> None:
            append = appends[place]
            while not stop.is_set():
                append()
                done[place] += 1

        threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
        ready.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()
        counts.put((sum(done), time.perf_counter() - start))


def _grouped(stack: ExitStack, url: str) -> Callable[[], Client]:
    log = stack.enter_context(Sequencer(lambda: psycopg.connect(url)))
    return lambda: lambda: log.submit([secrets.token_bytes(32)]).result()


def _locking(stack: ExitStack, url: str) -> Callable[[], Client]:
    def client() -> Client:
        connection = stack.enter_context(psycopg.connect(url))

        def append() -> None:
            with connection.transaction():
                postgres.append(connection, postgres.lock_head(connection), [secrets.token_bytes(32)])

        return append

    return client
