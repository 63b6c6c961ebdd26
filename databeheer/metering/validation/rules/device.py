"""Rules about the device's clock."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import UNKNOWN, Booleans
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Glance, Parameters, Phase, Rule


def clock_drift(case: Case, parameters: Parameters) -> Finding:
    """The clock is off by more than it may be: slots begin and end at the wrong moment."""
    return _off(case.block, parameters)


def clock_wrong(case: Case, parameters: Parameters) -> Finding:
    """The clock is off by so much that values stand in the wrong slots."""
    return _off(case.block, parameters)


def _off(block: Block, parameters: Parameters) -> Finding:
    offset = block.clock_offset
    if offset is None:
        nobody = np.zeros(block.rows, np.bool_)
        return Finding(nobody, nobody)
    known = offset != UNKNOWN
    return Finding(known & (np.abs(np.where(known, offset, 0)) >= parameters["seconds"]), known)


def _is_right(glance: Glance, parameters: Parameters) -> Booleans:
    return ~_off(glance.block, parameters).found


RULES = (
    Rule(Reason.CLOCK_DRIFT, Phase.ALONE, frozenset({"seconds"}), clock_drift, _is_right),
    Rule(Reason.CLOCK_WRONG, Phase.ALONE, frozenset({"seconds"}), clock_wrong, _is_right),
)
