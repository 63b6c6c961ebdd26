"""Days that a visitor fills in: where one cannot be, the page says which ones can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import current_app
from marshmallow import ValidationError, fields

from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.errors import MalformedRequestError
from databeheer.values import HORIZON, parse_day
from web import saying
from web.language import _, lazy

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


class PastDay(fields.Field[date]):
    """A Brussels day that lines of the ledger can be of: up to today, and not before `HORIZON`.

    Anything else, misspelled days too, is told with the days that can be chosen.
    """

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        last = today()
        try:
            day = parse_day(value)
        except MalformedRequestError as error:
            raise ValidationError(possible_days(HORIZON[0], last)) from error
        if day > last:
            raise ValidationError(possible_days(HORIZON[0], last))
        return day
