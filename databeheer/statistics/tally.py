"""What must be known of a cell to say whether it may be shown: how many households, their sum, the two largest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """Households of one cell in one hour, with what they used together, the largest one and the second; in Wh.

    Households are counted by whether they were measured, zero included: how many used something would be told by
    whether a cell is shown.
    """

    households: int = 0
    total: int = 0
    first: int = 0
    second: int = 0

    @classmethod
    def of(cls, values: Iterable[int]) -> Tally:
        """Return the tally of the values of some households, one each."""
        ordered = sorted(values, reverse=True)
        first, second = (*ordered[:2], 0, 0)[:2]
        return cls(len(ordered), sum(ordered), first, second)

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both together; they have no household in common."""
        second, first = sorted((self.first, self.second, other.first, other.second))[-2:]
        return Tally(self.households + other.households, self.total + other.total, first, second)


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of all of them; no two have a household in common."""
    return sum(tallies, Tally())
