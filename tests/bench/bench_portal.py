"""The overview and "who looked" of a customer with 3 access points, 20 parties and 100,000 reads.

gunicorn with two web processes, a door process and a durable PostgreSQL, all on this machine, the clients too. The
pages are asked in turn as an open load (`open_load`); the customer's reads are real ones (`crowded`), and the rest of
the ledger is rows of the same shape (`strangers`). One house serves every row here: making it takes longest.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache

import psycopg

from tests.bench import bare_portal, open_load, strangers
from tests.bench.appending import durable_server
from tests.bench.crowded import crowded_house
from tests.bench.measure import Benchmark, Row, at_most
from tests.bench.measure import seconds as seconds_of
from tests.bench.processor import parent_of, processor_seconds
from tests.bench.serving import served, web_environment
from tests.databases import Database, Databases
from tests.doors import door_process

PARTIES, READS, SMALL = 20, 100_000, 10_000
LARGE = int(os.environ.get("BENCH_PORTAL_LEDGER", "1000000"))
"""Entries of others: as many as the goal says with BENCH_PORTAL_LEDGER=10000000, which takes some 25 GB."""
PAGES_A_SECOND, SECONDS = 50.0, 20.0
OVERVIEW, LOOKED = "/mijn", "/mijn/gelezen"
CORES, BUSY = 2, 0.75
_FORGET_SECONDS, _WARMING_SECONDS = 3.0, 5.0
ALONE = 100
"""How often a page is asked alone, one after the other."""


@dataclass(frozen=True)
class Measured:
    """Seconds: of each page under the open load, of processor a page, and alone with few and many entries of others.

    The processor's by who spent it: web, door, postgresql, and load, the clients themselves.
    """

    loaded: dict[str, list[float]]
    processor: dict[str, float]
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
        # One browser alone warms one process of the web: each reads its templates as it first needs them.
        open_load.ask(pages, a_second=PAGES_A_SECOND / 2, seconds=min(seconds, _WARMING_SECONDS))
        spent = _spent(url, web.process_id, door.process.pid)
        begun, loaded = spent(), open_load.ask(pages, a_second=PAGES_A_SECOND, seconds=seconds)
        number, ended = sum(len(each) for each in loaded.values()), spent()
        processor = {who: (ended[who] - begun[who]) / number for who in ended}
        return Measured(loaded, processor, few, many, plain)


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
    with open_load.Browser(pages) as browser:

        def one(path: str) -> float:
            return seconds_of(lambda: browser.fetch(path))

        for path in pages.paths * ALONE:
            one(path)
        return statistics.median(one(path) for path in pages.paths * ALONE)


def _spent(url: str, web: int, door: int) -> Callable[[], dict[str, float]]:
    """What each of a house's processes has spent of processor, and this one with its clients, in seconds."""
    with psycopg.connect(url) as connection:
        server = parent_of(connection.info.backend_pid)
    of = {"web": web, "door": door, "postgresql": server}
    return lambda: (
        {who: processor_seconds(process) for who, process in of.items()} | {"load": time.process_time()}
    )


def _median(page: str) -> Benchmark:
    return lambda name: at_most(name, 1000 * statistics.median(measured().loaded[page]), "ms", 50)


def _p99(page: str) -> Benchmark:
    return lambda name: at_most(
        name, 1000 * statistics.quantiles(measured().loaded[page], n=100)[-1], "ms", 150
    )


def processor(name: str) -> Row:
    """What a page takes of processor in all but the clients', against what two cores have for each of 50 a second.

    Of what they have, three quarters: pages come as they like, and where nothing is left over each waits for others.
    """
    took = sum(spent for who, spent in measured().processor.items() if who != "load")
    return at_most(name, 1000 * took, "ms", 1000 * CORES * BUSY / PAGES_A_SECOND)


def _processor_of(who: str, most: float) -> Benchmark:
    """The same of one process. Nobody asks for it: the bound is a guard that says where to look."""
    return lambda name: at_most(name, 1e6 * measured().processor[who], "µs", 1000 * most)


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
    "portal-processor-web": _processor_of("web", 12),
    "portal-processor-door": _processor_of("door", 13),
    "portal-processor-postgresql": _processor_of("postgresql", 5),
    "portal-processor-load": _processor_of("load", 3),
    "portal-growth": growth,
    "portal-plain": against_plain,
}
