"""Kinds of arrays, how the names of states and units are written in them, and runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from databeheer.metering.states import STATE_CODES, MeteringError, State, Unit
from databeheer.values import Commodity, Direction

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

UNKNOWN = -(2**63)
"""Stands for "not known" in every optional array of whole numbers; never for a value that was measured."""

LARGEST = 10**15
"""Beyond this no number is judged at all: a thousand times all of Belgium's yearly use, in thousandths of a kWh.
Sums and products of what is smaller fit in 63 bits wherever they are made here."""

COMMODITY_CODES = {Commodity.ELECTRICITY: 0, Commodity.GAS: 1}
DIRECTION_CODES = {Direction.OFFTAKE: 0, Direction.INJECTION: 1}
UNIT_CODES = {
    Unit.KWH: 0,
    Unit.M3: 1,
    Unit.KVARH: 2,
    Unit.KVARH_INDUCTIVE: 3,
    Unit.KVARH_CAPACITIVE: 4,
}

READ = STATE_CODES[State.READ]
EST = STATE_CODES[State.EST]
VAL = STATE_CODES[State.VAL]
NVAL = STATE_CODES[State.NVAL]
NONE = STATE_CODES[State.NONE]
ABSENT = STATE_CODES[State.ABSENT]


class BlockError(MeteringError):
    """Arrays are no block of day profiles; nothing was judged. Says nothing of the values."""

    code = "block"


class Runs(NamedTuple):
    """Stretches of True within rows: of `rows[i]`, from `starts[i]`, `lengths[i]` slots long; rows ascending."""

    rows: Integers
    starts: Integers
    lengths: Integers

    def where(self, chosen: Booleans) -> Runs:
        """Return those of the runs that are chosen."""
        return Runs(self.rows[chosen], self.starts[chosen], self.lengths[chosen])

    def slots(self) -> tuple[Integers, Integers, Integers]:
        """Return row and slot of every slot in the runs, and its place in its run from 0 on."""
        ends = np.cumsum(self.lengths)
        place = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - self.lengths, self.lengths)
        return np.repeat(self.rows, self.lengths), np.repeat(self.starts, self.lengths) + place, place


def runs_of(mask: Booleans) -> Runs:
    """Return the longest possible stretches of True of each row."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return Runs(rows, starts, ends - starts)


def has_value(states: Codes) -> Booleans:
    """Say of each slot whether its state comes with a value."""
    found: Booleans = (states != ABSENT) & (states != NONE)
    return found


def is_measured(states: Codes) -> Booleans:
    """Say of each slot whether it was measured and not found wrong: what history may consist of."""
    found: Booleans = (states == READ) | (states == VAL)
    return found


def any_of(mask: Booleans) -> Booleans:
    """Say of each row whether any slot of it is True."""
    found: Booleans = np.any(mask, axis=1)
    return found


def require_array(
    array: object, kind: type[np.generic], dimensions: int, name: str, shape: tuple[int, ...] | None = None
) -> None:
    """Refuse what is no array of this kind and shape; floating point never passes for whole numbers."""
    if not isinstance(array, np.ndarray) or array.dtype != kind or array.ndim != dimensions:
        raise BlockError(f"{name} is not an array of {kind.__name__} in {dimensions} dimensions")
    if shape is not None and array.shape != shape:
        raise BlockError(f"the shape of {name} does not fit the values")


def require_range(array: Integers, name: str, *, always_known: bool = False) -> None:
    """Refuse numbers beyond `LARGEST`; `UNKNOWN` is none, and is refused as well where all is always known."""
    if array.size == 0:
        return
    if int(array.max()) > LARGEST or np.any((array < -LARGEST) & (always_known | (array != UNKNOWN))):
        raise BlockError(f"a number in {name} is too large to be judged")


_Name = TypeVar("_Name")


def codes_of(codes: Mapping[_Name, int], members: Iterable[_Name]) -> Codes:
    """Write names as their codes: `codes_of(UNIT_CODES, units)`."""
    return np.array([codes[member] for member in members], np.uint8)
