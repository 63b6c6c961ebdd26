"""Sets of instants as half-open stretches of UTC: the arithmetic that every access decision is made of.

The arithmetic is on `Pairs`, plain tuples, because a decision does little else; `IntervalSet` is the same with
operators. Both have one spelling: sorted, not empty, neither overlapping nor touching.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from databeheer.errors import MalformedRequestError
from databeheer.values import Period

FOREVER = datetime.max.replace(tzinfo=UTC)
"""Where a stretch without an end stops; no reading is that late."""
BEGINNING = datetime.min.replace(tzinfo=UTC)

Pair = tuple[datetime, datetime]
Pairs = tuple[Pair, ...]

ALL_TIME: Pairs = ((BEGINNING, FOREVER),)
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """The instants [start, end), aware UTC; `end` None means that it goes on.

    `start == end` holds nothing: a contract that was registered and undone in the same moment. `stop` is the
    first instant after it, FOREVER where it goes on.
    """

    start: datetime
    end: datetime | None = None
    stop: datetime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        stop = FOREVER if self.end is None else self.end
        if self.start.utcoffset() != _ZERO or stop.utcoffset() != _ZERO:
            raise MalformedRequestError("an interval is given in UTC")
        if stop < self.start:
            raise MalformedRequestError("an interval does not end before it starts")
        object.__setattr__(self, "stop", stop)

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.stop

    @classmethod
    def of(cls, period: Period) -> Self:
        """The same instants as a bounded period."""
        return cls(period.start, period.end)


def pairs_of(*intervals: Interval) -> Pairs:
    """Everything in any of `intervals`."""
    if len(intervals) == 1:
        (only,) = intervals
        return ((only.start, only.stop),) if only.start < only.stop else ()
    return merged((interval.start, interval.stop) for interval in intervals)


def merged(pairs: Iterable[Pair]) -> Pairs:
    """The instants in any of `pairs`, in their one spelling."""
    found: list[Pair] = []
    for start, stop in sorted(pairs):
        if start >= stop:
            continue
        if found and start <= found[-1][1]:
            if stop > found[-1][1]:
                found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return tuple(found)


def meet(one: Pairs, other: Pairs) -> Pairs:
    """The instants in both."""
    if len(one) == 1 == len(other):
        (a, b), (c, d) = one[0], other[0]
        if a >= c and b <= d:
            return one
        start, stop = a if a > c else c, b if b < d else d
        return ((start, stop),) if start < stop else ()
    found: list[Pair] = []
    mine, theirs = iter(one), iter(other)
    x, y = next(mine, None), next(theirs, None)
    while x is not None and y is not None:
        start, stop = max(x[0], y[0]), min(x[1], y[1])
        if start < stop:
            found.append((start, stop))
        # Only the one that stops first can be left behind: the other may still meet its successor.
        if x[1] <= y[1]:
            x = next(mine, None)
        else:
            y = next(theirs, None)
    return tuple(found)


def minus(one: Pairs, other: Pairs) -> Pairs:
    """The instants in `one` that are not in `other`."""
    if one == other:
        return ()
    left: list[Pair] = []
    for start, stop in one:
        for cut_start, cut_stop in other:
            if cut_stop <= start:
                continue
            if cut_start >= stop:
                break
            if start < cut_start:
                left.append((start, cut_start))
            start = min(cut_stop, stop)
        if start < stop:
            left.append((start, stop))
    return tuple(left)


@dataclass(frozen=True)
class IntervalSet:
    """A set of instants. Equal sets have equal pairs, whatever they were built from. Build one with `of`."""

    pairs: Pairs = ()

    @classmethod
    def of(cls, *intervals: Interval | Period) -> Self:
        """Everything in any of `intervals`."""
        return cls(merged(_pair(interval) for interval in intervals))

    def union(self, other: IntervalSet) -> IntervalSet:
        """The instants in either."""
        return IntervalSet(merged((*self.pairs, *other.pairs)))

    def intersection(self, other: IntervalSet) -> IntervalSet:
        """The instants in both."""
        return IntervalSet(meet(self.pairs, other.pairs))

    def difference(self, other: IntervalSet) -> IntervalSet:
        """The instants in this set that are not in the other."""
        return IntervalSet(minus(self.pairs, other.pairs))

    def clip(self, to: Interval | Period) -> IntervalSet:
        """The part that lies within `to`."""
        start, stop = _pair(to)
        return IntervalSet(meet(self.pairs, ((start, stop),) if start < stop else ()))

    def duration(self) -> timedelta:
        """How much time it holds."""
        return sum((stop - start for start, stop in self.pairs), timedelta())

    def periods(self) -> tuple[Period, ...]:
        """Its stretches in order; only for a set that ends."""
        return tuple(Period(start, stop) for start, stop in self.pairs)

    def __contains__(self, instant: datetime) -> bool:
        return any(start <= instant < stop for start, stop in self.pairs)

    def __iter__(self) -> Iterator[Interval]:
        return (Interval(start, None if stop == FOREVER else stop) for start, stop in self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    __or__ = union
    __and__ = intersection
    __sub__ = difference


def _pair(interval: Interval | Period) -> Pair:
    return interval.start, interval.stop if isinstance(interval, Interval) else interval.end


NOTHING = IntervalSet()
