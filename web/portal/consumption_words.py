"""The words of the pages of readings, each a whole sentence: by how long the window is, and by what a sum counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from web import saying
from web.language import _, lazy, plural
from web.portal.windows import Days, Span


@dataclass(frozen=True)
class SpanWords:
    """What a page says of one length of time."""

    name: str
    field: str
    earlier: str
    later: str
    nothing: str
    no_value: str


SPANS = {
    Span.DAY: SpanWords(
        lazy("Dag"),
        lazy("Dag"),
        lazy("Vorige dag"),
        lazy("Volgende dag"),
        lazy("Er zijn geen gegevens van deze dag."),
        lazy("De meter gaf voor deze dag geen geldige waarde door."),
    ),
    Span.WEEK: SpanWords(
        lazy("Week"),
        lazy("Dag in de week"),
        lazy("Vorige week"),
        lazy("Volgende week"),
        lazy("Er zijn geen gegevens van deze week."),
        lazy("De meter gaf voor deze week geen geldige waarde door."),
    ),
    Span.MONTH: SpanWords(
        lazy("Maand"),
        lazy("Dag in de maand"),
        lazy("Vorige maand"),
        lazy("Volgende maand"),
        lazy("Er zijn geen gegevens van deze maand."),
        lazy("De meter gaf voor deze maand geen geldige waarde door."),
    ),
    Span.YEAR: SpanWords(
        lazy("Jaar"),
        lazy("Dag in het jaar"),
        lazy("Vorig jaar"),
        lazy("Volgend jaar"),
        lazy("Er zijn geen gegevens van dit jaar."),
        lazy("De meter gaf voor dit jaar geen geldige waarde door."),
    ),
}

PER = {
    "quarter_hour": lazy("Verbruik per kwartier in %(unit)s"),
    "hour": lazy("Verbruik per uur in %(unit)s"),
    "day": lazy("Verbruik per dag in %(unit)s"),
    "month": lazy("Verbruik per maand in %(unit)s"),
}
"""The caption of the table, by what its rows are."""


def counted(measured: int, steps: int, granularity: str) -> str:
    """Say of how much a sum is, and how much it lacks."""
    numbers = {"measured": saying.count(measured), "steps": saying.count(steps)}
    missing = steps - measured
    if granularity == "quarter_hour":
        return plural(
            "Dit is van %(measured)s van de %(steps)s kwartieren: %(num)s ontbreekt.",
            "Dit is van %(measured)s van de %(steps)s kwartieren: %(missing)s ontbreken.",
            missing,
            missing=saying.count(missing),
            **numbers,
        )
    if granularity == "hour":
        return plural(
            "Dit is van %(measured)s van de %(steps)s uren: %(num)s ontbreekt.",
            "Dit is van %(measured)s van de %(steps)s uren: %(missing)s ontbreken.",
            missing,
            missing=saying.count(missing),
            **numbers,
        )
    return plural(
        "Dit is van %(measured)s van de %(steps)s dagen: %(num)s ontbreekt.",
        "Dit is van %(measured)s van de %(steps)s dagen: %(missing)s ontbreken.",
        missing,
        missing=saying.count(missing),
        **numbers,
    )


def lacking(missing: int, granularity: str) -> str:
    """Say how much a row of the table lacks."""
    number = saying.count(missing)
    if granularity == "quarter_hour":
        return plural(
            "%(num)s kwartier ontbreekt", "%(missing)s kwartieren ontbreken", missing, missing=number
        )
    if granularity == "hour":
        return plural("%(num)s uur ontbreekt", "%(missing)s uren ontbreken", missing, missing=number)
    return plural("%(num)s dag ontbreekt", "%(missing)s dagen ontbreken", missing, missing=number)


def a_year_before(days: Days) -> str:
    """Say which days of a year before a sum is of."""
    if days.first == days.last:
        return _("Een jaar vroeger, op %(day)s:", day=saying.weekday(days.first))
    return _(
        "Een jaar vroeger, van %(first)s tot en met %(last)s:",
        first=saying.day(days.first),
        last=saying.day(days.last),
    )


def instead_of(asked: date, chosen: date, span: Span, why: str, own: Days) -> str:
    """Say what is shown in the place of a day that cannot be, and which days can."""
    days = {"asked": saying.day(asked), "shown": saying.day(chosen), "why": why}
    said = {
        Span.DAY: lazy("U vroeg %(asked)s. %(why)s Daarom ziet u %(shown)s."),
        Span.WEEK: lazy("U vroeg %(asked)s. %(why)s Daarom ziet u de week van %(shown)s."),
        Span.MONTH: lazy("U vroeg %(asked)s. %(why)s Daarom ziet u de maand van %(shown)s."),
        Span.YEAR: lazy("U vroeg %(asked)s. %(why)s Daarom ziet u het jaar van %(shown)s."),
    }[span] % days
    choice = _(
        "U kunt kiezen uit %(first)s tot en met %(last)s.",
        first=saying.day(own.first),
        last=saying.day(own.last),
    )
    return f"{said} {choice}"
