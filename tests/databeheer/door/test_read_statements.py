"""How many values a read hands over at most: days and months are Brussels', also when the clocks change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from databeheer.brussels import midnight
from databeheer.door.reads.statements import most_values
from databeheer.values import Direction, Granularity, Period

OFFTAKE = frozenset({Direction.OFFTAKE})
TARIFFS = 2


def of(first: date, after: date, granularity: Granularity) -> int:
    return most_values(Period(midnight(first), midnight(after)), granularity, OFFTAKE)


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 6, 1), 96), (date(2026, 10, 25), 100)]
)
def test_a_day_counts_as_one_however_many_hours_it_has(day: date, quarters: int) -> None:
    after = day + timedelta(days=1)
    assert of(day, after, Granularity.QUARTER_HOUR) == quarters
    assert of(day, after, Granularity.HOUR) == quarters // 4
    assert of(day, after, Granularity.DAY) == 1 * TARIFFS
    assert of(day, after, Granularity.MONTH) == 1 * TARIFFS


@pytest.mark.parametrize("month", [2, 3, 4, 10])
def test_a_month_counts_as_one_and_as_its_days(month: int) -> None:
    first, after = date(2026, month, 1), date(2026, month + 1, 1)
    assert of(first, after, Granularity.MONTH) == 1 * TARIFFS
    assert of(first, after, Granularity.DAY) == (after - first).days * TARIFFS


def test_a_year_has_twelve_months_and_365_days_over_both_changes_of_the_clock() -> None:
    assert of(date(2026, 1, 1), date(2027, 1, 1), Granularity.MONTH) == 12 * TARIFFS
    assert of(date(2026, 1, 1), date(2027, 1, 1), Granularity.DAY) == 365 * TARIFFS


def test_a_part_of_a_day_or_month_counts_as_one() -> None:
    whole = Period(midnight(date(2026, 10, 31)), midnight(date(2026, 11, 2)))
    part = Period(whole.start + timedelta(hours=23), whole.start + timedelta(hours=26))
    assert most_values(part, Granularity.DAY, OFFTAKE) == 2 * TARIFFS
    assert most_values(part, Granularity.MONTH, OFFTAKE) == 2 * TARIFFS
