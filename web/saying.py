"""Dates, times and numbers as the reader's language writes them (`web.language`), Dutch first; filters of templates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_date, format_time
from babel.numbers import get_decimal_symbol, get_group_symbol
from flask import Flask

from databeheer.access.explain import Language, period_text
from databeheer.brussels import BRUSSELS, day_of, midnight
from databeheer.values import Period, parse_day, parse_instant
from web.language import SOURCE, _, locale, spoken

_DAY = {"nl": "d MMMM yyyy", "en": "d MMMM yyyy", "fr": "d MMMM yyyy", "de": "d. MMMM yyyy"}
_WEEKDAY = {"nl": "EEEE ", "en": "EEEE ", "fr": "EEEE ", "de": "EEEE, "}
_CLOCK = {"nl": "H.mm 'uur'", "en": "HH:mm", "fr": "H 'h' mm", "de": "H:mm 'Uhr'"}
_AT = {"nl": " 'om' ", "en": " 'at' ", "fr": " 'à' ", "de": " 'um' "}


def register(app: Flask) -> None:
    """Give templates the filters day, weekday, last_day, moment, clock, count, thousandths, ean ..."""
    filters = (day, weekday, last_day, moment, clock, count, thousandths, ean, capitalize_first, span)
    app.jinja_env.filters.update({each.__name__: each for each in filters})


def day(value: date | datetime | str) -> str:
    """`1 maart 2027`: the Brussels day of an instant, or the day itself."""
    return _first(_written(_day(value), _DAY[spoken()], locale()))


def weekday(value: date | datetime | str) -> str:
    """`vrijdag 20 november 2026`."""
    said = _day(value)
    return _written(said, _WEEKDAY[spoken()], locale()) + day(said)


def month(value: date) -> str:
    """`maart 2027`: the month that a day is in."""
    return format_date(value, "MMMM yyyy", locale=locale())


def short_month(value: date) -> str:
    """`mrt`: the month that a day is in, as short as under a chart."""
    return format_date(value, "MMM", locale=locale()).rstrip(".")


def short_weekday(value: date) -> str:
    """`ma`: the day of the week, as short as under a chart."""
    return format_date(value, "EEE", locale=locale()).rstrip(".")


def last_day(value: date | datetime | str) -> str:
    """The day before an exclusive end: what a reader calls "tot en met"."""
    if isinstance(value, str) and len(value) > 10:
        value = parse_instant(value)
    if isinstance(value, datetime):
        return day(value - timedelta(microseconds=1))
    return day(_day(value) - timedelta(days=1))


def moment(value: datetime | str) -> str:
    """`20 november 2026 om 23.41 uur`, Brussels time."""
    local = _local(value)
    return day(local.date()) + _shown(local.hour, local.minute, _AT[spoken()] + _CLOCK[spoken()], locale())


def clock(value: datetime | str) -> str:
    """`23.41 uur`, Brussels time."""
    local = _local(value)
    return _shown(local.hour, local.minute, _CLOCK[spoken()], locale())


def count(value: int) -> str:
    """`35.040`."""
    return f"{value:,}".replace(",", _between_thousands(locale()))


def thousandths(value: int, places: int = 3) -> str:
    """Whole thousandths as a decimal, in Dutch with a comma: 1097 is `1,097`; exact, never through a float."""
    sign, magnitude = ("-" if value < 0 else ""), abs(value)
    whole, rest = divmod(magnitude, 1000)
    digits = f"{rest:03d}"[:places]
    return (
        f"{sign}{count(whole)}{get_decimal_symbol(locale())}{digits}" if places else f"{sign}{count(whole)}"
    )


def ean(digits: str) -> str:
    """An EAN in groups, easier to compare with a bill: `541448 899990 000015`."""
    return " ".join(digits[start : start + 6] for start in range(0, len(digits), 6))


def capitalize_first(words: str) -> str:
    """A capital for the first letter; the rest stays as it is (Jinja's own filter lowers names)."""
    return words[:1].upper() + words[1:]


def span(period: Period) -> str:
    """`op 1 maart 2027`, or `van ... tot en met ...`; with the time of day where it is not whole days."""
    if spoken() == SOURCE:
        words = period_text(period, Language.DUTCH)
        return words[:1].lower() + words[1:]
    start, end = period.start, period.end
    if midnight(day_of(start)) != start or midnight(day_of(end)) != end:
        return _("van %(start)s tot %(end)s", start=_instant(start), end=_instant(end))
    first, last = day(start), last_day(end)
    if first == last:
        return _("op %(day)s", day=first)
    return _("van %(first)s tot en met %(last)s", first=first, last=last)


# A page says the same days and hours many times, and Babel reads its pattern anew for each.
@lru_cache(maxsize=4096)
def _written(value: date, pattern: str, language: str) -> str:
    return format_date(value, pattern, locale=language)


@lru_cache(maxsize=8192)
def _shown(hour: int, minute: int, pattern: str, language: str) -> str:
    return format_time(time(hour, minute), pattern, locale=language)


@lru_cache
def _between_thousands(language: str) -> str:
    return get_group_symbol(language)


def _day(value: date | datetime | str) -> date:
    if isinstance(value, str):
        return parse_day(value) if len(value) == 10 else day_of(parse_instant(value))
    return day_of(value) if isinstance(value, datetime) else value


def _local(value: datetime | str) -> datetime:
    return (parse_instant(value) if isinstance(value, str) else value).astimezone(BRUSSELS)


def _first(said: str) -> str:
    """The first of a month, which French counts and the others number: `1er mars`."""
    return f"1er{said[1:]}" if spoken() == "fr" and said.startswith("1 ") else said


def _instant(instant: datetime) -> str:
    """A moment, with the season in the night in which an hour comes twice."""
    local = instant.astimezone(BRUSSELS)
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return moment(instant)
    return f"{moment(instant)} ({_('zomertijd') if local.dst() else _('wintertijd')})"
