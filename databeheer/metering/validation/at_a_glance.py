"""Rows in which no rule finds anything, told by a glance: nearly all. Only the others are looked at slot by slot.

Each rule says for itself which rows it spares (`Rule.spares`); what is spared by all, and was read in every slot, is
stored as it came. A test holds this against looking at everything.
"""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import READ, UNKNOWN, VAL, Booleans
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.catalogue import Catalogue
from databeheer.metering.validation.grades import GRADE_CODES, Grade
from databeheer.metering.validation.outcome import Outcome
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules import RULES, Glance
from databeheer.metering.validation.rules.base import limits_of


def quiet_rows(block: Block, catalogue: Catalogue) -> tuple[Booleans, Booleans]:
    """Return in which rows no rule finds anything, and which of those are validated by their register."""
    quiet = np.zeros(block.rows, np.bool_)
    if block.reasons is not None or not block.rows:
        return quiet, quiet
    quiet = np.all(block.states == READ, axis=1)
    glance = Glance(block, limits_of(block, catalogue.get(Reason.ABOVE_CEILING).parameters))
    for rule in RULES:
        if not quiet.any():
            return quiet, quiet
        quiet &= rule.spares(glance, catalogue.get(rule.reason).parameters)
    if glance.differences is None:
        return quiet, np.zeros(block.rows, np.bool_)
    agrees = (glance.differences.used != UNKNOWN) & (block.grades == GRADE_CODES[Grade.BILLING])
    return quiet, quiet & agrees


def outcome_of(block: Block, validated: Booleans, others: np.ndarray, looked: Outcome) -> Outcome:
    """Return the outcome of a block, of which the rows `others` were looked at and all the rest is quiet."""
    states = np.where(validated[:, None], np.uint8(VAL), block.states)
    whole = Outcome(
        accepted=np.ones(block.rows, np.bool_),
        values=block.values.copy(),
        states=states,
        main_reasons=np.zeros(states.shape, np.uint8),
        reasons=np.zeros(states.shape, np.uint64),
        profile_reasons=np.zeros(block.rows, np.uint64),
        as_read=states.copy(),
        replaced=np.zeros(states.shape, np.bool_),
        originals=np.zeros(states.shape, np.bool_),
        rules=np.zeros(states.shape, np.uint8),
        changed=validated.copy(),
        catalogue=looked.catalogue,
    )
    for name in _ARRAYS:
        getattr(whole, name)[others] = getattr(looked, name)
    return whole


_ARRAYS = tuple(name for name in Outcome.__dataclass_fields__ if name != "catalogue")
