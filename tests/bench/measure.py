"""How a figure is measured: in turns with what it is held against, median of the rounds."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_FSYNCS = 50
_FSYNC_BYTES = 256


@dataclass(frozen=True)
class Row:
    """One line of build/bench.json.

    `ratio` says how good the figure is in terms of `against`: figure / against for rates, against / figure for
    what should be small. It holds where it reaches `goal`.
    """

    name: str
    figure: int
    unit: str
    against: int
    ratio: float
    goal: float
    holds: bool


Benchmark = Callable[[str], Row]


def rates(
    name: str,
    *,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    count: int,
    unit: str,
    goal: float,
    rounds: int = 7,
) -> Row:
    """Compare two ways of doing `count` things, a round of each in turn; figures are things a second."""
    figures: list[tuple[float, float]] = []
    for _ in range(rounds):
        figures.append((count / seconds(ours), count / seconds(theirs)))
    figure = statistics.median(one for one, _ in figures)
    against = statistics.median(other for _, other in figures)
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    return Row(name, round(figure), unit, round(against), ratio, goal, ratio >= goal)


def at_most(name: str, figure: float, unit: str, bound: float) -> Row:
    """Hold a figure that should be small against a bound: the ratio is bound / figure and should reach 1."""
    ratio = round(bound / max(figure, 1e-9), 3)
    return Row(name, round(figure), unit, round(bound), ratio, 1.0, figure <= bound)


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fsync_latency(place: Path | None = None) -> float:
    """Return the median time that the disk under `place` (the temporary files) needs for one durable write, in µs.

    A disk alone and the same disk with busy neighbours differ fiftyfold: no figure of something durable means
    anything without this one from the same minute.
    """
    with tempfile.NamedTemporaryFile(dir=place) as file:
        descriptor = file.fileno()
        times = []
        for _ in range(_FSYNCS):
            os.write(descriptor, bytes(_FSYNC_BYTES))
            times.append(seconds(lambda: os.fsync(descriptor)))
    return 1e6 * statistics.median(times)
