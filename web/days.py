"""Days that a visitor fills in: where one cannot be, the page says which ones can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app
from marshmallow import ValidationError, fields

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.errors import MalformedRequestError
from databeheer.oversight.retention import years_later
from databeheer.values import HORIZON, parse_day
from web import saying
from web.language import _, lazy

MONTHS_OF_HALF = 6
TURNED_AROUND = lazy("De laatste dag ligt voor de eerste. Draai de dagen om.")


def possible_days(first: date, last: date) -> str:
    """Say from which day up to and including which one a visitor can choose."""
    return _(
        "Vul een dag in, van %(first)s tot en met %(last)s.", first=saying.day(first), last=saying.day(last)
    )


def today() -> date:
    """The Brussels day that it is now."""
    clock: Clock = current_app.config["WEB_CLOCK"]
    return day_of(clock.now())


@dataclass(frozen=True)
class Span:
    """Days up to and including the last, under a name that people use."""

    code: str
    words: str
    first: date
    last: date


def usual_spans() -> tuple[Span, ...]:
    """The periods that a regulator asks evidence of: half a year, or five (R189). What runs still ends today.

    Source: regulator's half-yearly report and five-yearly evaluation (decision of 2019, art. 3; 3.1.77).
    """
    now = today()
    half = date(now.year, 7 if now.month > MONTHS_OF_HALF else 1, 1)
    before = half.replace(month=1) if half.month > 1 else date(half.year - 1, 7, 1)
    return (
        Span("dit-halfjaar", "Dit halfjaar", half, now),
        Span("vorig-halfjaar", "Vorig halfjaar", before, half - timedelta(days=1)),
        Span("vijf-jaar", "Laatste vijf jaar", years_later(now, -5) + timedelta(days=1), now),
    )


class PastDay(fields.Field[date]):
    """A Brussels day that lines of the ledger can be of: up to today, and not before `HORIZON`.

    Anything else, misspelled days too, is told with the days that can be chosen.
    """

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        last = today()
        possible = possible_days(HORIZON[0], last)
        if not self.required:
            possible += " " + _("Of laat dit leeg.")
        try:
            day = parse_day(value)
        except MalformedRequestError as error:
            raise ValidationError(possible) from error
        if day > last:
            raise ValidationError(possible)
        return day
