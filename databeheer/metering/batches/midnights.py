"""The cumulative registers of a batch's rows, as they are kept: those that can be true, at the midnights of the day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from databeheer.metering.batches.checking import UNITS, codes_of
from databeheer.metering.batches.reading import Integers, Table
from databeheer.metering.packing import Bytes
from databeheer.metering.register_readings import MOST_DIGITS, pack_reading_rows
from databeheer.metering.states import Register, Unit
from databeheer.metering.validation import UNKNOWN, difference

Rows = npt.NDArray[np.intp]
REACTIVE = {
    Unit.KVARH: Register.REACTIVE,
    Unit.KVARH_INDUCTIVE: Register.INDUCTIVE,
    Unit.KVARH_CAPACITIVE: Register.CAPACITIVE,
}
"""Which register counts what is no energy."""


def midnight_readings(table: Table, rows: Rows, most: Integers) -> tuple[Bytes, npt.NDArray[np.bool_]]:
    """Return of each row the bytes of its register readings, (n, 32), and which rows have any.

    A pair that goes back, leaps further than `most` in its day, or shows more digits than the register has, is not
    kept: nobody could tell which of the two is wrong.
    """
    digits = _column(table.register_digits, rows)
    digits = np.where((digits > 0) & (digits <= MOST_DIGITS), digits, 0)
    first = _plausible(table.register_begin, table.register_end, rows, most, digits)
    low = _plausible(table.register_low_begin, table.register_low_end, rows, most, digits)
    given = (table.register_low_begin, table.register_low_end)
    is_two = np.any([_column(one, rows) != UNKNOWN for one in given], axis=0)
    units = codes_of(table.unit, UNITS)[rows]
    found = {Register.NIGHT: low, Register.DAY: _only(first, is_two)}
    single = ~is_two
    for unit, register in REACTIVE.items():
        here = units == UNITS[unit.value]
        found[register] = _only(first, single & here)
        single = single & ~here
    found[Register.TOTAL] = _only(first, single)
    return pack_reading_rows(digits, found)


def _plausible(
    begin: Integers | None, end: Integers | None, rows: Rows, most: Integers, digits: Integers
) -> tuple[Integers, Integers]:
    first, last = _column(begin, rows), _column(end, rows)
    if begin is None and end is None:
        return first, last
    wrong = difference(first, last, most, digits=np.where(digits > 0, digits, UNKNOWN)).impossible
    beyond = np.where(digits > 0, 10 ** (digits + 3), np.iinfo(np.int64).max)
    kept = [np.where(wrong | (one < 0) | (one >= beyond), UNKNOWN, one) for one in (first, last)]
    return kept[0], kept[1]


def _only(pair: tuple[Integers, Integers], rows: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    begin, end = pair
    return np.where(rows, begin, UNKNOWN), np.where(rows, end, UNKNOWN)


def _column(numbers: Integers | None, rows: Rows) -> Integers:
    return np.full(len(rows), UNKNOWN) if numbers is None else numbers[rows]
