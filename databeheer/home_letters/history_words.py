"""What a letter with the history of a home's consumption says: totals of months, a line for each year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from databeheer.post.languages import LOCALES, spell_day
from databeheer.post.paper import Addressed, Paper
from databeheer.post.phrases import paragraphs, say


@dataclass(frozen=True)
class Content(Addressed):
    """All that differs from letter to letter. `rows`: direction, unit, register, month, thousandths of the unit."""

    first: date
    until: date
    rows: list[dict[str, Any]]


def paper(content: Content) -> Paper:
    """Write a letter out; `until` is the first day that it does not tell of."""
    language = content.language
    days = {
        "first": spell_day(content.first, language),
        "last": spell_day(content.until - timedelta(days=1), language),
    }
    return Paper.to(
        content,
        subject=say("letter.history.subject", language),
        before=(
            *paragraphs("letter.history.before", language, name=content.name, **days),
            *(_years(content.rows, language) or [say("letter.history.nothing", language)]),
        ),
        after=paragraphs("letter.history.after", language),
    )


def from_first_value(rows: list[dict[str, Any]], first: date) -> tuple[list[dict[str, Any]], date]:
    """Leave out the months before the first one with a value; returns the rest and that month, or all and `first`."""
    begin = min((row["month"] for row in rows if row["thousandths"] is not None), default=first.isoformat())
    return [row for row in rows if row["month"] >= begin], date.fromisoformat(begin)


def _years(rows: Iterable[dict[str, Any]], language: str) -> list[str]:
    """A line for each direction, unit and year: the registers of a month are added up."""
    totals: dict[tuple[str, str, int], dict[date, int | None]] = defaultdict(dict)
    for row in rows:
        month = date.fromisoformat(row["month"])
        of_year = totals[row["direction"], row["unit"], month.year]
        before, value = of_year.get(month), row["thousandths"]
        of_year[month] = value if before is None else before + (value or 0)
    return [
        say(
            "letter.history.year",
            language,
            what=say(f"letter.history.{direction}", language),
            unit=unit,
            year=str(year),
            months="; ".join(_month(month, months[month], language) for month in sorted(months)),
        )
        for (direction, unit, year), months in sorted(totals.items())
    ]


def _month(month: date, thousandths: int | None, language: str) -> str:
    name = format_date(month, "MMMM", locale=LOCALES[language])
    if thousandths is None:
        return f"{name} –"
    return f"{name} {format_decimal(thousandths / 1000, '#,##0.0', locale=LOCALES[language])}"
