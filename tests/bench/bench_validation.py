"""Validation with history, registers and some gaps, against a loop that only looks at each value and adds it up."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation import Block, History, Outcome, Registers, validate
from databeheer.metering.validation.catalogue import shipped
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import limits_of
from tests.bench.measure import Benchmark, Row, rates
from tests.databeheer.metering.validation.days import MONDAY

PROFILES = 10_000
SLOTS = 96
GAPS = 50
"""One of so many profiles lacks some hours: a bad day in the field."""


def street(profiles: int = PROFILES) -> Block:
    """Days with four like days, four weeks of totals and register readings each."""
    random = np.random.default_rng(20261121)
    values = random.integers(0, 800, (profiles, SLOTS))
    used = values.sum(axis=1)
    present = np.ones(values.shape, np.bool_)
    for row in range(0, profiles, GAPS):
        begin = int(random.integers(0, SLOTS - 12))
        present[row, begin : begin + 12] = False
    values[~present] = 0
    zeros = np.zeros(profiles, np.uint8)
    begin_at = random.integers(0, 10**8, profiles)
    return Block.of_measured(
        day=MONDAY,
        slot_minutes=15,
        values=values,
        present=present,
        commodities=zeros,
        directions=zeros,
        units=zeros,
        grades=zeros + np.uint8(1),
        history=History(
            random.integers(0, 800, (profiles, 4, SLOTS)),
            np.ones((profiles, 4, SLOTS), np.uint8),
            random.integers(30_000, 50_000, (profiles, 28)),
        ),
        registers=Registers(begin=begin_at, end=begin_at + used),
        keys=np.arange(profiles),
    )


def in_a_loop(block: Block) -> int:
    """The least that can be asked of a value, one by one: at least zero, below the ceiling, into the sum."""
    limits = limits_of(block, shipped().get(Reason.ABOVE_CEILING).parameters).tolist()
    wrong = 0
    for values, limit in zip(block.values.tolist(), limits, strict=True):
        total = 0
        for value in values:
            if value < 0 or value > limit:
                wrong += 1
            total += value
    return wrong


def fresh(block: Block) -> Outcome:
    """Judge a block of which nothing is remembered from the round before."""
    block.__dict__.pop("has_value", None)
    if block.history is not None:
        block.history.__dict__.pop("days", None)
    return validate(block)


def validation(name: str) -> Row:
    """Values a second through all rules and substitution, against the loop."""
    block = street()
    return rates(
        name,
        ours=lambda: fresh(block),
        theirs=lambda: in_a_loop(block),
        count=PROFILES * SLOTS,
        unit="values/s",
        goal=0.5,
    )


BENCHMARKS: dict[str, Benchmark] = {"validation": validation}
