"""Rules that hold a day against what it was like outside, and against others of its kind (R68)."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import COMMODITY_CODES, DIRECTION_CODES, UNKNOWN
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Parameters, Phase, Rule
from databeheer.values import Commodity, Direction


def weather(case: Case, parameters: Parameters) -> Finding:
    """Gas that does not fit the cold of the day, where on the days before it did.

    Degree-days count from `base` tenths of a degree down. A straight line through the row's own days says what is
    usual at this cold; it is asked only where it explains `explained` percent of how those days differ.
    """
    outside, past = case.block.weather, case.block.history
    if outside is None or past is None or past.totals is None:
        return case.nothing()
    known = (past.totals != UNKNOWN) & (outside.previous != UNKNOWN)
    cold = np.where(known, np.maximum(parameters["base"] - outside.previous, 0), 0) / 10
    used = np.where(known, past.totals, 0).astype(np.float64)
    count = np.maximum(known.sum(axis=1), 1)
    mean_cold, mean_used = cold.sum(axis=1) / count, used.sum(axis=1) / count
    off_cold = np.where(known, cold - mean_cold[:, None], 0)
    off_used = np.where(known, used - mean_used[:, None], 0)
    spread = (off_cold**2).sum(axis=1)
    slope = (off_cold * off_used).sum(axis=1) / np.maximum(spread, 1e-9)
    left = ((off_used - slope[:, None] * off_cold) ** 2).sum(axis=1)
    whole = (off_used**2).sum(axis=1)
    explained = 1 - left / np.maximum(whole, 1e-9)
    offtake = case.block.directions == DIRECTION_CODES[Direction.OFFTAKE]
    judged = (known.sum(axis=1) >= parameters["days"]) & case.is_whole & offtake & (slope > 0)
    judged &= (case.block.commodities == COMMODITY_CODES[Commodity.GAS]) & (spread > 0)
    judged &= explained * 100 >= parameters["explained"]
    today = max(parameters["base"] - outside.day, 0) / 10
    usual = mean_used + slope * (today - mean_cold)
    deviation = np.sqrt(left / np.maximum(count - 2, 1))
    allowed = np.maximum(parameters["deviations"] * deviation, parameters["per_day"])
    return Finding(judged & (np.abs(case.used - usual) > allowed), judged)


def statistics(case: Case, parameters: Parameters) -> Finding:
    """The day is far above what ninety-nine of a hundred points of its kind use."""
    highest = case.block.highest_of_kind
    if highest is None:
        return case.nothing()
    known = highest != UNKNOWN
    return Finding(known & (case.used * 100 > np.where(known, highest, 0) * parameters["percent"]), known)


RULES = (
    Rule(
        Reason.WEATHER,
        Phase.BESIDE,
        frozenset({"days", "base", "explained", "deviations", "per_day"}),
        weather,
        lambda glance, _: glance.unless_given(glance.block.weather),
    ),
    Rule(
        Reason.STATISTICS,
        Phase.BESIDE,
        frozenset({"percent"}),
        statistics,
        lambda glance, _: glance.unless_given(glance.block.highest_of_kind),
    ),
)
