"""Rules that look at a value by itself, at when it was read, and at the same profile sent twice."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import ABSENT, UNKNOWN, Booleans, Integers
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Parameters, Phase, Rule


def missing(case: Case, parameters: Parameters) -> Finding:
    """Slots of the local day (92, 96 or 100 quarter-hours; 23, 24 or 25 hours) that were not delivered."""
    return Finding(case.expected & (case.block.states == ABSENT), case.everywhere())


def negative(case: Case, parameters: Parameters) -> Finding:
    """Below zero: offtake and injection are counted apart, so neither can be."""
    return Finding(case.has_value & (case.block.values < 0), case.everywhere())


def above_ceiling(case: Case, parameters: Parameters) -> Finding:
    """More than the connection, or any connection, can carry in the slot."""
    return Finding(case.has_value & (case.block.values > case.limits[:, None]), case.everywhere())


def not_yet_measured(case: Case, parameters: Parameters) -> Finding:
    """Read from the device before the slot was over: time goes backwards, so the value is none."""
    read_at = case.block.read_at
    if read_at is None:
        return case.nothing()
    known = read_at != UNKNOWN
    return Finding(case.has_value & known[:, None] & (case.block.slot_ends() > read_at[:, None]), known)


def stale(case: Case, parameters: Parameters) -> Finding:
    """Read from the device before the version that is stored: it came out of order, and replaces nothing."""
    read_at, stored = case.block.read_at, case.block.stored_read_at
    if read_at is None or stored is None:
        return case.nothing()
    known = (read_at != UNKNOWN) & (stored != UNKNOWN)
    return Finding(known & (read_at < stored), known)


def duplicate(case: Case, parameters: Parameters) -> Finding:
    """The same meter, direction and unit once more in the block, with the same content: one of them is enough."""
    keys = case.block.keys
    if keys is None:
        return case.nothing()
    first, conflicts = _repeats(case.block, keys)
    is_first = first == np.arange(case.block.rows)
    return Finding(~is_first & ~conflicts, case.everywhere())


def conflict(case: Case, parameters: Parameters) -> Finding:
    """The same meter, direction and unit more than once, with different content: none of them can be believed."""
    keys = case.block.keys
    if keys is None:
        return case.nothing()
    return Finding(_repeats(case.block, keys)[1], case.everywhere())


def _repeats(block: Block, keys: Integers) -> tuple[Integers, Booleans]:
    """Return the first row with each row's key, and whether rows with that key differ."""
    _, firsts, group = np.unique(keys, return_index=True, return_inverse=True)
    first = firsts[group]
    differs = np.any(block.values != block.values[first], axis=1)
    differs |= np.any(block.states != block.states[first], axis=1)
    in_group = np.zeros(firsts.size, np.bool_)
    in_group[group[differs]] = True
    return first, in_group[group]


RULES = (
    Rule(Reason.MISSING, Phase.ALONE, frozenset(), missing, lambda glance, _: glance.unless_given()),
    Rule(Reason.NEGATIVE, Phase.ALONE, frozenset(), negative, lambda glance, _: glance.block.lowest >= 0),
    Rule(
        Reason.ABOVE_CEILING,
        Phase.ALONE,
        frozenset({"kilowatt", "cubic_metres_per_hour", "margin_percent"}),
        above_ceiling,
        lambda glance, _: glance.block.highest <= glance.limits,
    ),
    Rule(
        Reason.NOT_YET_MEASURED,
        Phase.ALONE,
        frozenset(),
        not_yet_measured,
        lambda glance, _: glance.unless_given(glance.block.read_at),
    ),
    Rule(
        Reason.STALE,
        Phase.ALONE,
        frozenset(),
        stale,
        lambda glance, _: glance.unless_given(glance.block.read_at),
    ),
    Rule(
        Reason.DUPLICATE,
        Phase.ALONE,
        frozenset(),
        duplicate,
        lambda glance, _: glance.unless_given(glance.block.keys),
    ),
    Rule(
        Reason.CONFLICT,
        Phase.ALONE,
        frozenset(),
        conflict,
        lambda glance, _: glance.unless_given(glance.block.keys),
    ),
)
