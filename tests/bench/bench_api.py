"""A month of quarter-hours through the market API, 32 clients at once, against bare views and against a refusal.

Ours is all of it: token, rate limit, decision, entry, durable commit, opening, promise, JSON; a web of two processes
and a door. Theirs is a view that gives the same month to whoever asks (`bare_api`), in two processes of the same
server. Callers are processes of their own, which read the answer and do not parse it.
"""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

import psycopg

from databeheer.brussels import slots_in_day
from databeheer.metering.profile import DayProfile, pack
from databeheer.metering.states import Register, State
from databeheer.values import format_instant
from tests.bench import bench_month
from tests.bench.appending import durable_server
from tests.bench.bare_api import DATABASE
from tests.bench.measure import Benchmark, Row, at_most
from tests.bench.serving import served, web_environment
from tests.databases import Databases
from tests.doors import PATIENCE_SECONDS, door_process
from tests.house import TheHouse, open_house_now

CLIENT_PROCESSES, CLIENTS_OF_EACH = 2, 16
EACH = 8
"""Requests of each client in a round: together fewer than a party may ask in a minute."""
ROUNDS = 7
WINDOW = f"from={format_instant(bench_month.PERIOD.start)}&until={format_instant(bench_month.PERIOD.end)}"
_BEFORE = "from=2019-01-01&until=2019-02-01&granularity=quarter_hour"


@dataclass(frozen=True)
class Callers:
    """32 clients in two processes, each with a connection that it keeps; how long each answer took, in seconds."""

    pool: ProcessPoolExecutor
    each: int = EACH

    def ask(self, call: Call) -> list[float]:
        """Let every client ask so often; every answer has the status that is meant."""
        waits = [self.pool.submit(_ask, call, CLIENTS_OF_EACH, self.each) for _ in range(CLIENT_PROCESSES)]
        return [one for wait in waits for one in wait.result()]


@dataclass(frozen=True)
class Call:
    """One request, as often as it is asked."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Calls:
    """The month through ours, refused by ours, the peers', and what goes before a round."""

    ours: Call
    refused: Call
    plain: Call
    usual: Call
    packed: Call
    callers: Callers
    forget_limits: Callable[[], None]


def month(name: str) -> Row:
    """Requests a second, against a view over the plain table with the same encoder."""
    with standing() as calls:
        return in_turns(name, calls, calls.ours, calls.plain, goal=2)


def month_usual(name: str) -> Row:
    """Requests a second, against the view as it is usually written."""
    with standing() as calls:
        return in_turns(name, calls, calls.ours, calls.usual, goal=1)


def month_packed(name: str) -> Row:
    """Requests a second, against a view over the same profiles, unsealed, undecided, unrecorded."""
    with standing() as calls:
        return in_turns(name, calls, calls.ours, calls.packed, goal=0.8)


def slowest(name: str) -> Row:
    """What the slowest of a hundred waits, against the same of the view over the plain table."""
    with standing() as calls:
        ours, theirs = [], []
        for _ in range(ROUNDS):
            calls.forget_limits()
            ours += calls.callers.ask(calls.ours)
            theirs += calls.callers.ask(calls.plain)
        return at_most(name, 1000 * _p99(ours), "ms", 1000 * _p99(theirs))


def refusal(name: str) -> Row:
    """Refused requests a second, each recorded too, against those that are allowed."""
    with standing() as calls:
        return in_turns(name, calls, calls.refused, calls.ours, goal=1)


def in_turns(name: str, calls: Calls, ours: Call, theirs: Call, *, goal: float) -> Row:
    """Ask both in turns; figures are requests a second."""
    figures = []
    for _ in range(ROUNDS):
        calls.forget_limits()
        figures.append((_a_second(calls.callers, ours), _a_second(calls.callers, theirs)))
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    figure, against = (round(statistics.median(one)) for one in zip(*figures, strict=True))
    return Row(name, figure, "requests/s", against, ratio, goal, ratio >= goal)


@contextmanager
def standing(each: int = EACH) -> Iterator[Calls]:
    """The house with its door and its web, the peers, and the clients, all warm."""
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        house = stack.enter_context(open_house_now(stack.enter_context(Databases(server).clone())))
        token, permission = bench_month.settle(house)
        bench_month.fill_plain(house)
        fill_packed(house)
        door = stack.enter_context(door_process(house))
        ours = stack.enter_context(
            served(house, "web.serve:application()", web_environment(house, door.socket))
        )
        peer = {DATABASE: house.database.url("superuser").replace("postgresql:", "postgresql+psycopg:")}
        bare = stack.enter_context(served(house, "tests.bench.bare_api:application()", peer))
        pool = stack.enter_context(ProcessPoolExecutor(CLIENT_PROCESSES, mp_context=get_context("spawn")))
        path, bearer = (
            f"/api/v1/permissions/{permission}/readings",
            {"Authorization": f"Bearer {token}"},
        )
        calls = Calls(
            Call(ours.port, f"{path}?{WINDOW}&granularity=quarter_hour", bearer),
            Call(ours.port, f"{path}?{_BEFORE}", bearer, 403),
            Call(bare.port, f"/plain/{bench_month.POINT}?{WINDOW}"),
            Call(bare.port, f"/usual/{bench_month.POINT}?{WINDOW}"),
            Call(bare.port, f"/packed/{bench_month.POINT}?{WINDOW}"),
            Callers(pool, each),
            lambda: _forget_limits(house),
        )
        for call in (calls.ours, calls.refused, calls.plain, calls.usual, calls.packed):
            calls.forget_limits()
            calls.callers.ask(call)
        yield calls


def fill_packed(house: TheHouse) -> None:
    """The month of every point of the plain table as packed days, a row each."""
    rows = []
    for day in bench_month.DAYS:
        count = slots_in_day(day, 15)
        for point in range(1, bench_month.POINTS + 1):
            values, states = (100 + point,) * count, (State.READ,) * count
            rows.append((point, day, pack(DayProfile(15, values, states, (Register.DAY,) * count))))
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE packed (point bigint, day date, profile bytea, PRIMARY KEY (point, day))"
        )
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO packed VALUES (%s, %s, %s)", rows)
        connection.execute("ANALYZE packed")


def _forget_limits(house: TheHouse) -> None:
    """A minute begins: what was asked before counts no more."""
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
        connection.execute("TRUNCATE web.rate")


def _a_second(callers: Callers, call: Call) -> float:
    start = time.perf_counter()
    return len(callers.ask(call)) / (time.perf_counter() - start)


def _p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[-1]


def _ask(call: Call, threads: int, each: int) -> list[float]:
    """In a process of the callers: so many clients, one after the other each."""
    with ThreadPoolExecutor(threads) as pool:
        found = [pool.submit(_client, call, each) for _ in range(threads)]
        return [one for wait in found for one in wait.result()]


def _client(call: Call, each: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", call.port, timeout=PATIENCE_SECONDS)
    waits = []
    try:
        for _ in range(each):
            start = time.perf_counter()
            connection.request("GET", call.path, headers=call.headers)
            answer = connection.getresponse()
            body = answer.read()
            waits.append(time.perf_counter() - start)
            if answer.status != call.status:
                raise AssertionError(f"{answer.status}: {body[:300]!r}")
    finally:
        connection.close()
    return waits


BENCHMARKS: dict[str, Benchmark] = {
    "api-month": month,
    "api-month-usual": month_usual,
    "api-month-packed": month_packed,
    "api-month-p99": slowest,
    "api-refused": refusal,
}
