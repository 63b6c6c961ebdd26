"""Examines a log in several processes at once, and gives the results in order.

A worker is a plain Python process that is told which stretch to read over a socket of its own. When that socket
closes, for whatever reason, it ends: a verifier that was killed leaves nothing behind.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ledger.bundle import Stretch, examine, lanes_of
from ledger.sources import Source
from ledger.tiles import TILE_WIDTH, TileReader
from ledger.worker import Line

STRETCH_BUNDLES = 16
"""How many bundles a worker is given at a time: a few milliseconds of work."""

WORTH_WORKERS = 400
"""From how many bundles on it pays to start processes, which takes a tenth of a second."""

_AHEAD = 8
_START = "import sys; sys.path[:] = {path!r}; from ledger.worker import serve; serve({descriptor})"

Work = tuple[int, int]
"""The first bundle of a stretch, and how many bundles it has."""

Results = Iterator[tuple[Work, Stretch | None]]
"""What was found in each stretch, in order; less, or None, where somebody has to look at the rest slowly."""


def examine_all(
    source: Source, size: int, first: int, *, processes: int | None = None, with_leaves: bool = False
) -> Results:
    """Examine every bundle from number `first` on of a tree of `size` entries.

    `processes`: how many to use; where none is said, one per core for a large log, and only this one for a small.
    """
    end = -(-size // TILE_WIDTH)
    if processes is None:
        processes = cores() if end - first >= WORTH_WORKERS else 1
    works = range(first, end, STRETCH_BUNDLES)  # never a list: a log may sign any size
    if processes > 1 and works:
        return _together(source, size, works, processes, with_leaves)
    return _alone(source, size, works, with_leaves)


def _work(works: range, first: int) -> Work:
    return first, min(works.step, works.stop - first)


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alone(source: Source, size: int, works: range, with_leaves: bool) -> Results:
    reader = TileReader(source, size)
    with lanes_of(source) as lanes:
        for first in works:
            work = _work(works, first)
            yield work, examine(reader, *work, lanes, with_leaves=with_leaves)


def _together(source: Source, size: int, works: range, processes: int, with_leaves: bool) -> Results:
    with _started(processes) as workers:
        for worker in workers:
            with suppress(OSError):
                worker.send((source, size, with_leaves))
        yield from _Crew(workers).in_order(works)


class _Crew:
    """Workers, and which stretches each of them is at."""

    def __init__(self, workers: Sequence[Line]) -> None:
        self._at: dict[Line, deque[Work]] = {worker: deque() for worker in workers}

    def in_order(self, works: range) -> Results:
        todo, done = (_work(works, first) for first in works), dict[Work, Stretch | None]()
        for first in works:
            work = _work(works, first)
            while work not in done:
                self._hand_out(todo, _AHEAD * len(self._at) - len(done))
                if self._at:
                    self._collect(done)
                else:  # the last one died
                    done[work] = None
            yield work, done.pop(work)

    def _hand_out(self, todo: Iterator[Work], room: int) -> None:
        """Give each worker a stretch, and one more to go on with; stay near to what is asked for next."""
        room -= sum(map(len, self._at.values()))
        for worker, at in self._at.items():
            while len(at) < 2 and room > 0 and (work := next(todo, None)) is not None:
                with suppress(OSError):  # if it died, that is seen when its results are collected
                    worker.send(work)
                at.append(work)
                room -= 1

    def _collect(self, done: dict[Work, Stretch | None]) -> None:
        """Wait for results. What a worker had that died is left to whoever asked."""
        ready = _with_news([worker for worker, at in self._at.items() if at])
        for worker in [worker for worker in self._at if worker in ready]:
            try:
                found = worker.receive()
            except (EOFError, OSError):
                done |= dict.fromkeys(self._at.pop(worker))
            else:
                done[self._at[worker].popleft()] = found


def _with_news(workers: Sequence[Line]) -> list[Line]:
    """Wait until some of the workers answered, or died."""
    poll = select.poll()  # select() itself takes no descriptor beyond 1023
    for worker in workers:
        poll.register(worker, select.POLLIN)
    news = {descriptor for descriptor, _ in poll.poll()}
    return [worker for worker in workers if worker.fileno() in news]


@contextmanager
def _started(count: int) -> Iterator[list[Line]]:
    """Start workers; they end with this block."""
    workers: list[tuple[Line, subprocess.Popen[bytes]]] = []
    try:
        for _ in range(count):
            with suppress(OSError):  # no more processes: fewer do it too
                workers.append(_start())
        yield [connection for connection, _ in workers]
    finally:
        for connection, process in workers:
            connection.close()
            process.terminate()  # it holds nothing that has to be put away
        for _, process in workers:
            process.wait()


def _start() -> tuple[Line, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        code = _START.format(path=sys.path, descriptor=theirs.fileno())
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", code],  # its path is given, nothing has to look for it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            process_group=0,  # Ctrl-C is for the one that the person started
        )
        return Line(ours.detach()), process
