"""Rules that hold a day against what the same meter did before."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import DIRECTION_CODES, UNKNOWN, Booleans, runs_of
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Glance, Parameters, Phase, Rule
from databeheer.values import Direction


def spike(case: Case, parameters: Parameters) -> Finding:
    """A slot many times above all that the like days had, and large in itself."""
    history = case.block.history
    if history is None:
        return case.nothing()
    peaks, days = history.peaks()
    judged = days >= parameters["days"]
    bounds = np.maximum(
        np.clip(peaks, 0, case.limits) * parameters["times"], case.per_slot(parameters["per_hour"])
    )
    return Finding(case.measured & judged[:, None] & (case.block.values > bounds[:, None]), judged)


def zero_run(case: Case, parameters: Parameters) -> Finding:
    """Nothing for hours on end, where the like days had use: nobody was there, or the meter stood still."""
    history = case.block.history
    if history is None:
        return case.nothing()
    found = np.zeros(case.block.values.shape, np.bool_)
    judged = (case.block.directions == DIRECTION_CODES[Direction.OFFTAKE]) & (
        history.days >= parameters["days"]
    )
    runs = runs_of(case.measured & (case.block.values == 0) & judged[:, None])
    runs = runs.where(runs.lengths * case.block.slot_length >= parameters["hours"] * 60)
    if runs.rows.size == 0:
        return Finding(found, judged)
    rows, place = np.unique(runs.rows, return_inverse=True)
    mean = history.mean(rows)
    usual = mean.sums // np.maximum(mean.counts, 1)
    before = np.concatenate([np.zeros((rows.size, 1), np.int64), usual.cumsum(axis=1)], axis=1)
    used = before[place, runs.starts + runs.lengths] - before[place, runs.starts]
    runs = runs.where(used >= runs.lengths * case.per_slot(parameters["per_hour"]))
    row, slot, _ = runs.slots()
    found[row, slot] = True
    return Finding(found, judged)


def history(case: Case, parameters: Parameters) -> Finding:
    """The day as a whole is far above, or far below, every one of the days before it."""
    past = case.block.history
    if past is None or past.totals is None:
        return case.nothing()
    known = past.totals != UNKNOWN
    judged = known.sum(axis=1) >= parameters["days"]
    highest = np.where(known, past.totals, 0).max(axis=1, initial=0)
    lowest = np.where(known, past.totals, np.iinfo(np.int64).max).min(axis=1, initial=np.iinfo(np.int64).max)
    floor = parameters["per_day"]
    above = case.used > np.maximum(np.clip(highest, 0, _most(case)) * parameters["times_above"], floor)
    # A day with a gap is lower for that alone; what a roof gives differs tenfold from one day to the next.
    offtake = case.block.directions == DIRECTION_CODES[Direction.OFFTAKE]
    is_low = np.clip(case.used, 0, _most(case)) * parameters["times_below"] < lowest
    below = case.is_whole & offtake & (lowest > floor) & is_low
    return Finding(judged & (above | below), judged)


def _most(case: Case) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return case.limits * case.block.slots


def _without_past(glance: Glance, parameters: Parameters) -> Booleans:
    return glance.unless_given(glance.block.history)


RULES = (
    Rule(Reason.SPIKE, Phase.BESIDE, frozenset({"days", "times", "per_hour"}), spike, _without_past),
    Rule(Reason.ZERO_RUN, Phase.BESIDE, frozenset({"days", "hours", "per_hour"}), zero_run, _without_past),
    Rule(
        Reason.HISTORY,
        Phase.BESIDE,
        frozenset({"days", "times_above", "times_below", "per_day"}),
        history,
        _without_past,
    ),
)
