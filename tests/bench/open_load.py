"""Pages asked at their hour, whether the ones before were answered or not: an open load.

Arrivals are those of strangers who know nothing of each other (exponential gaps, the same ones every run). Each page's
time counts from the moment at which it should have been asked: where a client was late, because the machine was, that
is part of what its visitor waited.
"""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Self

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
            connections.one = stack.enter_context(Browser(pages))
        connections.one.fetch(path)
        return path, time.perf_counter() - begun - moment

    with ExitStack() as stack, ThreadPoolExecutor(CLIENTS) as pool:
        asked = []
        for path, moment in zip(cycle(pages.paths), due):
            time.sleep(max(0.0, begun + moment - time.perf_counter()))
            asked.append(pool.submit(one, path, moment))
        answers = [each.result() for each in asked]
    found: dict[str, list[float]] = {path: [] for path in pages.paths}
    for path, took in answers:
        found[path].append(took)
    return found


class Browser:
    """A connection that is kept, and asks pages with as little work as can be: it shares the cores.

    The cookie that the first page sets comes back with each further one, as from any browser.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._cookies = pages.cookie
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fetch(self, path: str) -> bytes:
        """Return a page; any other answer than one is an error."""
        asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self._cookies}\r\n\r\n".encode()
        head = self._begin(asked)
        if not head:  # the web closes a connection that nobody used for a while
            self._socket.close()
            self._connect()
            head = self._begin(asked)
        while b"\r\n\r\n" not in head:
            head += self._more()
        head, _, body = head.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise AssertionError((head + body)[:300])
        if set_cookie := _COOKIE.search(head):
            self._cookies = f"{self._pages.cookie}; {set_cookie[1].decode()}"
        parts, left = [body], int(length[1]) - len(body)
        while left > 0:
            parts.append(self._more())
            left -= len(parts[-1])
        return b"".join(parts)

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._pages.port), PATIENCE_SECONDS)

    def _begin(self, asked: bytes) -> bytes:
        try:
            self._socket.sendall(asked)
            return self._socket.recv(_MOST)
        except ConnectionError:
            return b""

    def _more(self) -> bytes:
        part = self._socket.recv(_MOST)
        if not part:
            raise AssertionError("the web closed the connection")
        return part


_MOST = 1 << 18
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nSet-Cookie: ([^;\r]+)", re.IGNORECASE)
