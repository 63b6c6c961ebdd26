"""What must be known of a cell to say whether it may be shown: how many households, their sum, the two largest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shared:
    """Households that are in other cells too, by a number of the run's own, with what each used; and all others.

    A customer with an address in each of ten towns is one customer wherever their cells are put together.
    """

    names: Integers
    values: Integers
    others: Tally


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
    shared: Shared | None = field(default=None, compare=False)
    """Who of them is in other cells too; None: nobody."""

    @classmethod
    def of(cls, values: Iterable[int]) -> Tally:
        """Return the tally of the values of some households, one each."""
        ordered = sorted(values, reverse=True)
        first, second = (*ordered[:2], 0, 0)[:2]
        return cls(len(ordered), sum(ordered), first, second)

    def with_shared(self, names: Integers, values: Integers) -> Tally:
        """Return the tally of these households together with some that are in other cells too, each counted once."""
        which, places = np.unique(names, return_inverse=True)
        used = np.zeros(len(which), np.int64)
        np.add.at(used, places, values)
        largest = np.sort(used)[-2:].tolist()
        second, first = sorted((self.first, self.second, *largest))[-2:]
        total = self.total + int(used.sum())
        return Tally(self.households + len(which), total, first, second, Shared(which, used, self))

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both together; of households only those that `shared` names may be in both."""
        if self.shared is None and other.shared is None:
            second, first = sorted((self.first, self.second, other.first, other.second))[-2:]
            return Tally(self.households + other.households, self.total + other.total, first, second)
        both = [one.shared for one in (self, other) if one.shared is not None]
        others = sum((one if one.shared is None else one.shared.others for one in (self, other)), Tally())
        return others.with_shared(
            np.concatenate([one.names for one in both]), np.concatenate([one.values for one in both])
        )


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of all of them; who is in several of them counts once."""
    return sum(tallies, Tally())
