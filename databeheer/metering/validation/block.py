"""A block of day profiles to judge: one Brussels day, one slot length, any meters; and what is known beside it.

Everything is an array. n rows, s slots: slot i of a row begins i slots after local midnight in real time (92, 96
or 100 quarter-hours, 23, 24 or 25 hours; one slot of 1440 minutes for a day's total). Energy and volume are
int64, thousandths of the row's unit. What is not known is `arrays.UNKNOWN`, or None for the whole array; a rule
that lacks what it needs judges nothing, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from databeheer.brussels import day_bounds, slot_starts, slots_in_day
from databeheer.metering.states import STATE_CODES
from databeheer.metering.validation.arrays import (
    ABSENT,
    COMMODITY_CODES,
    DIRECTION_CODES,
    READ,
    UNIT_CODES,
    BlockError,
    Booleans,
    Codes,
    Integers,
    has_value,
    require_array,
    require_range,
)
from databeheer.metering.validation.grades import GRADE_CODES
from databeheer.metering.validation.history import History

SLOT_MINUTES = (15, 60, 1440)


@dataclass(frozen=True, kw_only=True)
class Registers:
    """Readings of the cumulative register that the slots of each row add up to; all (n,), thousandths.

    A meter with a day and a night register has them added up here.
    `begin` at local midnight or where the meter's time here begins, `end` at the next midnight or where it ends.
    `digits`: how many digits before the decimals the register shows; it rolls over after that.
    `final` and `initial`: where a row spans two meters (a day's total), the last reading of the old one and
    the first of the new one. A profile of slots is of one meter and has neither.
    """

    begin: Integers
    end: Integers
    digits: Integers | None = None
    final: Integers | None = None
    initial: Integers | None = None


@dataclass(frozen=True, kw_only=True)
class Gas:
    """What is known of the rows in kWh of gas; rows of anything else hold `UNKNOWN`.

    `volume` (n, s): litres (thousandths of m3) that the same meter counted in the slot.
    `factor` (n, s) or (1, s): Wh per m3 of that slot as published, by hour.
    `provisional` (n, s): the caloric value was still provisional, so that kWh may yet follow it.
    """

    volume: Integers | None = None
    factor: Integers | None = None
    provisional: Booleans | None = None


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Mean outdoor temperature in tenths of a degree Celsius: of the day, and of each day of `History.totals`."""

    day: int
    previous: Integers


@dataclass(frozen=True, kw_only=True)
class Block:
    """Day profiles of one Brussels day and one slot length, with what is known of each row.

    `values` (n, s) int64 thousandths, 0 where `states` (n, s, `states.STATE_CODES`) has no value.
    `commodities`, `directions`, `units`, `grades` (n,): `arrays.COMMODITY_CODES`, `DIRECTION_CODES`, `UNIT_CODES`,
    `grades.GRADE_CODES`.
    `reasons` (n, s): the main reason that is stored beside each value, where a stored day is judged anew.
    `first_slot`, `until_slot` (n,): the slots of the day that this meter served, where not all of it.
    `before` (n,): the measured value of the last slot of the day before.
    `capacity` (n,): thousandths of the unit per hour that the connection carries.
    `clock_offset` (n,): seconds that the device's clock is ahead (below zero: behind).
    `keys` (n,): equal where two rows are of the same meter, direction and unit.
    `read_at`, `stored_read_at` (n,): Unix seconds (UTC) at which the row was read from its device, and at which
    the version that is stored of it was.
    `highest_of_kind` (n,): what of a hundred points of its kind all but one stay below, per day.

    Raises (from the constructor):
        BlockError: a shape or type is wrong, a code is unknown, there is a value where the state says that
            there is none, or a number is beyond `arrays.LARGEST`.
    """

    day: date
    slot_minutes: int
    values: Integers
    states: Codes
    commodities: Codes
    directions: Codes
    units: Codes
    grades: Codes
    reasons: Codes | None = None
    first_slot: Integers | None = None
    until_slot: Integers | None = None
    registers: Registers | None = None
    history: History | None = None
    before: Integers | None = None
    capacity: Integers | None = None
    clock_offset: Integers | None = None
    gas: Gas | None = None
    weather: Weather | None = None
    highest_of_kind: Integers | None = None
    keys: Integers | None = None
    read_at: Integers | None = None
    stored_read_at: Integers | None = None

    @classmethod
    def of_measured(
        cls, *, day: date, slot_minutes: int, values: Integers, present: Booleans, **others: Any
    ) -> Self:
        """Return a block as a head-end measured it: READ where `present`, ABSENT elsewhere.

        Raises:
            BlockError: as the constructor.
        """
        require_array(present, np.bool_, 2, "present")
        states = np.where(present, np.uint8(READ), np.uint8(ABSENT))
        return cls(day=day, slot_minutes=slot_minutes, values=values, states=states, **others)

    def __post_init__(self) -> None:
        if self.slot_minutes not in SLOT_MINUTES:
            raise BlockError("slots are of 15, 60 or 1440 minutes")
        self._check_values()
        self._check_codes()
        self._check_context()

    @property
    def rows(self) -> int:
        """How many profiles there are."""
        return int(self.values.shape[0])

    @property
    def slots(self) -> int:
        """How many slots the day has."""
        return int(self.values.shape[1])

    @cached_property
    def has_value(self) -> Booleans:
        """Say of each slot whether it came with a value."""
        return has_value(self.states)

    @cached_property
    def lowest(self) -> Integers:
        """Each row's least value; 0 of what has none counts."""
        lowest: Integers = self.values.min(axis=1)
        return lowest

    @cached_property
    def highest(self) -> Integers:
        """Each row's largest value."""
        highest: Integers = self.values.max(axis=1)
        return highest

    @property
    def slot_length(self) -> int:
        """Minutes of a slot; of a day's total the minutes of that day: 1380, 1440 or 1500."""
        return self.slot_minutes if self.slot_minutes < 1440 else slots_in_day(self.day, 60) * 60

    def slot_ends(self) -> Integers:
        """Return the Unix seconds (UTC) at which each slot is over."""
        starts = [*slot_starts(self.day, self.slot_minutes), day_bounds(self.day)[1]]
        return np.array([int(start.timestamp()) for start in starts[1:]], np.int64)

    def expected(self) -> Booleans | None:
        """Say of each slot whether this row's meter served it; None where all of them were."""
        if self.first_slot is None and self.until_slot is None:
            return None
        slot = np.arange(self.slots)
        mask = np.ones(self.values.shape, np.bool_)
        if self.first_slot is not None:
            mask &= slot >= self.first_slot[:, None]
        if self.until_slot is not None:
            mask &= slot < self.until_slot[:, None]
        return mask

    def of_rows(self, rows: npt.NDArray[np.intp]) -> Block:
        """Return some rows of a block that has no history, gas or weather."""
        if self.history is not None or self.gas is not None or self.weather is not None:
            raise BlockError("rows with their surroundings are not taken apart")
        arrays: dict[str, Any] = {
            name: array[rows]
            for name in (*_OF_BLOCK, *_PER_ROW)
            if (array := getattr(self, name)) is not None
        }
        if (registers := self.registers) is not None:
            read = {name: getattr(registers, name) for name in _OF_REGISTERS}
            given = {name: array[rows] for name, array in read.items() if array is not None}
            arrays["registers"] = Registers(**given)
        return replace(self, **arrays)

    def _check_values(self) -> None:
        require_array(self.values, np.int64, 2, "values")
        if self.slots != slots_in_day(self.day, self.slot_minutes):
            raise BlockError("the number of slots does not fit the day")
        require_array(self.states, np.uint8, 2, "states", self.values.shape)
        for extremes in (self.lowest, self.highest):
            require_range(extremes, "values", always_known=True)
        if self.states.size and int(self.states.max()) > max(STATE_CODES.values()):
            raise BlockError("a state is unknown")
        if not self.has_value.all() and np.any(self.values[~self.has_value]):
            raise BlockError("there is a value where the state says that there is none")

    def _check_codes(self) -> None:
        for name, codes in (
            ("commodities", COMMODITY_CODES),
            ("directions", DIRECTION_CODES),
            ("units", UNIT_CODES),
            ("grades", GRADE_CODES),
        ):
            array = getattr(self, name)
            require_array(array, np.uint8, 1, name, (self.rows,))
            if array.size and int(array.max()) >= len(codes):
                raise BlockError(f"there is an unknown code in {name}")

    def _check_context(self) -> None:
        per_row: list[tuple[str, Integers | None]] = [(name, getattr(self, name)) for name in _PER_ROW]
        if self.registers is not None:
            per_row += [(name, getattr(self.registers, name)) for name in _OF_REGISTERS]
        for name, array in per_row:
            if array is not None:
                require_array(array, np.int64, 1, name, (self.rows,))
                require_range(array, name)
        if self.reasons is not None:
            require_array(self.reasons, np.uint8, 2, "reasons", self.values.shape)
        if self.history is not None:
            self.history.require_fit(self.rows, self.slots)
        self._check_gas()
        self._check_weather()

    def _check_gas(self) -> None:
        if self.gas is None:
            return
        for name, array in (("volume", self.gas.volume), ("factor", self.gas.factor)):
            if array is not None:
                shape = (1, self.slots) if name == "factor" and array.shape[0] == 1 else self.values.shape
                require_array(array, np.int64, 2, name, shape)
                require_range(array, name)
        if self.gas.provisional is not None:
            require_array(self.gas.provisional, np.bool_, 2, "provisional", self.values.shape)

    def _check_weather(self) -> None:
        if self.weather is not None:
            totals = None if self.history is None else self.history.totals
            if totals is None:
                raise BlockError("weather is held against the totals of history, and there are none")
            require_array(self.weather.previous, np.int64, 1, "previous", (totals.shape[1],))
            require_range(self.weather.previous, "previous")


_OF_BLOCK = ("values", "states", "commodities", "directions", "units", "grades", "reasons")
_PER_ROW = (
    "first_slot",
    "until_slot",
    "before",
    "capacity",
    "clock_offset",
    "highest_of_kind",
    "keys",
    "read_at",
    "stored_read_at",
)
_OF_REGISTERS = ("begin", "end", "digits", "final", "initial")
