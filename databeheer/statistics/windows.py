"""How exactly a sum is told: as the stretch of one fixed scale that it lies in.

Who knows all households of a cell but one gets the last one by subtraction from an exact sum. From a stretch he gets
a stretch: as wide. So each is at least `LEAST_WIDTH_PERCENT` of its upper end, whatever the sum. The scale is the same
for every cell and hour, or where a stretch begins would tell something of the households in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FINEST = 100
"""Width of the narrowest stretches, in Wh."""
SCALE = ((32, 1), (60, 2), (160, 5))
"""Up to how many units of a decade stretches are how many of them wide; above the last, the next decade begins."""
LEAST_WIDTH_PERCENT = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A sum is at least `low` and less than `high`; in Wh."""

    low: int
    high: int


def window_of(total: int) -> Window:
    """Return the stretch of the scale that a sum lies in.

    Raises:
        ValueError: it is negative.
    """
    if total < 0:
        raise ValueError("a sum of energy is not negative")
    unit = FINEST
    while total >= SCALE[-1][0] * unit:
        unit *= 10
    width = unit * next(steps for until, steps in SCALE if total < until * unit)
    low = total // width * width
    return Window(low, low + width)


def sum_of(windows: Iterable[Window]) -> Window:
    """Return what the windows of disjoint cells say of all of them together: nothing more is told of a total."""
    found = list(windows)
    return Window(sum(one.low for one in found), sum(one.high for one in found))
