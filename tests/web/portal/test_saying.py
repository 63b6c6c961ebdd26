"""Dates, times and numbers, written as a Dutch reader writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from databeheer.values import Period
from web import saying


def test_an_instant_falls_on_its_brussels_day() -> None:
    late = datetime(2027, 2, 28, 23, 30, tzinfo=UTC)
    assert saying.day(late) == "1 maart 2027"
    assert saying.weekday(late) == "maandag 1 maart 2027"
    assert saying.moment(late) == "1 maart 2027 om 0.30 uur"
    assert saying.clock("2027-06-30T21:41:00Z") == "23.41 uur"


@pytest.mark.parametrize("end", ["2027-05-31T22:00:00Z", date(2027, 6, 1), "2027-06-01"])
def test_the_last_day_is_the_one_before_the_end(end: str | date) -> None:
    assert saying.last_day(end) == "31 mei 2027"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0,000"),
        (1, "0,001"),
        (1097, "1,097"),
        (-50, "-0,050"),
        (1234567, "1.234,567"),
        (35040000, "35.040,000"),
    ],
)
def test_thousandths_are_exact(value: int, words: str) -> None:
    assert saying.thousandths(value) == words


def test_a_whole_number_of_thousandths_can_be_shortened() -> None:
    assert saying.thousandths(1500, 1) == "1,5"
    assert saying.thousandths(12000, 0) == "12"
    assert saying.count(35040) == "35.040"


def test_a_period_of_whole_days_is_said_in_days() -> None:
    assert saying.span(Period.of_days(date(2023, 10, 29), date(2023, 10, 29))) == "op 29 oktober 2023"
    assert saying.span(Period.of_days(date(2023, 10, 1), date(2023, 10, 31))).startswith(
        "van 1 oktober 2023 tot en met"
    )


def test_an_ean_is_grouped_like_on_a_bill() -> None:
    assert saying.ean("541448899990000015") == "541448 899990 000015"
