"""The overview and "who looked" of a customer with 3 access points, 20 parties and 100,000 reads.

gunicorn with two web processes, a door process and a durable PostgreSQL, all on this machine, the clients too. The
pages are asked in turn as an open load (`open_load`); the customer's reads are real ones (`crowded`), and the rest of
the ledger is rows of the same shape (`strangers`). One house serves every row here: making it takes longest.
"""

from __future__ import annotations

import http.client
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache

import psycopg

from tests.bench import bare_portal, open_load, strangers
from tests.bench.appending import durable_server
from tests.bench.crowded import crowded_house
from tests.bench.measure import Benchmark, Row, at_most
from tests.bench.processor import parent_of, processor_seconds
from tests.bench.serving import served, web_environment
from tests.databases import Database, Databases
from tests.doors import door_process

PARTIES, READS, SMALL = 20, 100_000, 10_000
LARGE = int(os.environ.get("BENCH_PORTAL_LEDGER", "1000000"))
"""Entries of others: as many as the goal says with BENCH_PORTAL_LEDGER=10000000, which takes some 25 GB."""
PAGES_A_SECOND, SECONDS = 50.0, 20.0
OVERVIEW, LOOKED = "/mijn", "/mijn/gelezen"
CORES = 2
_FORGET_SECONDS = 3.0
ALONE = 100
"""How often a page is asked alone, one after the other."""


@dataclass(frozen=True)
class Measured:
    """Seconds: of each page under the open load, of processor a page, and alone with few and many entries of others."""

    loaded: dict[str, list[float]]
    processor: float
    few: float
    many: float
    plain: float


@cache
def measured() -> Measured:
    """Measure all of it once a run."""
    with durable_server() as server, Databases(server).clone() as database:
        return measure(database, reads=READS, small=SMALL, large=LARGE, seconds=SECONDS)


def measure(database: Database, *, reads: int, small: int, large: int, seconds: float) -> Measured:
    """Make the house in a database and measure its pages; the plain page beside them."""
    with ExitStack() as stack:
        house, crowd = stack.enter_context(crowded_house(database, parties=PARTIES, reads=reads))
        url = database.url("superuser")
        bare_portal.fill(url, reads)
        door = stack.enter_context(door_process(house))
        web = stack.enter_context(
            served(house, "web.serve:application()", web_environment(house, door.socket))
        )
        peer = {bare_portal.DATABASE: url.replace("postgresql:", "postgresql+psycopg:")}
        bare = stack.enter_context(served(house, "tests.bench.bare_portal:application()", peer))
        pages = open_load.Pages(web.port, (OVERVIEW, LOOKED), f"session={crowd.customer.session}")

        stack.enter_context(unlimited(url))
        strangers.add(url, own=reads, count=small)
        few = alone(pages)
        strangers.add(url, own=reads, count=large - small)
        many = alone(pages)
        plain = alone(open_load.Pages(bare.port, ("/gelezen",), ""))
        spent = _ours(url, web.process_id, door.process.pid)
        begun, loaded = spent(), open_load.ask(pages, a_second=PAGES_A_SECOND, seconds=seconds)
        number = sum(len(each) for each in loaded.values())
        return Measured(loaded, (spent() - begun) / number, few, many, plain)


@contextmanager
def unlimited(url: str) -> Iterator[None]:
    """Forget every few seconds how often was asked: the load is that of many visitors, and here they are one."""
    over = threading.Event()

    def forget() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(_FORGET_SECONDS):
                connection.execute("TRUNCATE web.rate")  # a DELETE deadlocks with the pages that count

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def alone(pages: open_load.Pages) -> float:
    """The median of a page that is asked alone, after as many that warm up."""
    with closing(http.client.HTTPConnection("127.0.0.1", pages.port, timeout=60)) as connection:

        def one(path: str) -> float:
            begun = time.perf_counter()
            open_load.fetch(connection, path, pages.cookie)
            return time.perf_counter() - begun

        for path in pages.paths * ALONE:
            one(path)
        return statistics.median(one(path) for path in pages.paths * ALONE)


def _ours(url: str, *process_ids: int) -> Callable[[], float]:
    """What the processes of a house and its database have spent of processor, in seconds."""
    with psycopg.connect(url) as connection:
        server = parent_of(connection.info.backend_pid)
    return lambda: processor_seconds(server, *process_ids)


def _median(page: str) -> Benchmark:
    return lambda name: at_most(name, 1000 * statistics.median(measured().loaded[page]), "ms", 50)


def _p99(page: str) -> Benchmark:
    return lambda name: at_most(
        name, 1000 * statistics.quantiles(measured().loaded[page], n=100)[-1], "ms", 150
    )


def processor(name: str) -> Row:
    """What a page takes of processor in all, against what two cores have for each of 50 pages a second."""
    return at_most(name, 1000 * measured().processor, "ms", 1000 * CORES / PAGES_A_SECOND)


def growth(name: str) -> Row:
    """A page with many entries of others in the ledger, against the same with few; a fifth is the machine's mood."""
    found = measured()
    ratio = round(found.few / found.many, 3)
    return Row(name, round(1e6 * found.many), "µs", round(1e6 * found.few), ratio, 0.8, ratio >= 0.8)


def against_plain(name: str) -> Row:
    """A page alone against the plain one. Nobody asks for a ratio: the goal is a guard that says when to look."""
    found = measured()
    ratio = round(found.plain / found.many, 3)
    return Row(name, round(1e6 * found.many), "µs", round(1e6 * found.plain), ratio, 0.05, ratio >= 0.05)


BENCHMARKS: dict[str, Benchmark] = {
    "portal-overview": _median(OVERVIEW),
    "portal-overview-p99": _p99(OVERVIEW),
    "portal-looked": _median(LOOKED),
    "portal-looked-p99": _p99(LOOKED),
    "portal-processor": processor,
    "portal-growth": growth,
    "portal-plain": against_plain,
}
