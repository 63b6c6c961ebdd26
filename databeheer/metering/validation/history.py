"""What a row did before: like days for its shape, totals for its size. Estimates are never history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from databeheer.brussels import BRUSSELS, slot_starts
from databeheer.metering.validation.arrays import (
    ABSENT,
    UNKNOWN,
    Booleans,
    Codes,
    Integers,
    is_measured,
    require_array,
    require_range,
)


class LikeMean(NamedTuple):
    """Per slot the sum over like days that measured it, and how many did."""

    sums: Integers
    counts: Integers


@dataclass(frozen=True)
class History:
    """Measured days before the day that is judged.

    `values` and `states` (n, w, s): w like days, the same weekday of the weeks before, laid onto the slots of the
    day that is judged (`aligned`). What is not READ or VAL in them counts as not there: estimates are never
    used as history.
    `totals` (n, d): sums of d earlier days, thousandths; `UNKNOWN` where a day is not there whole and measured.
    """

    values: Integers
    states: Codes
    totals: Integers | None = None

    def require_fit(self, rows: int, slots: int) -> None:
        """Refuse what does not fit a block of that many rows and slots; raises BlockError."""
        require_array(self.values, np.int64, 3, "values of history")
        shape = (rows, self.values.shape[1], slots)
        require_array(self.values, np.int64, 3, "values of history", shape)
        require_array(self.states, np.uint8, 3, "states of history", shape)
        require_range(self.values, "values of history", always_known=True)
        if self.totals is not None:
            require_array(self.totals, np.int64, 2, "totals of history", (rows, *self.totals.shape[1:]))
            require_range(self.totals, "totals of history")

    def measured(self, rows: Integers | slice = slice(None)) -> Booleans:
        """Say of each like day's slots whether they were measured."""
        return is_measured(self.states[rows])

    @cached_property
    def days(self) -> Integers:
        """How many like days of each row measured anything."""
        days: Integers = self.measured().any(axis=2).sum(axis=1, dtype=np.int64)
        return days

    def mean(self, rows: Integers) -> LikeMean:
        """Return what the like days of some rows add up to per slot."""
        measured = self.measured(rows)
        return LikeMean(
            np.where(measured, self.values[rows], 0).sum(axis=1, dtype=np.int64),
            measured.sum(axis=1, dtype=np.int64),
        )

    def peaks(self) -> tuple[Integers, Integers]:
        """Return of each row the highest value that its like days measured, and how many of them measured any."""
        measured = self.measured()
        peaks = np.multiply(self.values, measured).max(axis=2, initial=0).max(axis=1, initial=0)
        return peaks, self.days


@lru_cache(maxsize=256)
def _places(day: date, like_day: date, slot_minutes: int) -> Integers:
    """Return for each slot of `day` the slot of `like_day` at the same local time, -1 where there is none."""
    if slot_minutes == 1440:
        return np.zeros(1, np.int64)
    known: dict[tuple[int, int], list[int]] = {}
    for slot, start in enumerate(slot_starts(like_day, slot_minutes)):
        local = start.astimezone(BRUSSELS)
        known.setdefault((local.hour, local.minute), []).append(slot)
    places = []
    for start in slot_starts(day, slot_minutes):
        local = start.astimezone(BRUSSELS)
        found = known.get((local.hour, local.minute))
        places.append(-1 if found is None else found[min(local.fold, len(found) - 1)])
    return np.array(places, np.int64)


def aligned(
    day: date, like_day: date, slot_minutes: int, values: Integers, states: Codes
) -> tuple[Integers, Codes]:
    """Lay the slots (the last axis) of a like day onto those of `day`, by local time.

    The hour that comes twice in autumn takes the one hour there is; an hour that the like day lacks is ABSENT.
    """
    places = _places(day, like_day, slot_minutes)
    there = places >= 0
    return (
        np.where(there, values[..., places], 0),
        np.where(there, states[..., places], np.uint8(ABSENT)),
    )


def totals_of(values: Integers, states: Codes) -> Integers:
    """Return the sum over the last axis, `UNKNOWN` where any slot of it was not measured."""
    sums = values.sum(axis=-1, dtype=np.int64)
    return np.where(is_measured(states).all(axis=-1), sums, UNKNOWN)


def like_days_of(day: date, weeks: int) -> Sequence[date]:
    """Return the same weekday of the `weeks` weeks before, the nearest first."""
    return [date.fromordinal(day.toordinal() - 7 * week) for week in range(1, weeks + 1)]
