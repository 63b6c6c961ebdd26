"""Why a value has the state it has: one permanent number and name per rule and per method.

The numbers are kept beside values and stand in reports: never renumber, only add. A set of reasons is a number
too, with bit `1 << reason` for each.
"""

from __future__ import annotations

import enum

import numpy as np
import numpy.typing as npt

ReasonSets = npt.NDArray[np.uint64]
"""Sets of reasons; bit `1 << reason` says that one is in it."""


class Reason(enum.IntEnum):
    """Rules count from 1, methods of substitution from 32; what each says is in `catalogue.toml`."""

    MISSING = 1
    NEGATIVE = 2
    ABOVE_CEILING = 3
    SPIKE = 4
    ZERO_RUN = 5
    REGISTER_MISMATCH = 6
    REGISTER_IMPOSSIBLE = 7
    REGISTER_ROLLED_OVER = 8
    METER_CHANGED = 9
    CLOCK_DRIFT = 10
    CLOCK_WRONG = 11
    DUPLICATE = 12
    CONFLICT = 13
    NOT_YET_MEASURED = 14
    STALE = 15
    GAS_FACTOR = 16
    GAS_MISMATCH = 17
    HISTORY = 18
    WEATHER = 19
    STATISTICS = 20

    INTERPOLATED = 32
    LIKE_DAYS = 33
    INTERPOLATED_TO_REGISTER = 34
    LIKE_DAYS_TO_REGISTER = 35
    GIVEN_TO_REGISTER = 36
    NO_ESTIMATE = 37
    RECTIFIED = 38

    @property
    def slug(self) -> str:
        """The name in reports and on pages."""
        return self.name.lower()

    @property
    def bit(self) -> np.uint64:
        """This reason alone, as a set."""
        return np.uint64(1 << self.value)


OWN_ESTIMATES = frozenset(
    {
        Reason.INTERPOLATED,
        Reason.LIKE_DAYS,
        Reason.INTERPOLATED_TO_REGISTER,
        Reason.LIKE_DAYS_TO_REGISTER,
        Reason.GIVEN_TO_REGISTER,
    }
)
"""What says that a value was estimated here, so that a later look may estimate it anew."""

TO_REGISTER = {
    0: Reason.GIVEN_TO_REGISTER,
    Reason.INTERPOLATED: Reason.INTERPOLATED_TO_REGISTER,
    Reason.LIKE_DAYS: Reason.LIKE_DAYS_TO_REGISTER,
}
"""What a method is called once its values are made to agree with the register; 0: it came estimated."""


def reasons_in(one_set: int) -> tuple[Reason, ...]:
    """Return the reasons in a set, in order of their numbers."""
    return tuple(reason for reason in Reason if int(one_set) >> reason.value & 1)
