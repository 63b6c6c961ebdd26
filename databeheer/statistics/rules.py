"""Whether a cell may be shown: enough households, none that dominates, and none that could be worked out."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from databeheer.statistics.tally import Tally
from databeheer.statistics.windows import window_of

VERSION = 2
"""Of these rules, the scale of `windows` and the order of `suppression`; another figure from the same data, another
version. A release names its version."""
SMALLEST_CELL = 10
LARGEST_SHARE_PERCENT = 15
LEEWAY_PERCENT = 20
"""What is left open of any one household to somebody who knows all the others, as a part of what it may have used."""
COUNTS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""Households are told as at least so many: the difference of two exact counts says that one came or left."""


class Reason(enum.StrEnum):
    """Why a cell is not shown by itself. Stands in published reports, so a value never changes."""

    FEW = "few_households"
    DOMINATED = "dominated"
    NARROW = "narrow"
    COMPLEMENTARY = "complementary"
    """It may be shown, but then one that may not be could be computed from the total."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of one release: at least so many households, none of them with more than this share."""

    min_households: int = SMALLEST_CELL
    max_share_percent: int = LARGEST_SHARE_PERCENT
    leeway_percent: int = LEEWAY_PERCENT

    def objection(self, cell: Tally) -> Reason | None:
        """Say why a cell may not be shown; None where it may."""
        if cell.households < self.min_households:
            return Reason.FEW
        if not cell.total or cell.first * 100 > cell.total * self.max_share_percent:
            return Reason.DOMINATED
        is_open = self._leaves_open(cell, cell.first, cell.second)
        return None if is_open and self._leaves_open(cell, cell.second, cell.first) else Reason.NARROW

    def _leaves_open(self, cell: Tally, own: int, largest_other: int) -> bool:
        """Whether who knows all other households, and these rules, learns this one no better than is promised.

        He knows the others' sum, that the cell's sum lies in its window, and that nobody has more than the share. It is
        enough to ask for the two largest: of a smaller one as much is left open, and less is needed.
        """
        others, window, share = cell.total - own, window_of(cell.total), self.max_share_percent
        least = max(0, window.low - others, -(-largest_other * 100 // share) - others)
        most = min(window.high - 1 - others, others * share // (100 - share) if share < 100 else window.high)
        return (most - least) * 100 >= most * self.leeway_percent


def at_least(households: int) -> int:
    """Return how many households a cell is said to have at least."""
    return max((count for count in COUNTS if count <= households), default=0)
