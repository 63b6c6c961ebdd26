"""Dates, times and numbers as the reader's language writes them (`web.language`), Dutch first; filters of templates.

`language` is that of the request where none is given. A template gives it: it is compiled for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache, wraps
from typing import cast

from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol, get_group_symbol
from flask import Flask

from databeheer.access.explain import Language, period_text
from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.values import Period, parse_day, parse_instant
from web.language import LOCALES, SOURCE, catalogue, locale, spoken
from web.said_templates import SaidTemplates

_DAY = {"nl": "d MMMM yyyy", "en": "d MMMM yyyy", "fr": "d MMMM yyyy", "de": "d. MMMM yyyy"}
_WEEKDAY = {"nl": "EEEE ", "en": "EEEE ", "fr": "EEEE ", "de": "EEEE, "}
_CLOCK = {"nl": "H.mm 'uur'", "en": "HH:mm", "fr": "H 'h' mm", "de": "H:mm 'Uhr'"}
_WITHIN_A_TIME = re.compile(r"(?<=\d) (?=uur|Uhr|h )|(?<=\d h) (?=\d)")
_AT = {"nl": " 'om' ", "en": " 'at' ", "fr": " 'à' ", "de": " 'um' "}


def register(app: Flask) -> None:
    """Give templates the filters day, weekday, last_day, moment, clock, count, thousandths, ean ..."""
    templates = cast(SaidTemplates, app.jinja_env)
    templates.speak(day, weekday, last_day, _whole(moment), _whole(clock), count, thousandths, span)
    templates.filters.update(ean=ean, capitalize_first=capitalize_first)


def _whole(said: Callable[..., str]) -> Callable[..., str]:
    """Keep a time of day on one line of a page: `11.20 uur` breaks nowhere."""

    @wraps(said)
    def whole(value: datetime | str, language: str | None = None) -> str:
        return _unbroken(said(value, language))

    return whole


@lru_cache(maxsize=8192)
def _unbroken(words: str) -> str:
    return _WITHIN_A_TIME.sub("\N{NO-BREAK SPACE}", words)


def day(value: date | datetime | str, language: str | None = None) -> str:
    """`1 maart 2027`: the Brussels day of an instant, or the day itself."""
    return _written_day(_day(value), language or spoken())


def weekday(value: date | datetime | str, language: str | None = None) -> str:
    """`vrijdag 20 november 2026`."""
    said, language = _day(value), language or spoken()
    return format_date(said, _WEEKDAY[language], locale=LOCALES[language]) + day(said, language)


def month(value: date) -> str:
    """`maart 2027`: the month that a day is in."""
    return format_date(value, "MMMM yyyy", locale=locale())


def short_month(value: date) -> str:
    """`mrt`: the month that a day is in, as short as under a chart."""
    return format_date(value, "MMM", locale=locale()).rstrip(".")


def short_weekday(value: date) -> str:
    """`ma`: the day of the week, as short as under a chart."""
    return format_date(value, "EEE", locale=locale()).rstrip(".")


def last_day(value: date | datetime | str, language: str | None = None) -> str:
    """The day before an exclusive end: what a reader calls "tot en met"."""
    if isinstance(value, str) and len(value) > 10:
        value = parse_instant(value)
    if isinstance(value, datetime):
        return day(value - timedelta(microseconds=1), language)
    return day(_day(value) - timedelta(days=1), language)


def moment(value: datetime | str, language: str | None = None) -> str:
    """`20 november 2026 om 23.41 uur`, Brussels time."""
    local, language = _local(value), language or spoken()
    return _written_day(local.date(), language) + _written_time(
        local.hour, local.minute, language, _AT[language]
    )


def clock(value: datetime | str, language: str | None = None) -> str:
    """`23.41 uur`, Brussels time."""
    local = _local(value)
    return _written_time(local.hour, local.minute, language or spoken())


def count(value: int, language: str | None = None) -> str:
    """`35.040`."""
    return f"{value:,}".replace(",", _between_thousands(language or spoken()))


def thousandths(value: int, places: int = 3, language: str | None = None) -> str:
    """Whole thousandths as a decimal, in Dutch with a comma: 1097 is `1,097`; exact, never through a float."""
    language, sign, magnitude = language or spoken(), ("-" if value < 0 else ""), abs(value)
    whole, rest = divmod(magnitude, 1000)
    said = f"{sign}{count(whole, language)}"
    return f"{said}{get_decimal_symbol(LOCALES[language])}{f'{rest:03d}'[:places]}" if places else said


def ean(digits: str) -> str:
    """An EAN in groups, easier to compare with a bill: `541448 899990 000015`."""
    return " ".join(digits[start : start + 6] for start in range(0, len(digits), 6))


def capitalize_first(words: str) -> str:
    """A capital for the first letter; the rest stays as it is (Jinja's own filter lowers names)."""
    return words[:1].upper() + words[1:]


def span(period: Period, language: str | None = None) -> str:
    """`op 1 maart 2027`, or `van ... tot en met ...`; with the time of day where it is not whole days."""
    return _written_span(period.start, period.end, language or spoken())


# A page says the same days, hours and periods many times, and Babel reads its pattern anew for each.
@lru_cache(maxsize=4096)
def _written_day(value: date, language: str) -> str:
    said = format_date(value, _DAY[language], locale=LOCALES[language])
    # French counts the first of a month, and numbers the others.
    return f"1er{said[1:]}" if language == "fr" and said.startswith("1 ") else said


@lru_cache(maxsize=8192)
def _written_time(hour: int, minute: int, language: str, before: str = "") -> str:
    return format_time(time(hour, minute), before + _CLOCK[language], locale=LOCALES[language])


@lru_cache(maxsize=4096)
def _written_span(start: datetime, end: datetime, language: str) -> str:
    if language == SOURCE:
        words = period_text(Period(start, end), Language.DUTCH)
        return words[:1].lower() + words[1:]
    words_of = catalogue(language)
    if midnight(day_of(start)) != start or midnight(day_of(end)) != end:
        said = {"start": _instant(start, language), "end": _instant(end, language)}
        return words_of.gettext("van %(start)s tot %(end)s") % said
    first, last = day(start, language), last_day(end, language)
    if first == last:
        return words_of.gettext("op %(day)s") % {"day": first}
    return words_of.gettext("van %(first)s tot en met %(last)s") % {"first": first, "last": last}


@lru_cache
def _between_thousands(language: str) -> str:
    return get_group_symbol(LOCALES[language])


def _day(value: date | datetime | str) -> date:
    if isinstance(value, str):
        return parse_day(value) if len(value) == 10 else day_of(parse_instant(value))
    return day_of(value) if isinstance(value, datetime) else value


def _local(value: datetime | str) -> datetime:
    return (parse_instant(value) if isinstance(value, str) else value).astimezone(BRUSSELS)


def _instant(instant: datetime, language: str) -> str:
    """A moment, with the season in the night in which an hour comes twice."""
    local, said = instant.astimezone(BRUSSELS), moment(instant, language)
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return said
    words_of = catalogue(language)
    season = words_of.gettext("zomertijd") if local.dst() else words_of.gettext("wintertijd")
    return f"{said} ({season})"
