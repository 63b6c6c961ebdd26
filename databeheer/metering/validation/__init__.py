"""Validation and estimation of day profiles: named rules with reason codes over arrays (R61, R62, R67, R68).

    block = Block.of_measured(day=…, slot_minutes=15, values=…, present=…, commodities=…, …)
    outcome = validate(block)

`outcome.values`, `states` and `main_reasons` are what to store, `summary` is for the batch's report. Pure: no
storage, no clock, no files but the catalogue.
"""

from __future__ import annotations

from databeheer.metering.validation.arrays import (
    COMMODITY_CODES,
    DIRECTION_CODES,
    LARGEST,
    UNIT_CODES,
    UNKNOWN,
    BlockError,
    codes_of,
)
from databeheer.metering.validation.block import Block, Gas, Registers, Weather
from databeheer.metering.validation.catalogue import Catalogue, Severity, shipped
from databeheer.metering.validation.consumption import consumption_of
from databeheer.metering.validation.grades import (
    GRADE_CODES,
    Grade,
    InformativeSeriesError,
    require_rectifiable,
)
from databeheer.metering.validation.history import History, aligned, like_days_of, totals_of
from databeheer.metering.validation.outcome import Outcome, Summary
from databeheer.metering.validation.reasons import Reason, reasons_in
from databeheer.metering.validation.rectifying import rectify
from databeheer.metering.validation.registers import Differences, difference
from databeheer.metering.validation.validating import validate

__all__ = [
    "COMMODITY_CODES",
    "DIRECTION_CODES",
    "GRADE_CODES",
    "LARGEST",
    "UNIT_CODES",
    "UNKNOWN",
    "Block",
    "BlockError",
    "Catalogue",
    "Differences",
    "Gas",
    "Grade",
    "History",
    "InformativeSeriesError",
    "Outcome",
    "Reason",
    "Registers",
    "Severity",
    "Summary",
    "Weather",
    "aligned",
    "codes_of",
    "consumption_of",
    "difference",
    "like_days_of",
    "reasons_in",
    "rectify",
    "require_rectifiable",
    "shipped",
    "totals_of",
    "validate",
]
