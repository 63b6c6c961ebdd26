"""Pages asked at their hour, whether the ones before were answered or not: an open load.

Arrivals are those of strangers who know nothing of each other (exponential gaps, the same ones every run). Each page's
time counts from the moment at which it should have been asked: where a client was late, because the machine was, that
is part of what its visitor waited.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

from tests.doors import PATIENCE_SECONDS

CLIENTS = 64
"""So many browsers hold a connection; a page that finds none free waits for one, and that counts."""


@dataclass(frozen=True)
class Pages:
    """Which pages are asked, in turn, where, and with which cookie."""

    port: int
    paths: Sequence[str]
    cookie: str


def ask(pages: Pages, *, a_second: float, seconds: float) -> dict[str, list[float]]:
    """Ask pages as such a load for so long; returns the seconds that each took, by path, from when it was due."""
    chance = random.Random(7)
    due, at = [], 0.0
    while (at := at + chance.expovariate(a_second)) < seconds:
        due.append(at)
    connections = threading.local()
    begun = time.perf_counter() + 0.1

    def one(path: str, moment: float) -> tuple[str, float]:
        if not hasattr(connections, "one"):
            connections.one = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=PATIENCE_SECONDS)
        fetch(connections.one, path, pages.cookie)
        return path, time.perf_counter() - begun - moment

    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = []
        for path, moment in zip(cycle(pages.paths), due):
            time.sleep(max(0.0, begun + moment - time.perf_counter()))
            asked.append(pool.submit(one, path, moment))
        answers = [each.result() for each in asked]
    found: dict[str, list[float]] = {path: [] for path in pages.paths}
    for path, took in answers:
        found[path].append(took)
    return found


def fetch(connection: http.client.HTTPConnection, path: str, cookie: str) -> bytes:
    """Return a page; any other answer than one is an error."""
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {body[:300]!r}")
    return body
