"""Meters that count high and low tariff in two registers: together for validation, apart in the day's total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from databeheer.metering.batches.reading import Integers, Table
from databeheer.metering.packing import Bytes
from databeheer.metering.plan.tariff_periods import PERIODS
from databeheer.metering.states import REGISTER_CODES
from databeheer.metering.validation import UNKNOWN, Registers, difference

Rows = npt.NDArray[np.intp]
_CODES = np.array([REGISTER_CODES[period] for period in PERIODS], np.uint8)
_STATE = 0b111


@dataclass(frozen=True)
class TwoRegisters:
    """`used` (n, 2): thousandths that the high and the low register counted; `UNKNOWN` where a row has one register.

    `together` is the reading of both as of one register that counts on, as validation wants it.
    """

    used: Integers
    together: Registers

    def divides(self, total: Integers, marks: Bytes, rows: Rows) -> npt.NDArray[np.bool_]:
        """Say of each of these rows whether its two registers are what became of the day: not of an estimate."""
        used = self.used[rows]
        known = (used != UNKNOWN).all(axis=1) & (marks != 0)
        found: npt.NDArray[np.bool_] = known & (np.where(known[:, None], used, 0).sum(axis=1) == total)
        return found

    def values(self, rows: Rows) -> Integers:
        return self.used[rows]

    def marks(self, marks: Bytes) -> Bytes:
        """Return the marks of both parts: the state of the whole, each its own register."""
        return ((marks & _STATE)[:, None] | _CODES[None, :] << 3).astype(np.uint8)


def two_registers(table: Table, rows: Rows, high: Registers | None, most: Integers) -> TwoRegisters | None:
    """Return what the two registers of these rows say; None where the batch has only single ones."""
    begin, end = table.register_low_begin, table.register_low_end
    if high is None or begin is None or end is None:
        return None
    begin, end = begin[rows], end[rows]
    is_two = (begin != UNKNOWN) | (end != UNKNOWN)
    upper = difference(high.begin, high.end, most, digits=high.digits).used
    lower = difference(begin, end, most, digits=high.digits).used
    known = is_two & (upper != UNKNOWN) & (lower != UNKNOWN)
    first = np.where(known, high.begin + begin, np.where(is_two, UNKNOWN, high.begin))
    last = np.where(known, first + upper + lower, np.where(is_two, UNKNOWN, high.end))
    digits = None if high.digits is None else np.where(is_two, UNKNOWN, high.digits)
    used = np.where(known[:, None], np.stack((upper, lower), axis=1), UNKNOWN)
    return TwoRegisters(used, Registers(begin=first, end=last, digits=digits))
