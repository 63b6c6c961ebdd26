"""Sets of instants as half-open stretches of UTC: the arithmetic that every access decision is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from databeheer.errors import MalformedRequestError
from databeheer.values import Period

FOREVER = datetime.max.replace(tzinfo=UTC)
"""Where a stretch without an end stops; no reading is that late."""

Pair = tuple[datetime, datetime]


@dataclass(frozen=True)
class Interval:
    """The instants [start, end), aware UTC; `end` None means that it goes on.

    `start == end` holds nothing: a contract that was registered and undone in the same moment.
    """

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        for instant in (self.start, self.stop):
            if instant.utcoffset() != timedelta(0):
                raise MalformedRequestError("an interval is given in UTC")
        if self.stop < self.start:
            raise MalformedRequestError("an interval does not end before it starts")

    @property
    def stop(self) -> datetime:
        """The first instant after it; FOREVER where it goes on."""
        return FOREVER if self.end is None else self.end

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.stop

    def has_ended(self, now: datetime) -> bool:
        """Say whether `now` lies at or after its end."""
        return self.stop <= now

    @classmethod
    def of(cls, period: Period) -> Self:
        """The same instants as a bounded period."""
        return cls(period.start, period.end)


@dataclass(frozen=True)
class IntervalSet:
    """A set of instants. `pairs` is its one spelling: sorted, not empty, neither overlapping nor touching.

    Equal sets have equal pairs, whatever they were built from. Build one with `of`.
    """

    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, *intervals: Interval | Period) -> Self:
        """Everything in any of `intervals`."""
        return cls(_merged(_pair(interval) for interval in intervals))

    def union(self, other: IntervalSet) -> IntervalSet:
        """The instants in either."""
        return IntervalSet(_merged((*self.pairs, *other.pairs)))

    def intersection(self, other: IntervalSet) -> IntervalSet:
        """The instants in both."""
        found: list[Pair] = []
        mine, theirs = iter(self.pairs), iter(other.pairs)
        a, b = next(mine, None), next(theirs, None)
        while a is not None and b is not None:
            start, stop = max(a[0], b[0]), min(a[1], b[1])
            if start < stop:
                found.append((start, stop))
            # Only the one that stops first can be left behind: the other may still meet its successor.
            if a[1] <= b[1]:
                a = next(mine, None)
            else:
                b = next(theirs, None)
        return IntervalSet(tuple(found))

    def difference(self, other: IntervalSet) -> IntervalSet:
        """The instants in this set that are not in the other."""
        left: list[Pair] = []
        for start, stop in self.pairs:
            for cut_start, cut_stop in other.pairs:
                if cut_stop <= start:
                    continue
                if cut_start >= stop:
                    break
                if start < cut_start:
                    left.append((start, cut_start))
                start = min(cut_stop, stop)
            if start < stop:
                left.append((start, stop))
        return IntervalSet(tuple(left))

    def clip(self, to: Interval | Period) -> IntervalSet:
        """The part that lies within `to`."""
        start, stop = _pair(to)
        return IntervalSet(
            tuple(
                (max(a, start), min(b, stop))
                for a, b in self.pairs
                if a < stop and start < b and start < stop
            )
        )

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


def _merged(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    merged: list[Pair] = []
    for start, stop in sorted(pairs):
        if start >= stop:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


NOTHING = IntervalSet()
