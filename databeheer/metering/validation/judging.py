"""The rules applied to a block, one after the other: which slots are invalid, doubtful or fine, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from databeheer.metering.validation.arrays import NVAL, READ, Booleans, Codes
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.catalogue import Catalogue, RuleEntry, Severity
from databeheer.metering.validation.reasons import Reason, ReasonSets
from databeheer.metering.validation.rules import RULES, Case, Finding, Phase, Rule
from databeheer.metering.validation.rules.base import limits_of


@dataclass(frozen=True)
class Judgement:
    """What the rules found; arrays as in `Outcome`.

    `block`: as it was judged: what an earlier look made NVAL is a measured value again.
    `invalid` (n, s): slots whose value is not valid. `kept_from_validated` (n,): rows with a doubt that the register
    does not settle. `contradicted` (n,): rows that nobody may estimate in, since slots and register differ.
    """

    block: Block
    case: Case
    accepted: Booleans
    invalid: Booleans
    kept_from_validated: Booleans
    contradicted: Booleans
    reasons: ReasonSets
    profile_reasons: ReasonSets
    main_reasons: Codes


class _Notes:
    """What was found so far."""

    def __init__(self, block: Block) -> None:
        self.reasons = np.zeros(block.values.shape, np.uint64)
        self.profiles = np.zeros(block.rows, np.uint64)
        self.main = np.zeros(block.values.shape, np.uint8)
        self.accepted = np.ones(block.rows, np.bool_)
        self.invalid = np.zeros(block.values.shape, np.bool_)
        self.doubted = np.zeros(block.values.shape, np.bool_)
        self.unsettled = np.zeros(block.rows, np.bool_)


def judge(block: Block, catalogue: Catalogue, rules: tuple[Rule, ...] = RULES) -> Judgement:
    """Apply the rules of the catalogue to a block that may have been judged before."""
    stored = block.reasons
    block = _as_measured(block)
    limits = limits_of(block, catalogue.get(Reason.ABOVE_CEILING).parameters)
    notes = _Notes(block)
    for phase in Phase:
        case = Case(
            block,
            block.has_value & ~notes.invalid & (block.states != NVAL),
            limits,
            notes.doubted if phase is Phase.REGISTER else None,
        )
        for rule in rules:
            if rule.phase is phase:
                entry = catalogue.get(rule.reason)
                finding = rule.look(case, entry.parameters)
                _note(notes, case, entry, _with_stored(finding, rule.reason, stored))
    mismatch = (notes.reasons & Reason.REGISTER_MISMATCH.bit) != 0
    # Where the mismatch lies in doubted slots alone, the others stay and the doubted ones are estimated.
    contradicted = (mismatch & ~notes.doubted).any(axis=1)
    return Judgement(
        block,
        replace(case, usable=case.usable & ~notes.invalid),
        notes.accepted,
        notes.invalid,
        notes.unsettled,
        contradicted,
        notes.reasons,
        notes.profiles,
        notes.main,
    )


def _as_measured(block: Block) -> Block:
    """Give values that one of our rules called invalid another chance; each rule that cannot judge stands by it."""
    if block.reasons is None:
        return block
    again = (block.states == NVAL) & (block.reasons > 0) & (block.reasons < 32)
    if not again.any():
        return block
    return replace(block, states=np.where(again, np.uint8(READ), block.states))


def _with_stored(finding: Finding, reason: Reason, stored: Codes | None) -> Finding:
    """Add what an earlier look found, for rows that this one cannot judge."""
    if stored is None or finding.judged.all():
        return finding
    earlier = (stored == reason.value) & ~finding.judged[:, None]
    if not earlier.any():
        return finding
    found = finding.found if finding.found.ndim == 2 else finding.found[:, None]
    return Finding(found | earlier, finding.judged)


def _note(notes: _Notes, case: Case, entry: RuleEntry, finding: Finding) -> None:
    if not finding.found.any():
        return
    rows = finding.found if finding.found.ndim == 1 else finding.found.any(axis=1)
    notes.profiles[rows] |= entry.reason.bit
    if entry.severity is Severity.REFUSED:
        notes.accepted &= ~rows
        return
    if finding.found.ndim == 2:
        slots = finding.found
    elif entry.severity is Severity.NOTICE:
        return
    else:
        slots = finding.found[:, None] & case.has_value
    notes.reasons[slots] |= entry.reason.bit
    if entry.severity is Severity.INVALID:
        # What makes a value invalid is said before what only made somebody doubt it.
        first = slots & ~notes.invalid
        notes.invalid |= slots & case.has_value
        notes.main[first] = entry.reason
    else:
        notes.main[slots & (notes.main == 0)] = entry.reason
    if entry.severity is Severity.DOUBTFUL:
        if not entry.settled_by_register:
            notes.unsettled |= rows
        elif entry.judges == "value":
            notes.doubted |= slots
