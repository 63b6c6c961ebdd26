"""Rectification by hand: of billing-grade readings only, and judged by the same rules after it (R61, R67)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from databeheer.metering.validation.arrays import (
    VAL,
    BlockError,
    Booleans,
    Integers,
    require_array,
)
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.grades import GRADE_CODES, Grade, require_rectifiable
from databeheer.metering.validation.reasons import Reason


def rectify(block: Block, slots: Booleans, values: Integers) -> Block:
    """Return the block with `values` (n, s) where `slots` (n, s) says so, as set right by a person.

    The block given is unchanged: what was measured stays in the version that it is stored in. `validate` the block
    that is returned; a correction that breaks a rule is not valid either.

    Raises:
        InformativeSeriesError: a row to be corrected is informative; it says whom to ask instead.
        BlockError: shapes that do not fit, a value below zero, or a slot that the meter did not serve.
    """
    require_array(slots, np.bool_, 2, "slots", block.values.shape)
    require_array(values, np.int64, 2, "values", block.values.shape)
    if (block.grades[slots.any(axis=1)] != GRADE_CODES[Grade.BILLING]).any():
        require_rectifiable(Grade.INFORMATIVE)
    if (values[slots] < 0).any():
        raise BlockError("a rectified value is not below zero")
    expected = block.expected()
    if expected is not None and (slots & ~expected).any():
        raise BlockError("the meter did not serve a slot that is to be rectified")
    stored = np.zeros(slots.shape, np.uint8) if block.reasons is None else block.reasons
    return replace(
        block,
        values=np.where(slots, values, block.values),
        states=np.where(slots, np.uint8(VAL), block.states),
        reasons=np.where(slots, np.uint8(Reason.RECTIFIED), stored),
    )
