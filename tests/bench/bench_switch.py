"""How well the time of an answer tells a switching supplier that a drop is under way: not at all."""

from __future__ import annotations

import time
from random import Random

import numpy as np

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.bench.measure import Benchmark, Row, at_most
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import running
from tests.house import Party, TheHouse, open_house_now

PAIRS = 20_000
WARM_UP = 500
MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}


def tell_a_drop(name: str) -> Row:
    """AUC of telling a point with a drop under way from one without, by the time of answers alone; 20,000 pairs.

    Each pair is one kind of call, an announced switch or a look before it is accepted, at both points in random
    order. The figure is the distance of the AUC from 0.50, in ten-thousandths.
    """
    with running() as databases, databases.clone() as database, open_house_now(database) as house:
        times = timed(house, WARM_UP, PAIRS)
    distance = abs(auc(times[LOTTES_EAN], times[MARIAS_EAN]) - 0.5)
    return at_most(name, distance * 10_000, "AUC from 0.50, in 1/10,000", 200)


def timed(house: TheHouse, warm_up: int, pairs: int) -> dict[str, list[int]]:
    """How long each answer about the point with a drop under way took, and about the one without; nanoseconds."""
    random = Random(time.time_ns())
    house.point(LOTTES_EAN, house.customer("lotte", "Lotte"))
    house.point(MARIAS_EAN, house.customer("maria", "Maria"))
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind="drop")
    supplier = house.party("Wissel", "supplier")
    day = day_of(house.clock.now()).isoformat()
    times: dict[str, list[int]] = {LOTTES_EAN: [], MARIAS_EAN: []}
    for number in range(warm_up + pairs):
        announces = random.random() < 0.5
        for ean in random.sample([*times], 2):
            taken = _time(supplier, ean, day, announces=announces)
            if number >= warm_up:
                times[ean].append(taken)
    return times


def auc(ones: list[int], others: list[int]) -> float:
    """The chance that one of `ones` is larger than one of `others`; equal ones count for half."""
    _, where, counts = np.unique([*ones, *others], return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    of_ones = ranks[where[: len(ones)]].sum()
    return float((of_ones - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others)))


def _time(supplier: Party, ean: str, day: str, *, announces: bool) -> int:
    start = time.perf_counter_ns()
    if announces:
        supplier.call("supply.request", ean=ean, from_day=day)
    else:
        try:
            supplier.read(ean=ean, **MONTH)
        except DoorRefusedError:
            return time.perf_counter_ns() - start
        raise AssertionError("a supplier without a contract read something")
    return time.perf_counter_ns() - start


BENCHMARKS: dict[str, Benchmark] = {"switch-tells-a-drop": tell_a_drop}
