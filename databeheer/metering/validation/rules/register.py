"""Rules about the cumulative register: what it says by itself, and whether the slots add up to it."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import UNKNOWN, Booleans, Integers, any_of
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Glance, Parameters, Phase, Rule


def register_impossible(case: Case, parameters: Parameters) -> Finding:
    """The register goes back, shows more digits than it has, or leaps further than the connection carries."""
    found = case.differences
    if found is None:
        return case.nothing()
    return Finding(found.impossible, found.impossible | (found.used != UNKNOWN))


def register_rolled_over(case: Case, parameters: Parameters) -> Finding:
    """The register passed its last digit and began again: the difference counts through."""
    found = case.differences
    return case.nothing() if found is None else Finding(found.rolled, found.used != UNKNOWN)


def meter_changed(case: Case, parameters: Parameters) -> Finding:
    """The meter was changed: it served a part of the day, or two meters make up the day's total."""
    in_part = any_of(~case.expected)
    found = case.differences
    return Finding(in_part if found is None else in_part | found.changed, case.everywhere())


def register_mismatch(case: Case, parameters: Parameters) -> Finding:
    """The slots do not add up to what the register says was used; or, with a gap among them, to more than that.

    Slots that another rule doubts give way first: where the rest does not exceed the register, they alone are
    wrong. Otherwise nobody can tell which of the values are, and none of them is valid.
    """
    found = case.differences
    if found is None:
        return case.nothing()
    known = found.used != UNKNOWN
    above, below = apart(case, found.used, parameters)
    has_estimates = any_of(case.usable & ~case.measured)
    # Estimates that came with the file are made to fit the register; only what was measured can contradict it.
    measured = np.where(case.measured, case.block.values, 0).sum(axis=1, dtype=np.int64)
    estimates_fit = has_estimates & (measured <= found.used)
    wrong = known & (above | (below & case.is_whole)) & ~estimates_fit
    if case.doubted is None:
        return Finding(wrong, known)
    # Too much is explained by what is doubted for being much, too little by what is doubted for being nothing.
    doubted = case.doubted & case.measured & ((case.block.values > 0) == above[:, None])
    rest = measured - np.where(doubted, case.block.values, 0).sum(axis=1, dtype=np.int64)
    settled = wrong & any_of(doubted) & (rest <= found.used)
    return Finding(np.where(settled[:, None], doubted, (wrong & ~settled)[:, None] & case.measured), known)


def apart(case: Case | Glance, used: Integers, parameters: Parameters) -> tuple[Booleans, Booleans]:
    """Say of each row whether its values add up to more, and to less, than the register by what rounding explains."""
    known = used != UNKNOWN
    said = np.where(known, used, 0)
    allowed = parameters["per_slot"] * case.block.slots + said * parameters["permille"] // 1000
    return known & (case.used > said + allowed), known & (case.used < said - allowed)


def _adds_up(glance: Glance, parameters: Parameters) -> Booleans:
    found = glance.differences
    if found is None:
        return glance.unless_given()
    above, below = apart(glance, found.used, parameters)
    return ~above & ~below


def _is_ordinary(glance: Glance, parameters: Parameters) -> Booleans:
    """One meter, all day, whose register is possible and went on."""
    found = glance.differences
    whole = glance.unless_given(glance.block.first_slot, glance.block.until_slot)
    return whole if found is None else whole & ~(found.impossible | found.rolled | found.changed)


RULES = (
    Rule(Reason.REGISTER_IMPOSSIBLE, Phase.BESIDE, frozenset(), register_impossible, _is_ordinary),
    Rule(Reason.REGISTER_ROLLED_OVER, Phase.BESIDE, frozenset(), register_rolled_over, _is_ordinary),
    Rule(Reason.METER_CHANGED, Phase.BESIDE, frozenset(), meter_changed, _is_ordinary),
    Rule(
        Reason.REGISTER_MISMATCH,
        Phase.REGISTER,
        frozenset({"per_slot", "permille"}),
        register_mismatch,
        _adds_up,
    ),
)
