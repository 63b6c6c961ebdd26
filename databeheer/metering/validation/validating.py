"""`validate`: from a block to what is stored of it."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import (
    ABSENT,
    EST,
    NVAL,
    READ,
    UNKNOWN,
    VAL,
    Booleans,
    Codes,
    has_value,
    is_measured,
)
from databeheer.metering.validation.at_a_glance import outcome_of, quiet_rows
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.catalogue import Catalogue, shipped
from databeheer.metering.validation.estimating import Estimates, estimate, own_estimates
from databeheer.metering.validation.grades import GRADE_CODES, Grade
from databeheer.metering.validation.judging import Judgement, judge
from databeheer.metering.validation.outcome import Outcome
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules import register


def validate(block: Block, catalogue: Catalogue | None = None) -> Outcome:
    """Judge every value of a block and estimate what is missing or not valid.

    A value that passes keeps its state; a READ value of a billing series becomes VAL where nothing of its day is
    missing, estimated or doubted and the slots agree with the register. In an informative series nothing becomes
    VAL. The same block gives the same outcome, whatever the order of its rows; an outcome that is judged
    anew with the same context is unchanged. Nothing is read, stored or logged.

    Source: docs/reference/validation.md
    """
    catalogue = catalogue or shipped()
    quiet, validated = quiet_rows(block, catalogue)
    if not quiet.any():
        return look_at_all(block, catalogue)
    others = np.flatnonzero(~quiet)
    return outcome_of(block, validated, others, look_at_all(block.of_rows(others), catalogue))


def look_at_all(block: Block, catalogue: Catalogue) -> Outcome:
    """Judge and estimate every row slot by slot: what `validate` gives, without its glance."""
    judgement = judge(block, catalogue)
    estimates = estimate(judgement, catalogue)
    as_read = _as_read(judgement, catalogue)
    return _outcome(block, judgement, estimates, as_read, catalogue.version)


def _as_read(judgement: Judgement, catalogue: Catalogue) -> Codes:
    """Return the states of what was measured: NVAL where invalid, VAL where validated."""
    block = judgement.block
    states = np.where(judgement.invalid, np.uint8(NVAL), block.states)
    validated = _agrees(judgement, catalogue)[:, None] & (states == READ)
    return np.where(validated, np.uint8(VAL), states)


def _agrees(judgement: Judgement, catalogue: Catalogue) -> Booleans:
    """Say of each row whether it is billing-grade, whole, measured, undoubted, and agrees with its register."""
    block, case = judgement.block, judgement.case
    if case.differences is None:
        return np.zeros(block.rows, np.bool_)
    parameters = catalogue.get(Reason.REGISTER_MISMATCH).parameters
    above, below = register.apart(case, case.differences.used, parameters)
    measured = (is_measured(block.states) & ~judgement.invalid) | ~case.expected
    agrees: Booleans = (
        (block.grades == GRADE_CODES[Grade.BILLING])
        & (case.differences.used != UNKNOWN)
        & ~above
        & ~below
        & measured.all(axis=1)
        & ~judgement.kept_from_validated
    )
    return agrees


def _outcome(
    block: Block, judgement: Judgement, estimates: Estimates, as_read: Codes, version: str
) -> Outcome:
    given = estimates.given
    left = estimates.needed & ~given & judgement.accepted[:, None]
    ours = own_estimates(block)
    # What is below zero cannot be kept as a value, and an estimate that breaks a rule was never measured: what is
    # left of them is that nothing is there, and why. An estimate of ours for which there is no room any more goes.
    withdrawn = ours & ~given & (estimates.needed | judgement.contradicted[:, None])
    unkept = (judgement.invalid & ((block.values < 0) | (block.states == EST))) | withdrawn
    as_read = np.where(unkept, np.uint8(ABSENT), as_read)
    values = np.where(given, estimates.values, np.where(unkept, 0, block.values))
    states = np.where(given, np.uint8(EST), as_read)
    reasons, profile_reasons = judgement.reasons, judgement.profile_reasons
    main = np.where(given, estimates.methods, judgement.main_reasons)
    main = np.where(withdrawn, np.uint8(Reason.NO_ESTIMATE), main)
    for method in np.unique(estimates.methods[given]).tolist() if given.any() else ():
        if method:
            _add(reasons, profile_reasons, given & (estimates.methods == method), Reason(method))
    _add(reasons, profile_reasons, left, Reason.NO_ESTIMATE)
    stored = np.zeros_like(main) if block.reasons is None else block.reasons
    # Why a value was not kept, how it was estimated, that a person set it right: an earlier look knows.
    rectified = (stored == Reason.RECTIFIED) & (main == 0) & has_value(states)
    unkept_before = (stored > 0) & (main == Reason.MISSING) & (states == ABSENT)
    estimated_before = ours & (states == EST) & ~given  # also where the whole day is doubted: it stays ours
    main = np.where(rectified | unkept_before | estimated_before, stored, main)
    measured = has_value(block.states) & (block.states != EST)
    changed = ((values != block.values) | (states != block.states) | (main != stored)).any(axis=1)
    return Outcome(
        accepted=judgement.accepted,
        values=values,
        states=states,
        main_reasons=main,
        reasons=reasons,
        profile_reasons=profile_reasons,
        as_read=as_read,
        replaced=given & measured,
        originals=(given | unkept) & measured,
        rules=judgement.main_reasons,
        changed=changed & judgement.accepted,
        catalogue=version,
    )


def _add(reasons: np.ndarray, profile_reasons: np.ndarray, slots: Booleans, reason: Reason) -> None:
    if slots.any():
        reasons[slots] |= reason.bit
        profile_reasons[slots.any(axis=1)] |= reason.bit
