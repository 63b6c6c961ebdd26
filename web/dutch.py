"""Dates, times and numbers as a Dutch reader writes them; templates use these as filters."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask

from databeheer.access.explain import Language, period_text
from databeheer.brussels import BRUSSELS, day_of
from databeheer.values import Period, parse_day, parse_instant

LOCALE = "nl"


def register(app: Flask) -> None:
    """Give templates the filters day, weekday, last_day, moment, clock, count, thousandths, ean ..."""
    filters = (day, weekday, last_day, moment, clock, count, thousandths, ean, capitalize_first, span)
    app.jinja_env.filters.update({each.__name__: each for each in filters})


def day(value: date | datetime | str) -> str:
    """`1 maart 2027`: the Brussels day of an instant, or the day itself."""
    return format_date(_day(value), "d MMMM yyyy", locale=LOCALE)


def weekday(value: date | datetime | str) -> str:
    """`vrijdag 20 november 2026`."""
    return format_date(_day(value), "EEEE d MMMM yyyy", locale=LOCALE)


def last_day(value: date | datetime | str) -> str:
    """The day before an exclusive end: what a reader calls "tot en met"."""
    if isinstance(value, str) and len(value) > 10:
        value = parse_instant(value)
    if isinstance(value, datetime):
        return day(value - timedelta(microseconds=1))
    return day(_day(value) - timedelta(days=1))


def moment(value: datetime | str) -> str:
    """`20 november 2026 om 23.41 uur`, Brussels time."""
    return format_datetime(_local(value), "d MMMM yyyy 'om' H.mm 'uur'", locale=LOCALE)


def clock(value: datetime | str) -> str:
    """`23.41 uur`, Brussels time."""
    return format_datetime(_local(value), "H.mm 'uur'", locale=LOCALE)


def count(value: int) -> str:
    """`35.040`."""
    return format_decimal(value, locale=LOCALE)


def thousandths(value: int, places: int = 3) -> str:
    """Whole thousandths as a decimal with a comma: 1097 is `1,097`; exact, never through a float."""
    sign, magnitude = ("-" if value < 0 else ""), abs(value)
    whole, rest = divmod(magnitude, 1000)
    digits = f"{rest:03d}"[:places]
    return f"{sign}{count(whole)},{digits}" if places else f"{sign}{count(whole)}"


def ean(digits: str) -> str:
    """An EAN in groups, easier to compare with a bill: `541448 899990 000015`."""
    return " ".join(digits[start : start + 6] for start in range(0, len(digits), 6))


def capitalize_first(words: str) -> str:
    """A capital for the first letter; the rest stays as it is (Jinja's own filter lowers names)."""
    return words[:1].upper() + words[1:]


def span(period: Period) -> str:
    """`op 1 maart 2027`, or `van ... tot en met ...`; with the time of day where it is not whole days."""
    words = period_text(period, Language.DUTCH)
    return words[:1].lower() + words[1:]


def _day(value: date | datetime | str) -> date:
    if isinstance(value, str):
        return parse_day(value) if len(value) == 10 else day_of(parse_instant(value))
    return day_of(value) if isinstance(value, datetime) else value


def _local(value: datetime | str) -> datetime:
    return (parse_instant(value) if isinstance(value, str) else value).astimezone(BRUSSELS)
