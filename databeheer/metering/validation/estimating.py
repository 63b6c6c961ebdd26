"""Substitution: what stands in where nothing valid was measured. Never changes a value that is valid.

1. A short gap with a measured value on both sides is interpolated; anything else takes the like days' average.
2. Where the register's difference is known and every gap of the row has a shape by now, the gaps share exactly what
   the measured values leave of it.
3. What has no shape, or no room within the register, stays without valid value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from databeheer.metering.validation.apportioning import apportion
from databeheer.metering.validation.arrays import (
    ABSENT,
    EST,
    NONE,
    NVAL,
    UNKNOWN,
    Booleans,
    Codes,
    Integers,
    any_of,
    is_measured,
    runs_of,
)
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.catalogue import Catalogue, Estimation
from databeheer.metering.validation.judging import Judgement
from databeheer.metering.validation.reasons import OWN_ESTIMATES, TO_REGISTER, Reason
from databeheer.metering.validation.rules import register

_NOTHING = -1


@dataclass(frozen=True)
class Estimates:
    """`needed` (n, s): slots that want a value. Where `given`, `values` has one and `methods` says how it came."""

    needed: Booleans
    given: Booleans
    values: Integers
    methods: Codes


def estimate(judgement: Judgement, catalogue: Catalogue) -> Estimates:
    """Estimate what the judgement left without a valid value."""
    needed = _needed(judgement, catalogue)
    values = np.zeros(needed.shape, np.int64)
    methods = np.zeros(needed.shape, np.uint8)
    given = np.zeros(needed.shape, np.bool_)
    rows = np.flatnonzero(needed.any(axis=1) & judgement.accepted)
    if rows.size:
        part = _Part(judgement, rows, needed[rows])
        part.interpolate(catalogue.estimation)
        part.average(catalogue.estimation)
        part.keep_given()
        part.agree_with_register()
        part.drop_impossible()
        values[rows], methods[rows], given[rows] = part.values, part.methods, part.given
    return Estimates(needed, given, values, methods)


def _needed(judgement: Judgement, catalogue: Catalogue) -> Booleans:
    block, case = judgement.block, judgement.case
    needed = case.expected & ((block.states == ABSENT) | (block.states == NVAL) | judgement.invalid)
    estimates = (block.states == EST) & ~judgement.invalid
    gaps = any_of(needed)
    again, yields = gaps, np.zeros(block.rows, np.bool_)
    if case.differences is not None:
        used = case.differences.used
        above, below = register.apart(case, used, catalogue.get(Reason.REGISTER_MISMATCH).parameters)
        # Ours agree to the last unit. An estimate that was delivered yields only where nothing else can.
        again = gaps | ((used != UNKNOWN) & (case.used != used))
        yields = above | (below & ~gaps)
    ours = own_estimates(block)
    needed |= estimates & np.where(ours, again[:, None], yields[:, None])
    wanted: Booleans = needed & ~judgement.contradicted[:, None]
    return wanted


def own_estimates(block: Block) -> Booleans:
    """Say of each slot whether what is stored of it was estimated here."""
    if block.reasons is None:
        return np.zeros(block.values.shape, np.bool_)
    ours: Booleans = np.isin(block.reasons, _OWN) & (block.states == EST)
    return ours


_OWN = [reason.value for reason in OWN_ESTIMATES]


class _Part:
    """The rows that want an estimate; m of them."""

    def __init__(self, judgement: Judgement, rows: Integers, needed: Booleans) -> None:
        block = judgement.block
        self._rows = rows
        self._needed = needed
        self._block = block
        self._values = block.values[rows]
        self._states = block.states[rows]
        self._valid = ~judgement.invalid[rows] & ~needed
        self._limits = judgement.case.limits[rows]
        found = judgement.case.differences
        self._used = np.full(rows.size, UNKNOWN) if found is None else found.used[rows]
        stored = np.zeros(needed.shape, np.uint8) if block.reasons is None else block.reasons[rows]
        self._stored = np.where(self._states == EST, stored, 0)
        # An estimate that was delivered has a shape of its own: nothing else is tried on it.
        delivered = (self._states == EST) & ~judgement.invalid[rows]
        delivered &= (self._stored == 0) | (self._stored == Reason.GIVEN_TO_REGISTER)
        self._open = needed & ~delivered
        self.values = np.full(needed.shape, _NOTHING)
        self.methods = np.zeros(needed.shape, np.uint8)

    @property
    def given(self) -> Booleans:
        """Which slots have an estimate so far."""
        given: Booleans = self.values != _NOTHING
        return given

    def interpolate(self, terms: Estimation) -> None:
        """Lay a straight line over short gaps between two measured values."""
        slots, measured = self._values.shape[1], self._valid & is_measured(self._states)
        runs = runs_of(self._open)
        runs = runs.where(runs.lengths * self._block.slot_length <= terms.gap_hours * 60)
        ends = runs.starts + runs.lengths
        left, has_left = self._before(runs.rows, runs.starts, measured)
        after = np.minimum(ends, slots - 1)
        right, has_right = self._values[runs.rows, after], (ends < slots) & measured[runs.rows, after]
        chosen = has_left & has_right
        lengths, left, right = runs.lengths[chosen], left[chosen], right[chosen]
        rows, slot, place = runs.where(chosen).slots()
        parts, begin, end = (np.repeat(one, lengths) for one in (lengths + 1, left, right))
        self.values[rows, slot] = (begin * (parts - 1 - place) + end * (place + 1) + parts // 2) // parts
        self.methods[rows, slot] = Reason.INTERPOLATED

    def _before(self, rows: Integers, starts: Integers, measured: Booleans) -> tuple[Integers, Booleans]:
        inside = starts > 0
        place = np.maximum(starts - 1, 0)
        values, known = self._values[rows, place], inside & measured[rows, place]
        if self._block.before is None:
            return values, known
        yesterday = self._block.before[self._rows][rows]
        is_first = ~inside & (yesterday != UNKNOWN) & (yesterday >= 0)
        return np.where(is_first, yesterday, values), known | is_first

    def average(self, terms: Estimation) -> None:
        """Take the like days' average where nothing was interpolated."""
        wanted = self._open & ~self.given
        rows = np.flatnonzero(wanted.any(axis=1))
        if self._block.history is None or not rows.size:
            return
        mean = self._block.history.mean(self._rows[rows])
        averages = (mean.sums + mean.counts // 2) // np.maximum(mean.counts, 1)
        chosen = np.zeros(wanted.shape, np.bool_)
        chosen[rows] = wanted[rows] & (mean.counts >= terms.least_like_days) & (averages >= 0)
        self.values[chosen] = np.minimum(averages, self._limits[rows][:, None])[chosen[rows]]
        self.methods[chosen] = Reason.LIKE_DAYS

    def keep_given(self) -> None:
        """Keep an estimate that there is, where nothing better was found."""
        kept = self._needed & ~self.given & (self._states == EST) & (self._values >= 0)
        self.values[kept] = np.minimum(self._values, self._limits[:, None])[kept]
        self.methods[kept] = self._stored[kept]

    def agree_with_register(self) -> None:
        """Make estimates share what the register says is left; without room for them there are none."""
        known = self._used != UNKNOWN
        has_value = (self._states != ABSENT) & (self._states != NONE)
        fixed = np.where(self._valid & has_value & (self._states != NVAL), self._values, 0).sum(axis=1)
        left = np.where(known, self._used - fixed, 0)
        whole = ~any_of(self._needed & ~self.given)
        sums = np.where(self.given, self.values, 0).sum(axis=1)
        self._drop(known & ((left < 0) | (~whole & (sums > left))))
        scaled = known & whole & (left >= 0)
        shares = apportion(left[scaled], self.values[scaled], self.given[scaled])
        self.values[scaled] = np.where(self.given[scaled], shares, _NOTHING)
        for plain, to_register in TO_REGISTER.items():
            self.methods[scaled[:, None] & self.given & (self.methods == int(plain))] = to_register

    def drop_impossible(self) -> None:
        """Estimate nothing in a row where a share is more than the connection carries."""
        self._drop(any_of(self.values > self._limits[:, None]))

    def _drop(self, rows: Booleans) -> None:
        self.values[rows] = _NOTHING
        self.methods[rows] = 0
