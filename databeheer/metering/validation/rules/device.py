"""Rules about the device's clock."""

from __future__ import annotations

import numpy as np

from databeheer.metering.validation.arrays import UNKNOWN
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules.base import Case, Finding, Parameters, Phase, Rule


def clock_drift(case: Case, parameters: Parameters) -> Finding:
    """The clock is off by more than it may be: slots begin and end at the wrong moment."""
    return _off(case, parameters["seconds"])


def clock_wrong(case: Case, parameters: Parameters) -> Finding:
    """The clock is off by so much that values stand in the wrong slots."""
    return _off(case, parameters["seconds"])


def _off(case: Case, seconds: int) -> Finding:
    offset = case.block.clock_offset
    if offset is None:
        return case.nothing()
    known = offset != UNKNOWN
    return Finding(known & (np.abs(np.where(known, offset, 0)) >= seconds), known)


RULES = (
    Rule(Reason.CLOCK_DRIFT, Phase.ALONE, frozenset({"seconds"}), clock_drift),
    Rule(Reason.CLOCK_WRONG, Phase.ALONE, frozenset({"seconds"}), clock_wrong),
)
