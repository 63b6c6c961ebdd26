"""How a figure is measured: in turns with what it is held against, median of the rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of build/bench.json. `ratio` is figure / against; it holds where it reaches `goal`."""

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
        figures.append((count / _seconds(ours), count / _seconds(theirs)))
    figure = statistics.median(one for one, _ in figures)
    against = statistics.median(other for _, other in figures)
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    return Row(name, round(figure), unit, round(against), ratio, goal, ratio >= goal)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
