"""The algebra of interval sets: its laws, and its one spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.access.intervals import NOTHING, Interval, IntervalSet
from databeheer.errors import MalformedRequestError
from databeheer.values import Period
from tests.counts import few

START = datetime(2023, 10, 28, 22, tzinfo=UTC)
LENGTH = 24


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


# So few instants that intervals touch, nest and repeat all the time; some go on, some hold nothing.
hours = st.integers(0, LENGTH)
bounded = st.tuples(hours, hours).map(lambda pair: Interval(at(min(pair)), at(max(pair))))
intervals = bounded | hours.map(lambda hour: Interval(at(hour)))
sets = st.lists(intervals, max_size=6).map(lambda many: IntervalSet.of(*many))

UNIVERSE = IntervalSet.of(Interval(at(-1)))


def members(some: IntervalSet) -> set[int]:
    """The set by its hours: every boundary lies on one, so hours tell everything."""
    return {hour for hour in range(-1, LENGTH + 2) if at(hour) in some}


def complement(some: IntervalSet) -> IntervalSet:
    return UNIVERSE - some


@few
@given(sets, sets)
def test_union_intersection_and_difference_are_those_of_sets(a: IntervalSet, b: IntervalSet) -> None:
    assert members(a | b) == members(a) | members(b)
    assert members(a & b) == members(a) & members(b)
    assert members(a - b) == members(a) - members(b)


@few
@given(sets, sets, sets)
def test_the_laws_of_the_algebra_hold_to_the_spelling(a: IntervalSet, b: IntervalSet, c: IntervalSet) -> None:
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert a | (a & b) == a
    assert a & (a | b) == a
    assert a - (b | c) == (a - b) - c
    assert a - b == a & complement(b)
    assert (a - b) | (a & b) == a
    assert (a - b) & b == NOTHING


@few
@given(sets, sets)
def test_de_morgan_holds_within_a_universe(a: IntervalSet, b: IntervalSet) -> None:
    assert complement(a | b) == complement(a) & complement(b)
    assert complement(a & b) == complement(a) | complement(b)
    assert complement(complement(a)) == a


@few
@given(sets)
def test_nothing_and_everything_are_neutral(a: IntervalSet) -> None:
    assert a | NOTHING == a == a & UNIVERSE == a - NOTHING
    assert a & NOTHING == NOTHING == a - a
    assert a | UNIVERSE == UNIVERSE


@few
@given(st.lists(intervals, max_size=6), st.randoms())
def test_a_set_has_one_spelling_however_it_was_built(many: list[Interval], random: object) -> None:
    built = IntervalSet.of(*many)
    shuffled = sorted(many, key=lambda _: random.random())  # type: ignore[attr-defined]
    piecemeal = NOTHING
    for interval in shuffled:
        piecemeal = piecemeal | IntervalSet.of(interval)
    assert built == piecemeal == IntervalSet.of(*built)
    for (_, stop), (start, _) in zip(built.pairs, built.pairs[1:], strict=False):
        assert stop < start
    assert all(start < stop for start, stop in built.pairs)


@few
@given(sets, bounded)
def test_clipping_is_meeting_with_one_interval(a: IntervalSet, to: Interval) -> None:
    assert members(a.clip(to)) == {hour for hour in members(a) if at(hour) in to}


@few
@given(st.lists(bounded, max_size=6).map(lambda many: IntervalSet.of(*many)))
def test_its_periods_hold_all_of_it_and_their_lengths_add_up(a: IntervalSet) -> None:
    assert IntervalSet.of(*a.periods()) == a
    assert a.duration() == sum((p.end - p.start for p in a.periods()), timedelta())
    assert bool(a) is bool(a.periods())


def test_an_interval_is_half_open() -> None:
    tick = timedelta(microseconds=1)
    one = Interval(at(1), at(2))
    seen = [at(1) - tick in one, at(1) in one, at(2) - tick in one, at(2) in one]
    assert seen == [False, True, True, False]


def test_an_interval_without_an_end_never_ends() -> None:
    assert datetime(9999, 1, 1, tzinfo=UTC) in Interval(at(0))


def test_a_period_is_the_same_instants_as_its_interval() -> None:
    assert Interval.of(Period(at(0), at(1))) == Interval(at(0), at(1))


def test_an_interval_that_begins_and_ends_at_once_holds_nothing() -> None:
    assert IntervalSet.of(Interval(at(1), at(1))) == NOTHING
    assert at(1) not in Interval(at(1), at(1))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(2), at(1)),
        (at(0).replace(tzinfo=None), None),
        (at(0), at(1).replace(tzinfo=None)),
        (at(0).astimezone(timezone(timedelta(hours=1))), None),
        (at(0), at(1).astimezone(timezone(timedelta(hours=2)))),
    ],
)
def test_an_interval_backwards_or_not_in_utc_is_refused(start: datetime, end: datetime | None) -> None:
    with pytest.raises(MalformedRequestError):
        Interval(start, end)
